//! One caller's part of a transaction.

use std::sync::Arc;

use rusqlite::{Connection, Error, ErrorCode};
use tokio::sync::oneshot;

use crate::StoreError;

/// Work for the writer, and who waits for it.
pub(super) trait Job: Send {
    /// Does it, within a transaction. An error: the whole transaction may have come undone, as on a
    /// full disk. What fails this job alone, such as a broken constraint, is kept for its caller.
    fn run(&mut self, connection: &Connection) -> Result<(), Error>;

    /// Tells the caller what came of it, now that the transaction is on the disk, or why it is not.
    fn tell(self: Box<Self>, kept: Result<(), Arc<Error>>);
}

/// A job that was asked for.
pub(super) struct Asked<T, F> {
    work: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    caller: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Asked<T, F>
where
    T: Send + 'static,
    F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
{
    pub fn boxed(work: F, caller: oneshot::Sender<Result<T, StoreError>>) -> Box<dyn Job> {
        Box::new(Self {
            work: Some(work),
            outcome: None,
            caller,
        })
    }
}

impl<T, F> Job for Asked<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, connection: &Connection) -> Result<(), Error> {
        let Some(work) = self.work.take() else {
            return Ok(());
        };
        match work(connection) {
            Err(StoreError::Sqlite(error)) if !is_constraint(&error) => Err(error),
            outcome => {
                self.outcome = Some(outcome);
                Ok(())
            }
        }
    }

    fn tell(self: Box<Self>, kept: Result<(), Arc<Error>>) {
        let answer = match (kept, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(sqlx::Error::WorkerCrashed.into()),
            (Err(error), _) => Err(StoreError::NotKept(error)),
        };
        // A caller that has gone away does not need to know.
        let _ = self.caller.send(answer);
    }
}

fn is_constraint(error: &Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
}
