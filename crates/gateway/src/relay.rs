//! The relay: bytes between a browser's WebSocket and a back end, both ways.
//!
//! One hand-written `poll` moves both directions. It reads into a buffer that the thread lends it
//! and writes from there at once; only what the other side would not take is kept, so an idle
//! session owns no buffer, and a stalled side holds at most one read of the other. A large picture does not
//! even pass through this program where nothing lies above the two sockets: see [`pipe`]. The two
//! directions share nothing: a browser that takes no picture can still send its key strokes.

mod down;
mod form;
mod pipe;
mod rest;
mod up;

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::num::NonZeroU32;
use std::task::{Context, Poll};
use std::time::Duration;

use oriel_domain::{EndReason, Fault};
use oriel_ws::{ControlFrame, Deframer, Header, MAX_HEADER};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Interval, MissedTickBehavior};

pub(crate) use self::form::Down;
use self::pipe::Pipe;
pub(crate) use self::pipe::{MaybeRaw, RawSocket};
use self::rest::Rest;
use crate::farewell::Ended;
use crate::rules::Filter;
use crate::session::Failure;
use crate::throttle::Throttle;
use crate::traffic::Traffic;

/// Most bytes moved by one read.
const CHUNK: usize = 64 * 1024;
/// When the first ping goes out, if pings are further apart than this.
const FIRST_PING: Duration = Duration::from_secs(5);
/// Most reads of one direction before the other has its turn.
const ROUNDS: usize = 16;

thread_local! {
    /// Lent to whichever relay is being polled. It is never held across a yield.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; MAX_HEADER + CHUNK].into());
}

/// What bytes from the browser are that no filter reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// A person's doing.
    Hand,
    /// What a page answers by itself.
    Page,
}

/// A browser and a back end, joined.
pub(crate) struct Relay<'a, B, H> {
    browser: B,
    back_end: H,
    deframer: Deframer,
    /// What the browser may send, where its bytes are messages of a screen.
    filter: Option<Filter>,
    /// How the back end's bytes go down.
    form: Down,
    traffic: &'a Traffic,
    unread: Unread,
    /// What the browser may be sent a second, where that is limited.
    throttle: Option<Throttle>,
    /// To the browser: the rest of a frame. Nothing may come between its pieces.
    down: Rest,
    /// Behind that, while a back end sends so much that the kernel had better move it.
    pipe: Option<Pipe>,
    /// To the back end.
    up: Rest,
    /// The next control frame for the browser, after the frame under way.
    control: Option<ControlFrame>,
    /// Set while the back end has not been told that what was written to it may go.
    unsettled: bool,
    /// Set while bytes for the browser may lie in its TLS layer.
    unflushed: bool,
    pings: Interval,
    /// When a ping went out that is not answered yet.
    pinged: Option<Instant>,
    /// When the browser last sent something, or took something that it had kept waiting.
    last_heard: Instant,
    /// The back end takes nothing any more. What it has sent before is still to be shown.
    deaf: bool,
}

impl<'a, B, H> Relay<'a, B, H>
where
    B: AsyncRead + AsyncWrite + MaybeRaw + Unpin,
    H: AsyncRead + AsyncWrite + MaybeRaw + Unpin,
{
    /// Joins the two. `deframer` has seen all that was read from the browser before.
    pub fn new(
        browser: B,
        back_end: H,
        deframer: Deframer,
        ping_interval: Duration,
        traffic: &'a Traffic,
    ) -> Self {
        // The first comes early: until it is answered nobody knows how far away the browser is.
        let first = ping_interval.min(FIRST_PING);
        let mut pings = tokio::time::interval_at(Instant::now() + first, ping_interval);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            browser,
            back_end,
            deframer,
            filter: None,
            form: Down::opaque(),
            traffic,
            unread: Unread::Hand,
            throttle: None,
            down: Rest::default(),
            pipe: None,
            up: Rest::default(),
            control: None,
            unsettled: true,
            unflushed: false,
            pings,
            pinged: None,
            last_heard: Instant::now(),
            deaf: false,
        }
    }

    /// Says that both sides' bytes are a screen's messages, and what becomes of them. They pass unread if nobody says.
    pub fn of_screen(mut self, filter: Filter, form: Down) -> Self {
        self.filter = Some(filter);
        self.form = form;
        self
    }

    /// Says what bytes from the browser are that no filter reads. They are a person's doing if nobody says.
    pub fn of_unread(mut self, unread: Unread) -> Self {
        self.unread = unread;
        self
    }

    /// Sends the browser at most so many bytes a second, where there is a limit.
    pub fn limited(mut self, max_rate: Option<NonZeroU32>) -> Self {
        self.throttle = max_rate.map(Throttle::new);
        self
    }

    /// Hands on what either side has sent before the relay began.
    ///
    /// # Errors
    ///
    /// What either has sent may be none of its messages.
    pub fn start_with(&mut self, mut from_back_end: Vec<u8>, from_browser: &[u8]) -> Result<(), Failure> {
        self.traffic.add_down(from_back_end.len());
        let passed = self.form.pass(&mut from_back_end)?;
        from_back_end.truncate(passed);
        if !from_back_end.is_empty() {
            self.down.keep(Header::binary(from_back_end.len()).as_bytes());
            self.down.keep(&from_back_end);
        }
        self.traffic.add_up(from_browser.len());
        let rest = match &mut self.filter {
            None => from_browser,
            Some(filter) => {
                filter
                    .pass(from_browser, self.up.end(), &mut self.form)
                    .map_err(|error| Failure::new(EndReason::ClientProtocol, error.to_string()))?
                    .rest
            }
        };
        self.up.keep(rest);
        Ok(())
    }

    /// Takes what was read from the browser before the relay began, where nothing has looked at it yet. It may be its
    /// end already.
    pub fn start_with_frames(&mut self, received: &mut [u8]) -> Option<Ended> {
        let decoded = self.deframer.push(received);
        self.control = decoded.ping.as_ref().map(ControlFrame::pong);
        match decoded.end {
            Some(end) => Some(Ended::by_client(&end)),
            None => self.start_with(Vec::new(), decoded.data).err().map(Ended::from),
        }
    }

    /// Carries bytes until one side ends it.
    pub async fn run(&mut self) -> Ended {
        let ended = poll_fn(|cx| self.poll(cx)).await;
        if ended.failure.reason.fault() == Fault::Client {
            self.last_words().await;
        }
        ended
    }

    /// The browser, and the rest of the frame that it must get before any other.
    pub fn into_browser(self) -> (B, Vec<u8>) {
        let mut unsent = self.down.into_unsent();
        unsent.extend(self.pipe.map(Pipe::drain).unwrap_or_default());
        (self.browser, unsent)
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        if let Poll::Ready(failure) = self.poll_pings(cx) {
            return Poll::Ready(failure);
        }
        SCRATCH.with_borrow_mut(|scratch| {
            if let Poll::Ready(failure) = self.poll_up(cx, scratch) {
                return Poll::Ready(failure);
            }
            self.poll_down(cx, scratch)
        })
    }

    /// Pings a quiet browser, so that no middle box takes the connection for dead; and finds out
    /// whether it is.
    fn poll_pings(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        while self.pings.poll_tick(cx).is_ready() {
            // A browser that is not listened to, since the back end takes nothing, is not silent.
            if !self.up.is_empty() || self.may_settle() {
                self.last_heard = Instant::now();
            }
            if self.last_heard.elapsed() >= self.pings.period() * 2 {
                let detail = format!("silent for {:?}", self.last_heard.elapsed());
                return Poll::Ready(Failure::new(EndReason::ClientLost, detail).into());
            }
            if self.control.is_none() {
                self.control = Some(ControlFrame::ping(b""));
                self.pinged = Some(Instant::now());
            }
        }
        Poll::Pending
    }
}

fn back_end_lost(error: &io::Error) -> Ended {
    Failure::of_back_end(error).into()
}
