//! The sessions of this gateway: how many there are, which they are, and who is told when it stops.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use oriel_domain::{Digest, EndReason, Grant, SessionId};
use oriel_store::{SessionRecord, Store};
use time::OffsetDateTime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::http::ClientAddress;
use crate::session::{Failure, Live, Session};

/// The live sessions of this gateway. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Sessions {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    gateway: String,
    /// One permit for each session that may still begin. Closed when the gateway stops.
    slots: Arc<Semaphore>,
    register: Mutex<Register>,
    /// Relays, and the records of their ends: what a stop waits for.
    tasks: TaskTracker,
}

#[derive(Debug, Default)]
struct Register {
    stopping: bool,
    live: HashMap<SessionId, Arc<Live>>,
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
            inner: Arc::new(Inner {
                store,
                gateway,
                slots,
                register: Mutex::default(),
                tasks: TaskTracker::new(),
            }),
        }
    }

    /// Takes a slot, if one more session may begin.
    pub fn admit(&self) -> Result<Slot, EndReason> {
        let permit = Arc::clone(&self.inner.slots)
            .try_acquire_owned()
            .map_err(|error| match error {
                TryAcquireError::NoPermits => EndReason::TooManySessions,
                TryAcquireError::Closed => EndReason::Stopping,
            })?;
        Ok(Slot {
            _permit: permit,
            _task: self.inner.tasks.token(),
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
        let live = Arc::new(Live::new(token, grant, client));
        {
            let mut register = self.register();
            if register.stopping {
                return Err(EndReason::Stopping.into());
            }
            register.live.insert(live.id, Arc::clone(&live));
        }
        // From here on, every way out ends the session.
        let session = Session::new(Arc::clone(&live), self.clone(), slot);
        let record = SessionRecord {
            id: live.id,
            token,
            grant: live.grant.clone(),
            client: client.to_string(),
            gateway: self.inner.gateway.clone(),
            began_at: live.began_at,
        };
        self.inner.store.begin_session(&record).await?;
        tracing::info!(
            session_id = %live.id, grant = %token.short(), server_id = %record.grant.server,
            project_id = %record.grant.project, user_id = %record.grant.user, client = %record.client,
            "session began"
        );
        Ok(session)
    }

    /// Takes a session off the register, and records its end beside whoever carried it.
    pub fn ended(&self, live: &Live, reason: EndReason) {
        self.register().live.remove(&live.id);
        let (id, (down, up)) = (live.id, live.traffic.bytes());
        let store = self.inner.store.clone();
        self.inner.tasks.spawn(async move {
            let now = OffsetDateTime::now_utc();
            if let Err(error) = store.end_session(id, reason, down, up, now).await {
                tracing::error!(session_id = %id, %error, "the end of a session could not be recorded");
            }
        });
    }

    /// The live session with this id.
    pub fn get(&self, id: SessionId) -> Option<Arc<Live>> {
        self.register().live.get(&id).map(Arc::clone)
    }

    /// Where work goes that outlives the request it belongs to, and that a stop waits for.
    pub fn tasks(&self) -> TaskTracker {
        self.inner.tasks.clone()
    }

    /// Runs the rest of a session beside the request that began it.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.inner.tasks.spawn(task);
    }

    /// Takes no new session, tells the live ones, and waits for their ends up to `grace`.
    pub async fn stop(&self, grace: Duration) -> usize {
        self.inner.slots.close();
        {
            let mut register = self.register();
            register.stopping = true;
            for live in register.live.values() {
                live.end(EndReason::Stopping);
            }
        }
        self.inner.tasks.close();
        // Whether or not all have ended in time, what counts is how many are left.
        let _ = tokio::time::timeout(grace, self.inner.tasks.wait()).await;
        self.register().live.len()
    }

    fn register(&self) -> MutexGuard<'_, Register> {
        self.inner.register.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
