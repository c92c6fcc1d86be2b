//! What an operator sets about Keystone.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use super::KeystoneSetupError;

/// What an operator sets about Keystone.
#[derive(Debug, Clone)]
pub struct KeystoneSettings {
    /// Scheme, host, port and path up to the version, without a slash at the end.
    base: String,
    /// Where clients are sent for a token: Keystone as they reach it.
    pub public_url: String,
    /// Who asks.
    pub login: ServiceLogin,
    /// The certificates to trust, in PEM; the system's own where there is none.
    pub ca_file: Option<PathBuf>,
    /// How long a token that Keystone knows is taken for good without asking again; so long a
    /// revoked one may go on working.
    pub cache_ttl: Duration,
    /// How long a token that Keystone does not know is refused without asking again.
    pub negative_ttl: Duration,
    /// How long a caller waits for Keystone, all tries together.
    pub timeout: Duration,
    /// The roles of which a service needs one for its token to count as a service's.
    pub service_token_roles: Vec<String>,
}

impl KeystoneSettings {
    /// A minute: an operator who revokes a token can wait that long.
    pub const CACHE_TTL: Duration = Duration::from_mins(1);
    /// Long enough against floods, short enough for a token that Keystone's nodes do not all
    /// know yet.
    pub const NEGATIVE_TTL: Duration = Duration::from_secs(10);
    /// The role that Keystone's own bootstrap makes for services.
    pub const SERVICE_ROLE: &str = "service";
    /// Four tries of a Keystone that refuses connections take 1.3 s.
    pub const TIMEOUT: Duration = Duration::from_secs(5);

    /// The settings that an operator who sets only the address and the service user gets.
    ///
    /// The address is Keystone's with or without `/v3` at the end, and holds no user and no query.
    pub fn new(url: &Url, login: ServiceLogin) -> Result<Self, KeystoneSetupError> {
        let wrong = |reason| KeystoneSetupError::Url {
            url: url.to_string(),
            reason,
        };
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(wrong("write https://HOST:PORT"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(KeystoneSetupError::Url {
                url: url.host_str().unwrap_or_default().to_owned(),
                reason: "leave out the user: it has its own keys",
            });
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("leave out what follows the path"));
        }
        let base = url.as_str().trim_end_matches('/');
        let base = base.strip_suffix("/v3").unwrap_or(base).trim_end_matches('/');
        Ok(Self {
            base: base.to_owned(),
            public_url: base.to_owned(),
            login,
            ca_file: None,
            cache_ttl: Self::CACHE_TTL,
            negative_ttl: Self::NEGATIVE_TTL,
            timeout: Self::TIMEOUT,
            service_token_roles: vec![Self::SERVICE_ROLE.to_owned()],
        })
    }

    /// Where Keystone is, without `/v3` and without a slash at the end.
    pub fn url(&self) -> &str {
        &self.base
    }

    /// Whether tokens go over the network in the clear.
    pub fn is_in_the_clear(&self) -> bool {
        let url = Url::parse(&self.base).ok();
        url.is_some_and(|url| {
            let local = match url.host() {
                Some(url::Host::Domain(name)) => name == "localhost",
                Some(url::Host::Ipv4(address)) => address.is_loopback(),
                Some(url::Host::Ipv6(address)) => address.is_loopback(),
                None => false,
            };
            url.scheme() == "http" && !local
        })
    }
}

/// Who asks Keystone about tokens.
#[derive(Debug, Clone)]
pub enum ServiceLogin {
    /// A user with a password, in a project where it has the role `service` or `admin`.
    Password {
        /// The user's name.
        user: String,
        /// The name of the user's domain.
        user_domain: String,
        /// The project's name.
        project: String,
        /// The name of the project's domain.
        project_domain: String,
        /// Where the password is.
        password: SecretSource,
    },
    /// An application credential of such a user.
    ApplicationCredential {
        /// Its id.
        id: String,
        /// Where its secret is.
        secret: SecretSource,
    },
}

impl ServiceLogin {
    /// Reads the secret anew, so that an operator can change it without a restart.
    pub(super) fn read_secret(&self) -> Result<SecretString, KeystoneSetupError> {
        match self {
            Self::Password { password, .. } => password.read(),
            Self::ApplicationCredential { secret, .. } => secret.read(),
        }
    }

    /// The body of `POST /v3/auth/tokens`. It holds the secret.
    pub(super) fn body(&self, secret: &str) -> Value {
        match self {
            Self::Password {
                user,
                user_domain,
                project,
                project_domain,
                ..
            } => json!({"auth": {
                "identity": {"methods": ["password"], "password": {"user": {
                    "name": user, "domain": {"name": user_domain}, "password": secret,
                }}},
                "scope": {"project": {"name": project, "domain": {"name": project_domain}}},
            }}),
            Self::ApplicationCredential { id, .. } => by_application_credential(id, secret),
        }
    }
}

/// The body of `POST /v3/auth/tokens` with an application credential.
pub(super) fn by_application_credential(id: &str, secret: &str) -> Value {
    json!({"auth": {"identity": {
        "methods": ["application_credential"],
        "application_credential": {"id": id, "secret": secret},
    }}})
}

impl fmt::Display for ServiceLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password { user, project, .. } => write!(f, "user {user} of project {project}"),
            Self::ApplicationCredential { id, .. } => write!(f, "application credential {id}"),
        }
    }
}

/// Where a secret is read from: never from the configuration itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// A file with the secret on its first line.
    File(PathBuf),
    /// A variable of the environment.
    Env(String),
}

impl SecretSource {
    /// Longest file that is taken for one with a secret, in bytes.
    const MAX_FILE: u64 = 65_536;

    fn read(&self) -> Result<SecretString, KeystoneSetupError> {
        let wrong = |reason: String| KeystoneSetupError::Secret {
            from: match self {
                Self::File(file) => file.display().to_string(),
                Self::Env(name) => format!("the environment's {name}"),
            },
            reason,
        };
        let text = match self {
            Self::File(file) => {
                let length = std::fs::metadata(file)
                    .map_err(|error| wrong(error.to_string()))?
                    .len();
                if length > Self::MAX_FILE {
                    return Err(wrong(format!("it is longer than {} bytes", Self::MAX_FILE)));
                }
                std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?
            }
            Self::Env(name) => std::env::var(name).map_err(|_| wrong("it is not set".into()))?,
        };
        match text.lines().next().unwrap_or_default() {
            "" => Err(wrong("it is empty".into())),
            secret => Ok(secret.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    fn settings(url: &str) -> Result<KeystoneSettings, String> {
        let login = ServiceLogin::ApplicationCredential {
            id: "abc".into(),
            secret: SecretSource::Env("KEYSTONE_SECRET".into()),
        };
        KeystoneSettings::new(&Url::parse(url).unwrap(), login).map_err(|error| error.to_string())
    }

    #[test]
    fn the_address_is_taken_with_and_without_the_version() {
        for url in [
            "https://k.example:5000",
            "https://k.example:5000/",
            "https://k.example:5000/v3",
            "https://k.example:5000/v3/",
        ] {
            assert_eq!(settings(url).unwrap().url(), "https://k.example:5000");
        }
        assert_eq!(
            settings("http://k.example/identity/v3").unwrap().url(),
            "http://k.example/identity"
        );
    }

    #[test]
    fn what_cannot_be_an_address_is_refused_and_no_password_repeated() {
        for url in [
            "ftp://k.example",
            "https://k.example/?x=1",
            "https://k.example/#x",
        ] {
            settings(url).unwrap_err();
        }
        let error = settings("https://ann:hunter2@k.example").unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn only_this_machine_may_be_spoken_to_in_the_clear() {
        assert!(settings("http://k.example:5000").unwrap().is_in_the_clear());
        for url in [
            "https://k.example",
            "http://127.0.0.1:5000",
            "http://[::1]/",
            "http://localhost",
        ] {
            assert!(!settings(url).unwrap().is_in_the_clear(), "{url}");
        }
    }

    #[test]
    fn a_secret_is_a_files_first_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        let source = SecretSource::File(file.clone());
        let error = source.read().unwrap_err().to_string();
        assert!(error.contains("password"), "{error}");
        std::fs::write(&file, "s3cret\nmore\n").unwrap();
        assert_eq!(source.read().unwrap().expose_secret(), "s3cret");
        std::fs::write(&file, "\n").unwrap();
        source.read().unwrap_err();
    }
}
