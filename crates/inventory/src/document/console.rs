//! One console of a server: where its back end is, and how that is secured.

use oriel_domain::{
    Address, BackEnd, BackEndSecurity, ClientCertificate, ConsoleKind, PasswordSource, Protocol,
    SecurityScheme,
};
use serde::Deserialize;
use toml::Spanned;

use super::{DocumentError, Reader};

/// One `[server.console.TYPE]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Console {
    back_end: Spanned<String>,
    access_path: Option<Spanned<String>>,
    security: Option<Spanned<Vec<SecurityScheme>>>,
    ca_file: Option<String>,
    client_cert_file: Option<Spanned<String>>,
    client_key_file: Option<Spanned<String>>,
    tls_name: Option<Spanned<String>>,
    check_name: Option<bool>,
    username: Option<String>,
    password_file: Option<Spanned<String>>,
    password_env: Option<Spanned<String>>,
}

/// Longest `access_path`, in bytes: it goes into one line of a request.
const MAX_ACCESS_PATH: usize = 1024;
/// Longest `tls_name`, in bytes (RFC 1035 section 2.3.4).
const MAX_TLS_NAME: usize = 255;

impl Reader<'_> {
    /// The back end of a console. One that could never be secured as it is demanded is refused here, where the
    /// operator sees it, and not when somebody wants the console.
    pub(super) fn back_end(&self, kind: ConsoleKind, console: &Console) -> Result<BackEnd, DocumentError> {
        let address = self.parse::<Address>(&console.back_end)?;
        if matches!(address, Address::Telnet { .. }) && kind != ConsoleKind::Serial {
            let reason = format!("telnet: is for serial consoles; a back end of {kind} is tcp: or unix:");
            return Err(self.error(&console.back_end, reason));
        }
        let security = self.back_end_security(console)?.or(self.security);
        if kind.protocol() == Protocol::Vnc {
            security
                .usable(&address)
                .map_err(|error| self.error(&console.back_end, error.to_string()))?;
        }
        Ok(BackEnd {
            address,
            security,
            access_path: console
                .access_path
                .as_ref()
                .map(|path| self.access_path(path))
                .transpose()?,
        })
    }

    fn access_path(&self, path: &Spanned<String>) -> Result<String, DocumentError> {
        let text = path.get_ref();
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        if printable && (1..=MAX_ACCESS_PATH).contains(&text.len()) {
            Ok(text.clone())
        } else {
            let reason =
                format!("an access_path is 1 to {MAX_ACCESS_PATH} printable characters without a space");
            Err(self.error(path, reason))
        }
    }

    fn back_end_security(&self, console: &Console) -> Result<BackEndSecurity, DocumentError> {
        let allowed = match &console.security {
            Some(schemes) if schemes.get_ref().is_empty() => {
                let reason = "security names what may be used; leave it out to have what oriel.toml says";
                return Err(self.error(schemes, reason));
            }
            schemes => schemes.as_ref().map(|schemes| schemes.get_ref().clone()),
        };
        let certificate = match (&console.client_cert_file, &console.client_key_file) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some(ClientCertificate {
                certificate: self.folder.join(certificate.get_ref()),
                key: self.folder.join(key.get_ref()),
            }),
            (Some(one), None) | (None, Some(one)) => {
                return Err(self.error(one, "give client_cert_file and client_key_file together"));
            }
        };
        let password = match (&console.password_file, &console.password_env) {
            (None, None) => None,
            (Some(file), None) => Some(PasswordSource::File(self.folder.join(file.get_ref()))),
            (None, Some(variable)) => Some(PasswordSource::Environment(variable.get_ref().clone())),
            (Some(_), Some(variable)) => {
                return Err(self.error(variable, "give password_file or password_env, not both"));
            }
        };
        Ok(BackEndSecurity {
            allowed,
            authority: console.ca_file.as_ref().map(|file| self.folder.join(file)),
            certificate,
            tls_name: console
                .tls_name
                .as_ref()
                .map(|name| self.tls_name(name))
                .transpose()?,
            check_name: console.check_name,
            username: console.username.clone(),
            password,
        })
    }

    fn tls_name(&self, name: &Spanned<String>) -> Result<String, DocumentError> {
        let text = name.get_ref();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
        if text.bytes().all(plain) && (1..=MAX_TLS_NAME).contains(&text.len()) {
            Ok(text.clone())
        } else {
            Err(self.error(
                name,
                "a tls_name is a host name or address, as the certificate has it",
            ))
        }
    }
}
