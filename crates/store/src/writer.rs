//! The writer of what many callers write at once: their work shares transactions.
//!
//! A commit that is on the disk costs one wait for the disk, whatever is in it. So what waits while
//! one transaction is committed becomes the next one, and each caller is answered after the commit
//! that holds its own. Nobody waits for company, but for those who say that they can.
//!
//! It has a thread and calls SQLite on it: to hand each statement to another thread and back cost
//! more than the statement. What is read on the way to a write is read here too, since this
//! connection's cache is the one that no commit makes stale.
//!
//! Beside it, the log's pages are moved into the database file. SQLite does that within a commit by
//! default, where it is the longest wait of all; here nobody waits for it.
//!
//! Work that breaks a constraint fails alone, and what it changed before that stays: so only its first
//! change may be one that can break any. What cannot keep to that takes [`Steps`](crate::steps::Steps) instead.

mod job;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use self::job::{Asked, Job};
use crate::{BUSY_TIMEOUT, StoreError};

/// Jobs that may wait. Further callers wait for room, each in its own task: that bounds memory, and
/// the listener bounds the callers.
const QUEUE: usize = 1024;
/// Most jobs of one transaction. It bounds how long the first of them waits for the last.
const BATCH: usize = 256;
/// How long a job that can wait does so, unless others take it along sooner.
const PATIENCE: Duration = Duration::from_millis(200);
/// Jobs after which the log is worth moving into the file: some megabytes.
const CHECKPOINT_EVERY: usize = 1000;
/// Pages of the log at which a commit moves them itself, since the log starts anew only when all
/// of it was moved while nobody wrote: 128 MiB. Under less than full load it never comes to that.
pub(crate) const LONGEST_LOG: u32 = 32_000;
/// Statements that are kept ready: more than there are.
const STATEMENTS: usize = 64;

/// Whose turn it is to write. The writer takes it for a transaction, [`Steps`](crate::steps::Steps)
/// for a step; in order, since SQLite itself lets who comes last go first.
pub(crate) type Turn = Arc<Mutex<()>>;

/// A handle to the writer. Clones share it; the writer ends with the last of them.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Message>,
}

enum Message {
    Now(Box<dyn Job>),
    Later(Box<dyn Job>),
    /// Finish what is queued and end. Dropped, and so answered, when that is done.
    Stop(oneshot::Sender<()>),
}

impl Writer {
    /// Starts the writer on a connection to a database in WAL mode, and another that moves its log.
    pub(crate) fn start(file: &Path, turn: Turn) -> Result<Self, StoreError> {
        let connection = connect(file)?;
        let mover = connect(file)?;
        let (queue, waiting) = mpsc::channel(QUEUE);
        let (due, is_due) = sync_channel(1);
        let thread = |name: &str| std::thread::Builder::new().name(name.into());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(sqlx::Error::Io)?;
        let moving = thread("store-log")
            .spawn(move || move_log(&mover, &is_due))
            .map_err(sqlx::Error::Io)?;
        thread("store-writer")
            .spawn(move || {
                let stops = runtime.block_on(work(connection, &turn, waiting, due));
                // Whoever stops the writer may go on to touch the files: both connections are
                // closed before that.
                let _ = moving.join();
                drop(stops);
            })
            .map_err(sqlx::Error::Io)?;
        Ok(Self { queue })
    }

    /// Does something in the database. When this returns, it is on the disk. If the caller goes away,
    /// it may still be done.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.ask(work, Message::Now).await
    }

    /// The same for what nobody waits for, with the next transaction or within [`PATIENCE`].
    pub(crate) async fn run_later<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.ask(work, Message::Later).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
        when: impl FnOnce(Box<dyn Job>) -> Message,
    ) -> Result<T, StoreError> {
        let (caller, answer) = oneshot::channel();
        if self.queue.send(when(Asked::boxed(work, caller))).await.is_err() {
            return Err(sqlx::Error::PoolClosed.into());
        }
        answer
            .await
            .unwrap_or_else(|_| Err(sqlx::Error::WorkerCrashed.into()))
    }

    /// Takes no more work, and returns when what waits is done and the writer's connections are closed.
    pub(crate) async fn close(&self) {
        let (done, finished) = oneshot::channel();
        if self.queue.send(Message::Stop(done)).await.is_ok() {
            let _ = finished.await;
        }
    }
}

fn connect(file: &Path) -> Result<Connection, StoreError> {
    // No lock of SQLite's own: each connection stays with one thread.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // What was answered survives a power cut: every commit is on the disk.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", LONGEST_LOG)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// Does what comes until told to stop; then what is queued, and closes the connection. Gives back whom to tell.
async fn work(
    connection: Connection,
    turn: &Mutex<()>,
    mut waiting: mpsc::Receiver<Message>,
    log_is_due: SyncSender<()>,
) -> Vec<oneshot::Sender<()>> {
    let mut since_checkpoint = 0;
    let mut messages = Vec::with_capacity(BATCH);
    let mut jobs = Vec::new();
    let mut stops = Vec::new();
    // When those of the jobs that can wait have waited long enough; none: there are none.
    let mut until: Option<Instant> = None;
    loop {
        let received = waiting.recv_many(&mut messages, BATCH);
        let received = match until {
            None => Some(received.await),
            Some(until) => timeout_at(until, received).await.ok(),
        };
        let mut at_once =
            jobs.len() + messages.len() >= BATCH || received.is_none_or(|received| received == 0);
        for message in messages.drain(..) {
            match message {
                Message::Now(job) => {
                    at_once = true;
                    jobs.push(job);
                }
                Message::Later(job) => {
                    until.get_or_insert_with(|| Instant::now() + PATIENCE);
                    jobs.push(job);
                }
                Message::Stop(done) => {
                    waiting.close();
                    stops.push(done);
                }
            }
        }
        if at_once {
            until = None;
            since_checkpoint += jobs.len();
            let _turn = turn.lock().await;
            share(&connection, std::mem::take(&mut jobs));
        }
        if received == Some(0) {
            return stops;
        }
        if since_checkpoint >= CHECKPOINT_EVERY {
            since_checkpoint = 0;
            // One that is due already will do.
            let _ = log_is_due.try_send(());
        }
    }
}

/// Does the jobs in one transaction and tells each caller what came of its own.
fn share(connection: &Connection, mut jobs: Vec<Box<dyn Job>>) {
    let kept = commit(connection, &mut jobs).map_err(Arc::new);
    for job in jobs {
        job.tell(kept.as_ref().map(|&()| ()).map_err(Arc::clone));
    }
}

fn commit(connection: &Connection, jobs: &mut [Box<dyn Job>]) -> Result<(), rusqlite::Error> {
    if jobs.is_empty() {
        return Ok(());
    }
    // Immediate: who has read first cannot be refused the lock later.
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    for job in jobs {
        job.run(&transaction)?;
    }
    transaction.commit()
}

/// Moves the log's pages into the database file whenever it is due. Passive: as far as it can
/// without making a reader or the writer wait.
fn move_log(connection: &Connection, due: &Receiver<()>) {
    while due.recv().is_ok() {
        let moved = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if let Err(error) = moved {
            tracing::warn!(%error, "the database's log could not be moved into its file; it grows on");
        }
    }
}

#[cfg(test)]
mod tests;
