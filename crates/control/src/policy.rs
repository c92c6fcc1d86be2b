//! Who may do what: Nova's default rules for the calls that Oriel answers, and an operator's own in
//! their place.
//!
//! A policy file is TOML, a rule's name and its text a line, in the language of Nova's policies
//! (oslo.policy): `"os_compute_api:os-remote-consoles" = "role:member and project_id:%(project_id)s"`.

mod check;
mod parse;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use oriel_domain::{ConsoleKind, Principal, ProjectId, Protocol, Server, UserId};

use self::check::Check;
pub use self::parse::RuleError;

macro_rules! rules {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $default:literal;)*) => {
        /// A rule that a call is checked against.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Rule { $($(#[$doc])* $variant),* }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name that policy files and refusals give.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The text in force unless an operator writes another.
            pub fn default_text(self) -> &'static str {
                match self { $(Self::$variant => $default),* }
            }
        }
    };
}

rules! {
    /// Seeing every project's servers, and what is shown to admins alone.
    Admin = "context_is_admin", "role:admin";
    /// Listing servers.
    ServersIndex = "os_compute_api:servers:index", "rule:project_reader_or_admin";
    /// Listing servers with all that is known of them.
    ServersDetail = "os_compute_api:servers:detail", "rule:project_reader_or_admin";
    /// Listing the servers of all projects.
    ServersIndexAll = "os_compute_api:servers:index:get_all_tenants", "rule:context_is_admin";
    /// Listing the servers of all projects with all that is known of them.
    ServersDetailAll = "os_compute_api:servers:detail:get_all_tenants", "rule:context_is_admin";
    /// Filtering lists by any property that is known of servers.
    AllFilters = "os_compute_api:servers:allow_all_filters", "rule:context_is_admin";
    /// Seeing one server.
    ServersShow = "os_compute_api:servers:show", "rule:project_reader_or_admin";
    /// Seeing which host a server lies on.
    ExtendedAttributes = "os_compute_api:os-extended-server-attributes", "rule:context_is_admin";
    /// Seeing how that host is.
    HostStatus = "os_compute_api:servers:show:host_status", "rule:context_is_admin";
    /// Opening a console.
    RemoteConsoles = "os_compute_api:os-remote-consoles", "rule:project_member_or_admin";
    /// Using a console that one may open, rather than looking on.
    ConsoleControl = "oriel:console:control", "@";
    /// Opening a screen over VNC, for who may open consoles.
    ConsoleVnc = "oriel:console:vnc", "@";
    /// The same for a serial line.
    ConsoleSerial = "oriel:console:serial", "@";
    /// The same for a screen over SPICE.
    ConsoleSpice = "oriel:console:spice", "@";
    /// The same for a screen over WebMKS.
    ConsoleMks = "oriel:console:mks", "@";
    /// Seeing a server's screen as a picture, without opening its console.
    Screenshot = "oriel:servers:screenshot",
        "rule:os_compute_api:os-remote-consoles and rule:oriel:console:vnc";
    /// Looking up what a console token stands for.
    ConsoleAuthTokens = "os_compute_api:os-console-auth-tokens", "rule:context_is_admin";
    /// Reading what a server wrote on its serial line.
    ConsoleOutput = "os_compute_api:os-console-output", "rule:project_member_or_admin";
}

impl Rule {
    /// The rule about consoles of this kind.
    pub fn of_console(kind: ConsoleKind) -> Self {
        match kind.protocol() {
            Protocol::Vnc => Self::ConsoleVnc,
            Protocol::Serial => Self::ConsoleSerial,
            Protocol::Spice => Self::ConsoleSpice,
            Protocol::Mks => Self::ConsoleMks,
        }
    }
}

/// Rules that others are made of: Nova's base rules. A policy file may change them too.
const BASE: [(&str, &str); 4] = [
    ("project_member_api", "role:member and project_id:%(project_id)s"),
    ("project_reader_api", "role:reader and project_id:%(project_id)s"),
    (
        "project_member_or_admin",
        "rule:project_member_api or rule:context_is_admin",
    ),
    (
        "project_reader_or_admin",
        "rule:project_reader_api or rule:context_is_admin",
    ),
];

/// Largest policy file that is read, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// Why a policy file was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The file could not be read.
    #[error("cannot read the policy {}: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no list of rules.
    #[error("the policy {}: {source}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong, with line and caret.
        source: toml::de::Error,
    },
    /// A rule's text cannot be read, or names what is not there.
    #[error("the policy rule {name:?}: {source}")]
    Rule {
        /// The rule.
        name: String,
        /// What is wrong with its text.
        source: RuleError,
    },
    /// A name that no call is checked against: most likely a slip, and the rule would never apply.
    #[error("the policy rule {0:?} is none that is checked here: a rule of one's own has no ':' in its name")]
    Unknown(String),
}

/// A principal that a rule turned down.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Policy doesn't allow {} to be performed.", .0.name())]
pub struct Forbidden(pub Rule);

/// What a call is about, as far as rules may ask.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The project of the server, or the caller's own where no server is meant.
    pub project: Option<&'a ProjectId>,
    /// Who made the server, where that is known.
    pub user: Option<&'a UserId>,
}

/// The rules in force.
#[derive(Debug, Clone)]
pub struct Policy {
    checks: HashMap<String, Check>,
}

impl Policy {
    /// Nova's default rules, with those of a file over them.
    pub fn load(file: Option<&Path>) -> Result<Self, PolicyError> {
        let texts = match file {
            None => HashMap::new(),
            Some(file) => read(file)?,
        };
        Self::with(texts)
    }

    fn with(texts: HashMap<String, String>) -> Result<Self, PolicyError> {
        let rules = Rule::ALL.iter().map(|rule| (rule.name(), rule.default_text()));
        let mut all: HashMap<String, String> = rules
            .chain(BASE)
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .collect();
        if let Some(name) = texts
            .keys()
            .find(|name| name.contains(':') && !all.contains_key(*name))
        {
            return Err(PolicyError::Unknown(name.clone()));
        }
        all.extend(texts);

        let mut checks = HashMap::new();
        for (name, text) in &all {
            let check = parse::rule(text).map_err(|source| PolicyError::Rule {
                name: name.clone(),
                source,
            })?;
            checks.insert(name.clone(), check);
        }
        for (name, check) in &checks {
            check
                .resolve(&checks, &mut vec![name])
                .map_err(|source| PolicyError::Rule {
                    name: name.clone(),
                    source,
                })?;
        }
        Ok(Self { checks })
    }

    /// Applies a rule. Every rule is for tokens of a project: one of a domain, of the system or of
    /// nothing is turned down whatever its roles.
    pub fn check(&self, rule: Rule, principal: &Principal, target: Target<'_>) -> Result<(), Forbidden> {
        if principal.project.is_some() && self.holds(rule, principal, target) {
            Ok(())
        } else {
            Err(Forbidden(rule))
        }
    }

    /// Whether the principal is an admin to whom every project is open.
    pub fn is_admin(&self, principal: &Principal) -> bool {
        self.holds(Rule::Admin, principal, Target::own(principal))
    }

    fn holds(&self, rule: Rule, principal: &Principal, target: Target<'_>) -> bool {
        self.checks
            .get(rule.name())
            .is_some_and(|check| check.holds(&self.checks, principal, target))
    }
}

impl<'a> Target<'a> {
    /// A server.
    pub fn of(server: &'a Server) -> Self {
        Self {
            project: Some(&server.project),
            user: server.details.user.as_ref(),
        }
    }

    /// The caller's own project and self.
    pub fn own(principal: &'a Principal) -> Self {
        Self {
            project: principal.project.as_ref().map(|project| &project.id),
            user: Some(&principal.user.id),
        }
    }
}

fn read(file: &Path) -> Result<HashMap<String, String>, PolicyError> {
    let error = |source| PolicyError::Read {
        file: file.to_owned(),
        source,
    };
    let size = std::fs::metadata(file).map_err(error)?.len();
    if size > MAX_FILE {
        return Err(error(std::io::Error::other(format!(
            "it has {size} bytes, and {MAX_FILE} at most are read"
        ))));
    }
    let text = std::fs::read_to_string(file).map_err(error)?;
    toml::from_str(&text).map_err(|source| PolicyError::File {
        file: file.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests;
