//! The gateway as the hypervisor's client: version, security, TLS, password.

use std::io;

use oriel_domain::{BackEnd, EndReason, SecurityScheme};
use oriel_rfb::auth::{plain, vnc_answer};
use oriel_rfb::handshake::{self, BackEndError, BackEndStep, Demand};
use oriel_rfb::server_init::client_init;
use oriel_rfb::{Scheme, Tls};
use secrecy::{ExposeSecret as _, SecretSlice};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::rustls;

use super::files::{self, insecure};
use super::tls::{self, Unanswered};
use crate::net::BackEndStream;
use crate::session::Failure;

/// Most bytes read at once. The messages are far smaller.
const BUFFER: usize = 1024;

/// Always shared: QEMU would throw out every other viewer otherwise.
pub(crate) const CLIENT_INIT: [u8; 1] = client_init(true);

/// A connection on which the client's part begins.
pub(crate) struct Secured {
    pub stream: BackEndStream,
    /// `ClientInit` has been sent already.
    pub begun: bool,
    /// What was read and belongs to what follows.
    pub unread: Vec<u8>,
}

/// Brings a back end that has just been connected to where `ClientInit` is sent, with the strongest
/// scheme that it offers and that may be used.
pub(crate) async fn secure(stream: BackEndStream, back_end: &BackEnd) -> Result<Secured, Failure> {
    let unanswered = Unanswered::default();
    let schemes = schemes(back_end)?;
    let secured = negotiate(stream, back_end, schemes, &unanswered).await;
    secured.map_err(|failure| match (failure.reason, unanswered.hint()) {
        // In TLS 1.3 a client is turned away after its handshake is over.
        (EndReason::BackEndClosed | EndReason::BackEndLost, Some(hint)) => {
            insecure(format!("{}{hint}", failure.detail))
        }
        _ => failure,
    })
}

async fn negotiate(
    mut stream: BackEndStream,
    back_end: &BackEnd,
    schemes: Vec<Scheme>,
    unanswered: &Unanswered,
) -> Result<Secured, Failure> {
    let mut handshake = handshake::BackEnd::new(schemes);
    let mut buffer = vec![0; BUFFER];
    let mut unread: &[u8] = &[];
    let mut begun = false;
    loop {
        match handshake.feed(&mut unread).map_err(|error| refused(&error))? {
            BackEndStep::Send(mut bytes) => {
                if handshake.may_begin() {
                    begun = true;
                    bytes.to_mut().extend(CLIENT_INIT);
                }
                stream
                    .write_all(&bytes)
                    .await
                    .map_err(|error| lost(&error, unanswered))?;
            }
            BackEndStep::Prove(demand) => {
                let proof = prove(back_end, demand).await?;
                stream
                    .write_all(proof.expose_secret())
                    .await
                    .map_err(|error| lost(&error, unanswered))?;
            }
            BackEndStep::StartTls(kind) => {
                if !unread.is_empty() {
                    // It would be taken for what was said inside.
                    return Err(insecure("somebody spoke ahead of TLS"));
                }
                stream = tls::start(stream, kind, back_end, unanswered).await?;
            }
            BackEndStep::Done(agreed) => {
                tracing::debug!(back_end = %back_end.address, security = %agreed.scheme, "secured");
                return Ok(Secured {
                    stream,
                    begun,
                    unread: unread.to_vec(),
                });
            }
            BackEndStep::Need => {
                stream.flush().await.map_err(|error| lost(&error, unanswered))?;
                let read = stream
                    .read(&mut buffer)
                    .await
                    .map_err(|error| lost(&error, unanswered))?;
                if read == 0 {
                    return Err(refused(&handshake.closed()));
                }
                unread = buffer.get(..read).unwrap_or_default();
            }
        }
    }
}

/// Begins TLS at once if the operator's demands forbid to go without it: for a protocol that does not negotiate it.
pub(crate) async fn tls_if_demanded(
    stream: BackEndStream,
    back_end: &BackEnd,
) -> Result<BackEndStream, Failure> {
    let schemes = schemes(back_end)?;
    if schemes.iter().any(|scheme| scheme.tls().is_none()) {
        return Ok(stream);
    }
    if !schemes.iter().any(|scheme| scheme.tls() == Some(Tls::X509)) {
        return Err(insecure(
            "only anonymous TLS may be used, and this protocol has none: set ca_file",
        ));
    }
    tls::start(stream, Tls::X509, back_end, &Unanswered::default()).await
}

/// What may be used with this back end, as far as this build can.
pub(super) fn schemes(back_end: &BackEnd) -> Result<Vec<Scheme>, Failure> {
    let usable = back_end
        .security
        .usable(&back_end.address)
        .map_err(|error| insecure(error.to_string()))?;
    let here = |scheme: &Scheme| scheme.tls() != Some(Tls::Anonymous) || tls::HAS_ANONYMOUS;
    let schemes: Vec<_> = usable.into_iter().map(wire).filter(here).collect();
    if schemes.is_empty() {
        return Err(insecure(
            "only anonymous TLS may be used, and this build has none: build with the feature anonymous-tls",
        ));
    }
    Ok(schemes)
}

fn wire(scheme: SecurityScheme) -> Scheme {
    match scheme {
        SecurityScheme::None => Scheme::None,
        SecurityScheme::Vnc => Scheme::Vnc,
        SecurityScheme::TlsNone => Scheme::TlsNone,
        SecurityScheme::TlsVnc => Scheme::TlsVnc,
        SecurityScheme::TlsPlain => Scheme::TlsPlain,
        SecurityScheme::X509None => Scheme::X509None,
        SecurityScheme::X509Vnc => Scheme::X509Vnc,
        SecurityScheme::X509Plain => Scheme::X509Plain,
    }
}

async fn prove(back_end: &BackEnd, demand: Demand) -> Result<SecretSlice<u8>, Failure> {
    let security = &back_end.security;
    let source = security
        .password
        .as_ref()
        .ok_or_else(|| insecure("the back end wants a password and none is set"))?;
    let password = files::password(source).await?;
    match demand {
        Demand::Challenge(challenge) => {
            let answer = vnc_answer(password.expose_secret(), &challenge);
            Ok(answer.to_vec().into())
        }
        Demand::Plain => {
            let username = security.username.as_deref().unwrap_or_default();
            plain(username.as_bytes(), password.expose_secret())
                .map(SecretSlice::from)
                .ok_or_else(|| insecure("the user name or password is longer than any back end takes"))
        }
    }
}

/// A connection that broke off: by TLS, which says why, or otherwise.
fn lost(error: &io::Error, unanswered: &Unanswered) -> Failure {
    match error
        .get_ref()
        .and_then(|cause| cause.downcast_ref::<rustls::Error>())
    {
        Some(cause) => {
            let hint = unanswered.hint().unwrap_or_default();
            insecure(format!("TLS with the back end failed: {cause}{hint}"))
        }
        None => Failure::of_back_end(error),
    }
}

fn refused(error: &BackEndError) -> Failure {
    let reason = match error {
        BackEndError::NotRfb | BackEndError::Version { .. } => EndReason::BackEndProtocol,
        BackEndError::Closed => EndReason::BackEndClosed,
        BackEndError::SecurityUnsupported { .. }
        | BackEndError::SubtypesUnsupported { .. }
        | BackEndError::VencryptVersion { .. }
        | BackEndError::VencryptRefused(_)
        | BackEndError::Refused { .. }
        | BackEndError::PasswordRefused { .. } => EndReason::BackEndSecurity,
    };
    Failure::new(reason, error.to_string())
}
