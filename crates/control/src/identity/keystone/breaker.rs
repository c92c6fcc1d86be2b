//! The circuit breaker: after some failures in a row nobody is kept waiting for the next one.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::KeystoneError;

/// Counts failures in a row and, after enough of them, turns callers away.
#[derive(Debug)]
pub(super) struct Breaker {
    threshold: u32,
    pause: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// Until when nobody may try. Past it, one may: admitting that one moves it on.
    rests_until: Option<Instant>,
}

impl Breaker {
    pub(super) fn new(threshold: u32, pause: Duration) -> Self {
        Self {
            threshold,
            pause,
            state: Mutex::default(),
        }
    }

    /// Lets the caller try, or says how long to wait.
    ///
    /// After a pause one caller is let through. Whether it fails, succeeds or is never heard of
    /// again, the next one is let through after the next pause at the latest.
    pub(super) fn admit(&self, now: Instant) -> Result<(), KeystoneError> {
        let mut state = self.state();
        let Some(until) = state.rests_until else {
            return Ok(());
        };
        if now < until {
            return Err(KeystoneError::Resting(until - now));
        }
        state.rests_until = Some(now + self.pause);
        Ok(())
    }

    /// Takes note of a success. True: it ends a time of rest.
    pub(super) fn succeeded(&self) -> bool {
        let before = std::mem::take(&mut *self.state());
        before.rests_until.is_some()
    }

    /// Takes note of a failure. True: with it, a time of rest begins.
    pub(super) fn failed(&self, now: Instant) -> bool {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        if state.failures < self.threshold {
            return false;
        }
        state.rests_until.replace(now + self.pause).is_none()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(3);

    fn resting() -> (Breaker, Instant) {
        let (breaker, start) = (Breaker::new(2, PAUSE), Instant::now());
        assert!(!breaker.failed(start));
        assert!(breaker.admit(start).is_ok());
        assert!(breaker.failed(start));
        (breaker, start)
    }

    #[test]
    fn it_rests_after_enough_failures_in_a_row() {
        let (breaker, start) = resting();
        let Err(KeystoneError::Resting(left)) = breaker.admit(start + Duration::from_secs(1)) else {
            panic!("it does not rest");
        };
        assert_eq!(left, Duration::from_secs(2));
    }

    #[test]
    fn a_success_between_failures_begins_the_count_anew() {
        let (breaker, start) = (Breaker::new(2, PAUSE), Instant::now());
        breaker.failed(start);
        assert!(!breaker.succeeded());
        assert!(!breaker.failed(start));
        assert!(breaker.admit(start).is_ok());
    }

    #[test]
    fn one_tries_after_the_pause_and_the_others_go_on_waiting() {
        let (breaker, start) = resting();
        assert!(breaker.admit(start + PAUSE).is_ok());
        assert!(breaker.admit(start + PAUSE).is_err());
        assert!(!breaker.failed(start + PAUSE), "it was resting already");
        assert!(breaker.admit(start + PAUSE + PAUSE / 2).is_err());

        assert!(breaker.admit(start + PAUSE * 2).is_ok());
        assert!(breaker.succeeded());
        assert!(breaker.admit(start + PAUSE * 2).is_ok());
        assert!(breaker.admit(start + PAUSE * 2).is_ok());
    }

    #[test]
    fn a_try_that_is_never_heard_of_again_blocks_nobody_for_good() {
        let (breaker, start) = resting();
        assert!(breaker.admit(start + PAUSE).is_ok());
        assert!(breaker.admit(start + PAUSE * 2).is_ok());
    }
}
