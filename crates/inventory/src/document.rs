//! The form of `servers.toml`, and its reading into servers.
//!
//! Every error names the line that it is about, so that a person can find it in a long file.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use oriel_domain::{
    BackEndSecurity, ConsoleKind, Flavor, ProjectId, Server, ServerDetails, ServerId, ServerStatus,
    TaskState, UserId,
};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use toml::Spanned;

use self::console::Console;

mod console;

/// What is wrong with a `servers.toml`, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct DocumentError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// The servers of one reading of the file.
#[derive(Debug, Default)]
pub struct Servers {
    ordered: Vec<Arc<Server>>,
    by_id: HashMap<ServerId, Arc<Server>>,
}

impl Servers {
    /// The server with this id.
    pub fn by_id(&self, id: ServerId) -> Option<Arc<Server>> {
        self.by_id.get(&id).map(Arc::clone)
    }

    /// All of them, in the file's order.
    pub fn all(&self) -> &[Arc<Server>] {
        &self.ordered
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    server: Vec<Spanned<Entry>>,
}

/// One `[[server]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: Spanned<String>,
    name: Spanned<String>,
    project: Spanned<String>,
    status: Option<Spanned<String>>,
    task_state: Option<Spanned<String>>,
    host: Option<Spanned<String>>,
    #[serde(default = "yes")]
    present: bool,
    console_log: Option<PathBuf>,
    created: Option<Spanned<String>>,
    user: Option<Spanned<String>>,
    image: Option<String>,
    flavor: Option<FlavorEntry>,
    #[serde(default)]
    addresses: BTreeMap<String, Vec<IpAddr>>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    fault: Option<String>,
    #[serde(default)]
    locked: bool,
    #[serde(default)]
    console: BTreeMap<Spanned<String>, Console>,
}

/// `flavor = { name = "small", vcpus = 1, ram = 512, disk = 10 }`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FlavorEntry {
    name: String,
    #[serde(default)]
    vcpus: u32,
    #[serde(default)]
    ram: u32,
    #[serde(default)]
    disk: u32,
}

fn yes() -> bool {
    true
}

/// Longest name of a server, in characters. Nova's column holds 255.
const MAX_NAME: usize = 255;
/// The host of a server whose entry names none: most inventories are of one machine.
const DEFAULT_HOST: &str = "localhost";

/// Reads the text of a `servers.toml`. `folder` is where a relative path starts; `modified` stands
/// for the times that an entry does not give, `security` for what one does not say of its back end's.
pub fn read(
    text: &str,
    folder: &Path,
    modified: OffsetDateTime,
    security: &BackEndSecurity,
) -> Result<Servers, DocumentError> {
    let reader = Reader {
        text,
        folder,
        modified,
        security,
    };
    let document: Document = toml::from_str(text).map_err(|error| DocumentError {
        line: reader.line(error.span().map_or(0, |span| span.start)),
        reason: error.message().to_owned(),
    })?;

    let mut servers = Servers::default();
    for entry in document.server {
        let line = reader.line(entry.span().start);
        let server = Arc::new(reader.server(entry.into_inner())?);
        if servers.by_id.insert(server.id, Arc::clone(&server)).is_some() {
            let reason = format!(
                "the id {} is given to a second server: every server needs its own",
                server.id
            );
            return Err(DocumentError { line, reason });
        }
        servers.ordered.push(server);
    }
    Ok(servers)
}

struct Reader<'a> {
    text: &'a str,
    folder: &'a Path,
    modified: OffsetDateTime,
    security: &'a BackEndSecurity,
}

impl Reader<'_> {
    fn line(&self, offset: usize) -> usize {
        self.text
            .bytes()
            .take(offset)
            .filter(|&byte| byte == b'\n')
            .count()
            + 1
    }

    fn error<T>(&self, at: &Spanned<T>, reason: impl Into<String>) -> DocumentError {
        DocumentError {
            line: self.line(at.span().start),
            reason: reason.into(),
        }
    }

    /// Reads a value into its type, or says at which line it cannot be.
    fn parse<T: std::str::FromStr<Err: ToString>>(
        &self,
        value: &Spanned<String>,
    ) -> Result<T, DocumentError> {
        value
            .get_ref()
            .parse()
            .map_err(|error: T::Err| self.error(value, error.to_string()))
    }

    fn server(&self, entry: Entry) -> Result<Server, DocumentError> {
        let id = entry.id.get_ref().parse::<ServerId>().map_err(|_| {
            self.error(
                &entry.id,
                format!("the id {:?} is no UUID; `uuidgen` makes one", entry.id.get_ref()),
            )
        })?;
        let name = entry.name.get_ref().trim();
        if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
            return Err(self.error(
                &entry.name,
                format!("a name is 1 to {MAX_NAME} printable characters"),
            ));
        }
        let created = match &entry.created {
            None => self.modified,
            Some(text) => OffsetDateTime::parse(text.get_ref(), &Rfc3339).map_err(|_| {
                self.error(
                    text,
                    format!(
                        "{:?} is no time; write it as 2026-11-24T08:00:00Z",
                        text.get_ref()
                    ),
                )
            })?,
        };
        let mut consoles = BTreeMap::new();
        for (kind, console) in &entry.console {
            let kind = self.parse::<ConsoleKind>(kind)?;
            consoles.insert(kind, self.back_end(kind, console)?);
        }
        Ok(Server {
            id,
            name: name.to_owned(),
            project: self.parse::<ProjectId>(&entry.project)?,
            status: entry
                .status
                .as_ref()
                .map_or(Ok(ServerStatus::Active), |status| self.parse(status))?,
            task_state: entry
                .task_state
                .as_ref()
                .map(|state| self.parse::<TaskState>(state))
                .transpose()?,
            host: match entry.host.map(Spanned::into_inner) {
                None => Some(DEFAULT_HOST.to_owned()),
                Some(host) => (!host.is_empty()).then_some(host),
            },
            present: entry.present,
            consoles,
            console_log: entry.console_log.map(|log| self.folder.join(log)),
            details: ServerDetails {
                user: entry
                    .user
                    .as_ref()
                    .map(|user| self.parse::<UserId>(user))
                    .transpose()?,
                image: entry.image,
                flavor: entry.flavor.map(
                    |FlavorEntry {
                         name,
                         vcpus,
                         ram,
                         disk,
                     }| Flavor {
                        name,
                        vcpus,
                        ram,
                        disk,
                    },
                ),
                addresses: entry.addresses,
                metadata: entry.metadata,
                fault: entry.fault,
                locked: entry.locked,
            },
            created,
            updated: self.modified.max(created),
        })
    }
}

#[cfg(test)]
mod tests {
    use oriel_domain::{Address, ClientCertificate, PasswordSource, SecurityScheme};

    use super::*;

    const GOOD: &str = r#"
[[server]]
id = "47e9be4e-a7b9-471f-92d9-ffc83814e07a"
name = "web-1"
project = "9c53a566cb3443ab910cf0daebca90c4"

[server.console.novnc]
back_end = "unix:/run/vm/web-1/vnc.sock"
password_file = "web-1.password"

[[server]]
id = "0c7b3a0e-3bb3-4a52-9c65-5b3a9d2f0d11"
name = "db-1"
project = "9c53a566cb3443ab910cf0daebca90c4"
status = "SHUTOFF"
host = ""
"#;

    fn read_text(text: &str) -> Result<Servers, DocumentError> {
        read(
            text,
            Path::new("/etc/oriel"),
            OffsetDateTime::UNIX_EPOCH,
            &BackEndSecurity::default(),
        )
    }

    #[test]
    fn a_server_needs_only_id_name_and_project() {
        let servers = read_text(GOOD).unwrap();
        let [web, db] = servers.all() else {
            panic!("two servers")
        };
        assert_eq!(web.status, ServerStatus::Active);
        assert_eq!(web.host.as_deref(), Some("localhost"));
        let back_end = &web.consoles[&ConsoleKind::Novnc];
        assert_eq!(back_end.address, Address::Unix("/run/vm/web-1/vnc.sock".into()));
        assert_eq!(
            back_end.security.password,
            Some(PasswordSource::File("/etc/oriel/web-1.password".into()))
        );
        assert_eq!(
            (db.status, db.host.as_deref(), db.consoles.len()),
            (ServerStatus::Shutoff, None, 0)
        );
    }

    #[test]
    fn every_error_names_its_line() {
        let cases = [
            (GOOD.replace("name = \"web-1\"", "name = "), 4, "string"),
            (
                GOOD.replace("name = \"web-1\"", "nmae = \"web-1\""),
                4,
                "unknown field `nmae`",
            ),
            (
                GOOD.replace("47e9be4e-a7b9-471f-92d9-ffc83814e07a", "web-1"),
                3,
                "no UUID",
            ),
            (GOOD.replace("unix:/run", "/run"), 8, "unix:/PATH"),
            (
                GOOD.replace("unix:/run/vm/web-1/vnc.sock", "telnet:hv-1:4555"),
                8,
                "for serial consoles",
            ),
            (
                GOOD.replace("console.novnc", "console.vnc"),
                7,
                "unknown console type",
            ),
            (GOOD.replace("SHUTOFF", "OFF"), 15, "unknown status"),
            (GOOD.replace("name = \"db-1\"", "name = \" \""), 13, "printable"),
            (
                GOOD.replace(
                    "0c7b3a0e-3bb3-4a52-9c65-5b3a9d2f0d11",
                    "47e9be4e-a7b9-471f-92d9-ffc83814e07a",
                ),
                11,
                "second server",
            ),
            (
                GOOD.replace("password_file", "password_env = \"P\"\npassword_file"),
                9,
                "not both",
            ),
            (
                GOOD.replace("password_file", "security = []\npassword_file"),
                9,
                "leave it out",
            ),
            (
                GOOD.replace("password_file", "security = [\"x509\"]\npassword_file"),
                9,
                "unknown variant `x509`",
            ),
            (
                GOOD.replace("password_file", "client_key_file = \"k\"\npassword_file"),
                9,
                "client_cert_file",
            ),
            (
                GOOD.replace("password_file", "tls_name = \"a b\"\npassword_file"),
                9,
                "host name",
            ),
            (
                GOOD.replace("password_file", "security = [\"x509-vnc\"]\npassword_file"),
                8,
                "x509-vnc needs ca_file",
            ),
            (
                GOOD.replace("host = \"\"", "created = \"yesterday\""),
                16,
                "2026-11-24T08:00:00Z",
            ),
        ];
        for (text, line, reason) in cases {
            let error = read_text(&text).expect_err(&text);
            assert!(
                error.line == line && error.reason.contains(reason),
                "want {line}, {reason}; got {error}"
            );
        }
    }

    #[test]
    fn what_an_entry_does_not_say_of_its_security_comes_from_the_defaults() {
        let defaults = BackEndSecurity {
            authority: Some("/etc/oriel/ca.pem".into()),
            check_name: Some(false),
            ..BackEndSecurity::default()
        };
        let text = GOOD.replace(
            "password_file",
            "security = [\"x509-vnc\", \"x509-none\"]\nclient_cert_file = \"c.pem\"\nclient_key_file = \"/k.pem\"\n\
             tls_name = \"hv-7\"\nusername = \"ann\"\npassword_file",
        );
        let servers = read(
            &text,
            Path::new("/etc/oriel"),
            OffsetDateTime::UNIX_EPOCH,
            &defaults,
        )
        .unwrap();
        assert_eq!(
            servers.all()[0].consoles[&ConsoleKind::Novnc].security,
            BackEndSecurity {
                allowed: Some(vec![SecurityScheme::X509Vnc, SecurityScheme::X509None]),
                authority: Some("/etc/oriel/ca.pem".into()),
                certificate: Some(ClientCertificate {
                    certificate: "/etc/oriel/c.pem".into(),
                    key: "/k.pem".into(),
                }),
                tls_name: Some("hv-7".into()),
                check_name: Some(false),
                username: Some("ann".into()),
                password: Some(PasswordSource::File("/etc/oriel/web-1.password".into())),
            }
        );
    }
}
