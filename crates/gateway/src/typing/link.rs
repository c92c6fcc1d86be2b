//! The typing service's own connection to a screen: it sends keys, and looks at what comes back without decoding it.
//!
//! It is another viewer of the screen, beside the person's. So nothing is put between the messages of a session, and
//! what a session may ask for and get stays as it is.

use std::time::Duration;

use oriel_domain::EndReason;
use oriel_rfb::client_msg::{set_encodings, update_request};
use oriel_rfb::server_msg::{Framer, Kind, Part, Step};
use oriel_rfb::{Rect, encoding};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;

use crate::net::BackEndStream;
use crate::screen::Screen;
use crate::session::Failure;

/// Most bytes read at once.
const CHUNK: usize = 16 * 1024;
/// How long a server may take to say what it can do. QEMU says it at once.
const ANSWER: Duration = Duration::from_secs(3);
/// How long the lamps may take then.
const LAMPS: Duration = Duration::from_millis(200);
/// How long a server may take to hang up as well.
const HANG_UP: Duration = Duration::from_secs(1);
/// Taller than two lines of text, in pixels.
const TALL: u32 = 80;
/// Caps Lock in QEMU's lamps (rfbproto.rst, "QEMU LED State Pseudo-encoding").
const CAPS_LOCK: u8 = 4;
/// Hextile costs a server next to nothing, and a screen of text shrinks to a tenth in it.
const ENCODINGS: [i32; 7] = [
    encoding::COPY_RECT,
    encoding::HEXTILE,
    encoding::RAW,
    encoding::QEMU_EXTENDED_KEY,
    encoding::QEMU_LED_STATE,
    encoding::DESKTOP_SIZE,
    encoding::LAST_RECT,
];

/// What came in one read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// Some of the screen was drawn.
    pub drawn: bool,
    /// What was drawn reaches beyond what was drawn before, or comes after much was drawn. A cursor that blinks draws
    /// the same place again and again, and in a text mode it is QEMU that draws it, however dead the guest.
    pub news: bool,
}

/// A connection to a screen.
#[derive(Debug)]
pub(super) struct Link {
    stream: BackEndStream,
    framer: Framer,
    buffer: Box<[u8]>,
    /// What waits to be sent.
    out: Vec<u8>,
    /// How long sending may take.
    limit: Duration,
    /// Whether the server takes scan codes.
    scancodes: bool,
    /// Whether Caps Lock is on, where the server says so.
    caps_lock: Option<bool>,
    /// The pseudo-rectangle that is coming in has the lamps in it.
    lamps: bool,
    /// The bounds of what the update that is coming in draws, and of the last one.
    drawing: Option<Bounds>,
    drawn: Option<Bounds>,
}

/// From left and top up to, but not with, right and bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bounds {
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
}

impl Bounds {
    fn of(rect: Rect) -> Self {
        let [left, top] = [rect.x, rect.y].map(u32::from);
        let (right, bottom) = (left + u32::from(rect.width), top + u32::from(rect.height));
        Self {
            left,
            top,
            right,
            bottom,
        }
    }

    /// Whether it is more than a line or two of text: the screen has scrolled, and what comes next lies within that.
    fn is_tall(self) -> bool {
        self.bottom - self.top > TALL
    }

    fn with(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }
}

impl Link {
    /// Takes a screen that is ready, and learns whether its server takes scan codes and whether Caps Lock is on.
    /// Neither end may take longer than `limit` for what it sends.
    pub async fn open(screen: Screen, limit: Duration) -> Result<Self, Failure> {
        let mut link = Self {
            stream: screen.stream,
            framer: Framer::new(&screen.init),
            buffer: vec![0; CHUNK].into(),
            out: set_encodings(&ENCODINGS),
            limit,
            scancodes: false,
            caps_lock: None,
            lamps: false,
            drawing: None,
            drawn: None,
        };
        let mut look = link.read(&screen.early)?;
        // A server answers in order: once it has drawn, it has said what else it agrees to.
        link.ask(false, 1, 1);
        let mut until = Instant::now() + ANSWER;
        while !(look.drawn || link.scancodes && link.caps_lock.is_some()) {
            let said = link.scancodes;
            match tokio::time::timeout_at(until, link.look()).await {
                Ok(seen) => look = seen?,
                Err(_) => break,
            }
            if !said && link.scancodes {
                until = Instant::now() + LAMPS;
            }
        }
        link.ask_for_news();
        Ok(link)
    }

    /// Whether the server takes scan codes.
    pub fn takes_scancodes(&self) -> bool {
        self.scancodes
    }

    /// Whether Caps Lock is on, as far as is known.
    pub fn caps_lock(&self) -> bool {
        self.caps_lock == Some(true)
    }

    /// Puts this behind what waits to be sent.
    pub fn push(&mut self, message: &[u8]) {
        self.out.extend_from_slice(message);
    }

    /// Sends what waits. It may be dropped at any time and called again.
    pub async fn flush(&mut self) -> Result<(), Failure> {
        let limit = self.limit;
        let sending = async {
            while !self.out.is_empty() {
                let sent = self.stream.write(&self.out).await;
                let sent = sent.map_err(|error| Failure::of_back_end(&error))?;
                if sent == 0 {
                    return Err(EndReason::BackEndClosed.into());
                }
                self.out.drain(..sent.min(self.out.len()));
            }
            Ok(())
        };
        match tokio::time::timeout(limit, sending).await {
            Ok(sent) => sent,
            Err(_) => {
                let detail = format!("it takes no keys for {limit:?}");
                Err(Failure::new(EndReason::BackEndTimeout, detail))
            }
        }
    }

    /// Sends what waits and reads what comes next. It may be dropped at any time and called again.
    pub async fn look(&mut self) -> Result<Look, Failure> {
        self.flush().await?;
        let read = self.stream.read(&mut self.buffer).await;
        match read.map_err(|error| Failure::of_back_end(&error))? {
            0 => Err(EndReason::BackEndClosed.into()),
            read => {
                let buffer = std::mem::take(&mut self.buffer);
                let look = self.read(buffer.get(..read).unwrap_or_default());
                self.buffer = buffer;
                look
            }
        }
    }

    /// Hangs up, and waits until the server has as well: it has then read all keys, the last ones too. A connection that
    /// is closed with some of the screen unread is reset, which may overtake them.
    pub async fn hang_up(&mut self) {
        let gone = async {
            self.stream.shutdown().await?;
            while self.stream.read(&mut self.buffer).await? > 0 {}
            std::io::Result::Ok(())
        };
        // A server that has gone, or never goes, holds nobody up.
        let _ = tokio::time::timeout(HANG_UP, gone).await;
    }

    fn read(&mut self, mut bytes: &[u8]) -> Result<Look, Failure> {
        let mut look = Look::default();
        loop {
            let step = self.framer.next(bytes);
            let step = step.map_err(|error| Failure::new(EndReason::BackEndProtocol, error.to_string()))?;
            let Step::Part(part) = step else { break };
            let (here, rest) = bytes.split_at_checked(part.taken).unwrap_or((bytes, &[]));
            bytes = rest;
            self.take(&part, here, &mut look);
        }
        Ok(look)
    }

    fn take(&mut self, part: &Part, bytes: &[u8], look: &mut Look) {
        if let Some(head) = part.rectangle {
            match head.encoding {
                encoding::QEMU_EXTENDED_KEY => self.scancodes = true,
                encoding::QEMU_LED_STATE => self.lamps = true,
                encoding::COPY_RECT | encoding::HEXTILE | encoding::RAW => {
                    let bounds = Bounds::of(head.rect);
                    self.drawing = Some(self.drawing.map_or(bounds, |drawing| drawing.with(bounds)));
                }
                _ => {}
            }
        }
        if part.ends_rectangle && std::mem::take(&mut self.lamps) {
            self.caps_lock = bytes.last().map(|lamps| lamps & CAPS_LOCK != 0);
        }
        if part.ends && part.kind == Kind::Update {
            if let Some(drawing) = self.drawing.take() {
                look.drawn = true;
                look.news |= self
                    .drawn
                    .is_none_or(|drawn| drawn.is_tall() || drawn.with(drawing) != drawn);
                self.drawn = Some(drawing);
            }
            self.ask_for_news();
        }
    }

    /// Asks for what changes from now on, wherever it is on the screen.
    fn ask_for_news(&mut self) {
        let (width, height) = self.framer.screen();
        self.ask(true, width, height);
    }

    fn ask(&mut self, incremental: bool, width: u16, height: u16) {
        let rect = Rect {
            x: 0,
            y: 0,
            width,
            height,
        };
        self.out.extend(update_request(incremental, rect));
        self.framer.update_requested();
    }
}
