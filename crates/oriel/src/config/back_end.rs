//! The section about how back ends are secured, and what becomes of it.

use std::path::PathBuf;

use oriel_domain::{BackEndSecurity, ClientCertificate, PasswordSource, SecurityScheme};
use serde::{Deserialize, Serialize};

use super::ConfigError;

section! {
    /// How back ends are secured whose entries in the inventory do not say it themselves.
    BackEnd {
        /// What may be used; by a rule, if nothing is named.
        security: Vec<SecurityScheme> = Vec::new(),
        /// The certificates of whom to trust.
        ca_file: Option<PathBuf> = None,
        /// What to show in return.
        client_cert_file: Option<PathBuf> = None,
        /// Its private key.
        client_key_file: Option<PathBuf> = None,
        /// Whether the certificate must name the back end.
        check_name: bool = true,
        /// Who to be for a back end that asks for a user name.
        username: Option<String> = None,
        /// The file with the password.
        password_file: Option<PathBuf> = None,
        /// The variable with the password.
        password_env: Option<String> = None,
    }
}

impl BackEnd {
    /// The files that it names.
    pub fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        [
            &mut self.ca_file,
            &mut self.client_cert_file,
            &mut self.client_key_file,
            &mut self.password_file,
        ]
        .into_iter()
        .flatten()
    }

    /// What the inventory works with. Refuses what cannot go together.
    pub fn settings(&self) -> Result<BackEndSecurity, ConfigError> {
        let certificate = match (&self.client_cert_file, &self.client_key_file) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some(ClientCertificate {
                certificate: certificate.clone(),
                key: key.clone(),
            }),
            (Some(one), None) | (None, Some(one)) => {
                let reason = "give client_cert_file and client_key_file together";
                return Err(ConfigError::value(
                    "back_end.client_cert_file",
                    one.display(),
                    reason,
                ));
            }
        };
        let password = match (&self.password_file, &self.password_env) {
            (None, None) => None,
            (Some(file), None) => Some(PasswordSource::File(file.clone())),
            (None, Some(name)) => Some(PasswordSource::Environment(name.clone())),
            (Some(_), Some(name)) => {
                let reason = "give password_file or password_env, not both";
                return Err(ConfigError::value("back_end.password_env", name, reason));
            }
        };
        Ok(BackEndSecurity {
            allowed: (!self.security.is_empty()).then(|| self.security.clone()),
            authority: self.ca_file.clone(),
            certificate,
            tls_name: None,
            check_name: Some(self.check_name),
            username: self.username.clone(),
            password,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Result<BackEndSecurity, String> {
        let back_end: BackEnd = toml::from_str(text).map_err(|error| error.to_string())?;
        back_end.settings().map_err(|error| error.to_string())
    }

    #[test]
    fn novas_settings_have_their_like() {
        let text = "security = [\"x509-none\", \"none\"]\nca_file = \"ca.pem\"\nclient_cert_file = \"c.pem\"\n\
                    client_key_file = \"k.pem\"\ncheck_name = false\n";
        let security = settings(text).unwrap();
        assert_eq!(
            security.allowed,
            Some(vec![SecurityScheme::X509None, SecurityScheme::None])
        );
        assert_eq!(
            (security.authority, security.check_name),
            (Some("ca.pem".into()), Some(false))
        );
        assert_eq!(settings("").unwrap().allowed, None);
    }

    #[test]
    fn what_cannot_go_together_is_refused() {
        for (text, told) in [
            ("client_key_file = \"k\"", "together"),
            ("password_file = \"p\"\npassword_env = \"P\"", "not both"),
            ("security = [\"vencrypt\"]", "x509-vnc"),
        ] {
            let error = settings(text).expect_err(text);
            assert!(error.contains(told), "{error}");
        }
    }
}
