//! The bandwidth of one session: a bucket of bytes that fills as time goes by.

use std::num::NonZeroU32;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// The bucket holds what flows in this part of a second: the longest pause between two pieces.
const PARTS: u32 = 20;

/// A bucket of bytes. Only a limited session has one.
#[derive(Debug)]
pub(crate) struct Throttle {
    rate: u32,
    /// Bytes that may flow at `at`.
    left: u32,
    at: Instant,
    waiting: Pin<Box<Sleep>>,
}

impl Throttle {
    /// At most so many bytes a second.
    pub fn new(rate: NonZeroU32) -> Self {
        let (rate, now) = (rate.get(), Instant::now());
        Self {
            rate,
            left: capacity(rate),
            at: now,
            waiting: Box::pin(sleep_until(now)),
        }
    }

    /// How many bytes may flow now; waits until some may.
    pub fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        loop {
            match self.room(Instant::now()) {
                Ok(room) => return Poll::Ready(usize::try_from(room).unwrap_or(usize::MAX)),
                Err(at) => {
                    self.waiting.as_mut().reset(at);
                    ready!(self.waiting.as_mut().poll(cx));
                }
            }
        }
    }

    /// So many bytes have flowed.
    pub fn spend(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(u32::try_from(bytes).unwrap_or(u32::MAX));
    }

    /// What may flow now, or when enough may that it is worth a read: half of the bucket.
    fn room(&mut self, now: Instant) -> Result<u32, Instant> {
        let capacity = capacity(self.rate);
        let nanos = now.saturating_duration_since(self.at).as_nanos();
        let fresh = nanos * u128::from(self.rate) / 1_000_000_000;
        if fresh > 0 {
            // What is less than a byte stays on the clock.
            let fresh = u32::try_from(fresh).unwrap_or(u32::MAX);
            self.left = self.left.saturating_add(fresh).min(capacity);
            self.at = if self.left == capacity {
                now
            } else {
                self.at + time_for(fresh, self.rate)
            };
        }
        let worth = capacity.div_ceil(2);
        if self.left >= worth {
            Ok(self.left)
        } else {
            Err(self.at + time_for(worth - self.left, self.rate))
        }
    }
}

fn capacity(rate: u32) -> u32 {
    (rate / PARTS).max(1)
}

/// How long so many bytes take, rounded up.
fn time_for(bytes: u32, rate: u32) -> Duration {
    let nanos = (u64::from(bytes) * 1_000_000_000).div_ceil(u64::from(rate).max(1));
    Duration::from_nanos(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_rate_is_held_whatever_the_pieces() {
        for rate in [19, 1_000, 1_000_003, u32::MAX] {
            let mut throttle = Throttle::new(NonZeroU32::new(rate).unwrap());
            let began = throttle.at;
            let (mut now, mut flowed) = (began, 0_u64);
            while now < began + Duration::from_secs(10) {
                match throttle.room(now) {
                    Ok(room) => {
                        // Now all of it, now a part.
                        let taken = if flowed % 2 == 0 { room } else { room.div_ceil(3) };
                        throttle.spend(taken as usize);
                        flowed += u64::from(taken);
                    }
                    Err(at) => {
                        assert!(at > now, "it waits for what has come");
                        now = at;
                    }
                }
            }
            let most = 10 * u64::from(rate) + 2 * u64::from(capacity(rate)) + 1;
            assert!(flowed <= most, "{flowed} of {most}");
            assert!(flowed * 100 >= most * 80, "{flowed} of {most}");
        }
    }
}
