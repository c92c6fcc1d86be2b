//! What needs time: the longest session, idle ones, the order to drain, pictures that are kept no longer. One task looks at every session each second, so
//! that none needs a timer of its own.

use std::time::Duration;

use oriel_domain::EndReason;
use tokio::time::{Instant, MissedTickBehavior};

use crate::session::Live;
use crate::{Gateway, GatewaySettings};

/// How often it looks: the exactness of all that it decides.
const EVERY: Duration = Duration::from_secs(1);

impl Gateway {
    /// Watches over the sessions, for ever.
    pub async fn supervise(self) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let inner = &self.inner;
            let now = Instant::now();
            inner.sessions.each(|live| look(live, &inner.settings, now));
            inner.screenshots.tidy().await;
            match inner.store.is_to_drain(&inner.settings.name).await {
                Ok(drain) => inner.sessions.drain(drain),
                Err(error) => {
                    tracing::error!(%error, "whether to drain could not be read; all stays as it is");
                }
            }
        }
    }
}

/// Ends a session whose time is over, and keeps what its viewer is told of it.
pub(crate) fn look(live: &Live, settings: &GatewaySettings, now: Instant) {
    if settings
        .longest_session
        .is_some_and(|longest| live.traffic.age() >= longest)
    {
        return live.end(EndReason::SessionTooLong);
    }
    let idle_end = settings
        .idle_timeout
        .map(|timeout| live.traffic.last_input() + timeout);
    if idle_end.is_some_and(|end| now >= end) {
        return live.end(EndReason::Idle);
    }
    let idle_until = idle_end.filter(|end| *end - now <= settings.idle_warning);
    let round_trip = live.traffic.round_trip();
    live.status.send_if_modified(|status| {
        let changed = status.idle_until != idle_until || status.round_trip != round_trip;
        (status.idle_until, status.round_trip) = (idle_until, round_trip);
        changed
    });
}
