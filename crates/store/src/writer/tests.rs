use rusqlite::ErrorCode;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions};
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::*;

/// A database with one table, and a way to look into it.
async fn database() -> (TempDir, SqlitePool) {
    let folder = tempfile::tempdir().unwrap();
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options(&folder))
        .await
        .unwrap();
    sqlx::query("CREATE TABLE notes (id INTEGER PRIMARY KEY)")
        .execute(&pool)
        .await
        .unwrap();
    (folder, pool)
}

fn options(folder: &TempDir) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(folder.path().join("test.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
}

/// A writer on the test's own thread, where callers that ask at once have all queued before it looks.
fn writer_here(folder: &TempDir) -> (Writer, Turn) {
    let (queue, waiting) = mpsc::channel(QUEUE);
    let connection = connect(&folder.path().join("test.db")).unwrap();
    connection.busy_timeout(Duration::from_millis(50)).unwrap();
    let turn = Turn::default();
    let its = Turn::clone(&turn);
    tokio::spawn(async move { work(connection, &its, waiting, sync_channel(1).0).await });
    (Writer { queue }, turn)
}

fn insert(id: i64) -> impl FnOnce(&Connection) -> Result<usize, StoreError> + Send + 'static {
    move |store| {
        Ok(store
            .prepare_cached("INSERT INTO notes (id) VALUES (?)")?
            .execute([id])?)
    }
}

/// Callers that ask at once.
fn ask(writer: &Writer, ids: impl IntoIterator<Item = i64>) -> JoinSet<Result<usize, StoreError>> {
    let mut callers = JoinSet::new();
    for id in ids {
        let writer = writer.clone();
        callers.spawn(async move { writer.run(insert(id)).await });
    }
    callers
}

async fn kept(pool: &SqlitePool) -> Vec<i64> {
    sqlx::query_scalar("SELECT id FROM notes ORDER BY id")
        .fetch_all(pool)
        .await
        .unwrap()
}

/// How often the database was committed to: a frame of the log that ends a transaction says how
/// large the database then is.
fn commits(folder: &TempDir) -> usize {
    let log = std::fs::read(folder.path().join("test.db-wal")).unwrap();
    let page_size = u32::from_be_bytes(log[8..12].try_into().unwrap());
    log[32..]
        .chunks_exact(24 + usize::try_from(page_size).unwrap())
        .filter(|frame| frame[4..8] != [0; 4])
        .count()
}

#[tokio::test]
async fn statements_that_wait_share_a_commit() {
    let (folder, pool) = database().await;
    let (writer, _) = writer_here(&folder);
    let before = commits(&folder);
    let answers = ask(&writer, 0..100).join_all().await;
    assert!(answers.into_iter().all(|answer| answer.unwrap() == 1));
    assert_eq!(commits(&folder) - before, 1);
    assert_eq!(kept(&pool).await, (0..100).collect::<Vec<_>>());

    writer.run(insert(100)).await.unwrap();
    assert_eq!(commits(&folder) - before, 2);
}

#[tokio::test]
async fn a_broken_constraint_fails_alone() {
    let (folder, pool) = database().await;
    let (writer, _) = writer_here(&folder);
    let answers = ask(&writer, [1, 2, 1, 3]).join_all().await;
    let refused = answers
        .into_iter()
        .filter_map(Result::err)
        .map(|error| match error {
            StoreError::Sqlite(error) => error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation),
            _ => false,
        })
        .collect::<Vec<_>>();
    assert_eq!(refused, [true]);
    assert_eq!(kept(&pool).await, [1, 2, 3]);
}

#[tokio::test]
async fn where_the_transaction_fails_everyone_is_told_and_nothing_is_kept() {
    let (folder, pool) = database().await;
    let (writer, _) = writer_here(&folder);

    let mut other = SqliteConnection::connect_with(&options(&folder)).await.unwrap();
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let answers = ask(&writer, [1, 2, 3]).join_all().await;
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Err(StoreError::NotKept(_))))
    );
    lock.rollback().await.unwrap();

    let mut callers = ask(&writer, [4, 5]);
    let broken = writer.clone();
    callers.spawn(async move {
        broken
            .run(|store| Ok(store.execute("INSERT INTO nowhere VALUES (1)", [])?))
            .await
    });
    let answers = callers.join_all().await;
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Err(StoreError::NotKept(_))))
    );

    assert_eq!(kept(&pool).await, [0; 0]);
    assert_eq!(writer.run(insert(6)).await.unwrap(), 1);
    assert_eq!(kept(&pool).await, [6]);
}

#[tokio::test]
async fn callers_wait_for_room_in_a_full_queue() {
    let (folder, pool) = database().await;
    let (writer, turn) = writer_here(&folder);
    let held = turn.lock().await;
    let all = i64::try_from(BATCH + QUEUE + 50).unwrap();
    let mut callers = ask(&writer, 0..all);
    while writer.queue.capacity() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(callers.try_join_next().is_none());
    drop(held);
    assert!(callers.join_all().await.into_iter().all(|answer| answer.is_ok()));
    assert_eq!(kept(&pool).await, (0..all).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_caller_that_goes_away_disturbs_nobody() {
    let (folder, pool) = database().await;
    let (writer, _) = writer_here(&folder);
    tokio::select! {
        biased;
        answer = writer.run(insert(1)) => panic!("answered before the writer looked: {answer:?}"),
        () = std::future::ready(()) => {}
    }
    let answers = ask(&writer, [2, 3]).join_all().await;
    assert!(answers.into_iter().all(|answer| answer.is_ok()));
    assert_eq!(kept(&pool).await, [1, 2, 3]);
}

#[tokio::test]
async fn closing_runs_what_waits_and_refuses_what_comes_later() {
    let (folder, pool) = database().await;
    let (writer, _) = writer_here(&folder);
    let callers = ask(&writer, 0..300);
    tokio::task::yield_now().await;
    writer.close().await;
    assert_eq!(kept(&pool).await.len(), 300);
    assert!(callers.join_all().await.into_iter().all(|answer| answer.is_ok()));
    assert!(writer.run(insert(301)).await.is_err());
    writer.close().await;
}

#[tokio::test]
async fn the_writer_ends_on_its_own_thread_and_leaves_no_connection_behind() {
    let (folder, pool) = database().await;
    let writer = Writer::start(&folder.path().join("test.db"), Turn::default()).unwrap();
    let answers = ask(&writer, 0..300).join_all().await;
    assert!(answers.into_iter().all(|answer| answer.is_ok()));
    pool.close().await;
    writer.close().await;
    // The last connection to be closed takes the log with it.
    assert!(!folder.path().join("test.db-wal").exists());
    let pool = SqlitePool::connect_with(options(&folder)).await.unwrap();
    assert_eq!(kept(&pool).await.len(), 300);
}

#[tokio::test]
async fn the_log_is_moved_into_the_file_beside_the_commits() {
    let (folder, pool) = database().await;
    let never = sqlx::query("PRAGMA wal_autocheckpoint = 0");
    never.execute(&pool).await.unwrap();
    let file = folder.path().join("test.db");
    let before = std::fs::metadata(&file).unwrap().len();
    let writer = Writer::start(&folder.path().join("test.db"), Turn::default()).unwrap();
    let all = i64::try_from(CHECKPOINT_EVERY + BATCH).unwrap();
    let answers = ask(&writer, 0..all).join_all().await;
    assert!(answers.into_iter().all(|answer| answer.is_ok()));
    let moved = async {
        while std::fs::metadata(&file).unwrap().len() == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), moved)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_can_wait_goes_with_the_next_commit() {
    let (folder, pool) = database().await;
    let (writer, _) = writer_here(&folder);
    let before = commits(&folder);
    let company = async {
        // Time for the writer to take the first, and to wait with it.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        writer.run(insert(2)).await
    };
    let (patient, company) = tokio::join!(writer.run_later(insert(1)), company);
    assert_eq!((patient.unwrap(), company.unwrap()), (1, 1));
    assert_eq!(commits(&folder) - before, 1);
    assert_eq!(kept(&pool).await, [1, 2]);
}

#[tokio::test]
async fn what_can_wait_does_not_wait_for_ever_nor_for_a_stop() {
    let (folder, _pool) = database().await;
    let (writer, _) = writer_here(&folder);
    tokio::time::pause();
    let asked = Instant::now();
    writer.run_later(insert(1)).await.unwrap();
    assert!(asked.elapsed() >= PATIENCE && asked.elapsed() < 2 * PATIENCE);

    let asked = Instant::now();
    let patient = writer.clone();
    let patient = tokio::spawn(async move { patient.run_later(insert(2)).await });
    tokio::task::yield_now().await;
    writer.close().await;
    patient.await.unwrap().unwrap();
    assert!(asked.elapsed() < PATIENCE);
}
