//! The database behind the data ports.

mod accounts;
mod admin_keys;
mod customers;
mod error;
mod generations;
mod idempotency;
mod images;
mod jobs;
mod ledger;
mod migrations;
mod oversight;
mod products;
mod readers;
mod retention;
mod settings;
mod statement;
mod watches;
mod watermarks;
mod webhooks;
mod writer;

#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection,
    sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous},
};
use tokio::sync::Notify;

pub use error::DbError;

use readers::{Reader, Readers};
use watches::Watches;
use writer::Writer;

/// Statements that a connection keeps prepared: more than there are.
const STATEMENT_CACHE: usize = 256;
/// Memory of the writer's page cache.
const WRITER_CACHE_KIB: u32 = 32 * 1_024;
/// Memory of a reader's page cache.
const READER_CACHE_KIB: u32 = 8 * 1_024;
/// Pages in the write-ahead log before they are moved into the database file.
const CHECKPOINT_PAGES: u32 = 4_000;
/// Size to which the write-ahead log shrinks again after a burst.
const LOG_SIZE_LIMIT_BYTES: u32 = 64 * 1_024 * 1_024;
/// Looks at a database that another process is just making.
const OPEN_TRIES: u32 = 20;

/// How a store behaves.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Attempts at a job before it ends as failed.
    pub max_attempts: u32,
    /// Jobs that may wait; more are refused with `SERVER_BUSY`.
    pub max_waiting: u64,
    /// How long to wait for another process that writes, and for a free reader.
    pub busy_timeout: Duration,
    /// Connections that read.
    pub readers: usize,
    /// Whether [`SqlStore::open`] applies the migrations that the database lacks.
    pub migrate_on_open: bool,
    /// Generations that a search looks at for one page.
    pub search_window: u32,
}

impl Default for StoreOptions {
    /// 3 attempts, 10,000 waiting jobs, 5 seconds, 4 readers, migrations on open, 5,000 generations per
    /// page of a search.
    fn default() -> Self {
        Self {
            max_attempts: 3,
            max_waiting: 10_000,
            busy_timeout: Duration::from_secs(5),
            readers: 4,
            migrate_on_open: true,
            search_window: 5_000,
        }
    }
}

/// The data ports on a SQLite database; clones share one store.
///
/// Several processes may open the same file: each has one writer, and they take turns.
#[derive(Clone)]
pub struct SqlStore {
    inner: Arc<Inner>,
}

struct Inner {
    writer: Writer,
    readers: Readers,
    /// Told once for every job that may be claimed.
    work: Arc<Notify>,
    /// Told of every change of a generation's status.
    watches: Arc<Watches>,
    /// Told when there may be a webhook to send.
    messages: Arc<Notify>,
    max_attempts: u32,
    max_waiting: u64,
    busy_timeout: Duration,
    search_window: u32,
}

impl SqlStore {
    /// Opens, or makes, the database at `location`: a file path, with or without `sqlite:` before it.
    ///
    /// The file is made readable for its owner only. Must be called inside a tokio runtime, where a writer task runs
    /// until [`SqlStore::close`]. Errors: a location of another kind, a file that cannot be made, a database made by a
    /// newer version.
    pub async fn open(location: &str, options: StoreOptions) -> Result<Self, DbError> {
        let path = file_path(location)?;
        make_file(&path).map_err(DbError::File)?;
        let base = SqliteConnectOptions::new()
            .filename(&path)
            .busy_timeout(options.busy_timeout)
            .foreign_keys(true)
            .statement_cache_capacity(STATEMENT_CACHE)
            .pragma("temp_store", "memory")
            .disable_statement_logging();
        let writing = base
            .clone()
            .journal_mode(SqliteJournalMode::Wal)
            // Every commit is on the disk before anybody hears of it.
            .synchronous(SqliteSynchronous::Full)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES.to_string())
            // What is deleted is overwritten: names of erased customers do not linger in free pages.
            .pragma("secure_delete", "1")
            .pragma("journal_size_limit", LOG_SIZE_LIMIT_BYTES.to_string())
            .pragma("cache_size", format!("-{WRITER_CACHE_KIB}"));

        let mut writer = connect_patiently(&writing).await?;
        // Looked at without a lock first; this also refuses a database from a newer version.
        let pending = migrations::pending(&mut writer).await?;
        if options.migrate_on_open && !pending.is_empty() {
            let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
            let applied = migrations::apply(&mut transaction).await?;
            transaction.commit().await?;
            tracing::info!(migrations = ?applied, "the database schema was brought up to date");
        }
        let reading = base
            .pragma("query_only", "1")
            .pragma("cache_size", format!("-{READER_CACHE_KIB}"));
        let mut readers = Vec::new();
        for _ in 0..options.readers.max(1) {
            readers.push(reading.connect().await?);
        }
        Ok(Self {
            inner: Arc::new(Inner {
                writer: Writer::start(writer),
                readers: Readers::new(readers, options.busy_timeout),
                work: Arc::new(Notify::new()),
                watches: Arc::new(Watches::default()),
                messages: Arc::new(Notify::new()),
                max_attempts: options.max_attempts.max(1),
                max_waiting: options.max_waiting,
                busy_timeout: options.busy_timeout,
                search_window: options.search_window.max(1),
            }),
        })
    }

    /// Names of the migrations that the database lacks, oldest first.
    pub async fn pending_migrations(&self) -> drape_core::Result<Vec<&'static str>> {
        Ok(migrations::pending(&mut *self.reader().await?).await?)
    }

    /// Applies the migrations that the database lacks and returns their names; safe beside other processes.
    pub async fn migrate(&self) -> drape_core::Result<Vec<&'static str>> {
        self.writer()
            .run(|connection| Box::pin(async move { Ok(migrations::apply(connection).await?) }))
            .await
    }

    /// Finishes the queued writes and closes the database; later calls of any clone fail as unavailable.
    pub async fn close(&self) {
        self.inner.writer.close().await;
        self.inner.readers.close().await;
    }

    fn writer(&self) -> &Writer {
        &self.inner.writer
    }

    /// Moves the write-ahead log into the database file and empties it, so that it holds no copies of deleted rows.
    ///
    /// Gives up soon when somebody else is at work with the log; then it is overwritten in the course of time.
    async fn empty_log(&self) -> Result<(), DbError> {
        let mut reader = self.reader().await?;
        sqlx::raw_sql("PRAGMA busy_timeout = 100")
            .execute(&mut *reader)
            .await?;
        let emptied = sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&mut *reader)
            .await;
        // The connection is kept: its patience must come back in every case.
        let patience_ms = self.inner.busy_timeout.as_millis();
        let restore = format!("PRAGMA busy_timeout = {patience_ms}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(restore))
            .execute(&mut *reader)
            .await?;
        emptied?;
        Ok(())
    }

    async fn reader(&self) -> Result<Reader<'_>, DbError> {
        self.inner.readers.get().await
    }
}

impl std::fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SqlStore(..)")
    }
}

fn file_path(location: &str) -> Result<PathBuf, DbError> {
    let path = match location.strip_prefix("sqlite:") {
        Some(rest) => rest.strip_prefix("//").unwrap_or(rest),
        None => location,
    };
    // SQLite itself would read `file:` and `:memory:` as something else than a path.
    let is_no_path = path.is_empty()
        || path == ":memory:"
        || path.starts_with("file:")
        || path.contains("://")
        || path.contains(['?', '\0']);
    if is_no_path {
        return Err(DbError::UnsupportedLocation);
    }
    Ok(PathBuf::from(path))
}

/// Makes the folder and an empty file that only its owner may read: it will hold key hashes and a signing secret.
fn make_file(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent()
        && !folder.as_os_str().is_empty()
    {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Connects and switches to the write-ahead log, which does not wait for locks by itself.
async fn connect_patiently(options: &SqliteConnectOptions) -> Result<SqliteConnection, DbError> {
    let mut tries = 1;
    loop {
        match options.connect().await.map_err(DbError::from) {
            Err(DbError::Busy) if tries < OPEN_TRIES => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            other => return other,
        }
    }
}
