//! The sockets at both ends.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::server::TlsStream;

use crate::back_end;
use crate::relay::{MaybeRaw, RawSocket};

/// A browser's connection, as the listener accepted it.
#[derive(Debug)]
pub enum ClientStream {
    /// Without TLS.
    Plain(TcpStream),
    /// With TLS.
    Tls(Box<TlsStream<TcpStream>>),
    /// One stream of an HTTP/2 connection (RFC 8441). It takes up to three writes beyond the window
    /// that the browser has opened.
    Http2(Box<TokioIo<Upgraded>>),
}

/// The connection to a back end.
#[derive(Debug)]
pub(crate) enum BackEndStream {
    Tcp(TcpStream),
    Unix(UnixStream),
    /// Either of them inside TLS.
    Tls(back_end::TlsStream),
}

macro_rules! delegate_io {
    ($stream:ident { $($variant:ident),* }) => {
        impl AsyncRead for $stream {
            fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() { $(Self::$variant(stream) => Pin::new(stream).poll_read(cx, buf)),* }
            }
        }

        impl AsyncWrite for $stream {
            fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
                match self.get_mut() { $(Self::$variant(stream) => Pin::new(stream).poll_write(cx, buf)),* }
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[io::IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                match self.get_mut() { $(Self::$variant(stream) => Pin::new(stream).poll_write_vectored(cx, bufs)),* }
            }

            fn is_write_vectored(&self) -> bool {
                match self { $(Self::$variant(stream) => stream.is_write_vectored()),* }
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() { $(Self::$variant(stream) => Pin::new(stream).poll_flush(cx)),* }
            }

            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                match self.get_mut() { $(Self::$variant(stream) => Pin::new(stream).poll_shutdown(cx)),* }
            }
        }
    };
}

delegate_io!(ClientStream { Plain, Tls, Http2 });
delegate_io!(BackEndStream { Tcp, Unix, Tls });

impl MaybeRaw for ClientStream {
    fn raw(&self) -> Option<RawSocket<'_>> {
        match self {
            Self::Plain(stream) => Some(RawSocket::Tcp(stream)),
            Self::Tls(_) | Self::Http2(_) => None,
        }
    }
}

impl MaybeRaw for BackEndStream {
    fn raw(&self) -> Option<RawSocket<'_>> {
        match self {
            Self::Tcp(stream) => Some(RawSocket::Tcp(stream)),
            Self::Unix(stream) => Some(RawSocket::Unix(stream)),
            Self::Tls(_) => None,
        }
    }
}
