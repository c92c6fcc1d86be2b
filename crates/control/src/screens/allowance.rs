//! How often one user may call: a bucket for each, which fills evenly and holds what a minute brings.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use oriel_domain::UserId;

const MINUTE: Duration = Duration::from_mins(1);

/// How many users are remembered before those whose bucket is full again, which is as good as none, are looked for.
const SWEEP_AT: usize = 1024;

/// What each user has left.
#[derive(Debug)]
pub(super) struct Allowance {
    /// The time that one call is worth.
    each: Duration,
    users: Mutex<Users>,
}

#[derive(Debug)]
struct Users {
    /// When the bucket of each will be full again.
    full_at: HashMap<UserId, Instant>,
    sweep_at: usize,
}

impl Allowance {
    pub fn new(per_minute: NonZeroU32) -> Self {
        Self {
            each: MINUTE / per_minute.get(),
            users: Mutex::new(Users {
                full_at: HashMap::new(),
                sweep_at: SWEEP_AT,
            }),
        }
    }

    /// Takes one call off, or tells in how many whole seconds there is one, at least one.
    pub fn spend(&self, user: &UserId, now: Instant) -> Result<(), Duration> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = users.full_at.get(user).map_or(now, |full_at| now.max(*full_at)) + self.each;
        if let Some(missing) = (full_at - now).checked_sub(MINUTE)
            && !missing.is_zero()
        {
            let seconds = missing.as_millis().div_ceil(1000);
            return Err(Duration::from_secs(seconds.try_into().unwrap_or(u64::MAX)));
        }
        if let Some(known) = users.full_at.get_mut(user) {
            *known = full_at;
            return Ok(());
        }
        if users.full_at.len() >= users.sweep_at {
            users.full_at.retain(|_, full_at| *full_at > now);
            users.sweep_at = SWEEP_AT.max(2 * users.full_at.len());
        }
        users.full_at.insert(user.clone(), full_at);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(n: u32) -> UserId {
        format!("{n:032x}").parse().unwrap()
    }

    #[test]
    fn a_minutes_worth_may_be_spent_at_once_and_then_it_drips() {
        let allowance = Allowance::new(NonZeroU32::new(120).unwrap());
        let now = Instant::now();
        for _ in 0..120 {
            allowance.spend(&user(1), now).unwrap();
        }
        assert_eq!(allowance.spend(&user(1), now), Err(Duration::from_secs(1)));
        assert_eq!(allowance.spend(&user(2), now), Ok(()), "nobody else waits");
        let later = now + Duration::from_millis(500);
        assert_eq!(allowance.spend(&user(1), later), Ok(()));
        assert!(
            allowance.spend(&user(1), later).is_err(),
            "a refused call costs nothing, an allowed one does"
        );
        let much_later = now + Duration::from_hours(1);
        for _ in 0..120 {
            allowance.spend(&user(1), much_later).unwrap();
        }
        assert!(
            allowance.spend(&user(1), much_later).is_err(),
            "no more than a minute's worth is saved up"
        );
    }

    #[test]
    fn one_a_minute_waits_for_its_minute() {
        let allowance = Allowance::new(NonZeroU32::MIN);
        let now = Instant::now();
        allowance.spend(&user(1), now).unwrap();
        let later = now + Duration::from_secs(20);
        assert_eq!(allowance.spend(&user(1), later), Err(Duration::from_secs(40)));
    }

    #[test]
    fn users_who_are_long_gone_are_forgotten() {
        let allowance = Allowance::new(NonZeroU32::new(60).unwrap());
        let mut now = Instant::now();
        for n in 0..100_000 {
            allowance.spend(&user(n), now).unwrap();
            now += Duration::from_millis(10);
        }
        let known = allowance.users.lock().unwrap().full_at.len();
        assert!(known <= 2 * SWEEP_AT, "{known}");
    }
}
