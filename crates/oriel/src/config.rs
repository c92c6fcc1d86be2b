//! Every setting, its default, and where it is read from: built-in defaults, then the file, then
//! the environment. `oriel.example.toml` is the reference; a test holds the two together.

#[macro_use]
mod section;

mod back_end;
mod check;
mod environment;
mod keystone;
mod log;
mod planes;
mod port;
mod reference;
mod span;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use oriel_control::compute::Microversion;
use serde::{Deserialize, Serialize};
use url::Url;

pub use self::log::{Log, LogFormat};
pub use self::planes::{
    Compute, Consoles, Gateway, Grants, Identity, IdentityMode, Inventory, Policy, Screenshots, SecondViewer,
    SerialLink, Typing, ViewersAtOnce,
};
pub use self::port::{Listen, MinTls, Page, Tls, TlsMode};
pub use self::reference::EXAMPLE;
pub use self::span::Span;

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

impl ConfigError {
    #[expect(clippy::needless_pass_by_value, reason = "callers give what they have")]
    fn value(key: &'static str, value: impl ToString, reason: impl Into<String>) -> Self {
        Self::Value {
            key,
            value: value.to_string(),
            reason: reason.into(),
        }
    }
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
        /// The page, as other sites may use it.
        page: Page = Page::default(),
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
        /// Text that is typed for a viewer.
        typing: Typing = Typing::default(),
        /// Pictures of screens.
        screenshots: Screenshots = Screenshots::default(),
        /// What is written down.
        log: Log = Log::default(),
    }
}

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
        let further = self.tls.further.iter_mut();
        let further = further.flat_map(|pair| [&mut pair.certificate, &mut pair.key]);
        let paths = [&mut self.data_dir, &mut self.inventory.file];
        for path in paths
            .into_iter()
            .chain(further)
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
