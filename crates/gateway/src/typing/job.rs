//! One text that is typed: how far it is, and how it ended.

use std::sync::atomic::{AtomicUsize, Ordering};

use oriel_domain::EndReason;
use oriel_keyboard::Layout;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Seat;
use super::typist::Typist;
use crate::session::{Failure, Live};

/// A text that is typed, or was.
#[derive(Debug)]
pub(crate) struct Job {
    /// How many characters it has.
    pub total: usize,
    typed: AtomicUsize,
    end: watch::Sender<Option<JobEnd>>,
    cancel: CancellationToken,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JobEnd {
    /// All of it was typed.
    Done,
    /// Somebody stopped it, or the session was over.
    Cancelled,
    /// The server could not be typed into any more.
    Failed(EndReason),
}

impl JobEnd {
    /// Its name in log and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Failed(_) => "failed",
        }
    }

    /// Why it failed, if it did.
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::Failed(reason) => Some(reason.name()),
            Self::Done | Self::Cancelled => None,
        }
    }
}

impl Job {
    pub(super) fn new(total: usize) -> Self {
        Self {
            total,
            typed: AtomicUsize::new(0),
            end: watch::Sender::new(None),
            cancel: CancellationToken::new(),
        }
    }

    /// How many characters were typed.
    pub fn typed(&self) -> usize {
        self.typed.load(Ordering::Relaxed)
    }

    /// How it ended, if it has.
    pub fn end(&self) -> Option<JobEnd> {
        *self.end.borrow()
    }

    /// Stops it and waits until it has stopped.
    pub async fn cancel(&self) {
        self.cancel.cancel();
        // The sender is here, so this cannot fail.
        let _ = self.end.subscribe().wait_for(Option::is_some).await;
    }

    pub(super) fn set_typed(&self, typed: usize) {
        self.typed.store(typed, Ordering::Relaxed);
    }

    /// Types, until it is through or stopped or the session is over; every key is let go of then.
    pub(super) async fn run(&self, mut typist: Typist, live: &Live, layout: Layout, seat: Seat) {
        let began = Instant::now();
        let scancodes = typist.takes_scancodes();
        let stop = self.cancel.clone();
        // The session's end stops it as its owner does.
        let stopped = async {
            tokio::select! {
                () = stop.cancelled() => {}
                _ = live.told_to_end() => {}
            }
        };
        let typed = tokio::select! {
            biased;
            () = stopped => None,
            typed = typist.type_all() => Some(typed),
        };
        let let_go = typist.let_go().await;
        typist.hang_up().await;
        let (end, detail) = match (typed, let_go) {
            (Some(Err(Failure { reason, detail })), _) | (_, Err(Failure { reason, detail })) => {
                (JobEnd::Failed(reason), detail)
            }
            (Some(Ok(())), Ok(())) => (JobEnd::Done, String::new()),
            (None, Ok(())) => (JobEnd::Cancelled, String::new()),
        };
        tracing::info!(
            session_id = %live.id, server_id = %live.grant.server, user_id = %live.grant.user,
            total = self.total, typed = self.typed(), %layout, scancodes,
            milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            state = end.name(), reason = end.reason().unwrap_or_default(), detail, "text typed"
        );
        drop(seat);
        self.end.send_replace(Some(end));
    }
}
