//! The data path: a browser's WebSocket in, a hypervisor's console out.
//!
//! [`Gateway::open`] is the path of a session from top to bottom: origin, token, back end, relay,
//! one reason for the end. The gateway connects to nothing but what the inventory names, and
//! shares nothing with the control plane but the store.

mod back_end;
mod farewell;
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod net;
mod open;
mod origin;
mod redeem;
mod relay;
mod rules;
mod run;
mod screen;
mod screenshots;
mod serial;
mod session;
mod sessions;
mod spice;
mod supervisor;
mod throttle;
mod traffic;
mod typing;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use oriel_inventory::Inventory;
use oriel_store::Store;

pub use self::http::{ClientAddress, ReachedBy, openapi, refusal, status};
pub use self::net::ClientStream;
pub use self::origin::{OriginCheck, OriginRules};
pub use self::rules::{Clipboard, Rights};
use self::screenshots::Screenshots;
pub use self::screenshots::{NoScreenshot, PictureForm, Screenshot, ScreenshotSettings};
use self::serial::Lines;
pub use self::serial::SerialSettings;
use self::sessions::Sessions;
pub use self::sessions::{Limits, Viewers};
use self::typing::Typing;
pub use self::typing::TypingSettings;

/// What an operator decides about the gateway.
#[derive(Debug, Clone)]
pub struct GatewaySettings {
    /// The gateway's name in the audit trail.
    pub name: String,
    /// Which pages may open consoles.
    pub origins: OriginRules,
    /// Whether browsers reach the gateway over TLS, so that cookies must be kept to TLS.
    pub secure: bool,
    /// Whether pages of other sites may show the console in a frame, where the browser keeps cookies
    /// only for that site's frames.
    pub framed: bool,
    /// How long a browser that redeemed a token may come back with its cookie.
    pub resume_for: time::Duration,
    /// How long to try to reach a back end.
    pub connect_timeout: Duration,
    /// How long either side may take for its part of the handshake.
    pub handshake_timeout: Duration,
    /// How often a browser is pinged. One that was silent for two intervals is taken for lost.
    pub ping_interval: Duration,
    /// The longest that a session may last, where there is a limit.
    pub longest_session: Option<Duration>,
    /// After how long without a key, a click or a text a session ends, where it does.
    pub idle_timeout: Option<Duration>,
    /// How long before that its viewer is warned.
    pub idle_warning: Duration,
    /// How many sessions there may be at once.
    pub limits: Limits,
    /// Most bytes a second from a back end to its viewer, where there is a limit.
    pub max_rate: Option<NonZeroU32>,
    /// What viewers may do.
    pub rights: Rights,
    /// How long a page goes on trying to come back to a session that broke.
    pub reconnect_for: Duration,
    /// Serial consoles.
    pub serial: SerialSettings,
    /// Text that is typed for a viewer.
    pub typing: TypingSettings,
    /// Pictures of screens.
    pub screenshots: ScreenshotSettings,
}

/// The gateway. Clones share it.
#[derive(Debug, Clone)]
pub struct Gateway {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    inventory: Inventory,
    store: Store,
    settings: GatewaySettings,
    sessions: Sessions,
    lines: Lines,
    typing: Typing,
    screenshots: Screenshots,
}

impl Gateway {
    /// Puts a gateway together.
    pub fn new(inventory: Inventory, store: Store, settings: GatewaySettings) -> Self {
        let sessions = Sessions::new(store.clone(), settings.name.clone(), settings.limits);
        let lines = Lines::new(settings.serial.clone());
        let screenshots = Screenshots::new(settings.screenshots);
        Self {
            inner: Arc::new(Inner {
                inventory,
                store,
                settings,
                sessions,
                lines,
                typing: Typing::default(),
                screenshots,
            }),
        }
    }

    /// Takes no new session, tells the live ones and waits until they have ended, but no longer
    /// than `grace`. Returns how many were still there then.
    pub async fn stop(&self, grace: Duration) -> usize {
        let left = self.inner.sessions.stop(grace).await;
        self.inner.lines.stop();
        left
    }
}
