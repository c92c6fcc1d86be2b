//! Every setting, its default, and where it is read from: built-in defaults, then the file, then
//! the environment. `oriel.example.toml` is the reference; a test holds the two together.

mod back_end;
mod environment;
mod keystone;
mod reference;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use oriel_control::compute::Microversion;
use oriel_control::consoles::LinkForm;
use oriel_domain::Uses;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::telemetry;

pub use reference::EXAMPLE;

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read the configuration {}: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no TOML, has a key that is not known, or a value of another kind.
    #[error("the configuration {}: {source}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong, with line and caret.
        source: toml::de::Error,
    },
    /// A variable of the environment names no key, or its value does not fit.
    #[error("the environment variable {name}: {reason}")]
    Environment {
        /// The variable.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A value that has the right form but cannot be.
    #[error("{key} = {value:?}: {reason}")]
    Value {
        /// The key, with its section.
        key: &'static str,
        /// The value given.
        value: String,
        /// What is wrong with it, and what to write.
        reason: String,
    },
}

/// A length of time, written as `10s`, `8h` or `1h 30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Span(pub Duration);

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        humantime::parse_duration(&text)
            .map(Self)
            .map_err(|error| format!("{text:?} is no length of time such as 10s, 8h or 1h 30m: {error}"))
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        humantime::format_duration(span.0).to_string()
    }
}

impl Span {
    const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    const fn hours(hours: u64) -> Self {
        Self::seconds(hours * 3600)
    }

    /// The same as the `time` crate's duration.
    pub fn signed(self) -> time::Duration {
        time::Duration::try_from(self.0).unwrap_or(time::Duration::MAX)
    }
}

macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty = $default:expr,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }
    };
}

section! {
    /// The whole configuration.
    Config {
        /// How browsers and clients reach Oriel.
        public_url: Url = default_public_url(),
        /// Where the database and the self-made certificate are kept.
        data_dir: PathBuf = "oriel-data".into(),
        /// The port.
        listen: Listen = Listen::default(),
        /// What makes it safe.
        tls: Tls = Tls::default(),
        /// Who may log in.
        identity: Identity = Identity::default(),
        /// Where servers are looked up.
        inventory: Inventory = Inventory::default(),
        /// The compute API.
        compute: Compute = Compute::default(),
        /// The kinds of console.
        consoles: Consoles = Consoles::default(),
        /// Who may do what.
        policy: Policy = Policy::default(),
        /// What a console token is good for.
        grants: Grants = Grants::default(),
        /// How back ends are secured.
        back_end: back_end::BackEnd = back_end::BackEnd::default(),
        /// The data path.
        gateway: Gateway = Gateway::default(),
        /// What is written down.
        log: Log = Log::default(),
    }
}

section! {
    /// The port.
    Listen {
        /// Address and port.
        address: String = "0.0.0.0:8002".into(),
        /// Most connections at once.
        max_connections: usize = 20_000,
        /// How long a client may take for TLS and for its request's head.
        header_timeout: Span = Span::seconds(10),
    }
}

/// How the port is made safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    /// With a certificate that Oriel makes on its first start.
    SelfSigned,
    /// With a certificate from files.
    Files,
    /// Not at all: something in front does it.
    Off,
}

section! {
    /// TLS.
    Tls {
        /// How.
        mode: TlsMode = TlsMode::SelfSigned,
        /// The certificate chain, in PEM.
        certificate: Option<PathBuf> = None,
        /// Its private key, in PEM.
        key: Option<PathBuf> = None,
    }
}

/// Where users and tokens are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityMode {
    /// In Oriel's own database.
    Embedded,
    /// In an OpenStack's Keystone.
    Keystone,
}

section! {
    /// Who may log in.
    Identity {
        /// Where users and tokens are kept.
        mode: IdentityMode = IdentityMode::Embedded,
        /// How long a login lasts.
        token_ttl: Span = Span::hours(24),
        /// The region that the catalog names.
        region: String = "RegionOne".into(),
        /// Logins that wait for their password to be checked.
        password_queue: usize = 64,
        /// Failures in a row that lock a user or an access key.
        lock_after: u32 = 10,
        /// How long it stays locked.
        lock_for: Span = Span::seconds(300),
        /// The Keystone, where that is the mode.
        keystone: keystone::Keystone = keystone::Keystone::default(),
    }
}

section! {
    /// The inventory.
    Inventory {
        /// The file that names the servers.
        file: PathBuf = "servers.toml".into(),
        /// How often to look whether it has changed.
        poll_interval: Span = Span::seconds(1),
    }
}

section! {
    /// The compute API.
    Compute {
        /// The newest microversion to offer.
        max_microversion: String = Microversion::NEWEST.to_string(),
        /// What links in answers start with.
        link_prefix: Option<Url> = None,
    }
}

section! {
    /// The kinds of console.
    Consoles {
        /// The screen, carried by Oriel.
        novnc: Novnc = Novnc::default(),
        /// A terminal, carried by another proxy.
        serial: OtherConsole = OtherConsole::default(),
        /// A screen over SPICE, carried by another proxy.
        spice_html5: OtherConsole = OtherConsole::default(),
        /// A screen for native SPICE clients, carried by another proxy.
        spice_direct: OtherConsole = OtherConsole::default(),
        /// A screen over WebMKS, carried by another proxy.
        webmks: OtherConsole = OtherConsole::default(),
    }
}

section! {
    /// The screen.
    Novnc {
        /// Whether it is served.
        enabled: bool = true,
        /// The page that its links open.
        base_url: Option<Url> = None,
        /// How they carry the token.
        link: LinkForm = LinkForm::Token,
        /// The page's language, in links of the token form.
        lang: String = "EN".into(),
    }
}

section! {
    /// A kind of console that another proxy carries.
    OtherConsole {
        /// Where that proxy is. The kind is served if this is set.
        base_url: Option<Url> = None,
    }
}

section! {
    /// Who may do what.
    Policy {
        /// The operator's own rules.
        file: Option<PathBuf> = None,
    }
}

section! {
    /// Console tokens.
    Grants {
        /// How long a link works.
        ttl: Span = Span::seconds(600),
        /// How often.
        uses: Uses = Uses::One,
        /// How long the browser that opened it may come back.
        resume: Span = Span::hours(8),
    }
}

section! {
    /// The gateway.
    Gateway {
        /// Its name in the audit trail; the host's name by default.
        name: Option<String> = None,
        /// Further hosts whose pages may open consoles.
        allowed_origins: Vec<String> = Vec::new(),
        /// How long to try to reach a back end.
        connect_timeout: Span = Span::seconds(5),
        /// How long either side may take for its part of the handshake.
        handshake_timeout: Span = Span::seconds(10),
        /// How often a browser is pinged.
        ping_interval: Span = Span::seconds(25),
        /// The longest that a session may last.
        longest_session: Option<Span> = None,
        /// Most sessions at once.
        max_sessions: usize = 10_000,
        /// How long live sessions get to end when Oriel stops.
        stop_grace: Span = Span::seconds(10),
    }
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

section! {
    /// The log, on standard error.
    Log {
        /// What is logged.
        level: String = "info".into(),
        /// How.
        format: LogFormat = LogFormat::Text,
    }
}

/// The shortest time that a browser may come back in: that of opening a console.
const MIN_RESUME: Duration = Duration::from_mins(1);

/// Where the configuration is looked for when none is named.
const PLACES: [&str; 2] = ["oriel.toml", "/etc/oriel/oriel.toml"];

impl Config {
    /// Reads the configuration: this file, or the first of the usual places that has one, or the
    /// defaults; and the environment over it. Relative paths start at the file's folder.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let usual = || PLACES.iter().map(Path::new).find(|place| place.exists());
        let file = file.or_else(usual);
        let mut config = match file {
            None => Self::default(),
            Some(file) => {
                let text = std::fs::read_to_string(file).map_err(|source| ConfigError::Read {
                    file: file.to_owned(),
                    source,
                })?;
                toml::from_str(&text).map_err(|source| ConfigError::File {
                    file: file.to_owned(),
                    source,
                })?
            }
        };
        config = environment::overlay(config, environment)?;
        if let Some(folder) = file.and_then(Path::parent) {
            config.start_paths_at(folder);
        }
        config.check()?;
        config.back_end.settings()?;
        if config.identity.mode == IdentityMode::Keystone {
            config.identity.keystone.settings()?;
        }
        Ok(config)
    }

    fn start_paths_at(&mut self, folder: &Path) {
        let paths = [&mut self.data_dir, &mut self.inventory.file];
        for path in paths
            .into_iter()
            .chain(&mut self.tls.certificate)
            .chain(&mut self.tls.key)
            .chain(&mut self.policy.file)
            .chain(&mut self.identity.keystone.password_file)
            .chain(&mut self.identity.keystone.ca_file)
            .chain(self.back_end.paths())
        {
            *path = folder.join(&path);
        }
    }

    /// Refuses what has the right form but cannot work.
    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |key, value: &dyn ToString, reason: &str| {
            Err(ConfigError::Value {
                key,
                value: value.to_string(),
                reason: reason.to_owned(),
            })
        };
        if !matches!(self.public_url.scheme(), "http" | "https") || self.public_url.host().is_none() {
            return wrong(
                "public_url",
                &self.public_url,
                "write https://HOST:PORT, as browsers reach Oriel",
            );
        }
        if self.public_url.path() != "/" || self.public_url.query().is_some() {
            return wrong(
                "public_url",
                &self.public_url,
                "Oriel lies at the root of its host: leave the path out",
            );
        }
        if self.microversion().is_none() {
            let reason = format!(
                "write a version from {} to {}",
                Microversion::MIN,
                Microversion::NEWEST
            );
            return wrong(
                "compute.max_microversion",
                &self.compute.max_microversion,
                &reason,
            );
        }
        if self.tls.mode == TlsMode::Files && (self.tls.certificate.is_none() || self.tls.key.is_none()) {
            return wrong("tls.mode", &"files", "give tls.certificate and tls.key too");
        }
        if self.identity.token_ttl.0 < Duration::from_secs(1) {
            return wrong(
                "identity.token_ttl",
                &String::from(self.identity.token_ttl),
                "must be 1s or longer",
            );
        }
        if self.grants.resume.0 < MIN_RESUME {
            let reason = "the page needs its cookie to open the console: give it 1m or longer";
            return wrong("grants.resume", &String::from(self.grants.resume), reason);
        }
        if self
            .listen
            .address
            .rsplit_once(':')
            .is_none_or(|(_, port)| port.parse::<u16>().is_err())
        {
            return wrong(
                "listen.address",
                &self.listen.address,
                "write ADDRESS:PORT, such as 0.0.0.0:8002 or [::]:8002",
            );
        }
        if self.public_url.scheme() == "http" && self.tls.mode != TlsMode::Off {
            let reason = "Oriel speaks TLS, so links that start with http:// would be dead: write https:// or set tls.mode";
            return wrong("public_url", &self.public_url, reason);
        }
        for host in &self.gateway.allowed_origins {
            if Host::parse(host).is_err() {
                let reason =
                    "write a host's name or address alone, without scheme and port; IPv6 in brackets";
                return wrong("gateway.allowed_origins", host, reason);
            }
        }
        if let Err(reason) = telemetry::filter(&self.log) {
            return wrong("log.level", &self.log.level, &reason);
        }
        let gateway = &self.gateway;
        for (key, span) in [
            ("identity.lock_for", self.identity.lock_for),
            ("gateway.ping_interval", gateway.ping_interval),
            ("gateway.connect_timeout", gateway.connect_timeout),
            ("gateway.handshake_timeout", gateway.handshake_timeout),
            (
                "gateway.longest_session",
                gateway.longest_session.unwrap_or(gateway.ping_interval),
            ),
            ("inventory.poll_interval", self.inventory.poll_interval),
            ("listen.header_timeout", self.listen.header_timeout),
            ("grants.ttl", self.grants.ttl),
        ] {
            if span.0.is_zero() {
                return wrong(key, &"0s", "must be longer than nothing");
            }
        }
        for (key, number) in [
            ("gateway.max_sessions", gateway.max_sessions),
            ("listen.max_connections", self.listen.max_connections),
        ] {
            if number == 0 {
                return wrong(key, &number, "must be 1 or more");
            }
        }
        Ok(())
    }

    /// The newest microversion to offer, if the text is one.
    pub fn microversion(&self) -> Option<Microversion> {
        Microversion::parse(&self.compute.max_microversion)
            .filter(|version| (Microversion::MIN..=Microversion::NEWEST).contains(version))
    }

    /// How browsers and clients reach Oriel, without a slash at the end.
    pub fn public_base(&self) -> &str {
        self.public_url.as_str().trim_end_matches('/')
    }

    /// The database's file.
    pub fn database(&self) -> PathBuf {
        self.data_dir.join("oriel.db")
    }

    /// The file with the key that the secrets of access keys are sealed with.
    pub fn credential_key(&self) -> PathBuf {
        self.data_dir.join("credential.key")
    }

    /// The folder of the certificate that Oriel makes for itself.
    pub fn tls_folder(&self) -> PathBuf {
        self.data_dir.join("tls")
    }
}

fn default_public_url() -> Url {
    // A constant that the tests parse.
    Url::parse("https://localhost:8002").unwrap_or_else(|_| unreachable!("a constant URL"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("oriel.toml");
        std::fs::write(&file, text).unwrap();
        let environment = environment
            .iter()
            .map(|(name, value)| (OsString::from(name), OsString::from(value)));
        Config::load(Some(&file), environment).map_err(|error| error.to_string())
    }

    #[test]
    fn the_environment_beats_the_file_and_the_file_the_defaults() {
        let text = "public_url = \"https://a.example\"\n[grants]\nttl = \"5m\"\nuses = \"many\"\n";
        let config = load(
            text,
            &[
                ("ORIEL_GRANTS__TTL", "1s"),
                ("ORIEL_GATEWAY__MAX_SESSIONS", "7"),
                ("HOME", "/x"),
            ],
        )
        .unwrap();
        assert_eq!(config.public_base(), "https://a.example");
        assert_eq!(config.grants.ttl, Span::seconds(1));
        assert_eq!(config.grants.uses, Uses::Many);
        assert_eq!(config.gateway.max_sessions, 7);
        assert_eq!(config.grants.resume, Grants::default().resume);
    }

    #[test]
    fn unknown_keys_are_errors_that_name_the_place() {
        let error = load("[grants]\nttl = \"5m\"\ntttl = \"5m\"\n", &[]).unwrap_err();
        assert!(
            error.contains("line 3") && error.contains("unknown field `tttl`"),
            "{error}"
        );
        let error = load("", &[("ORIEL_GRANTS__TTTL", "1s")]).unwrap_err();
        assert!(
            error.contains("ORIEL_GRANTS__TTTL") && error.contains("no such key"),
            "{error}"
        );
    }

    #[test]
    fn values_that_cannot_work_are_refused_with_what_to_write() {
        for (text, told) in [
            ("public_url = \"ftp://x\"", "https://HOST:PORT"),
            ("public_url = \"https://x/console\"", "leave the path out"),
            ("[compute]\nmax_microversion = \"2.999\"", "2.1 to 2.104"),
            ("[tls]\nmode = \"files\"", "tls.certificate"),
            ("[grants]\nttl = \"soon\"", "10s, 8h or 1h 30m"),
            ("[identity]\nmode = \"keystone\"", "identity.keystone.url"),
            ("[gateway]\nping_interval = \"0s\"", "longer than nothing"),
            ("[gateway]\nmax_sessions = 0", "1 or more"),
            (
                "[gateway]\nallowed_origins = [\"https://portal.example\"]",
                "without scheme",
            ),
            ("[grants]\nresume = \"0s\"", "1m or longer"),
            ("[listen]\naddress = \"0.0.0.0\"", "ADDRESS:PORT"),
            ("public_url = \"http://x\"", "dead"),
            ("[log]\nlevel = \"warning\"", "error, warn, info, debug or trace"),
            ("[log]\nlevel = \"a=b=c\"", "level filter"),
        ] {
            let error = load(text, &[]).expect_err(text);
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn relative_paths_start_at_the_files_folder() {
        let config = load("data_dir = \"d\"", &[]).unwrap();
        assert!(config.data_dir.is_absolute() && config.inventory.file.is_absolute());
    }
}
