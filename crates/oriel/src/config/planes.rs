//! What the two planes work with: who may ask, for what, and what they get.

use std::num::NonZeroU32;
use std::path::PathBuf;

use oriel_control::compute::Microversion;
use oriel_control::consoles::LinkForm;
use oriel_domain::Uses;
use oriel_gateway::{Clipboard, OriginCheck};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Span, keystone};

/// Where users and tokens are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityMode {
    /// In Oriel's own database.
    Embedded,
    /// In an OpenStack's Keystone.
    Keystone,
}

section! {
    /// Who may log in.
    Identity {
        /// Where users and tokens are kept.
        mode: IdentityMode = IdentityMode::Embedded,
        /// How long a login lasts.
        token_ttl: Span = Span::hours(24),
        /// The region that the catalog names.
        region: String = "RegionOne".into(),
        /// Logins that wait for their password to be checked.
        password_queue: usize = 64,
        /// Failures in a row that lock a user or an access key.
        lock_after: u32 = 10,
        /// How long it stays locked.
        lock_for: Span = Span::seconds(300),
        /// The Keystone, where that is the mode.
        keystone: keystone::Keystone = keystone::Keystone::default(),
    }
}

section! {
    /// The inventory.
    Inventory {
        /// The file that names the servers.
        file: PathBuf = "servers.toml".into(),
        /// How often to look whether it has changed.
        poll_interval: Span = Span::seconds(1),
    }
}

section! {
    /// The compute API.
    Compute {
        /// The newest microversion to offer.
        max_microversion: String = Microversion::NEWEST.to_string(),
        /// What links in answers start with.
        link_prefix: Option<Url> = None,
    }
}

section! {
    /// The kinds of console.
    Consoles {
        /// The screen, carried by Oriel.
        novnc: Novnc = Novnc::default(),
        /// A terminal, carried by Oriel.
        serial: Serial = Serial::default(),
        /// A screen over SPICE, carried by Oriel with a page of one's own.
        spice_html5: OtherConsole = OtherConsole::default(),
        /// A screen for native SPICE clients, carried by another proxy.
        spice_direct: OtherConsole = OtherConsole::default(),
        /// A screen over WebMKS, carried by another proxy.
        webmks: OtherConsole = OtherConsole::default(),
    }
}

section! {
    /// The screen.
    Novnc {
        /// Whether it is served.
        enabled: bool = true,
        /// The page that its links open.
        base_url: Option<Url> = None,
        /// How they carry the token.
        link: LinkForm = LinkForm::Token,
        /// The page's language, in links of the token form.
        lang: String = "EN".into(),
    }
}

/// What a link to a serial console opens, in the answers of Nova's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SerialLink {
    /// The line itself, by a program.
    Socket,
    /// Oriel's page.
    Page,
}

section! {
    /// The terminal.
    Serial {
        /// Whether it is served.
        enabled: bool = true,
        /// What Nova's links to it open.
        link: SerialLink = SerialLink::Socket,
        /// What they start with.
        base_url: Option<Url> = None,
        /// The language of the page, where a link opens that.
        lang: String = "EN".into(),
    }
}

section! {
    /// A kind of console that links to a page or proxy of one's own.
    OtherConsole {
        /// Where that proxy is. The kind is served if this is set.
        base_url: Option<Url> = None,
    }
}

section! {
    /// Who may do what.
    Policy {
        /// The operator's own rules.
        file: Option<PathBuf> = None,
    }
}

section! {
    /// Console tokens.
    Grants {
        /// How long a link works.
        ttl: Span = Span::seconds(600),
        /// How often.
        uses: Uses = Uses::One,
        /// How long the browser that opened it may come back.
        resume: Span = Span::hours(8),
        /// Whether it opens the server's other consoles too, as tabs of its page.
        tabs: bool = true,
    }
}

/// How many viewers a server has at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ViewersAtOnce {
    /// Any number.
    Many,
    /// One.
    One,
}

/// What becomes of the second viewer where a server has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecondViewer {
    /// It takes over.
    TakeOver,
    /// It is refused.
    Refuse,
}

section! {
    /// The gateway.
    Gateway {
        /// Its name in the audit trail; the host's name by default.
        name: Option<String> = None,
        /// Further hosts or origins whose pages may open consoles.
        allowed_origins: Vec<String> = Vec::new(),
        /// How exactly a page's origin must be a known one.
        origin_check: OriginCheck = OriginCheck::Host,
        /// How long to try to reach a back end.
        connect_timeout: Span = Span::seconds(5),
        /// How long either side may take for its part of the handshake.
        handshake_timeout: Span = Span::seconds(10),
        /// How often a browser is pinged.
        ping_interval: Span = Span::seconds(25),
        /// The longest that a session may last.
        longest_session: Option<Span> = None,
        /// Most sessions at once.
        max_sessions: usize = 10_000,
        /// Most sessions of one user.
        max_sessions_per_user: Option<usize> = None,
        /// Most sessions of one project's servers.
        max_sessions_per_project: Option<usize> = None,
        /// Most sessions of one server.
        max_sessions_per_server: Option<usize> = None,
        /// After how long without use a session ends.
        idle_timeout: Option<Span> = None,
        /// How long before that its viewer is warned.
        idle_warning: Span = Span::seconds(60),
        /// Most bytes a second from a back end to one viewer.
        max_rate: Option<NonZeroU32> = None,
        /// How many viewers a server has at a time.
        viewers: ViewersAtOnce = ViewersAtOnce::Many,
        /// What becomes of the second where it has one.
        second_viewer: SecondViewer = SecondViewer::TakeOver,
        /// Which way the clipboard works.
        clipboard: Clipboard = Clipboard::Both,
        /// Whether viewers may change the size of the guest's screen.
        resize: bool = true,
        /// Whether viewers may switch the machine off by the screen's protocol.
        power: bool = false,
        /// Whether viewers hear the guest.
        audio: bool = true,
        /// How long a page goes on trying to come back.
        reconnect_for: Span = Span::seconds(300),
        /// How many bytes of a serial console's last output whoever comes is shown.
        serial_replay: usize = 64 * 1024,
        /// How long a serial console stays connected that nobody looks at any more.
        serial_linger: Span = Span::seconds(600),
        /// Most serial consoles that stay connected so.
        serial_max_lingering: usize = 1000,
        /// How long live sessions get to end when Oriel stops.
        stop_grace: Span = Span::seconds(10),
    }
}

section! {
    /// Text that is typed for a viewer.
    Typing {
        /// Whether there is such a service.
        enabled: bool = true,
        /// Longest text, in characters.
        max_characters: usize = 20_000,
        /// Most key events a second.
        max_rate: u32 = 90,
        /// How long the guest has after an Enter to react.
        enter_wait: Span = Span::milliseconds(500),
        /// How long the screen has to show what is typed.
        echo_wait: Span = Span::seconds(1),
    }
}

section! {
    /// Pictures of screens.
    Screenshots {
        /// Whether there are any.
        enabled: bool = false,
        /// How old one may be.
        max_age: Span = Span::seconds(5),
        /// How long one may take, waiting included.
        timeout: Span = Span::seconds(10),
        /// Most that one user may ask for in a minute.
        max_per_minute: NonZeroU32 = NonZeroU32::MIN.saturating_add(1199),
        /// Most that are taken at once.
        max_at_once: usize = 8,
        /// Most servers that wait for theirs.
        max_waiting: usize = 500,
        /// Most pixels of a screen.
        max_pixels: NonZeroU32 = NonZeroU32::MIN.saturating_add(3840 * 2400 - 1),
        /// Most memory for those that are kept, in bytes.
        memory: u64 = 128 * 1024 * 1024,
    }
}
