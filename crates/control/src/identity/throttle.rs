//! Slows down and then locks out whoever keeps failing to prove who they are.
//!
//! Failures are counted for each name that is claimed (a user, an access key), known or not, so that
//! guessing one name's secret from many addresses is slowed all the same, and nobody learns which
//! names there are. Tokens that were issued before go on working.

use std::fmt;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many names share a set. The set is found by the name's hash, with a key that is drawn at each
/// start, so that nobody can choose which names meet.
const WAYS: usize = 8;
/// How many sets there are. With [`WAYS`] and 40 bytes a name: 16,384 names in 640 KiB.
const SETS: usize = 2_048;
/// The wait after half of the failures that lock; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// When failures slow down, and when they lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockOut {
    /// Failures in a row that lock a name. Half of them slow it down. 0: nothing is ever locked.
    pub after: u32,
    /// How long a name stays locked, and how long failures are remembered.
    pub lasts: Duration,
}

impl LockOut {
    /// What an operator who sets nothing gets.
    pub const DEFAULT: Self = Self {
        after: 10,
        lasts: Duration::from_mins(5),
    };

    /// How long a name has to wait after this many failures in a row.
    fn wait(self, failures: u32) -> Duration {
        if failures >= self.after {
            return self.lasts;
        }
        match failures.checked_sub(self.after.div_ceil(2)) {
            None => Duration::ZERO,
            Some(doublings) => FIRST_WAIT
                .saturating_mul(2_u32.saturating_pow(doublings))
                .min(self.lasts),
        }
    }
}

/// A name that has failed too often. It may come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many failures: try again in {} seconds", .retry_after.as_secs())]
pub struct Locked {
    /// When, from now; whole seconds, at least one.
    pub retry_after: Duration,
}

/// The failures of each name.
pub struct Throttle {
    lock_out: LockOut,
    hasher: RandomState,
    sets: Mutex<Box<[[Slot; WAYS]]>>,
}

/// One name's failures. The name itself is not kept: what was typed as one may be a password.
#[derive(Debug, Clone, Copy)]
struct Slot {
    name: u64,
    failures: u32,
    last: Option<Instant>,
}

impl Slot {
    const EMPTY: Self = Self {
        name: 0,
        failures: 0,
        last: None,
    };
}

/// Leave to try. Dropped without an outcome, it was no try.
#[derive(Debug)]
#[must_use]
pub struct Attempt<'a> {
    throttle: &'a Throttle,
    name: u64,
}

impl Throttle {
    /// Starts with no failures.
    pub fn new(lock_out: LockOut) -> Self {
        Self {
            lock_out,
            hasher: RandomState::new(),
            sets: Mutex::new(vec![[Slot::EMPTY; WAYS]; SETS].into_boxed_slice()),
        }
    }

    /// Lets a name try, unless it has to wait. Ask before any work is done for it.
    pub fn admit(&self, name: &impl Hash, now: Instant) -> Result<Attempt<'_>, Locked> {
        let name = self.hasher.hash_one(name);
        self.check(name, now)?;
        Ok(Attempt { throttle: self, name })
    }

    fn check(&self, name: u64, now: Instant) -> Result<(), Locked> {
        let mut sets = self.sets();
        let slot = find(set_of(&mut sets, name), name);
        let Some((failures, last)) = slot.and_then(|slot| Some((slot.failures, slot.last?))) else {
            return Ok(());
        };
        let waited = now.saturating_duration_since(last);
        match self.lock_out.wait(failures).checked_sub(waited) {
            None | Some(Duration::ZERO) => Ok(()),
            Some(left) => Err(Locked {
                retry_after: Duration::from_secs(
                    left.as_millis().div_ceil(1_000).try_into().unwrap_or(u64::MAX),
                ),
            }),
        }
    }

    fn count(&self, name: u64, now: Instant) {
        if self.lock_out.after == 0 {
            return;
        }
        let mut sets = self.sets();
        let set = set_of(&mut sets, name);
        if let Some(slot) = find(set, name) {
            let forgotten = slot
                .last
                .is_none_or(|last| now.saturating_duration_since(last) >= self.lock_out.lasts);
            slot.failures = if forgotten {
                1
            } else {
                slot.failures.saturating_add(1)
            };
            slot.last = Some(now);
        } else if let Some(slot) = set.iter_mut().min_by_key(|slot| self.worth(slot, now)) {
            *slot = Slot {
                name,
                failures: 1,
                last: Some(now),
            };
        }
    }

    /// What makes a slot worth keeping where there are too many names: first that it is still
    /// remembered, then its failures, so that a flood of made-up names does not wash out a locked one.
    fn worth(&self, slot: &Slot, now: Instant) -> (bool, u32, Option<Instant>) {
        let fresh = slot
            .last
            .is_some_and(|last| now.saturating_duration_since(last) < self.lock_out.lasts);
        (fresh, slot.failures, slot.last)
    }

    fn forget(&self, name: u64) {
        let mut sets = self.sets();
        if let Some(slot) = find(set_of(&mut sets, name), name) {
            *slot = Slot::EMPTY;
        }
    }

    fn sets(&self) -> MutexGuard<'_, Box<[[Slot; WAYS]]>> {
        // Slots are plain values: one that a panic left behind is as good as any.
        self.sets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    /// The name has proved itself: its failures are forgotten. It must wait all the same where others
    /// failed while this try went on, or a burst of guesses at once would escape the count.
    pub fn succeeded(self, now: Instant) -> Result<(), Locked> {
        self.throttle.check(self.name, now)?;
        self.throttle.forget(self.name);
        Ok(())
    }

    /// The name has not proved itself.
    pub fn failed(self, now: Instant) {
        self.throttle.count(self.name, now);
    }
}

fn set_of(sets: &mut [[Slot; WAYS]], name: u64) -> &mut [Slot; WAYS] {
    // The remainder is below the number of sets, which is a small number.
    let index = usize::try_from(name % SETS as u64).unwrap_or_default();
    &mut sets[index]
}

fn find(set: &mut [Slot; WAYS], name: u64) -> Option<&mut Slot> {
    set.iter_mut()
        .find(|slot| slot.last.is_some() && slot.name == name)
}

impl fmt::Debug for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttle")
            .field("lock_out", &self.lock_out)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A throttle with a clock that goes only when it is told to.
    struct Clocked {
        throttle: Throttle,
        now: Instant,
    }

    impl Clocked {
        fn new(after: u32) -> Self {
            let lasts = Duration::from_mins(5);
            Self {
                throttle: Throttle::new(LockOut { after, lasts }),
                now: Instant::now(),
            }
        }

        fn wait(&self, name: &str) -> u64 {
            match self.throttle.admit(&name, self.now) {
                Ok(_) => 0,
                Err(locked) => locked.retry_after.as_secs(),
            }
        }

        /// Fails as soon as it may, so many times.
        fn fail(&mut self, name: &str, times: usize) {
            for _ in 0..times {
                self.now += SECOND * u32::try_from(self.wait(name)).unwrap();
                self.throttle.admit(&name, self.now).unwrap().failed(self.now);
            }
        }
    }

    #[test]
    fn failures_are_free_then_slowed_then_locked() {
        let mut clocked = Clocked::new(10);
        let mut waits = Vec::new();
        for _ in 0..10 {
            clocked.fail("ann", 1);
            waits.push(clocked.wait("ann"));
        }
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 300]);
        clocked.now += SECOND * 299;
        assert_eq!(clocked.wait("ann"), 1);
        clocked.now += SECOND;
        assert_eq!(clocked.wait("ann"), 0);
        clocked.fail("ann", 4);
        assert_eq!(clocked.wait("ann"), 0, "after the lock it starts anew");
    }

    #[test]
    fn nobody_else_waits() {
        let mut clocked = Clocked::new(10);
        clocked.fail("ann", 10);
        assert!(clocked.wait("ann") > 0);
        assert_eq!(clocked.wait("bob"), 0);
    }

    #[test]
    fn a_try_while_one_has_to_wait_does_not_lengthen_the_wait() {
        let mut clocked = Clocked::new(10);
        clocked.fail("ann", 9);
        for _ in 0..100 {
            assert_eq!(clocked.wait("ann"), 16);
        }
    }

    #[test]
    fn success_forgets_and_so_does_time() {
        let mut clocked = Clocked::new(10);
        clocked.fail("ann", 4);
        let attempt = clocked.throttle.admit(&"ann", clocked.now).unwrap();
        attempt.succeeded(clocked.now).unwrap();
        clocked.fail("ann", 4);
        assert_eq!(clocked.wait("ann"), 0);
        clocked.now += SECOND * 300;
        clocked.fail("ann", 4);
        assert_eq!(clocked.wait("ann"), 0);
    }

    #[test]
    fn what_had_no_outcome_was_no_try() {
        let clocked = Clocked::new(1);
        drop(clocked.throttle.admit(&"ann", clocked.now).unwrap());
        assert_eq!(clocked.wait("ann"), 0);
    }

    #[test]
    fn a_burst_of_guesses_at_once_does_not_escape_the_count() {
        let clocked = Clocked::new(10);
        let mut burst: Vec<_> = (0..50)
            .map(|_| clocked.throttle.admit(&"ann", clocked.now).unwrap())
            .collect();
        let right = burst.pop().unwrap();
        for guess in burst {
            guess.failed(clocked.now);
        }
        assert!(right.succeeded(clocked.now).is_err());
        assert_eq!(clocked.wait("ann"), 300);
    }

    #[test]
    fn a_flood_of_made_up_names_does_not_wash_out_a_locked_one() {
        let mut clocked = Clocked::new(10);
        clocked.fail("ann", 10);
        for n in 0..100_000 {
            let name = format!("made-up-{n}");
            clocked
                .throttle
                .admit(&name, clocked.now)
                .unwrap()
                .failed(clocked.now);
        }
        assert_eq!(clocked.wait("ann"), 300);
    }

    #[test]
    fn zero_locks_nothing() {
        let mut clocked = Clocked::new(0);
        clocked.fail("ann", 1_000);
        assert_eq!(clocked.wait("ann"), 0);
    }

    #[test]
    fn one_failure_may_lock_and_many_do_not_overflow() {
        let mut clocked = Clocked::new(1);
        clocked.fail("ann", 1);
        assert_eq!(clocked.wait("ann"), 300);
        let patient = LockOut {
            after: u32::MAX,
            ..LockOut::DEFAULT
        };
        assert_eq!(patient.wait(u32::MAX - 1), patient.lasts);
    }
}
