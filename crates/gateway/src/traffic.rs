//! What a session has carried, and when a person last had a hand in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// The counters of one session. The relay writes them, whoever watches reads them.
#[derive(Debug)]
pub(crate) struct Traffic {
    down: AtomicU64,
    up: AtomicU64,
    began: Instant,
    hand: Arc<Hand>,
    /// Microseconds that the last ping took to be answered; 0 before the first answer.
    round_trip: AtomicU64,
}

/// When a person last had a hand in a console. Where it has several sessions, they share it.
#[derive(Debug)]
struct Hand {
    began: Instant,
    /// Milliseconds from `began` to the last input.
    input: AtomicU64,
}

impl Traffic {
    /// Nothing was carried, and the last input is now.
    pub fn new() -> Self {
        Self {
            down: AtomicU64::new(0),
            up: AtomicU64::new(0),
            began: Instant::now(),
            hand: Arc::new(Hand {
                began: Instant::now(),
                input: AtomicU64::new(0),
            }),
            round_trip: AtomicU64::new(0),
        }
    }

    /// Bytes from the back end, and bytes to it.
    pub fn bytes(&self) -> (u64, u64) {
        (self.down.load(Ordering::Relaxed), self.up.load(Ordering::Relaxed))
    }

    pub fn add_down(&self, bytes: usize) {
        self.down.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub fn add_up(&self, bytes: usize) {
        self.up.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// A person pressed a key, moved the pointer or pasted a text just now.
    pub fn touch(&self) {
        let now = u64::try_from(self.hand.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.hand.input.store(now, Ordering::Relaxed);
    }

    /// From here on, a hand in one is a hand in both.
    pub fn share_hand(&mut self, other: &Self) {
        self.hand = Arc::clone(&other.hand);
    }

    /// How long the session has lasted.
    pub fn age(&self) -> Duration {
        self.began.elapsed()
    }

    /// When a person last had a hand in it.
    pub fn last_input(&self) -> Instant {
        self.hand.began + Duration::from_millis(self.hand.input.load(Ordering::Relaxed))
    }

    /// The browser answered a ping after this time.
    pub fn answered_after(&self, round_trip: Duration) {
        let micros = u64::try_from(round_trip.as_micros()).unwrap_or(u64::MAX);
        self.round_trip.store(micros.max(1), Ordering::Relaxed);
    }

    /// How long the browser's last answer to a ping took.
    pub fn round_trip(&self) -> Option<Duration> {
        match self.round_trip.load(Ordering::Relaxed) {
            0 => None,
            micros => Some(Duration::from_micros(micros)),
        }
    }
}
