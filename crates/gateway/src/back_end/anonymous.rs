//! TLS with an anonymous Diffie-Hellman exchange, for the `TLS*` subtypes of `VeNCrypt`.
//!
//! rustls has none on purpose, so this is OpenSSL, and in no other place. It keeps listeners out and
//! says nothing of who the other side is.

use std::pin::Pin;

use openssl::error::ErrorStack;
use openssl::ssl::{Ssl, SslContext, SslMethod, SslVerifyMode, SslVersion};
use tokio_openssl::SslStream;

use super::files::insecure;
use super::tls::TlsStream;
use crate::net::BackEndStream;
use crate::session::Failure;

/// Anonymous key exchanges alone: `GnuTLS`, which QEMU and `TigerVNC` use, has them up to TLS 1.2. The first two are what
/// both of them take; the others are for servers with elliptic curves alone, or without GCM. OpenSSL keeps all
/// of them out above its security level 0.
const CIPHERS: &str = "ADH-AES256-GCM-SHA384:ADH-AES128-GCM-SHA256:AECDH-AES256-SHA:AECDH-AES128-SHA:\
                       ADH-AES256-SHA256:ADH-AES128-SHA256:@SECLEVEL=0";

/// Begins anonymous TLS 1.2.
pub(super) async fn connect(stream: BackEndStream) -> Result<TlsStream, Failure> {
    let ssl = client().map_err(|error| insecure(format!("OpenSSL cannot do anonymous TLS: {error}")))?;
    let mut secured = SslStream::new(ssl, stream)
        .map_err(|error| insecure(format!("OpenSSL cannot do anonymous TLS: {error}")))?;
    Pin::new(&mut secured)
        .connect()
        .await
        .map_err(|error| insecure(format!("anonymous TLS with the back end failed: {error}")))?;
    Ok(TlsStream::new(secured))
}

fn client() -> Result<Ssl, ErrorStack> {
    let mut context = SslContext::builder(SslMethod::tls_client())?;
    context.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    context.set_max_proto_version(Some(SslVersion::TLS1_2))?;
    context.set_cipher_list(CIPHERS)?;
    // There is no certificate that could be looked at.
    context.set_verify(SslVerifyMode::NONE);
    Ssl::new(&context.build())
}
