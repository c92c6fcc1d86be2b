//! The connection for what takes several statements, or is rare: one step at a time, each between
//! two transactions of the writer.

use std::ops::{Deref, DerefMut};

use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqlitePool;
use sqlx::{Sqlite, SqliteConnection, Transaction};
use tokio::sync::OwnedMutexGuard;

use crate::writer::Turn;

/// A connection, and the turn that goes with it. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Steps {
    /// Of one connection.
    pool: SqlitePool,
    turn: Turn,
}

impl Steps {
    pub(crate) fn new(pool: SqlitePool, turn: Turn) -> Self {
        Self { pool, turn }
    }

    /// The connection, once it is this caller's turn to write.
    pub(crate) async fn turn(&self) -> Result<Held<PoolConnection<Sqlite>>, sqlx::Error> {
        let turn = Turn::clone(&self.turn).lock_owned().await;
        Ok(Held {
            inner: self.pool.acquire().await?,
            _turn: turn,
        })
    }

    /// A transaction in it.
    pub(crate) async fn begin(&self) -> Result<Held<Transaction<'static, Sqlite>>, sqlx::Error> {
        let turn = Turn::clone(&self.turn).lock_owned().await;
        Ok(Held {
            inner: self.pool.begin().await?,
            _turn: turn,
        })
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

/// The connection or a transaction in it, while it is its holder's turn.
#[derive(Debug)]
pub(crate) struct Held<T> {
    inner: T,
    _turn: OwnedMutexGuard<()>,
}

impl Held<Transaction<'static, Sqlite>> {
    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        self.inner.commit().await
    }
}

impl<T: Deref<Target = SqliteConnection>> Deref for Held<T> {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.inner
    }
}

impl<T: DerefMut<Target = SqliteConnection>> DerefMut for Held<T> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.inner
    }
}
