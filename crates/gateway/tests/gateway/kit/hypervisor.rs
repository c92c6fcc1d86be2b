//! The hypervisor's end: back ends that do what they are told.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use oriel_rfb::PixelFormat;
use oriel_rfb::server_init::ServerInit;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::soon;

/// A connection of either kind.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {
    /// Breaks it off.
    fn reset(self: Box<Self>);
}

impl Stream for TcpStream {
    fn reset(self: Box<Self>) {
        SockRef::from(&*self).set_linger(Some(Duration::ZERO)).unwrap();
    }
}

impl Stream for UnixStream {
    fn reset(self: Box<Self>) {}
}

enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    async fn accept(&self) -> Wire {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                Box::new(stream)
            }
            Self::Unix(listener) => Box::new(listener.accept().await.unwrap().0),
        }
    }
}

/// A connection from the gateway.
pub type Wire = Box<dyn Stream>;

/// What a back end does with a connection.
#[derive(Debug, Clone)]
pub enum Script {
    /// Speaks RFB of this version, sends these bytes after its `ServerInit` in one go, and hands
    /// the connection to the test.
    Rfb(&'static [u8; 12], Vec<u8>),
    /// The same with this name of the desktop.
    Named(Vec<u8>),
    /// Says nothing, and hands the connection to the test.
    Silent,
    /// Says this, and stays.
    Says(Vec<u8>),
    /// Says this, and closes when the gateway has answered it.
    Leaves(Vec<u8>),
}

impl Script {
    /// What QEMU does.
    pub fn rfb() -> Self {
        Self::Rfb(b"RFB 003.008\n", Vec::new())
    }
}

/// A back end.
pub struct Hypervisor {
    /// Its address in the inventory's form.
    pub address: String,
    wires: mpsc::UnboundedReceiver<Wire>,
    accepting: JoinHandle<()>,
}

impl Drop for Hypervisor {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Hypervisor {
    /// A back end on TCP. Each connection gets the next script; the last one serves all further.
    pub async fn tcp(scripts: impl Into<VecDeque<Script>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("tcp:{}", listener.local_addr().unwrap());
        Self::start(address, scripts.into(), Listener::Tcp(listener))
    }

    /// A back end on a UNIX socket.
    pub fn unix(path: &Path, scripts: impl Into<VecDeque<Script>>) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let address = format!("unix:{}", path.display());
        Self::start(address, scripts.into(), Listener::Unix(listener))
    }

    fn start(address: String, mut scripts: VecDeque<Script>, listener: Listener) -> Self {
        let (hand_over, wires) = mpsc::unbounded_channel();
        let accepting = tokio::spawn(async move {
            loop {
                let wire = listener.accept().await;
                let script = if scripts.len() > 1 {
                    scripts.pop_front()
                } else {
                    scripts.front().cloned()
                };
                tokio::spawn(act(wire, script.unwrap(), hand_over.clone()));
            }
        });
        Self {
            address,
            wires,
            accepting,
        }
    }

    /// The next connection that got through the handshake.
    pub async fn wire(&mut self) -> Wire {
        soon(self.wires.recv()).await.unwrap()
    }

    /// The same, however long it takes.
    pub async fn wire_at_last(&mut self) -> Wire {
        self.wires.recv().await.unwrap()
    }

    /// Whether no connection waits to be taken.
    pub fn is_idle(&self) -> bool {
        self.wires.is_empty()
    }

    /// Sends back what comes, on all connections to come.
    pub fn echo_all(mut self) -> JoinHandle<()> {
        tokio::spawn(async move {
            while let Some(wire) = self.wires.recv().await {
                echo(wire);
            }
        })
    }
}

/// Reads this, and nothing else, off a wire.
pub async fn hears(wire: &mut Wire, words: &[u8]) {
    let mut heard = vec![0; words.len()];
    soon(wire.read_exact(&mut heard)).await.unwrap();
    assert_eq!(heard, words);
}

/// Waits until the gateway has hung up, however it did; gives what it still sent.
pub async fn hung_up(mut wire: Wire) -> Vec<u8> {
    let mut rest = Vec::new();
    // A reset is an end as well.
    let _ = soon(wire.read_to_end(&mut rest)).await;
    rest
}

/// Sends back what comes.
pub fn echo(wire: Wire) -> JoinHandle<()> {
    tokio::spawn(async move {
        let (mut read, mut write) = tokio::io::split(wire);
        // It ends when the gateway closes, however it does.
        let _ = tokio::io::copy(&mut read, &mut write).await;
    })
}

async fn act(mut wire: Wire, script: Script, hand_over: mpsc::UnboundedSender<Wire>) {
    match script {
        Script::Rfb(version, early) => {
            greet(&mut wire, version, &[init(b"web-1"), early].concat()).await;
            // A test that does not ask for it any more has seen enough.
            drop(hand_over.send(wire));
        }
        Script::Named(name) => {
            greet(&mut wire, b"RFB 003.008\n", &init(&name)).await;
            drop(hand_over.send(wire));
        }
        Script::Silent => drop(hand_over.send(wire)),
        Script::Says(bytes) => {
            wire.write_all(&bytes).await.unwrap();
            stay(wire).await;
        }
        Script::Leaves(bytes) => {
            wire.write_all(&bytes).await.unwrap();
            if bytes.len() >= 12 {
                wire.read_exact(&mut [0; 12]).await.unwrap();
            }
        }
    }
}

/// Until the gateway has had enough.
async fn stay(mut wire: Wire) {
    let _ = tokio::io::copy(&mut wire, &mut tokio::io::sink()).await;
}

/// RFC 6143 sections 7.1 to 7.3, and appendix A for the older versions.
pub async fn greet(wire: &mut Wire, version: &[u8; 12], init: &[u8]) {
    wire.write_all(version).await.unwrap();
    let mut answer = [0; 12];
    wire.read_exact(&mut answer).await.unwrap();
    match &answer {
        b"RFB 003.003\n" => wire.write_all(&[0, 0, 0, 1]).await.unwrap(),
        b"RFB 003.007\n" => {
            wire.write_all(&[2, 2, 1]).await.unwrap();
            assert_eq!(wire.read_u8().await.unwrap(), 1);
        }
        b"RFB 003.008\n" => {
            wire.write_all(&[2, 2, 1]).await.unwrap();
            assert_eq!(wire.read_u8().await.unwrap(), 1);
            wire.write_all(&[0; 4]).await.unwrap();
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(wire.read_u8().await.unwrap(), 1, "the gateway always shares");
    wire.write_all(init).await.unwrap();
}

/// A screen of this name.
pub fn init(name: &[u8]) -> Vec<u8> {
    ServerInit {
        width: 800,
        height: 600,
        format: PixelFormat::RGB32,
        name: name.to_vec(),
    }
    .to_bytes()
}
