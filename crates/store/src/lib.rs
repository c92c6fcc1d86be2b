//! What outlives a request: identities, grants and sessions, in SQL.
//!
//! The two planes meet here and nowhere else: the control plane mints a grant, the gateway redeems
//! it and records the session. A grant's row holds the SHA-256 of its token, never the token.

mod columns;
mod grants;
mod identity;
mod sessions;
mod steps;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use time::OffsetDateTime;

pub use grants::Redeemed;
pub use identity::{
    AccessKeyHolder, AccessKeyRecord, ApplicationCredentialKey, ApplicationCredentialRecord, AuthMethod,
    DEFAULT_DOMAIN, DomainKey, Key, KeystoneKeyHolder, MAX_APPLICATION_CREDENTIALS, NewApplicationCredential,
    NewKeystoneKey, NewProject, NewToken, NewUser, PasswordHash, ProjectKey, ProjectRecord, Proof,
    RoleAssignment, SecretCheck, TokenCredential, TokenRecord, UnknownMethod, UserKey, UserRecord,
};
pub use sessions::{Opening, SessionRecord};
use steps::Steps;
use writer::{Turn, Writer};

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or could not be reached.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The same, as the writer was told it.
    #[error("the database failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The transaction that this was part of could not be committed.
    #[error("the database could not keep it: {0}")]
    NotKept(Arc<rusqlite::Error>),
    /// The schema could not be brought up to date.
    #[error("the database schema could not be brought up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The file or its folder could not be made.
    #[error("cannot make {path} for the database: {source}")]
    File {
        /// The file or folder.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A row holds what this version cannot read.
    #[error("the database holds an unreadable {what}: {value:?}")]
    Unreadable {
        /// Which column.
        what: &'static str,
        /// What it holds.
        value: String,
    },
    /// A name that is taken.
    #[error("there is already a {what} named {name:?} in this domain")]
    Exists {
        /// What kind of thing.
        what: &'static str,
        /// The name that is taken.
        name: String,
    },
    /// A name that no user, project or domain can have.
    #[error(
        "the name of a {what} is 1 to {longest} characters, none of them a control character, without blanks around it; got {name:?}"
    )]
    BadName {
        /// What kind of thing.
        what: &'static str,
        /// The name, cut to the longest that it might be.
        name: String,
        /// The longest that it might be, in characters.
        longest: usize,
    },
}

/// A database with everything that outlives a request. Clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    /// Any number of readers: WAL lets them go on while one writes.
    read: SqlitePool,
    /// What is written in several statements, or seldom. SQLite has one write lock; to queue here
    /// is cheaper than to fight for it.
    write: Steps,
    /// The writer of what every console costs: its commits are shared.
    writer: Writer,
}

/// Most readers that may work at once.
const MAX_READERS: u32 = 8;
/// How long a statement waits for another process's lock (a command line beside a live gateway).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

impl Store {
    /// Opens the SQLite file, making it and its folder where they are missing, and brings its
    /// schema up to date. The file is readable by its owner alone.
    pub async fn open(file: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = file.parent() {
            make_private_folder(folder).map_err(|source| StoreError::File {
                path: folder.display().to_string(),
                source,
            })?;
        }
        make_private_file(file).map_err(|source| StoreError::File {
            path: file.display().to_string(),
            source,
        })?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A grant that was answered survives a power cut: every commit is on the disk.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            // A file does not hang up; asking before each statement whether it has costs a round trip.
            .test_before_acquire(false)
            .connect_with(
                options
                    .clone()
                    .pragma("wal_autocheckpoint", writer::LONGEST_LOG.to_string()),
            )
            .await?;
        migrator().run(&write).await?;
        let turn = Turn::default();
        let writer = Writer::start(file, Turn::clone(&turn))?;
        let write = Steps::new(write, turn);
        let read = SqlitePoolOptions::new()
            .max_connections(readers())
            .test_before_acquire(false)
            .connect_with(options.read_only(true))
            .await?;
        Ok(Self { read, write, writer })
    }

    /// Finishes what is under way and closes the file.
    pub async fn close(&self) {
        // The last to close moves the log into the file, so it must be one that can write.
        self.read.close().await;
        self.writer.close().await;
        self.write.close().await;
    }
}

/// Reading is computing, since the file is in memory: more readers than cores only divide what each
/// has cached. Two at least, so that one long answer holds nobody up.
fn readers() -> u32 {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    u32::try_from(cores).unwrap_or(MAX_READERS).clamp(2, MAX_READERS)
}

/// The schema's history. Each step is run once, in order, in a transaction of its own. A number may
/// come to a database late or never: the steps that it lacks are run, whatever came after them.
fn migrator() -> Migrator {
    let step = |version, name: &'static str, sql: &'static str| {
        Migration::new(
            version,
            name.into(),
            MigrationType::Simple,
            sqlx::SqlStr::from_static(sql),
            false,
        )
    };
    Migrator::with_migrations(vec![
        step(1, "identity", include_str!("../migrations/0001_identity.sql")),
        step(2, "grants", include_str!("../migrations/0002_grants.sql")),
        step(
            3,
            "application credentials",
            include_str!("../migrations/0003_application_credentials.sql"),
        ),
        step(
            4,
            "access keys",
            include_str!("../migrations/0004_access_keys.sql"),
        ),
        step(
            5,
            "grants in order",
            include_str!("../migrations/0005_grants_in_order.sql"),
        ),
        step(
            6,
            "keystone keys",
            include_str!("../migrations/0006_keystone_keys.sql"),
        ),
        step(8, "viewers", include_str!("../migrations/0008_viewers.sql")),
        step(
            9,
            "further consoles",
            include_str!("../migrations/0009_further_consoles.sql"),
        ),
        step(
            10,
            "sessions in order",
            include_str!("../migrations/0010_sessions_in_order.sql"),
        ),
    ])
}

fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

/// SQLite would make the file readable by everyone, and its journals like the file.
fn make_private_file(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true).mode(0o600).open(file).map(drop)
}

/// Times are kept as whole seconds since 1970 UTC, which every SQL engine sorts and compares alike.
fn to_seconds(time: OffsetDateTime) -> i64 {
    time.unix_timestamp()
}

fn from_seconds(what: &'static str, seconds: i64) -> Result<OffsetDateTime, StoreError> {
    OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| StoreError::Unreadable {
        what,
        value: seconds.to_string(),
    })
}

/// Reads a stored text back into its type.
fn parse<T: std::str::FromStr>(what: &'static str, value: &str) -> Result<T, StoreError> {
    value.parse().map_err(|_| StoreError::Unreadable {
        what,
        value: value.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[tokio::test]
    async fn nobody_else_reads_the_database() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let store = Store::open(&folder.path().join("oriel.db")).await.unwrap();
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{:?}", entry.file_name());
        }
        store.close().await;
    }
    #[tokio::test]
    async fn steps_may_come_to_a_database_in_any_order() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("oriel.db");
        Store::open(&file).await.unwrap().close().await;
        let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(&file))
            .await
            .unwrap();
        // As if step 2 had landed after all the others.
        for statement in [
            "DELETE FROM _sqlx_migrations WHERE version = 2",
            "DROP TABLE grants",
            "DROP TABLE sessions",
        ] {
            sqlx::query(statement).execute(&pool).await.unwrap();
        }
        pool.close().await;
        let store = Store::open(&file).await.unwrap();
        sqlx::query("SELECT token_hash FROM grants")
            .fetch_all(&store.read)
            .await
            .unwrap();
        store.close().await;
    }
}
