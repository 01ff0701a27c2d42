//! Rows. All SQL of the product is in this folder; bytes are the business of [`crate::objects`].
//!
//! Writes go through one connection and one transaction at a time ([`Store::tx`]); reads see the last commit.
//! Every commit is on the disk before it returns (WAL with full sync), so what was acknowledged survives a crash.

mod access_keys;
mod attempts;
mod executions;
mod firings;
mod jobs;
mod logs;
mod page;
mod parameters;
mod pipeline_versions;
mod pipelines;
mod rules;
mod schedules;
mod search;
mod tags;

pub use access_keys::AccessKey;
pub use attempts::{Attempt, Lease, LeaseLost};
pub use executions::Origin;
pub use search::Candidate;

use anyhow::Context;
use jiff::Timestamp;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, Sqlite, SqliteConnection, SqlitePool};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

static MIGRATIONS: Migrator = sqlx::migrate!("src/store/migrations");

/// Connections that read at the same time.
const READERS: u32 = 4;
/// How long a statement waits for the file's lock, which only another program could hold.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    writer: SqlitePool,
    readers: SqlitePool,
}

/// A transaction: the only way to write. Dropped without [`Tx::commit`], it never was.
pub struct Tx(sqlx::Transaction<'static, Sqlite>);

impl Store {
    /// Opens or makes the database file and brings its tables up to date.
    pub async fn open(file: &Path) -> anyhow::Result<Self> {
        // It holds the secret keys. SQLite gives the files that it makes beside it the same mode.
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(file)
            .with_context(|| format!("cannot open the database {}", file.display()))?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            // SQLite ends a transaction by itself when the disk is full; sqlx then cannot, and its connection
            // would never begin another one. It makes room for a new connection.
            .before_acquire(|connection, _| {
                let usable = !connection.is_in_transaction();
                Box::pin(async move { Ok(usable) })
            })
            .connect_with(options.clone())
            .await
            .with_context(|| format!("cannot open the database {}", file.display()))?;
        MIGRATIONS
            .run(&writer)
            .await
            .with_context(|| format!("cannot bring the database {} up to date", file.display()))?;
        let readers = readers(options, file).await?;
        Ok(Self { writer, readers })
    }

    /// Opens the database of a service that runs, to read. Writing through it fails.
    pub async fn open_existing(file: &Path) -> anyhow::Result<Self> {
        let readers = readers(SqliteConnectOptions::new().filename(file), file).await?;
        Ok(Self {
            writer: readers.clone(),
            readers,
        })
    }

    /// Begins a transaction that may write.
    pub async fn tx(&self) -> anyhow::Result<Tx> {
        Ok(Tx(self.writer.begin_with("BEGIN IMMEDIATE").await?))
    }

    /// Waits for statements under way and closes the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

impl Tx {
    /// Makes everything done in this transaction durable, at once.
    pub async fn commit(self) -> anyhow::Result<()> {
        Ok(self.0.commit().await?)
    }

    fn conn(&mut self) -> &mut SqliteConnection {
        &mut self.0
    }
}

async fn readers(options: SqliteConnectOptions, file: &Path) -> anyhow::Result<SqlitePool> {
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .connect_with(options.busy_timeout(BUSY_TIMEOUT).read_only(true))
        .await
        .with_context(|| format!("cannot read the database {}", file.display()))
}

/// An instant as it stands in a row.
fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// The inverse of [`micros`].
fn instant(micros: i64) -> anyhow::Result<Timestamp> {
    Timestamp::from_microsecond(micros).context("a row holds an instant out of range")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_transaction_that_sqlite_ended_does_not_end_writing() {
        let dir = tempfile::tempdir().expect("a folder");
        let store = Store::open(&dir.path().join("db")).await.expect("a store");
        let mut tx = store.tx().await.expect("a transaction");
        // What SQLite does on a full disk.
        sqlx::query("ROLLBACK")
            .execute(tx.conn())
            .await
            .expect("an end");
        tx.commit()
            .await
            .expect_err("there is nothing to commit any more");
        let tx = store.tx().await.expect("another transaction");
        tx.commit().await.expect("it can be committed");
    }
}
