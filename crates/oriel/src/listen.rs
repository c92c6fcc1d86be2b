//! The port: accepts connections, makes them safe, and hands each request to the app.
//!
//! The accept loop is our own, since the order of limits, TLS and time-outs is what keeps a
//! flood of half-open connections from reaching anything else.

mod forwarded;
mod network;
mod proxy_protocol;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use oriel_gateway::ClientStream;
use rustls::ServerConfig;
use serde::{Deserialize, Serialize};
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::forwarded::ForwardedHeaders;
pub use self::network::{Network, Networks};

/// Largest head of a request, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// Most requests at once on one HTTP/2 connection. Consoles count: a browser has all that it shows of
/// one host on one connection.
const MAX_STREAMS: u32 = 256;
/// How much a client may send ahead on one stream of HTTP/2, in bytes.
const STREAM_WINDOW: u32 = 64 * 1024;
/// And on all together: streams that are not read must not hold up the others.
const CONNECTION_WINDOW: u32 = MAX_STREAMS * STREAM_WINDOW;
/// How long to wait after the system refused a connection for want of something.
const BREATHER: Duration = Duration::from_millis(50);

/// When a silent client is first asked whether it is still there, and how often then.
const KEEPALIVE_AFTER: Duration = Duration::from_mins(1);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(15);

/// What an operator decides about the port.
#[derive(Debug, Clone)]
pub struct ListenSettings {
    /// Most connections at once.
    pub max_connections: usize,
    /// How long a client may take for TLS, and for a request's head.
    pub header_timeout: Duration,
    /// The certificate, unless something in front does TLS.
    pub tls: Option<Arc<ServerConfig>>,
    /// The proxies in front whose word is taken.
    pub trusted_proxies: Networks,
    /// Whether they say whom they speak for before anything else.
    pub proxy_protocol: ProxyProtocol,
    /// Whether they say so in each request.
    pub forwarded_headers: ForwardedHeaders,
    /// Whether browsers may open a WebSocket on their HTTP/2 connections (RFC 8441).
    pub http2_websockets: bool,
}

/// Whether connections of trusted proxies begin with a header of the PROXY protocol. Those of anybody
/// else never do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyProtocol {
    /// Never.
    Off,
    /// Those that do are taken at their word.
    Optional,
    /// Always; a connection without one is closed.
    Required,
}

/// What answers the requests that come to the port. Each connection has a clone.
pub trait Answer: Clone + Send + Sync + 'static {
    /// The answer to a request, which has its [`ClientAddress`](oriel_gateway::ClientAddress).
    fn answer(&self, request: http::Request<Incoming>) -> impl Future<Output = Response> + Send;
}

/// A port that is being served.
pub struct Listener {
    socket: TcpListener,
    shared: Arc<Shared>,
    connections: TaskTracker,
}

/// What every connection needs.
struct Shared {
    settings: ListenSettings,
    http_1: auto::Builder<TokioExecutor>,
    http_2: auto::Builder<TokioExecutor>,
}

impl Listener {
    /// Binds the port.
    pub async fn bind(address: &str, settings: ListenSettings) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        set_options(&socket);
        let mut http = auto::Builder::new(TokioExecutor::new());
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(settings.header_timeout)
            .max_buf_size(MAX_HEAD);
        http.http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(u32::try_from(MAX_HEAD).unwrap_or(u32::MAX))
            .keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(settings.header_timeout)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW);
        if settings.http2_websockets {
            http.http2().enable_connect_protocol();
        }
        Ok(Self {
            socket,
            shared: Arc::new(Shared {
                settings,
                http_1: http.clone().http1_only(),
                http_2: http.http2_only(),
            }),
            connections: TaskTracker::new(),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until told to stop; then takes no new connection, finishes the requests under way and
    /// returns when their connections have closed. Sessions are the gateway's to end.
    pub async fn serve(self, app: impl Answer, stop: CancellationToken) {
        let slots = Arc::new(Semaphore::new(
            self.shared.settings.max_connections.min(Semaphore::MAX_PERMITS),
        ));
        loop {
            let accepted = tokio::select! {
                accepted = accept(&self.socket, &slots) => accepted,
                () = stop.cancelled() => break,
            };
            let (stream, peer, slot) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors or memory: what is there goes on.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(BREATHER).await;
                    continue;
                }
            };
            let connection =
                serve_connection(stream, peer, Arc::clone(&self.shared), app.clone(), stop.clone());
            self.connections.spawn(async move {
                connection.await;
                drop(slot);
            });
        }
        drop(self.socket);
        self.connections.close();
        self.connections.wait().await;
    }
}

async fn accept(
    socket: &TcpListener,
    slots: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, peer) = socket.accept().await?;
    Ok((stream, peer, slot))
}

async fn serve_connection(
    mut stream: TcpStream,
    peer: SocketAddr,
    shared: Arc<Shared>,
    app: impl Answer,
    stop: CancellationToken,
) {
    let settings = &shared.settings;
    let peer = tokio::select! {
        () = stop.cancelled() => return,
        named = name_peer(&mut stream, peer.ip().to_canonical(), settings) => match named {
            Ok(peer) => peer,
            Err(error) => return tracing::warn!(%peer, %error, "a trusted proxy's connection was closed"),
        },
    };
    let (stream, http) = match &settings.tls {
        None => (ClientStream::Plain(stream), &shared.http_1),
        Some(config) => {
            let handshake = TlsAcceptor::from(Arc::clone(config)).accept(stream);
            let handshake = tokio::time::timeout(settings.header_timeout, handshake);
            let stream = tokio::select! {
                () = stop.cancelled() => return,
                accepted = handshake => match accepted {
                    Ok(Ok(stream)) => stream,
                    // Health checks and port scans end here all day.
                    Ok(Err(error)) => return tracing::debug!(%peer, %error, "no TLS handshake"),
                    Err(_) => return tracing::debug!(%peer, "no TLS handshake in time"),
                },
            };
            // The client has said which it speaks; to guess by its first bytes would mean to wait for them.
            let is_http_2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            let http = if is_http_2 { &shared.http_2 } else { &shared.http_1 };
            (ClientStream::Tls(Box::new(stream)), http)
        }
    };
    let header_timeout = settings.header_timeout;
    let (asked, mut first_request) = watch::channel(false);
    let service = hyper::service::service_fn(move |mut request: http::Request<Incoming>| {
        asked.send_replace(true);
        forwarded::settle(
            &mut request,
            peer,
            &settings.trusted_proxies,
            settings.forwarded_headers,
        );
        let app = app.clone();
        async move { Ok::<_, Infallible>(app.answer(request).await) }
    });
    let connection = http.serve_connection_with_upgrades(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // Who connects and asks for nothing is not waited for: browsers open connections in advance,
    // laptops fall asleep with them.
    let silence = async {
        let asked = first_request.wait_for(|asked| *asked);
        let in_time = tokio::time::timeout(header_timeout, asked).await.is_ok();
        if in_time {
            std::future::pending::<()>().await;
        }
        tracing::debug!(%peer, "no request in time");
    };
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = silence => return,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}

/// Who is at the other end: the peer itself, or whom a trusted proxy names.
async fn name_peer(stream: &mut TcpStream, peer: IpAddr, settings: &ListenSettings) -> io::Result<IpAddr> {
    if settings.proxy_protocol == ProxyProtocol::Off || !settings.trusted_proxies.contain(peer) {
        return Ok(peer);
    }
    let required = settings.proxy_protocol == ProxyProtocol::Required;
    let header = proxy_protocol::take(stream, required);
    let named = tokio::time::timeout(settings.header_timeout, header).await;
    Ok(named
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??
        .unwrap_or(peer))
}

/// Options that only help, of each connection: Linux hands them on from the socket that listens.
fn set_options(socket: &TcpListener) {
    let socket = SockRef::from(socket);
    // A key stroke's echo must not wait for more to send.
    let _ = socket.set_tcp_nodelay(true);
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_AFTER)
        .with_interval(KEEPALIVE_EVERY);
    let _ = socket.set_tcp_keepalive(&keepalive);
}
