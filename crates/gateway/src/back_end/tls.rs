//! TLS towards a back end, whichever library does it.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use oriel_domain::BackEnd;
use oriel_rfb::Tls;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::x509;
use crate::net::BackEndStream;
use crate::session::Failure;

/// Anything that bytes go through both ways.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A connection to a back end inside TLS. It is kept in a box, so that sessions without TLS do not pay for it.
pub(crate) struct TlsStream {
    io: Box<dyn Io>,
    /// Set while what was written may lie in the TLS layer.
    unflushed: bool,
}

impl fmt::Debug for TlsStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsStream").finish_non_exhaustive()
    }
}

impl TlsStream {
    pub(super) fn new(io: impl Io + 'static) -> Self {
        Self {
            io: Box::new(io),
            unflushed: false,
        }
    }

    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        self.unflushed = flushed.is_pending();
        flushed
    }
}

impl AsyncRead for TlsStream {
    /// A back end that is killed closes its socket without TLS's own farewell. Nobody gains by cutting a
    /// picture short, so that is an end like any other.
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // Whoever reads does so until nothing comes, and need not know that a key stroke may still wait in here.
        if this.unflushed
            && let Poll::Ready(Err(error)) = this.poll_rest(cx)
        {
            return Poll::Ready(Err(error));
        }
        match Pin::new(&mut this.io).poll_read(cx, buf) {
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Poll::Ready(Ok(())),
            read => read,
        }
    }
}

impl AsyncWrite for TlsStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.io).poll_write(cx, buf);
        if let Poll::Ready(Ok(_)) = written
            && let Poll::Ready(Err(error)) = this.poll_rest(cx)
        {
            return Poll::Ready(Err(error));
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_rest(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}

/// Whether the back end has asked for a certificate that the gateway does not have.
#[derive(Debug, Clone, Default)]
pub(super) struct Unanswered(Arc<AtomicBool>);

impl Unanswered {
    pub(super) fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// What to add to the failure of a back end that turned the gateway away: it may be this.
    pub(super) fn hint(&self) -> Option<&'static str> {
        let noted = self.0.load(Ordering::Relaxed);
        noted.then_some("; it had asked for a client certificate: set client_cert_file and client_key_file")
    }
}

/// Begins TLS as the back end's client.
pub(super) async fn start(
    stream: BackEndStream,
    tls: Tls,
    back_end: &BackEnd,
    unanswered: &Unanswered,
) -> Result<BackEndStream, Failure> {
    let stream = match tls {
        Tls::X509 => x509::connect(stream, back_end, unanswered).await?,
        Tls::Anonymous => anonymous(stream).await?,
    };
    Ok(BackEndStream::Tls(stream))
}

/// Whether this build can do TLS without certificates.
pub(super) const HAS_ANONYMOUS: bool = cfg!(feature = "anonymous-tls");

#[cfg(feature = "anonymous-tls")]
async fn anonymous(stream: BackEndStream) -> Result<TlsStream, Failure> {
    super::anonymous::connect(stream).await
}

#[cfg(not(feature = "anonymous-tls"))]
#[expect(clippy::unused_async, reason = "called as the other is")]
async fn anonymous(_stream: BackEndStream) -> Result<TlsStream, Failure> {
    Err(super::files::insecure("this build of Oriel has no anonymous TLS"))
}
