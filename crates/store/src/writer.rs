//! The writer of what many callers write at once: their statements share transactions.
//!
//! A commit that is on the disk costs one wait for the disk, whatever is in it. So the statements
//! that wait while one transaction is committed become the next one, and each caller is answered
//! after the commit that holds its own. Nobody waits for company: a lone statement is run at once.
//!
//! Beside it, the log's pages are moved into the database file. SQLite does that within a commit by
//! default, where it is the longest wait of all; here nobody waits for it.
//!
//! A statement is atomic by itself, so one that breaks a constraint fails alone. What needs several
//! statements in one step takes the write connection for itself instead.

use std::sync::Arc;

use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqlitePool};
use sqlx::{Connection as _, Execute as _, SqlStr, Sqlite, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use crate::StoreError;

/// Statements that may wait. Further callers wait for room, each in its own task: that bounds
/// memory, and the listener bounds the callers.
const QUEUE: usize = 1024;
/// Most statements of one transaction. It bounds how long the first of them waits for the last.
const BATCH: usize = 256;
/// Statements after which the log is worth moving into the file: some megabytes.
const CHECKPOINT_EVERY: usize = 1000;
/// Pages of the log at which a commit moves them itself, since the log starts anew only when all
/// of it was moved while nobody wrote: 128 MiB. Under less than full load it never comes to that.
pub(crate) const LONGEST_LOG: &str = "32000";

/// A handle to the writer. Clones share it; the writer ends with the last of them.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Message>,
}

#[derive(Debug)]
enum Message {
    Write(Write),
    /// Finish what is queued and end. Dropped, and so answered, when that is done.
    Stop(oneshot::Sender<()>),
}

/// A statement and who waits for it.
#[derive(Debug)]
struct Write {
    sql: SqlStr,
    arguments: SqliteArguments,
    caller: oneshot::Sender<Result<u64, StoreError>>,
}

impl Writer {
    /// Starts the writer on the pool's connection, which it holds for one transaction at a time.
    /// The log is moved over a connection of its own, made with `options`.
    ///
    /// Both have a thread: the writer goes to SQLite and back once a statement, and every caller
    /// waits for it, so it must not queue behind the requests that make its work.
    pub(crate) async fn start(pool: SqlitePool, options: &SqliteConnectOptions) -> Result<Self, sqlx::Error> {
        let mover = SqliteConnection::connect_with(options).await?;
        let (queue, waiting) = mpsc::channel(QUEUE);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()?;
        std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || {
                let (due, is_due) = mpsc::channel(1);
                let moving = runtime.spawn(checkpoint(mover, is_due));
                runtime.block_on(async {
                    let stops = work(&pool, waiting, due).await;
                    // Whoever stops the writer may go on to touch the files: both connections are
                    // closed before that. The pool's own return of one would outlive this thread.
                    let _ = moving.await;
                    if let Ok(connection) = pool.acquire().await {
                        let _ = connection.close().await;
                    }
                    drop(stops);
                });
            })?;
        Ok(Self { queue })
    }

    /// Runs one statement. When this returns, its effect is on the disk, and the count of rows
    /// that it changed is known. If the caller goes away, the statement may still be run.
    pub(crate) async fn execute(
        &self,
        mut query: Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<u64, StoreError> {
        let arguments = query.take_arguments().map_err(sqlx::Error::Encode)?;
        let (caller, answer) = oneshot::channel();
        let write = Write {
            sql: query.sql(),
            arguments: arguments.unwrap_or_default(),
            caller,
        };
        if self.queue.send(Message::Write(write)).await.is_err() {
            return Err(sqlx::Error::PoolClosed.into());
        }
        answer
            .await
            .unwrap_or_else(|_| Err(sqlx::Error::WorkerCrashed.into()))
    }

    /// Takes no more statements, and returns when those that wait have been run and the writer's
    /// connections are closed.
    pub(crate) async fn close(&self) {
        let (done, finished) = oneshot::channel();
        if self.queue.send(Message::Stop(done)).await.is_ok() {
            let _ = finished.await;
        }
    }
}

/// Runs what comes until told to stop; then what is queued. Gives back whom to tell.
async fn work(
    pool: &SqlitePool,
    mut waiting: mpsc::Receiver<Message>,
    checkpoint_due: mpsc::Sender<()>,
) -> Vec<oneshot::Sender<()>> {
    let mut since_checkpoint = 0;
    let mut messages = Vec::with_capacity(BATCH);
    let mut stops = Vec::new();
    while waiting.recv_many(&mut messages, BATCH).await > 0 {
        let mut writes = Vec::with_capacity(messages.len());
        for message in messages.drain(..) {
            match message {
                Message::Write(write) => writes.push(write),
                Message::Stop(done) => {
                    waiting.close();
                    stops.push(done);
                }
            }
        }
        since_checkpoint += writes.len();
        run(pool, writes).await;
        if since_checkpoint >= CHECKPOINT_EVERY {
            since_checkpoint = 0;
            // One that is due already will do.
            let _ = checkpoint_due.try_send(());
        }
    }
    stops
}

/// Moves the log's pages into the database file whenever it is due. Passive: as far as it can
/// without making a reader or the writer wait.
async fn checkpoint(mut connection: SqliteConnection, mut due: mpsc::Receiver<()>) {
    while due.recv().await.is_some() {
        let moved = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut connection);
        if let Err(error) = moved.await {
            tracing::warn!(%error, "the database's log could not be moved into its file; it grows on");
        }
    }
    let _ = connection.close().await;
}

/// Runs the statements in one transaction and tells each caller what came of its own.
async fn run(pool: &SqlitePool, writes: Vec<Write>) {
    let mut callers = Vec::with_capacity(writes.len());
    let mut statements = Vec::with_capacity(writes.len());
    for write in writes {
        callers.push(write.caller);
        statements.push(sqlx::query_with(write.sql, write.arguments));
    }
    match commit(pool, statements).await {
        Ok(effects) => {
            for (caller, effect) in callers.into_iter().zip(effects) {
                // A caller that has gone away does not need to know.
                let _ = caller.send(effect.map_err(StoreError::Database));
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            for caller in callers {
                let _ = caller.send(Err(StoreError::NotKept(Arc::clone(&error))));
            }
        }
    }
}

type Statement = Query<'static, Sqlite, SqliteArguments>;
/// The rows that a statement changed, or the constraint that it broke.
type Effect = Result<u64, sqlx::Error>;

/// The effect of each statement once all are on the disk, or the error for which none is.
async fn commit(pool: &SqlitePool, mut statements: Vec<Statement>) -> Result<Vec<Effect>, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    // A statement without a transaction is one: alone, it need not be wrapped.
    if statements.len() < 2 {
        return match statements.pop() {
            Some(alone) => Ok(vec![execute(&mut connection, alone).await?]),
            None => Ok(Vec::new()),
        };
    }
    // Immediate: who has read first cannot be refused the lock later.
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let mut effects = Vec::with_capacity(statements.len());
    for statement in statements {
        effects.push(execute(&mut transaction, statement).await?);
    }
    transaction.commit().await?;
    Ok(effects)
}

/// A broken constraint undoes its own statement alone. Any other error, such as a full disk, may
/// have undone the whole transaction.
async fn execute(connection: &mut SqliteConnection, statement: Statement) -> Result<Effect, sqlx::Error> {
    match statement.execute(connection).await {
        Ok(done) => Ok(Ok(done.rows_affected())),
        Err(error) if is_constraint(&error) => Ok(Err(error)),
        Err(error) => Err(error),
    }
}

fn is_constraint(error: &sqlx::Error) -> bool {
    use sqlx::error::ErrorKind;
    error
        .as_database_error()
        .is_some_and(|error| !matches!(error.kind(), ErrorKind::Other))
}

#[cfg(test)]
mod tests;
