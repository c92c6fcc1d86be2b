//! The gateway's way to a back end: reach it, ask for the console, secure the connection.

mod access;
#[cfg(feature = "anonymous-tls")]
mod anonymous;
mod dial;
mod files;
mod secure;
#[cfg(test)]
pub(crate) mod tests;
mod tls;
mod x509;

use std::time::Duration;

use oriel_domain::BackEnd;

pub(crate) use self::access::ask;
pub(crate) use self::dial::{dial, within};
pub(crate) use self::files::password;
pub(crate) use self::secure::{CLIENT_INIT, Secured, secure, tls_if_demanded};
pub(crate) use self::tls::TlsStream;
use crate::net::BackEndStream;
use crate::session::Failure;

/// Reaches a back end within `connect`, by its access path where it has one, and begins with it. From the path on, that
/// has `limit`; `missing` says what there is not otherwise.
pub(crate) async fn reach<T, F: Future<Output = Result<T, Failure>>>(
    back_end: &BackEnd,
    connect: Duration,
    limit: Duration,
    missing: &str,
    begin: impl FnOnce(BackEndStream) -> F,
) -> Result<T, Failure> {
    let mut stream = dial(&back_end.address, connect).await?;
    let begun = async {
        if let Some(path) = &back_end.access_path {
            ask(&mut stream, path).await?;
        }
        begin(stream).await
    };
    within(limit, &back_end.address, missing, begun).await
}
