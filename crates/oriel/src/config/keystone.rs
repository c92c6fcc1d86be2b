//! The section about a Keystone, and what becomes of it.

use std::path::PathBuf;

use oriel_control::identity::keystone::{KeystoneSettings, SecretSource, ServiceLogin};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{ConfigError, Span};

/// An OpenStack's Keystone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Keystone {
    /// Where it is, for Oriel.
    pub url: Option<Url>,
    /// Where it is, for clients; the same by default.
    pub public_url: Option<Url>,
    /// The service user's name.
    pub user: String,
    /// The name of its domain.
    pub user_domain: String,
    /// The name of the project where it has its role.
    pub project: String,
    /// The name of that project's domain.
    pub project_domain: String,
    /// The id of an application credential to log in with instead.
    pub application_credential: Option<String>,
    /// The file with the password, or with the application credential's secret.
    pub password_file: Option<PathBuf>,
    /// The variable with the password, or with the application credential's secret.
    pub password_env: Option<String>,
    /// The certificates to trust.
    pub ca_file: Option<PathBuf>,
    /// How long a good token is taken for good without asking again.
    pub cache_ttl: Span,
    /// How long a bad token is refused without asking again.
    pub negative_ttl: Span,
    /// How long a caller waits for Keystone.
    pub timeout: Span,
    /// Roles of which a service needs one.
    pub service_token_roles: Vec<String>,
}

impl Default for Keystone {
    fn default() -> Self {
        Self {
            url: None,
            public_url: None,
            user: "oriel".into(),
            user_domain: "Default".into(),
            project: "service".into(),
            project_domain: "Default".into(),
            application_credential: None,
            password_file: None,
            password_env: None,
            ca_file: None,
            cache_ttl: Span(KeystoneSettings::CACHE_TTL),
            negative_ttl: Span(KeystoneSettings::NEGATIVE_TTL),
            timeout: Span(KeystoneSettings::TIMEOUT),
            service_token_roles: vec![KeystoneSettings::SERVICE_ROLE.into()],
        }
    }
}

impl Keystone {
    /// What the identity works with. Refuses what has the right form but cannot work.
    pub fn settings(&self) -> Result<KeystoneSettings, ConfigError> {
        let wrong = |key, value: &dyn ToString, reason: &str| ConfigError::Value {
            key,
            value: value.to_string(),
            reason: reason.to_owned(),
        };
        let Some(url) = &self.url else {
            let reason = "give identity.keystone.url too, such as https://keystone.example:5000";
            return Err(wrong("identity.mode", &"keystone", reason));
        };
        if self.timeout.0.is_zero() {
            return Err(wrong(
                "identity.keystone.timeout",
                &"0s",
                "must be longer than nothing",
            ));
        }
        let login = self.login()?;
        let mut settings = KeystoneSettings::new(url, login).map_err(|error| {
            wrong(
                "identity.keystone.url",
                &url.host_str().unwrap_or_default(),
                &error.to_string(),
            )
        })?;
        if let Some(public) = &self.public_url {
            public
                .as_str()
                .trim_end_matches('/')
                .clone_into(&mut settings.public_url);
        }
        settings.ca_file.clone_from(&self.ca_file);
        settings.cache_ttl = self.cache_ttl.0;
        settings.negative_ttl = self.negative_ttl.0;
        settings.timeout = self.timeout.0;
        settings.service_token_roles.clone_from(&self.service_token_roles);
        Ok(settings)
    }

    fn login(&self) -> Result<ServiceLogin, ConfigError> {
        let secret = match (&self.password_file, &self.password_env) {
            (Some(file), None) => SecretSource::File(file.clone()),
            (None, Some(name)) => SecretSource::Env(name.clone()),
            _ => {
                return Err(ConfigError::Value {
                    key: "identity.mode",
                    value: "keystone".into(),
                    reason:
                        "give one of identity.keystone.password_file and password_env, for the service user"
                            .into(),
                });
            }
        };
        Ok(match &self.application_credential {
            Some(id) => ServiceLogin::ApplicationCredential {
                id: id.clone(),
                secret,
            },
            None => ServiceLogin::Password {
                user: self.user.clone(),
                user_domain: self.user_domain.clone(),
                project: self.project.clone(),
                project_domain: self.project_domain.clone(),
                password: secret,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Result<KeystoneSettings, String> {
        let keystone: Keystone = toml::from_str(text).unwrap();
        keystone.settings().map_err(|error| error.to_string())
    }

    #[test]
    fn a_service_user_logs_in_with_a_password_or_with_an_application_credential() {
        let url = "url = \"https://k.example:5000/v3\"\npassword_env = \"K\"\n";
        let by_password = settings(url).unwrap();
        assert_eq!(by_password.url(), "https://k.example:5000");
        assert_eq!(by_password.login.to_string(), "user oriel of project service");
        let by_credential = settings(&format!("{url}application_credential = \"abc\"")).unwrap();
        assert_eq!(by_credential.login.to_string(), "application credential abc");
    }

    #[test]
    fn what_cannot_work_is_refused_with_what_to_write() {
        for (text, told) in [
            ("password_env = \"K\"", "identity.keystone.url"),
            ("url = \"https://k.example\"", "password_file and password_env"),
            (
                "url = \"https://k.example\"\npassword_env = \"K\"\npassword_file = \"k\"",
                "one of identity.keystone.password_file",
            ),
            (
                "url = \"ftp://k.example\"\npassword_env = \"K\"",
                "https://HOST:PORT",
            ),
            (
                "url = \"https://k.example\"\npassword_env = \"K\"\ntimeout = \"0s\"",
                "longer than nothing",
            ),
        ] {
            let error = settings(text).expect_err(text);
            assert!(error.contains(told), "{error}");
        }
        let error = settings("url = \"https://ann:hunter2@k.example\"\npassword_env = \"K\"").unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
