//! The sessions of this gateway: how many there are, which they are, and who is told when it stops.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use oriel_domain::{
    ConsoleKind, Digest, EndReason, Grant, ProjectId, ServerId, SessionId, UserId, ViewerRole,
};
use oriel_store::{Opening, SessionRecord, Store};
use time::OffsetDateTime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::http::ClientAddress;
use crate::session::{Failure, Live, PageId, Session};

/// The live sessions of this gateway. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Sessions {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    gateway: String,
    limits: Limits,
    /// One permit for each session that may still begin. Closed when the gateway stops.
    slots: Arc<Semaphore>,
    register: Mutex<Register>,
    /// Relays, and the records of their ends: what a stop waits for.
    tasks: TaskTracker,
}

#[derive(Debug, Default)]
struct Register {
    /// Set while no session may begin, and why.
    closed: Option<EndReason>,
    live: HashMap<SessionId, Arc<Live>>,
    by_server: HashMap<ServerId, Vec<Arc<Live>>>,
    by_user: HashMap<UserId, usize>,
    by_project: HashMap<ProjectId, usize>,
}

impl Register {
    fn viewers(&self, server: ServerId) -> &[Arc<Live>] {
        self.by_server.get(&server).map(Vec::as_slice).unwrap_or_default()
    }

    /// Which sessions make room for one more of this grant, if one may begin.
    fn room(
        &self,
        limits: &Limits,
        token: &Digest,
        page: Option<PageId>,
        grant: &Grant,
    ) -> Result<Vec<Arc<Live>>, EndReason> {
        if let Some(reason) = self.closed {
            return Err(reason);
        }
        let viewers = self.viewers(grant.server);
        let mut leaving = Vec::new();
        if limits.viewers != Viewers::Many {
            for other in viewers {
                // The same link in the same browser: a page that was opened again, or came back sooner than its
                // broken connection was noticed.
                let own = other.token == *token;
                if other.is_beside(token, page, grant.console) {
                    continue;
                }
                let takes = limits.viewers == Viewers::TakeOver && grant.role != ViewerRole::Observer;
                if !own && !takes && !other.is_told() {
                    return Err(EndReason::ServerInUse);
                }
                leaving.push(Arc::clone(other));
            }
        }
        let over = |most: Option<usize>, now: usize, left: usize| {
            most.is_some_and(|most| now.saturating_sub(left) >= most)
        };
        let users = leaving.iter().filter(|live| live.grant.user == grant.user);
        let of = |count: Option<&usize>| count.copied().unwrap_or_default();
        if over(limits.per_user, of(self.by_user.get(&grant.user)), users.count()) {
            return Err(EndReason::TooManyOfUser);
        }
        if over(
            limits.per_project,
            of(self.by_project.get(&grant.project)),
            leaving.len(),
        ) {
            return Err(EndReason::TooManyOfProject);
        }
        if over(limits.per_server, viewers.len(), leaving.len()) {
            return Err(EndReason::TooManyOfServer);
        }
        Ok(leaving)
    }

    fn add(&mut self, live: &Arc<Live>) {
        self.live.insert(live.id, Arc::clone(live));
        let viewers = self.by_server.entry(live.grant.server).or_default();
        viewers.push(Arc::clone(live));
        tell_company(viewers);
        *self.by_user.entry(live.grant.user.clone()).or_default() += 1;
        *self.by_project.entry(live.grant.project.clone()).or_default() += 1;
    }

    fn remove(&mut self, live: &Live) {
        if self.live.remove(&live.id).is_none() {
            return;
        }
        if let Entry::Occupied(mut viewers) = self.by_server.entry(live.grant.server) {
            viewers.get_mut().retain(|other| other.id != live.id);
            tell_company(viewers.get());
            if viewers.get().is_empty() {
                viewers.remove();
            }
        }
        one_less(self.by_user.entry(live.grant.user.clone()));
        one_less(self.by_project.entry(live.grant.project.clone()));
    }
}

fn one_less<K>(entry: Entry<'_, K, usize>) {
    if let Entry::Occupied(mut count) = entry {
        *count.get_mut() -= 1;
        if *count.get() == 0 {
            count.remove();
        }
    }
}

/// Those who look at one server learn that somebody came or went, where a side channel listens.
fn tell_company(viewers: &[Arc<Live>]) {
    for live in viewers.iter().filter(|live| live.status.receiver_count() > 0) {
        live.status
            .send_modify(|status| status.company = status.company.wrapping_add(1));
    }
}

/// How many viewers a server has at a time, and what becomes of the second where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewers {
    /// Any number.
    Many,
    /// One: the second takes over from the first.
    TakeOver,
    /// One: the second is refused.
    Refuse,
}

/// How many sessions there may be at once.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// In all.
    pub sessions: usize,
    /// Of one user.
    pub per_user: Option<usize>,
    /// Of one project's servers.
    pub per_project: Option<usize>,
    /// Of one server.
    pub per_server: Option<usize>,
    /// One viewer of a server, or many.
    pub viewers: Viewers,
}

/// Leave to begin one session. It is held while the back end is opened, so that openings count too,
/// and a stop waits for them.
#[derive(Debug)]
pub(crate) struct Slot {
    _permit: OwnedSemaphorePermit,
    _task: TaskTrackerToken,
}

impl Sessions {
    pub fn new(store: Store, gateway: String, limits: Limits) -> Self {
        let slots = Arc::new(Semaphore::new(limits.sessions.min(Semaphore::MAX_PERMITS)));
        Self {
            inner: Arc::new(Inner {
                store,
                gateway,
                limits,
                slots,
                register: Mutex::default(),
                tasks: TaskTracker::new(),
            }),
        }
    }

    /// Takes a slot, if one more session may begin.
    pub fn admit(&self) -> Result<Slot, EndReason> {
        self.check_open()?;
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

    /// Whether sessions may begin at all.
    pub fn check_open(&self) -> Result<(), EndReason> {
        self.register().closed.map_or(Ok(()), Err)
    }

    /// Whether one more session of this grant may begin. It is decided anew when it does; this spares the hypervisor
    /// those that may not.
    pub fn check_room(&self, token: &Digest, page: Option<PageId>, grant: &Grant) -> Result<(), EndReason> {
        self.register()
            .room(&self.inner.limits, token, page, grant)
            .map(drop)
    }

    /// What is recorded of a session before it begins.
    pub fn opening(&self, client: ClientAddress, console: Option<ConsoleKind>) -> Opening {
        Opening {
            id: SessionId::random(),
            console,
            client: client.to_string(),
            gateway: self.inner.gateway.clone(),
        }
    }

    /// Begins a session, and records it unless its opening was `recorded`. Those that it takes over from are told so.
    pub async fn begin(&self, slot: Slot, mut live: Live, recorded: bool) -> Result<Session, Failure> {
        let live = {
            let mut register = self.register();
            for loser in register.room(&self.inner.limits, &live.token, live.page, &live.grant)? {
                loser.end_by(EndReason::TakenOver, live.grant.user_name.clone());
            }
            let viewers = register.viewers(live.grant.server);
            let beside = viewers
                .iter()
                .find(|other| other.is_beside(&live.token, live.page, live.grant.console));
            if let Some(other) = beside {
                // Whoever uses one tab, or the channel that has keys and pointer, is there for all of them.
                live.traffic.share_hand(&other.traffic);
            }
            let live = Arc::new(live);
            register.add(&live);
            live
        };
        // From here on, every way out ends the session.
        let session = Session::new(Arc::clone(&live), self.clone(), slot);
        if !recorded {
            let record = SessionRecord {
                id: live.id,
                token: live.token,
                grant: live.grant.clone(),
                client: live.client.to_string(),
                gateway: self.inner.gateway.clone(),
                began_at: live.began_at,
            };
            self.inner.store.begin_session(&record).await?;
        }
        tracing::info!(
            session_id = %live.id, grant = %live.token.short(), server_id = %live.grant.server,
            project_id = %live.grant.project, user_id = %live.grant.user, client = %live.client,
            "session began"
        );
        Ok(session)
    }

    /// Takes a session off the register, and records its end beside whoever carried it.
    pub fn ended(&self, live: &Live, reason: EndReason) {
        self.register().remove(live);
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

    /// The session that a token's page has: the one of this page and console, or the youngest.
    pub fn of_page(
        &self,
        server: ServerId,
        token: &Digest,
        page: Option<PageId>,
        console: Option<ConsoleKind>,
    ) -> Option<Arc<Live>> {
        let register = self.register();
        let mut own = register
            .viewers(server)
            .iter()
            .rev()
            .filter(|live| live.token == *token);
        own.find(|live| {
            (page.is_none() || live.page == page) && console.is_none_or(|kind| kind == live.grant.console)
        })
        .map(Arc::clone)
    }

    /// Those who look at a server.
    pub fn viewers(&self, server: ServerId) -> Vec<Arc<Live>> {
        self.register().viewers(server).to_vec()
    }

    /// Looks at each live session.
    pub fn each(&self, look: impl Fn(&Live)) {
        for live in self.register().live.values() {
            look(live);
        }
    }

    /// Takes no new session and sends the live ones elsewhere, or serves again.
    pub fn drain(&self, drain: bool) {
        let mut register = self.register();
        match (register.closed, drain) {
            (None, true) => {
                register.closed = Some(EndReason::Drained);
                let live = register.live.len();
                tracing::info!(live, "draining: no new sessions, live ones are sent elsewhere");
                for live in register.live.values() {
                    live.end(EndReason::Drained);
                }
            }
            (Some(EndReason::Drained), false) => {
                register.closed = None;
                tracing::info!("no longer draining: sessions may begin again");
            }
            _ => {}
        }
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
            register.closed = Some(EndReason::Stopping);
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
