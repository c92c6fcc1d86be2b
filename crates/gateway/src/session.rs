//! A session: what others know of it, how they end it, and the one reason for its end.

use std::fmt;
use std::io;
use std::sync::atomic::AtomicU8;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use oriel_domain::{ConsoleKind, Digest, EndReason, Grant, Protocol, SessionId};
use oriel_store::StoreError;
use time::OffsetDateTime;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::http::ClientAddress;
use crate::sessions::{Sessions, Slot};
use crate::traffic::Traffic;
use crate::typing::Job;

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

    /// The same, where it closes before all of `part` has come.
    pub fn of_back_end_in(part: &str, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::new(EndReason::BackEndClosed, format!("closed in {part}")),
            _ => Self::of_back_end(error),
        }
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

/// An end that a session was told: why, by whom where another viewer did it, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub reason: EndReason,
    pub by: Option<Box<str>>,
    pub at: OffsetDateTime,
}

/// What changes in a session while it lives. Whoever joins late reads the whole of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Status {
    pub told: Option<Told>,
    /// When it ends for want of use, once its viewer has to be warned of that.
    pub idle_until: Option<Instant>,
    pub round_trip: Option<Duration>,
    /// Counts the comings and goings of its server's viewers.
    pub company: u32,
}

/// A page's own name for its session: several pages of one browser may share a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageId(u64);

impl PageId {
    /// Reads 16 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        digits
            .then(|| u64::from_str_radix(text, 16).ok().map(Self))
            .flatten()
    }
}

/// A live session, as others in the process see it.
#[derive(Debug)]
pub(crate) struct Live {
    pub id: SessionId,
    /// The digest of the token that opened it.
    pub token: Digest,
    /// What that token stands for.
    pub grant: Grant,
    pub page: Option<PageId>,
    /// Where the browser is.
    pub client: ClientAddress,
    pub began_at: OffsetDateTime,
    pub traffic: Traffic,
    pub status: watch::Sender<Status>,
    /// Wakes who carries it when it is told to end, and for nothing else that changes.
    told: Notify,
    /// Side channels that are open.
    pub streams: AtomicU8,
    /// The text that is typed for it, or was last.
    job: Mutex<Option<Arc<Job>>>,
}

impl Live {
    pub(crate) fn new(
        id: SessionId,
        token: Digest,
        grant: Grant,
        page: Option<PageId>,
        client: ClientAddress,
    ) -> Self {
        Self {
            id,
            token,
            grant,
            page,
            client,
            began_at: OffsetDateTime::now_utc(),
            traffic: Traffic::new(),
            status: watch::Sender::new(Status::default()),
            told: Notify::new(),
            streams: AtomicU8::new(0),
            job: Mutex::default(),
        }
    }

    /// Ends it for this reason, unless it was told another before.
    pub fn end(&self, reason: EndReason) {
        self.end_by(reason, None);
    }

    /// The same, and by whom.
    pub fn end_by(&self, reason: EndReason, by: Option<Box<str>>) {
        self.status.send_if_modified(|status| {
            let first = status.told.is_none();
            let at = OffsetDateTime::now_utc();
            status.told.get_or_insert(Told { reason, by, at });
            first
        });
        self.told.notify_waiters();
    }

    /// Whether it is of the same page as another session: of another of its tabs, or of a channel of SPICE, each of
    /// which is a session.
    pub fn is_of_page(&self, token: &Digest, page: Option<PageId>, kind: ConsoleKind) -> bool {
        let channels = kind.protocol() == Protocol::Spice && self.grant.console.protocol() == Protocol::Spice;
        self.token == *token && self.page == page && (page.is_some() || channels)
    }

    /// Whether it may stay beside another session where a server has one viewer at a time: it is of the same page, and
    /// not the same console come again.
    pub fn is_beside(&self, token: &Digest, page: Option<PageId>, kind: ConsoleKind) -> bool {
        let again = kind == self.grant.console && kind.protocol() != Protocol::Spice;
        self.is_of_page(token, page, kind) && !again
    }

    /// The text that is typed for it, or was last.
    pub fn job(&self) -> Option<Arc<Job>> {
        self.job.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes a text that is typed for it.
    pub fn set_job(&self, job: Arc<Job>) {
        *self.job.lock().unwrap_or_else(PoisonError::into_inner) = Some(job);
    }

    pub fn is_told(&self) -> bool {
        self.status.borrow().told.is_some()
    }

    /// Resolves when somebody wants it to end.
    pub async fn told_to_end(&self) -> EndReason {
        loop {
            let told = self.told.notified();
            if let Some(told) = &self.status.borrow().told {
                return told.reason;
            }
            told.await;
        }
    }
}

/// A live session in the hands of who carries it. Its drop ends it, so that no error path can forget to.
#[derive(Debug)]
pub(crate) struct Session {
    pub live: Arc<Live>,
    end: Option<Failure>,
    sessions: Sessions,
    _slot: Slot,
}

impl Session {
    pub(crate) fn new(live: Arc<Live>, sessions: Sessions, slot: Slot) -> Self {
        Self {
            live,
            end: None,
            sessions,
            _slot: slot,
        }
    }

    /// Ends the session for this reason.
    pub fn end(mut self, failure: Failure) {
        self.end = Some(failure);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Dropped without an end of its own, it was cut: by who told it to end, or by a fault here.
        let told = self.live.status.borrow().told.as_ref().map(|told| told.reason);
        let failure = self
            .end
            .take()
            .unwrap_or_else(|| told.unwrap_or(EndReason::Internal).into());
        let (down, up) = self.live.traffic.bytes();
        let (session_id, client, reason) = (self.live.id, self.live.client, failure.reason);
        log_end!(reason, %session_id, %client, %reason, detail = failure.detail, down, up, "session ended");
        // Whoever listens at its side channel learns of every end, and hears no more.
        self.live.end(reason);
        self.sessions.ended(&self.live, reason);
    }
}
