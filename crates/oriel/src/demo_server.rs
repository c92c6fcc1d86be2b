//! `oriel demo-server`: a screen to look at where there is no virtual machine.
//!
//! An RFB server that shows a test picture, and in it the keys and clicks that it gets. It takes
//! the place of a hypervisor: the inventory names its address as a back end. All viewers share one
//! picture.

mod canvas;
mod keysym;
mod picture;
mod viewer;

use std::fmt;
use std::io::{self, Write};
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use oriel_domain::{Address, AddressError};
use time::OffsetDateTime;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::task::JoinSet;

use self::viewer::Screen;

/// Most viewers at once.
const MAX_VIEWERS: usize = 32;
/// How often the clock is looked at.
const TICK: Duration = Duration::from_millis(500);
/// How long to rest when the system has no more connections to give.
const PAUSE: Duration = Duration::from_millis(100);

/// Where the demo screen is to be had.
#[derive(Debug, Clone, clap::Args)]
pub struct DemoServerArgs {
    /// Where to listen.
    #[arg(
        long,
        value_name = "ADDRESS",
        value_parser = listen_address,
        help = "Where to listen: tcp:HOST:PORT (port 0 takes a free one) or unix:/PATH"
    )]
    pub listen: Address,
}

/// Reads an address to listen on. Unlike an address to connect to, its port may be 0.
fn listen_address(text: &str) -> Result<Address, AddressError> {
    match (text.parse(), text.strip_suffix(":0")) {
        (Err(AddressError::Port(_)), Some(host)) => match format!("{host}:1").parse()? {
            Address::Tcp { host, .. } => Ok(Address::Tcp { host, port: 0 }),
            other => Ok(other),
        },
        (Ok(Address::Telnet { .. }), _) => Err(AddressError::Form(text.to_owned())),
        (address, _) => address,
    }
}

/// Why there is no demo screen.
#[derive(Debug, thiserror::Error)]
pub enum DemoServerError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: Address,
        /// What the system said.
        source: io::Error,
    },
    /// The address could not be told.
    #[error("cannot print where the demo screen is: {0}")]
    Print(#[from] io::Error),
}

/// Shows the demo screen until `stop` resolves. `out` gets one line, once it can be connected to.
pub async fn run(
    args: &DemoServerArgs,
    out: &mut impl Write,
    stop: impl Future<Output = ()>,
) -> Result<(), DemoServerError> {
    let listener = Listener::bind(&args.listen)
        .await
        .map_err(|source| DemoServerError::Listen {
            address: args.listen.clone(),
            source,
        })?;
    writeln!(out, "The demo screen is at {listener}")?;
    out.flush()?;
    tokio::select! {
        () = serve(&listener) => {}
        () = stop => {}
    }
    Ok(())
}

/// Serves all who connect, for ever. Dropping it lets everyone go.
async fn serve(listener: &Listener) {
    let screen = Arc::new(Screen::new());
    let mut viewers = JoinSet::new();
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => screen.change(|picture| picture.tick(OffsetDateTime::now_utc())),
            Some(_) = viewers.join_next() => screen.change(|picture| picture.set_viewers(viewers.len())),
            accepted = listener.accept() => match accepted {
                Ok(_) if viewers.len() >= MAX_VIEWERS => {
                    tracing::warn!("a viewer was turned away: there are {MAX_VIEWERS}");
                }
                Ok(stream) => {
                    let shared = Arc::clone(&screen);
                    viewers.spawn(async move {
                        if let Err(end) = viewer::serve(stream, &shared).await {
                            tracing::info!(%end, "a viewer of the demo screen was let go");
                        }
                    });
                    screen.change(|picture| picture.set_viewers(viewers.len()));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection to the demo screen could not be taken");
                    tokio::time::sleep(PAUSE).await;
                }
            },
        }
    }
}

/// A connection of either kind.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A socket that viewers connect to.
#[derive(Debug)]
enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, SocketFile),
}

impl Listener {
    async fn bind(address: &Address) -> io::Result<Self> {
        match address {
            Address::Tcp { host, port } => TcpListener::bind((host.as_str(), *port)).await.map(Self::Tcp),
            Address::Unix(path) => {
                remove_left_behind(path).await?;
                let listener = UnixListener::bind(path)?;
                Ok(Self::Unix(listener, SocketFile(path.clone())))
            }
            Address::Telnet { .. } => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    async fn accept(&self) -> io::Result<Box<dyn Stream>> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
            Self::Unix(listener, _) => Ok(Box::new(listener.accept().await?.0)),
        }
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(listener) => match listener.local_addr() {
                Ok(address) => write!(f, "tcp:{address}"),
                Err(_) => f.write_str("tcp:?"),
            },
            Self::Unix(_, SocketFile(path)) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Removes a socket that a server which died has left. One that is still served stays, and the
/// system will say so.
async fn remove_left_behind(path: &Path) -> io::Result<()> {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket());
    if is_socket
        && UnixStream::connect(path)
            .await
            .is_err_and(|e| e.kind() == io::ErrorKind::ConnectionRefused)
    {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

/// The file of a UNIX socket of ours. It goes when we do.
#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "the demo screen's socket could not be removed");
        }
    }
}

#[cfg(test)]
mod tests;
