//! How fast keys may follow each other.
//!
//! A hypervisor tells nobody that it has lost a key. QEMU lets pass one event each 10 ms (`key-delay-ms`) and drops
//! what waits beyond some 340; behind that lies a keyboard of the PS/2 kind with room for 16 bytes, which overflows
//! when the guest does not look at it for a while. The one sign of life is what the guest shows: an update of the
//! screen says that the keys before it have arrived. So a small window of bytes is under way at most, and the pace
//! grows with each window that was shown and falls when nothing is. A guest that has shown what was typed and falls
//! silent may ask for a password or stand still; nobody can tell, so it is given long enough to stand still.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

#[cfg(test)]
mod tests;

/// Key events a second to begin with, and where nothing is shown of what is typed: less than half of what QEMU takes.
const START: f64 = 40.0;
/// The slowest, in key events a second.
const SLOWEST: f64 = 20.0;
/// What each window that was shown adds, in key events a second.
const STEP: f64 = 5.0;
/// Most bytes on their way to the guest's keyboard, which has room for 16. Half of them, since on a machine that is
/// short of time an update may come so late that it is taken for the echo of younger keys: two windows still fit.
const WINDOW: u32 = 8;
/// An update says nothing of younger keys: it may have been on its way before them.
const HORIZON: Duration = Duration::from_millis(40);
/// A screen on which nothing was drawn for so long has come to rest.
pub(super) const AT_REST: Duration = Duration::from_millis(70);
/// When an echo is late. A screen is looked at each 30 ms or so.
const LATE: Duration = Duration::from_millis(300);
/// How many times longer an echo is waited for that has come before: a guest that has halted for a moment, rather
/// than one that shows nothing.
const HALTED: u32 = 5;

/// The pace of one text.
#[derive(Debug)]
pub(super) struct Pacer {
    /// The fastest, in key events a second.
    cap: f64,
    /// Now, in key events a second.
    rate: f64,
    /// When the last keys have had their time.
    next: Instant,
    /// Keys that no update has told of yet: when they were sent, and their bytes.
    unseen: VecDeque<(Instant, u32)>,
    in_flight: u32,
    /// When something was shown last.
    shown: Option<Instant>,
    /// Bytes that were shown since the pace last grew.
    seen: u32,
    /// Whether keys have been shown at all.
    echoes: bool,
    /// Whether this silence has slowed the pace down already.
    late: bool,
    /// Whether it goes on without an echo.
    blind: bool,
    /// How long an echo is waited for that has not come yet.
    echo_wait: Duration,
}

impl Pacer {
    /// A pace of `cap` key events a second at most. Where nothing was shown for `echo_wait`, nothing is expected.
    pub fn new(cap: u32, echo_wait: Duration, now: Instant) -> Self {
        let cap = f64::from(cap.max(1));
        Self {
            cap,
            rate: START.min(cap),
            next: now,
            unseen: VecDeque::new(),
            in_flight: 0,
            shown: None,
            seen: 0,
            echoes: false,
            late: false,
            blind: false,
            echo_wait,
        }
    }

    /// Until when keys of so many bytes have to wait, unless an echo comes before. None: they may go now.
    pub fn wait(&mut self, now: Instant, bytes: u32) -> Option<Instant> {
        if self.next > now {
            return Some(self.next);
        }
        let mut oldest = self.oldest_in_the_way(bytes)?;
        if let Some(shown) = self.shown.filter(|shown| *shown > oldest) {
            let rest = shown + AT_REST;
            if now < rest {
                return Some(rest);
            }
            // The youngest were shown with the others, or the screen would not have come to rest.
            self.have_arrived(shown);
            oldest = self.oldest_in_the_way(bytes)?;
        }
        let silent = now.saturating_duration_since(oldest);
        if !self.late && silent >= LATE {
            self.late = true;
            self.rate = (self.rate / 2.0).max(SLOWEST.min(self.cap));
        }
        let patience = if self.echoes {
            self.echo_wait * HALTED
        } else {
            self.echo_wait
        };
        if silent >= patience {
            self.blind = true;
            self.rate = START.min(self.cap);
            self.clear();
            return None;
        }
        Some(oldest + if self.late { patience } else { LATE.min(patience) })
    }

    /// Keys were sent: so many events, which are so many bytes for the guest.
    pub fn sent(&mut self, now: Instant, events: u32, bytes: u32) {
        self.next = now.max(self.next) + Duration::from_secs_f64(f64::from(events) / self.rate);
        if !self.blind {
            self.unseen.push_back((now, bytes));
            self.in_flight += bytes;
        }
    }

    /// The guest has shown something new.
    pub fn echo(&mut self, now: Instant) {
        if self.blind {
            self.blind = false;
            self.rate = START.min(self.cap);
        }
        self.shown = Some(now);
        if let Some(known) = now.checked_sub(HORIZON) {
            self.have_arrived(known);
        }
    }

    /// When the oldest keys were sent that leave no room for so many bytes.
    fn oldest_in_the_way(&self, bytes: u32) -> Option<Instant> {
        let (oldest, _) = self.unseen.front()?;
        (self.in_flight + bytes > WINDOW).then_some(*oldest)
    }

    /// What was sent until then has arrived.
    fn have_arrived(&mut self, until: Instant) {
        while let Some((_, bytes)) = self.unseen.pop_front_if(|(sent, _)| *sent <= until) {
            self.in_flight -= bytes;
            self.seen += bytes;
            self.echoes = true;
            self.late = false;
        }
        while self.seen >= WINDOW {
            self.seen -= WINDOW;
            self.rate = (self.rate + STEP).min(self.cap);
        }
    }

    /// An Enter has had its time. `reacted` tells whether the guest has shown something and come to rest: then
    /// nothing is under way any more.
    pub fn new_line(&mut self, reacted: bool) {
        if reacted {
            self.clear();
        }
    }

    /// Whether all that was sent has been shown, or nothing is expected to be.
    pub fn is_through(&self) -> bool {
        self.unseen.is_empty()
    }

    fn clear(&mut self) {
        self.unseen.clear();
        self.in_flight = 0;
        self.seen = 0;
        self.late = false;
    }
}
