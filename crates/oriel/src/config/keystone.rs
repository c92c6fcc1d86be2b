//! The section about a Keystone, and what becomes of it.

use std::path::PathBuf;

use oriel_control::identity::keystone::{KeystoneSettings, SecretSource, ServiceLogin};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{ConfigError, Span};

section! {
    /// An OpenStack's Keystone.
    Keystone {
        /// Where it is, for Oriel.
        url: Option<Url> = None,
        /// Where it is, for clients; the same by default.
        public_url: Option<Url> = None,
        /// The service user's name.
        user: String = "oriel".into(),
        /// The name of its domain.
        user_domain: String = "Default".into(),
        /// The name of the project where it has its role.
        project: String = "service".into(),
        /// The name of that project's domain.
        project_domain: String = "Default".into(),
        /// The id of an application credential to log in with instead.
        application_credential: Option<String> = None,
        /// The file with the password, or with the application credential's secret.
        password_file: Option<PathBuf> = None,
        /// The variable with the password, or with the application credential's secret.
        password_env: Option<String> = None,
        /// The certificates to trust.
        ca_file: Option<PathBuf> = None,
        /// How long a good token is taken for good without asking again.
        cache_ttl: Span = Span(KeystoneSettings::CACHE_TTL),
        /// How long a bad token is refused without asking again.
        negative_ttl: Span = Span(KeystoneSettings::NEGATIVE_TTL),
        /// How long a caller waits for Keystone.
        timeout: Span = Span(KeystoneSettings::TIMEOUT),
        /// Roles of which a service needs one.
        service_token_roles: Vec<String> = vec![KeystoneSettings::SERVICE_ROLE.into()],
    }
}

impl Keystone {
    /// What the identity works with. Refuses what has the right form but cannot work.
    pub fn settings(&self) -> Result<KeystoneSettings, ConfigError> {
        let Some(url) = &self.url else {
            let reason = "give identity.keystone.url too, such as https://keystone.example:5000";
            return Err(ConfigError::value("identity.mode", "keystone", reason));
        };
        if self.timeout.0.is_zero() {
            return Err(ConfigError::value(
                "identity.keystone.timeout",
                "0s",
                "must be longer than nothing",
            ));
        }
        let login = self.login()?;
        let mut settings = KeystoneSettings::new(url, login).map_err(|error| {
            ConfigError::value(
                "identity.keystone.url",
                url.host_str().unwrap_or_default(),
                error.to_string(),
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
                return Err(ConfigError::value(
                    "identity.mode",
                    "keystone",
                    "give one of identity.keystone.password_file and password_env, for the service user",
                ));
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
