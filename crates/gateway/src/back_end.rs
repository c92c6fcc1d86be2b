//! The gateway's way to a back end: reach it, ask for the console, secure the connection.

mod access;
#[cfg(feature = "anonymous-tls")]
mod anonymous;
mod dial;
mod files;
mod secure;
#[cfg(test)]
mod tests;
mod tls;
mod x509;

pub(crate) use self::access::ask;
pub(crate) use self::dial::dial;
pub(crate) use self::files::password;
pub(crate) use self::secure::{Secured, secure, tls_if_demanded};
pub(crate) use self::tls::TlsStream;
