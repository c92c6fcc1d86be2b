//! A gateway on a real socket, and hands to play browser and hypervisor with.

#[path = "kit/browser.rs"]
mod browser;
#[path = "kit/hypervisor.rs"]
mod hypervisor;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use oriel_domain::{ConsoleKind, ConsoleKinds, ConsoleToken, Grant, Uses, ViewerRole};
use oriel_gateway::{
    ClientAddress, ClientStream, Clipboard, Gateway, GatewaySettings, Limits, OriginRules, Rights,
    ScreenshotSettings, SerialSettings, TypingSettings, Viewers,
};
use oriel_inventory::{FileInventory, Inventory};
use oriel_store::Store;
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

pub use browser::{Answer, BINARY, CLOSE, Knock, PING, PONG, Page, frame, masked, read_frame};
pub use hypervisor::{Hypervisor, Script, Wire, echo, greet, hears, hung_up, init};

/// The server whose console the tests open.
pub const SERVER: &str = "47e9be4e-a7b9-471f-92d9-ffc83814e07a";
/// The project that it belongs to.
pub const PROJECT: &str = "9c53a566cb3443ab910cf0daebca90c4";
/// The user who asks.
pub const USER: &str = "0ca8f6ab7d1f4e3e8a1f0e6b0c6a5f11";

/// How long anything may take before a test is given up.
const PATIENCE: Duration = Duration::from_secs(20);

/// For a test that waits for it to pass: short, and yet enough on a busy machine for what is to come in time.
pub const BRIEF: Duration = Duration::from_secs(2);

/// Several times what all buffers on the way hold.
pub const MUCH: usize = 24 * 1024 * 1024;

/// Waits for what must happen soon.
pub async fn soon<T>(event: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, event)
        .await
        .expect("nothing happened")
}

/// A gateway with one server behind it.
pub struct House {
    pub gateway: Gateway,
    pub store: Store,
    pub inventory: Inventory,
    pub address: SocketAddr,
    database: PathBuf,
    _folder: TempDir,
}

impl House {
    /// A gateway whose server has its screen at this address.
    pub async fn new(back_end: &str) -> Self {
        Self::with(back_end, |_| {}).await
    }

    /// A gateway with other settings than the usual, and the hypervisor behind it.
    pub async fn with_hypervisor(adjust: impl FnOnce(&mut GatewaySettings)) -> (Self, Hypervisor) {
        let hypervisor = Hypervisor::tcp([Script::rfb()]).await;
        (Self::with(&hypervisor.address, adjust).await, hypervisor)
    }

    /// The same with other settings than the usual.
    pub async fn with(back_end: &str, adjust: impl FnOnce(&mut GatewaySettings)) -> Self {
        let consoles = format!("[server.console.novnc]\nback_end = \"{back_end}\"\n");
        Self::furnished(&consoles, adjust).await
    }

    /// A gateway whose server has a serial line at this address.
    pub async fn serial(back_end: &str, adjust: impl FnOnce(&mut GatewaySettings)) -> Self {
        let consoles = format!("[server.console.serial]\nback_end = \"{back_end}\"\n");
        Self::furnished(&consoles, adjust).await
    }

    /// A gateway whose server has this in the inventory besides what each has.
    pub async fn furnished(consoles: &str, adjust: impl FnOnce(&mut GatewaySettings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let servers = folder.path().join("servers.toml");
        let text =
            format!("[[server]]\nid = \"{SERVER}\"\nname = \"web-1\"\nproject = \"{PROJECT}\"\n{consoles}");
        std::fs::write(&servers, text).unwrap();
        let inventory = Inventory::File(Arc::new(FileInventory::open(&servers).unwrap()));
        let database = folder.path().join("oriel.db");
        let store = Store::open(&database).await.unwrap();
        let mut settings = GatewaySettings {
            name: "gateway-1".into(),
            origins: OriginRules::new(
                "http://console.example:8002".parse().unwrap(),
                &["portal.example".into()],
            ),
            secure: false,
            framed: false,
            resume_for: time::Duration::hours(8),
            connect_timeout: PATIENCE,
            handshake_timeout: PATIENCE,
            ping_interval: Duration::from_secs(30),
            longest_session: None,
            typing: TypingSettings {
                enabled: true,
                max_characters: 1000,
                max_rate: 1000,
                enter_wait: Duration::from_millis(500),
                echo_wait: Duration::from_secs(1),
            },
            screenshots: ScreenshotSettings {
                max_age: Duration::from_mins(1),
                timeout: PATIENCE,
                max_at_once: 4,
                max_waiting: 100,
                max_pixels: NonZeroU32::new(1_000_000).unwrap(),
                memory: 64 * 1024 * 1024,
            },
            idle_timeout: None,
            idle_warning: Duration::from_secs(1),
            limits: Limits {
                sessions: 100,
                per_user: None,
                per_project: None,
                per_server: None,
                viewers: Viewers::Many,
            },
            max_rate: None,
            rights: Rights {
                clipboard: Clipboard::Both,
                resize: true,
                power: false,
                audio: true,
            },
            reconnect_for: Duration::from_mins(2),
            serial: SerialSettings {
                replay: 64 * 1024,
                linger: PATIENCE,
                max_lingering: 10,
            },
        };
        adjust(&mut settings);
        let gateway = Gateway::new(inventory.clone(), store.clone(), settings);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(listen(listener, gateway.clone()));
        tokio::spawn(gateway.clone().supervise());
        Self {
            gateway,
            store,
            inventory,
            address,
            database,
            _folder: folder,
        }
    }

    /// Mints a token for one opening.
    pub async fn token(&self) -> String {
        self.mint(|_| {}).await
    }

    /// Mints a token for a grant that differs from the usual.
    pub async fn mint(&self, adjust: impl FnOnce(&mut Grant)) -> String {
        let now = OffsetDateTime::now_utc();
        let mut grant = Grant {
            user: USER.parse().unwrap(),
            project: PROJECT.parse().unwrap(),
            server: SERVER.parse().unwrap(),
            console: ConsoleKind::Novnc,
            further: ConsoleKinds::NONE,
            role: ViewerRole::Owner,
            user_name: Some("alice".into()),
            uses: Uses::One,
            created_at: now,
            expires_at: now + time::Duration::minutes(10),
        };
        adjust(&mut grant);
        let token = ConsoleToken::random();
        self.store.mint(&token.digest(), &grant).await.unwrap();
        token.expose().to_owned()
    }

    /// A WebSocket request for this path, not sent yet.
    pub fn knock(&self, path: &str) -> Knock {
        Knock::new(self.address, path)
    }

    /// A WebSocket request with this token, as our own page makes it.
    pub fn coded_knock(&self, token: &str) -> Knock {
        self.knock(&format!("/?token={token}")).coded()
    }

    /// Opens a screen with a new token and brings it to its picture.
    pub async fn page(&self) -> Page {
        let token = self.token().await;
        let mut page = self.knock(&format!("/?token={token}")).send().await.page();
        page.greet().await;
        page
    }

    /// The same as our own page does it.
    pub async fn coded_page(&self) -> Page {
        let token = self.token().await;
        let mut page = self.coded_knock(&token).send().await.page();
        page.greet().await;
        page
    }

    /// Waits until every session's end is recorded, and reads the trail.
    pub async fn trail(&self) -> Vec<Trail> {
        assert_eq!(
            soon(self.gateway.stop(PATIENCE)).await,
            0,
            "sessions that do not end"
        );
        self.trail_now().await
    }

    /// Reads the trail as it stands.
    pub async fn trail_now(&self) -> Vec<Trail> {
        let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(&self.database))
            .await
            .unwrap();
        let rows = sqlx::query("SELECT * FROM sessions ORDER BY began_at")
            .fetch_all(&pool)
            .await
            .unwrap();
        pool.close().await;
        let trail = rows.iter().map(|row| Trail {
            who: [
                "user_id",
                "project_id",
                "server_id",
                "console",
                "client",
                "gateway",
            ]
            .map(|column| row.get(column)),
            began_at: row.get("began_at"),
            ended_at: row.get("ended_at"),
            end_reason: row.get("end_reason"),
            bytes: (row.get("bytes_down"), row.get("bytes_up")),
        });
        trail.collect()
    }

    /// The id of the youngest session.
    pub async fn session_id(&self) -> String {
        let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(&self.database))
            .await
            .unwrap();
        let row = sqlx::query("SELECT id FROM sessions ORDER BY began_at DESC LIMIT 1")
            .fetch_one(&pool)
            .await
            .unwrap();
        pool.close().await;
        row.get("id")
    }

    /// The one session's reason for its end.
    pub async fn only_end(&self) -> String {
        let trail = self.trail().await;
        let [session] = trail.as_slice() else {
            panic!("one session: {trail:?}")
        };
        session.end_reason.clone().expect("an end")
    }
}

/// A session's row.
#[derive(Debug)]
pub struct Trail {
    /// User, project, server, console, client and gateway.
    pub who: [String; 6],
    pub began_at: i64,
    pub ended_at: Option<i64>,
    pub end_reason: Option<String>,
    /// Down and up.
    pub bytes: (i64, i64),
}

async fn listen(listener: TcpListener, gateway: Gateway) {
    loop {
        let (stream, peer) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let gateway = gateway.clone();
        let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let gateway = gateway.clone();
            async move {
                let mut request: Request = request.map(axum::body::Body::new);
                request.extensions_mut().insert(ClientAddress(peer.ip()));
                if Gateway::wants_websocket(&request) {
                    Ok(gateway.open(request).await)
                } else {
                    gateway.router().oneshot(request).await
                }
            }
        });
        tokio::spawn(async move {
            let io = TokioIo::new(ClientStream::Plain(stream));
            let mut server = auto::Builder::new(TokioExecutor::new());
            server.http2().enable_connect_protocol();
            // Tests break connections on purpose.
            let _ = server.serve_connection_with_upgrades(io, service).await;
        });
    }
}

/// Writes until nothing is taken any more: how much was.
pub async fn flood(wire: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> usize {
    const STALLED: Duration = Duration::from_millis(500);
    let mut taken = 0;
    while let Ok(written) = tokio::time::timeout(STALLED, wire.write(&bytes[taken..])).await {
        taken += written.unwrap();
        assert!(
            taken < bytes.len(),
            "the gateway holds {taken} bytes for a browser that takes none"
        );
    }
    taken
}

/// Bytes that repeat nowhere near, so that a lost, doubled or moved piece shows.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = Random::new(seed);
    std::iter::repeat_with(|| state.next().to_le_bytes())
        .flatten()
        .take(length)
        .collect()
}

/// What a viewer sends for a key that goes down.
pub const fn key(keysym: u32) -> [u8; 8] {
    let [a, b, c, d] = keysym.to_be_bytes();
    [4, 1, 0, 0, a, b, c, d]
}

/// Keys that repeat nowhere near: `length` bytes, a multiple of 8.
pub fn keys(seed: u64, length: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    std::iter::repeat_with(|| key((random.next() >> 32) as u32))
        .flatten()
        .take(length)
        .collect()
}

/// Numbers that are the same in every run.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number from 1 to `most`.
    pub fn up_to(&mut self, most: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(most).unwrap()).unwrap() + 1
    }
}
