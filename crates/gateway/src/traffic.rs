//! What a session has carried, and when a person last had a hand in it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// The counters of one session. The relay writes them, whoever watches reads them.
#[derive(Debug)]
pub(crate) struct Traffic {
    down: AtomicU64,
    up: AtomicU64,
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
            input: AtomicU64::new(0),
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
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.input.store(now, Ordering::Relaxed);
    }

    /// How long the session has lasted.
    pub fn age(&self) -> Duration {
        self.began.elapsed()
    }

    /// How long no person had a hand in it.
    pub fn idle(&self) -> Duration {
        let input = Duration::from_millis(self.input.load(Ordering::Relaxed));
        self.began.elapsed().saturating_sub(input)
    }
}
