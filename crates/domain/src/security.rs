//! How the connection to a back end is secured, and what the operator demands of it.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Address;

/// A way to secure the connection to a back end that speaks RFB.
///
/// The names are those of configuration and log. Before the dash stands what the connection is wrapped in: nothing, TLS with an
/// anonymous key exchange (`tls`) or TLS with a certificate (`x509`); behind it what lets the gateway in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecurityScheme {
    /// Nothing at all.
    None,
    /// A password of eight characters, and nothing encrypted.
    Vnc,
    /// Nobody can listen, but who the other side is remains unknown.
    TlsNone,
    /// The same with a password of eight characters.
    TlsVnc,
    /// The same with a user name and password, which whoever answers gets to read.
    TlsPlain,
    /// The back end shows a certificate.
    X509None,
    /// The same with a password of eight characters.
    X509Vnc,
    /// The same with a user name and password.
    X509Plain,
}

impl SecurityScheme {
    /// Every scheme.
    pub const ALL: [Self; 8] = [
        Self::None,
        Self::Vnc,
        Self::TlsNone,
        Self::TlsVnc,
        Self::TlsPlain,
        Self::X509None,
        Self::X509Vnc,
        Self::X509Plain,
    ];

    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Vnc => "vnc",
            Self::TlsNone => "tls-none",
            Self::TlsVnc => "tls-vnc",
            Self::TlsPlain => "tls-plain",
            Self::X509None => "x509-none",
            Self::X509Vnc => "x509-vnc",
            Self::X509Plain => "x509-plain",
        }
    }

    /// Whether the back end has to show a certificate.
    pub fn wants_certificate(self) -> bool {
        matches!(self, Self::X509None | Self::X509Vnc | Self::X509Plain)
    }

    /// Whether it takes a password.
    pub fn wants_password(self) -> bool {
        !matches!(self, Self::None | Self::TlsNone | Self::X509None)
    }

    /// Whether it takes a user name.
    pub fn wants_username(self) -> bool {
        matches!(self, Self::TlsPlain | Self::X509Plain)
    }
}

impl fmt::Display for SecurityScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where the gateway reads a back end's password, each time that it connects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordSource {
    /// A file whose first line is it.
    File(PathBuf),
    /// A variable of the gateway's environment.
    Environment(String),
}

/// What the gateway shows to a back end that asks for a certificate: two files in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The chain, the gateway's own first.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// What is demanded of a back end's security, and with what the gateway meets the back end's demands. Files
/// and variables are read anew for each connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BackEndSecurity {
    /// What alone may be used. If it is not said, [`usable`](Self::usable) has a rule.
    pub allowed: Option<Vec<SecurityScheme>>,
    /// The certificates, in PEM, of whom to trust when a back end shows one.
    pub authority: Option<PathBuf>,
    /// What to show in return.
    pub certificate: Option<ClientCertificate>,
    /// The name that must be in the back end's certificate, where that is not its address.
    pub tls_name: Option<String>,
    /// Whether the certificate must name the back end; it must if this is not said.
    pub check_name: Option<bool>,
    /// Who to be for a back end that asks for a user name.
    pub username: Option<String>,
    /// Where the password is to be found.
    pub password: Option<PasswordSource>,
}

impl BackEndSecurity {
    /// The same, with what is not said taken from somewhere else.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        Self {
            allowed: self.allowed.or_else(|| other.allowed.clone()),
            authority: self.authority.or_else(|| other.authority.clone()),
            certificate: self.certificate.or_else(|| other.certificate.clone()),
            tls_name: self.tls_name.or_else(|| other.tls_name.clone()),
            check_name: self.check_name.or(other.check_name),
            username: self.username.or_else(|| other.username.clone()),
            password: self.password.or_else(|| other.password.clone()),
        }
    }

    /// The name to look for in the certificate of the back end at this address; none if any will do.
    /// An error if one must be there and nobody has said which.
    pub fn name_to_check<'a>(&'a self, address: &'a Address) -> Result<Option<&'a str>, NoName> {
        match (self.check_name, &self.tls_name, address) {
            (Some(false), ..) => Ok(None),
            (_, Some(name), _) => Ok(Some(name)),
            (_, None, Address::Tcp { host, .. } | Address::Telnet { host, .. }) => Ok(Some(host)),
            (_, None, Address::Unix(_)) => Err(NoName),
        }
    }

    /// The schemes that may be used with the back end at this address and have all that they need.
    ///
    /// Where nobody has said what may be used, an authority means that TLS is wanted: then nothing
    /// without a certificate may, or a man in the middle would simply offer that. A UNIX socket has no
    /// middle. And what would hand a password to whoever answers is only used if it was said.
    pub fn usable(&self, address: &Address) -> Result<Vec<SecurityScheme>, UnusableSecurity> {
        let by_rule = |scheme: SecurityScheme| {
            let certified = self.authority.is_some() && !matches!(address, Address::Unix(_));
            match scheme {
                SecurityScheme::TlsPlain => false,
                scheme => !certified || scheme.wants_certificate(),
            }
        };
        let allowed: Vec<_> = match &self.allowed {
            Some(allowed) => allowed.clone(),
            None => SecurityScheme::ALL
                .into_iter()
                .filter(|&scheme| by_rule(scheme))
                .collect(),
        };
        let (mut usable, mut lacks) = (Vec::new(), Vec::new());
        for scheme in allowed {
            match self.lack(scheme, address) {
                None => usable.push(scheme),
                Some(lack) => lacks.push((scheme, lack)),
            }
        }
        if usable.is_empty() {
            Err(UnusableSecurity(lacks))
        } else {
            Ok(usable)
        }
    }

    fn lack(&self, scheme: SecurityScheme, address: &Address) -> Option<&'static str> {
        if scheme.wants_certificate() && self.authority.is_none() {
            Some("ca_file")
        } else if scheme.wants_certificate() && self.name_to_check(address).is_err() {
            Some("tls_name, as a UNIX socket has no name, or check_name = false")
        } else if scheme.wants_username() && self.username.is_none() {
            Some("username")
        } else if scheme.wants_password() && self.password.is_none() {
            Some("password_file or password_env")
        } else {
            None
        }
    }
}

/// A UNIX socket has no name that could be in a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a UNIX socket has no name that could be in a certificate: give tls_name or check_name = false")]
pub struct NoName;

/// Nothing that may be used can be: each with what it lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnusableSecurity(Vec<(SecurityScheme, &'static str)>);

impl fmt::Display for UnusableSecurity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no security that may be used can be: ")?;
        for (at, (scheme, lack)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{scheme} needs {lack}")?;
        }
        Ok(())
    }
}

impl std::error::Error for UnusableSecurity {}

#[cfg(test)]
mod tests {
    use super::SecurityScheme as S;
    use super::*;
    use serde::de::value::{Error, StrDeserializer};

    fn tcp() -> Address {
        "tcp:hv-7.example:5900".parse().unwrap()
    }

    fn unix() -> Address {
        "unix:/run/vm/vnc.sock".parse().unwrap()
    }

    fn with(adjust: impl FnOnce(&mut BackEndSecurity)) -> BackEndSecurity {
        let mut security = BackEndSecurity::default();
        adjust(&mut security);
        security
    }

    fn password() -> PasswordSource {
        PasswordSource::File("p".into())
    }

    #[test]
    fn names_read_back_as_they_are_written() {
        for scheme in S::ALL {
            let read = S::deserialize(StrDeserializer::<Error>::new(scheme.name()));
            assert_eq!(read, Ok(scheme));
        }
    }

    #[test]
    fn where_nothing_is_said_everything_goes_but_a_password_to_whoever_answers() {
        let plain = BackEndSecurity::default();
        assert_eq!(plain.usable(&tcp()).unwrap(), [S::None, S::TlsNone]);
        let known = with(|s| {
            s.password = Some(password());
            s.username = Some("ann".into());
        });
        assert_eq!(
            known.usable(&tcp()).unwrap(),
            [S::None, S::Vnc, S::TlsNone, S::TlsVnc]
        );
    }

    #[test]
    fn an_authority_means_that_nothing_less_than_a_certificate_will_do() {
        let ca = with(|s| s.authority = Some("ca.pem".into()));
        assert_eq!(ca.usable(&tcp()).unwrap(), [S::X509None]);
        let known = with(|s| {
            s.authority = Some("ca.pem".into());
            s.password = Some(password());
            s.username = Some("ann".into());
        });
        assert_eq!(
            known.usable(&tcp()).unwrap(),
            [S::X509None, S::X509Vnc, S::X509Plain]
        );
        // Nobody can stand in the middle of a UNIX socket.
        assert!(known.usable(&unix()).unwrap().contains(&S::None));
        assert!(
            !known.usable(&unix()).unwrap().contains(&S::X509None),
            "it has no name"
        );
        let named = with(|s| s.tls_name = Some("hv-7".into())).or(&known);
        assert!(named.usable(&unix()).unwrap().contains(&S::X509None));
    }

    #[test]
    fn what_is_said_holds() {
        let said = with(|s| {
            s.authority = Some("ca.pem".into());
            s.allowed = Some(vec![S::None, S::X509Vnc]);
        });
        assert_eq!(said.usable(&tcp()).unwrap(), [S::None]);
        assert_eq!(said.usable(&unix()).unwrap(), [S::None]);
        let strict = with(|s| s.allowed = Some(vec![S::X509None, S::TlsPlain, S::Vnc]));
        assert_eq!(
            strict.usable(&tcp()).unwrap_err().to_string(),
            "no security that may be used can be: x509-none needs ca_file, tls-plain needs username, \
             vnc needs password_file or password_env"
        );
    }

    #[test]
    fn what_is_not_said_comes_from_the_defaults() {
        let defaults = with(|s| {
            s.authority = Some("ca.pem".into());
            s.check_name = Some(false);
            s.allowed = Some(vec![S::X509None]);
        });
        let own = with(|s| s.allowed = Some(vec![S::None])).or(&defaults);
        assert_eq!(own.allowed, Some(vec![S::None]));
        assert_eq!(
            (own.authority, own.check_name),
            (Some("ca.pem".into()), Some(false))
        );
    }

    #[test]
    fn the_name_to_check_is_the_hosts_unless_another_is_said() {
        let security = BackEndSecurity::default();
        assert_eq!(security.name_to_check(&tcp()), Ok(Some("hv-7.example")));
        assert_eq!(security.name_to_check(&unix()), Err(NoName));
        let any = with(|s| s.check_name = Some(false));
        assert_eq!(any.name_to_check(&unix()), Ok(None));
        let other = with(|s| s.tls_name = Some("hv".into()));
        assert_eq!(other.name_to_check(&tcp()), Ok(Some("hv")));
    }
}
