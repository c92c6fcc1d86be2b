//! Sessions: how many there are, who is told when the gateway stops, and the one reason for the
//! end of each.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use oriel_domain::{Digest, EndReason, Grant, SessionId};
use oriel_store::{SessionRecord, Store, StoreError};
use time::OffsetDateTime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, watch};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::http::ClientAddress;
use crate::relay::Carried;

/// Why a session ended or never began: the reason that everyone is told, and what only the log is.
#[derive(Debug)]
pub(crate) struct Failure {
    pub reason: EndReason,
    pub detail: String,
}

impl Failure {
    pub fn new(reason: EndReason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
        }
    }
}

impl Failure {
    /// The end of a back end's connection that broke. A hypervisor that ends a machine often resets
    /// the connection: that is closing it too.
    pub fn of_back_end(error: &io::Error) -> Self {
        let reason = match error.kind() {
            io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => EndReason::BackEndClosed,
            _ => EndReason::BackEndLost,
        };
        Self::new(reason, error.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.detail.as_str() {
            "" => f.write_str(self.reason.describe()),
            detail => write!(f, "{}: {detail}", self.reason.describe()),
        }
    }
}

impl From<EndReason> for Failure {
    fn from(reason: EndReason) -> Self {
        Self::new(reason, "")
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(EndReason::Internal, error.to_string())
    }
}

/// Logs an end at the level that its reason deserves: what clients do is everyday life, what
/// hypervisors do is for the operator to look at, and a fault of ours is a bug.
macro_rules! log_end {
    ($reason:expr, $($event:tt)*) => {
        match $reason.fault() {
            _ if $reason == EndReason::Internal => tracing::error!($($event)*),
            oriel_domain::Fault::BackEnd => tracing::warn!($($event)*),
            oriel_domain::Fault::Client | oriel_domain::Fault::Gateway => tracing::info!($($event)*),
        }
    };
}
pub(crate) use log_end;

/// The live sessions of this gateway.
#[derive(Debug)]
pub(crate) struct Sessions {
    store: Store,
    gateway: String,
    /// One permit for each session that may still begin. Closed when the gateway stops.
    slots: Arc<Semaphore>,
    live: Arc<Mutex<Live>>,
    /// Relays, and the records of their ends: what a stop waits for.
    tasks: TaskTracker,
}

#[derive(Debug, Default)]
struct Live {
    stopping: bool,
    sessions: HashMap<SessionId, watch::Sender<Option<EndReason>>>,
}

/// Leave to begin one session. It is held while the back end is opened, so that openings count too,
/// and a stop waits for them.
#[derive(Debug)]
pub(crate) struct Slot {
    _permit: OwnedSemaphorePermit,
    _task: TaskTrackerToken,
}

impl Sessions {
    pub fn new(store: Store, gateway: String, max: usize) -> Self {
        let slots = Arc::new(Semaphore::new(max.min(Semaphore::MAX_PERMITS)));
        Self {
            store,
            gateway,
            slots,
            live: Arc::default(),
            tasks: TaskTracker::new(),
        }
    }

    /// Takes a slot, if one more session may begin.
    pub fn admit(&self) -> Result<Slot, EndReason> {
        let permit = Arc::clone(&self.slots)
            .try_acquire_owned()
            .map_err(|error| match error {
                TryAcquireError::NoPermits => EndReason::TooManySessions,
                TryAcquireError::Closed => EndReason::Stopping,
            })?;
        Ok(Slot {
            _permit: permit,
            _task: self.tasks.token(),
        })
    }

    /// Begins a session and records it.
    pub async fn begin(
        &self,
        slot: Slot,
        token: Digest,
        grant: Grant,
        client: ClientAddress,
    ) -> Result<Session, Failure> {
        let id = SessionId::random();
        let (tell, told) = watch::channel(None);
        {
            let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
            if live.stopping {
                return Err(EndReason::Stopping.into());
            }
            live.sessions.insert(id, tell);
        }
        // From here on, every way out ends the session.
        let session = Session {
            id,
            told,
            end: None,
            carried: Arc::default(),
            store: self.store.clone(),
            live: Arc::clone(&self.live),
            tasks: self.tasks.clone(),
            _slot: slot,
        };
        let record = SessionRecord {
            id,
            token,
            grant,
            client: client.to_string(),
            gateway: self.gateway.clone(),
            began_at: OffsetDateTime::now_utc(),
        };
        self.store.begin_session(&record).await?;
        tracing::info!(
            session_id = %id, grant = %token.short(), server_id = %record.grant.server,
            project_id = %record.grant.project, user_id = %record.grant.user, client = %record.client,
            "session began"
        );
        Ok(session)
    }

    /// Where work goes that outlives the request it belongs to, and that a stop waits for.
    pub fn tasks(&self) -> TaskTracker {
        self.tasks.clone()
    }

    /// Runs the rest of a session beside the request that began it.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Takes no new session, tells the live ones, and waits for their ends up to `grace`.
    pub async fn stop(&self, grace: Duration) -> usize {
        self.slots.close();
        {
            let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
            live.stopping = true;
            for tell in live.sessions.values() {
                tell.send_replace(Some(EndReason::Stopping));
            }
        }
        self.tasks.close();
        // Whether or not all have ended in time, what counts is how many are left.
        let _ = tokio::time::timeout(grace, self.tasks.wait()).await;
        self.live
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .sessions
            .len()
    }
}

/// A live session. Its drop ends it, so that no error path can forget to.
#[derive(Debug)]
pub(crate) struct Session {
    id: SessionId,
    told: watch::Receiver<Option<EndReason>>,
    end: Option<Failure>,
    /// What the relay has carried so far.
    pub carried: Arc<Carried>,
    store: Store,
    live: Arc<Mutex<Live>>,
    tasks: TaskTracker,
    _slot: Slot,
}

impl Session {
    /// Resolves when somebody else wants the session to end.
    pub async fn told_to_end(&mut self) -> EndReason {
        match self.told.wait_for(Option::is_some).await.map(|reason| *reason) {
            Ok(Some(reason)) => reason,
            _ => EndReason::Internal,
        }
    }

    /// Ends the session for this reason.
    pub fn end(mut self, failure: Failure) {
        self.end = Some(failure);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.live
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .sessions
            .remove(&self.id);
        // Dropped without an end of its own, it was cut: by who told it to end, or by a fault here.
        let told = *self.told.borrow();
        let failure = self
            .end
            .take()
            .unwrap_or_else(|| told.unwrap_or(EndReason::Internal).into());
        let (down, up) = self.carried.bytes();
        let (session_id, reason) = (self.id, failure.reason);
        log_end!(reason, %session_id, %reason, detail = failure.detail, down, up, "session ended");
        let store = self.store.clone();
        self.tasks.spawn(async move {
            let now = OffsetDateTime::now_utc();
            if let Err(error) = store.end_session(session_id, reason, down, up, now).await {
                tracing::error!(%session_id, %error, "the end of a session could not be recorded");
            }
        });
    }
}
