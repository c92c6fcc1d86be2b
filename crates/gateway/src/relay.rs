//! The relay: bytes between a browser's WebSocket and a back end, both ways.
//!
//! One hand-written `poll` moves both directions. It reads into a buffer that the thread lends it
//! and writes from there at once; only what the other side would not take is kept, so an idle
//! session owns no buffer, and a stalled side holds at most one read of the other. The two
//! directions share nothing: a browser that takes no picture can still send its key strokes.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use oriel_domain::EndReason;
use oriel_ws::{ControlFrame, Deframer, Header, MAX_HEADER};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Interval, MissedTickBehavior};

use crate::farewell::Ended;
use crate::session::Failure;

/// Most bytes moved by one read.
const CHUNK: usize = 64 * 1024;
/// Most reads of one direction before the other has its turn.
const ROUNDS: usize = 16;

thread_local! {
    /// Lent to whichever relay is being polled. It is never held across a yield.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; MAX_HEADER + CHUNK].into());
}

/// How many bytes a session has carried.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    down: AtomicU64,
    up: AtomicU64,
}

impl Carried {
    /// Bytes from the back end, and bytes to it.
    pub fn bytes(&self) -> (u64, u64) {
        (self.down.load(Ordering::Relaxed), self.up.load(Ordering::Relaxed))
    }
}

/// Bytes that one side has not taken yet.
#[derive(Debug, Default)]
struct Rest {
    bytes: Vec<u8>,
    at: usize,
}

impl Rest {
    fn keep(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes on, and gives the buffer back once all is written.
    fn poll_write<W: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        to: &mut W,
    ) -> Poll<io::Result<()>> {
        while let Some(left) = self.bytes.get(self.at..).filter(|left| !left.is_empty()) {
            match ready!(Pin::new(&mut *to).poll_write(cx, left))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.at += written,
            }
        }
        *self = Self::default();
        Poll::Ready(Ok(()))
    }
}

/// A browser and a back end, joined.
pub(crate) struct Relay<'a, B, H> {
    browser: B,
    back_end: H,
    deframer: Deframer,
    carried: &'a Carried,
    /// To the browser: the rest of a frame. Nothing may come between its pieces.
    down: Rest,
    /// To the back end.
    up: Rest,
    /// The next control frame for the browser, after the frame under way.
    control: Option<ControlFrame>,
    /// Set while bytes for the browser may lie in its TLS layer.
    unflushed: bool,
    pings: Interval,
    /// When the browser last sent something, or took something that it had kept waiting.
    last_heard: Instant,
    /// The back end takes nothing any more. What it has sent before is still to be shown.
    deaf: bool,
}

impl<'a, B, H> Relay<'a, B, H>
where
    B: AsyncRead + AsyncWrite + Unpin,
    H: AsyncRead + AsyncWrite + Unpin,
{
    /// Joins the two. `deframer` has seen all that was read from the browser before.
    pub fn new(
        browser: B,
        back_end: H,
        deframer: Deframer,
        ping_interval: Duration,
        carried: &'a Carried,
    ) -> Self {
        let mut pings = tokio::time::interval_at(Instant::now() + ping_interval, ping_interval);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            browser,
            back_end,
            deframer,
            carried,
            down: Rest::default(),
            up: Rest::default(),
            control: None,
            unflushed: false,
            pings,
            last_heard: Instant::now(),
            deaf: false,
        }
    }

    /// Hands on what either side has sent before the relay began.
    pub fn start_with(&mut self, from_back_end: &[u8], from_browser: &[u8]) {
        if !from_back_end.is_empty() {
            self.down.keep(Header::binary(from_back_end.len()).as_bytes());
            self.down.keep(from_back_end);
        }
        self.up.keep(from_browser);
        self.carried
            .down
            .fetch_add(from_back_end.len() as u64, Ordering::Relaxed);
        self.carried
            .up
            .fetch_add(from_browser.len() as u64, Ordering::Relaxed);
    }

    /// Carries bytes until one side ends it.
    pub async fn run(&mut self) -> Ended {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// The browser, and the rest of the frame that it must get before any other.
    pub fn into_browser(self) -> (B, Vec<u8>) {
        let mut unsent = self.down.bytes;
        unsent.drain(..self.down.at);
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
            if !self.up.bytes.is_empty() {
                self.last_heard = Instant::now();
            }
            if self.last_heard.elapsed() >= self.pings.period() * 2 {
                let detail = format!("silent for {:?}", self.last_heard.elapsed());
                return Poll::Ready(Failure::new(EndReason::ClientLost, detail).into());
            }
            self.control.get_or_insert_with(|| ControlFrame::ping(b""));
        }
        Poll::Pending
    }

    /// From the back end to the browser.
    fn poll_down(&mut self, cx: &mut Context<'_>, scratch: &mut [u8]) -> Poll<Ended> {
        for round in 0..ROUNDS {
            let waiting = (self.down.at, self.down.bytes.len());
            let written = self.down.poll_write(cx, &mut self.browser);
            if round == 0 && (self.down.at, self.down.bytes.len()) != waiting {
                // On a thin line a pong waits behind a large picture; taking that is a sign of life.
                // A ping that its socket swallows at once, in a later round, is none.
                self.last_heard = Instant::now();
            }
            if let Err(error) = ready!(written) {
                return Poll::Ready(Ended::client_lost(&error));
            }
            if let Some(frame) = self.control.take() {
                self.down.keep(frame.as_bytes());
                self.unflushed = true;
                continue;
            }
            let (room, payload) = scratch.split_at_mut(MAX_HEADER);
            let mut buffer = ReadBuf::new(payload);
            match Pin::new(&mut self.back_end).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(back_end_lost(&error)),
                Poll::Pending => return self.poll_flush(cx),
            }
            let length = buffer.filled().len();
            if length == 0 {
                return Poll::Ready(EndReason::BackEndClosed.into());
            }
            self.carried.down.fetch_add(length as u64, Ordering::Relaxed);
            self.unflushed = true;
            let mut header = [0; MAX_HEADER];
            let start = Header::binary(length).write_before(&mut header);
            room.copy_from_slice(&header);
            let frame = scratch.get(start..MAX_HEADER + length).unwrap_or_default();
            match Pin::new(&mut self.browser).poll_write(cx, frame) {
                Poll::Ready(Ok(written)) => self.down.keep(frame.get(written..).unwrap_or_default()),
                Poll::Ready(Err(error)) => return Poll::Ready(Ended::client_lost(&error)),
                Poll::Pending => self.down.keep(frame),
            }
        }
        cx.waker().wake_by_ref();
        self.poll_flush(cx)
    }

    /// From the browser to the back end.
    fn poll_up(&mut self, cx: &mut Context<'_>, scratch: &mut [u8]) -> Poll<Ended> {
        for _ in 0..ROUNDS {
            if self.deaf {
                return Poll::Pending;
            }
            if let Err(error) = ready!(self.up.poll_write(cx, &mut self.back_end)) {
                return self.back_end_deaf(&error);
            }
            let mut buffer = ReadBuf::new(scratch);
            match Pin::new(&mut self.browser).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Ended::client_lost(&error)),
                Poll::Pending => return Poll::Pending,
            }
            if buffer.filled().is_empty() {
                return Poll::Ready(
                    Failure::new(EndReason::ClientLost, "closed without a close frame").into(),
                );
            }
            self.last_heard = Instant::now();
            let decoded = self.deframer.push(buffer.filled_mut());
            if let Some(ping) = &decoded.ping {
                self.control = Some(ControlFrame::pong(ping));
            }
            self.carried
                .up
                .fetch_add(decoded.data.len() as u64, Ordering::Relaxed);
            if !decoded.data.is_empty() {
                match Pin::new(&mut self.back_end).poll_write(cx, decoded.data) {
                    Poll::Ready(Ok(written)) => self.up.keep(decoded.data.get(written..).unwrap_or_default()),
                    Poll::Ready(Err(error)) => return self.back_end_deaf(&error),
                    Poll::Pending => self.up.keep(decoded.data),
                }
            }
            if let Some(end) = decoded.end {
                return Poll::Ready(Ended::by_client(&end));
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// A back end that has closed refuses what is sent to it before its own last bytes are read:
    /// they, and the end of its stream, tell better how it ended.
    fn back_end_deaf(&mut self, error: &io::Error) -> Poll<Ended> {
        match error.kind() {
            io::ErrorKind::BrokenPipe => {
                self.deaf = true;
                self.up = Rest::default();
                Poll::Pending
            }
            _ => Poll::Ready(back_end_lost(error)),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        if !self.unflushed {
            return Poll::Pending;
        }
        match ready!(Pin::new(&mut self.browser).poll_flush(cx)) {
            Ok(()) => {
                self.unflushed = false;
                Poll::Pending
            }
            Err(error) => Poll::Ready(Ended::client_lost(&error)),
        }
    }
}

fn back_end_lost(error: &io::Error) -> Ended {
    Failure::of_back_end(error).into()
}
