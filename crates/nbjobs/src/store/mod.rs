//! Rows. All SQL of the product is in this folder; bytes are the business of [`crate::objects`].
//!
//! Writes go through one connection and one transaction at a time ([`Store::tx`]); reads see the last commit.
//! Every commit is on the disk before it returns (WAL with full sync), so what was acknowledged survives a crash.

mod access_keys;
mod attempts;
mod backup;
mod changes;
mod check;
mod events;
mod executions;
mod firings;
mod health;
mod jobs;
mod log_groups;
mod logs;
mod notebook_jobs;
mod page;
mod parameters;
mod pipeline_versions;
mod pipelines;
mod request_tokens;
mod retention;
mod rules;
mod schedules;
mod search;
mod sessions;
mod started_by;
mod tags;
#[cfg(test)]
mod testing;
mod webhooks;

pub use access_keys::AccessKey;
pub use attempts::{Attempt, Lease, LeaseLost};
pub use changes::Watch;
pub use check::Schema;
pub use events::Unmatched;
pub use executions::Origin;
pub use notebook_jobs::Listed;
pub use retention::{Deletion, Ended};
pub use search::Candidate;

use crate::metrics::Metrics;
use crate::model::job::Job;
use anyhow::Context;
use changes::Changes;
use jiff::Timestamp;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, Sqlite, SqliteConnection, SqlitePool};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

static MIGRATIONS: Migrator = sqlx::migrate!("src/store/migrations");

/// The database, inside the data folder.
pub const FILE: &str = "nbjobs.db";
/// Connections that read at the same time.
const READERS: u32 = 4;
/// How long a statement waits for the file's lock, which only another program could hold.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    writer: SqlitePool,
    readers: SqlitePool,
    /// Told by each commit that wrote an event or a delivery.
    outbox: Arc<Notify>,
    changes: Changes,
    metrics: Metrics,
    /// How many jobs wait.
    queued: Arc<AtomicI64>,
    #[cfg(test)]
    file: std::path::PathBuf,
}

/// A transaction: the only way to write. Dropped without [`Tx::commit`], it never was.
pub struct Tx {
    inner: sqlx::Transaction<'static, Sqlite>,
    /// Whether it wrote an event or a delivery, which somebody waits for.
    wakes_outbox: bool,
    /// The jobs that it changes, of which those who watch are told once it is durable.
    changed: Vec<Arc<str>>,
    /// The jobs that it ends, each with its pipeline; counted once the transaction is durable.
    ended: Vec<(Job, Option<String>)>,
    /// By how many it makes the jobs that wait more, or fewer.
    queued: i64,
    /// Both as they were at the savepoint.
    at_savepoint: (usize, i64),
    store: Store,
}

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
        let queued = sqlx::query_scalar(
            "-- count_queued
            SELECT COUNT(*) FROM jobs WHERE status IN ('Queued', 'InProgress', 'Stopping') AND status = 'Queued'",
        );
        let queued: i64 = queued.fetch_one(&readers).await?;
        Ok(Self {
            writer,
            readers,
            outbox: Arc::default(),
            changes: Changes::default(),
            metrics: Metrics::default(),
            queued: Arc::new(queued.into()),
            #[cfg(test)]
            file: file.to_owned(),
        })
    }

    /// Opens the database of a service that runs, to read. Writing through it fails.
    pub async fn open_existing(file: &Path) -> anyhow::Result<Self> {
        let readers = readers(SqliteConnectOptions::new().filename(file), file).await?;
        Ok(Self {
            writer: readers.clone(),
            readers,
            outbox: Arc::default(),
            changes: Changes::default(),
            metrics: Metrics::default(),
            queued: Arc::default(),
            #[cfg(test)]
            file: file.to_owned(),
        })
    }

    /// Begins a transaction that may write.
    pub async fn tx(&self) -> anyhow::Result<Tx> {
        #[cfg(test)]
        crate::faults::is_up(&self.file)?;
        Ok(Tx {
            inner: self.writer.begin_with("BEGIN IMMEDIATE").await?,
            wakes_outbox: false,
            changed: Vec::new(),
            ended: Vec::new(),
            queued: 0,
            at_savepoint: (0, 0),
            store: self.clone(),
        })
    }

    /// Tells whoever watches a job that there is more to see than its rows show.
    pub fn tell(&self, job: &str) {
        self.changes.tell(vec![job.into()]);
    }

    /// Hears of every change of a job, its status or its log, that is committed from now on.
    pub fn watch(&self) -> Watch {
        self.changes.watch()
    }

    /// How many jobs wait for a place, those that wait for their next attempt included.
    pub fn queued(&self) -> u64 {
        self.queued.load(Ordering::Relaxed).try_into().unwrap_or(0)
    }

    /// The numbers of what was committed since the store was opened.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
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
        #[cfg(test)]
        crate::faults::at_commit(&self.store.file, crate::faults::When::Before)?;
        self.inner.commit().await?;
        self.store.changes.tell(self.changed);
        for (job, pipeline) in &self.ended {
            self.store.metrics.job_ended(job, pipeline.as_deref());
        }
        self.store.queued.fetch_add(self.queued, Ordering::Relaxed);
        if self.wakes_outbox {
            self.store.outbox.notify_one();
        }
        #[cfg(test)]
        crate::faults::at_commit(&self.store.file, crate::faults::When::After)?;
        Ok(())
    }

    /// Marks a place that [`Tx::rollback_to_savepoint`] comes back to. There is one at a time.
    pub async fn savepoint(&mut self) -> anyhow::Result<()> {
        self.at_savepoint = (self.ended.len(), self.queued);
        self.run("SAVEPOINT one").await
    }

    /// Keeps what was done since the savepoint.
    pub async fn release_savepoint(&mut self) -> anyhow::Result<()> {
        self.run("RELEASE one").await
    }

    /// Takes back what was done since the savepoint. The transaction goes on.
    pub async fn rollback_to_savepoint(&mut self) -> anyhow::Result<()> {
        self.run("ROLLBACK TO one").await?;
        self.ended.truncate(self.at_savepoint.0);
        self.queued = self.at_savepoint.1;
        self.release_savepoint().await
    }

    async fn run(&mut self, statement: &'static str) -> anyhow::Result<()> {
        sqlx::query(statement).execute(self.conn()).await?;
        Ok(())
    }

    /// Whoever watches the job will look at it after the commit.
    fn changes_job(&mut self, name: &str) {
        self.changed.push(name.into());
    }

    fn conn(&mut self) -> &mut SqliteConnection {
        &mut self.inner
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

    /// Rows of the first release: a pipeline, its execution with a step, a rule and a due moment of it.
    const FIRST_ROWS: &str = "
        INSERT INTO jobs (name, status, secondary_status, transitions, spec, created_at, modified_at)
        VALUES ('j', 'Queued', 'Pending', '[]', '{}', 1, 1);
        INSERT INTO pipelines (name, definition, role_arn, token, created_at, modified_at)
        VALUES ('p', '{}', 'r', 't', 1, 2);
        INSERT INTO executions (id, pipeline, status, definition, parameters, rule, due, started_at, modified_at)
        VALUES ('e', 'p', 'Executing', '{}', '{}', 'r', 3, 3, 3);
        INSERT INTO steps (execution, number, name, status, job, started_at)
        VALUES ('e', 1, 's', 'Executing', 'j', 3);
        INSERT INTO rules (name, schedule_expression, state) VALUES ('r', 'rate(1 day)', 'ENABLED');
        INSERT INTO firings (rule, due, status, decided_at) VALUES ('r', 3, 'Started', 3);";

    #[tokio::test]
    async fn rows_of_the_first_release_are_kept() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("db");
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true);
        let pool = SqlitePool::connect_with(options).await.expect("a database");
        let first = MIGRATIONS.iter().filter(|one| one.version <= 3).cloned();
        Migrator::with_migrations(first.collect())
            .run(&pool)
            .await
            .expect("the first tables");
        sqlx::raw_sql(FIRST_ROWS)
            .execute(&pool)
            .await
            .expect("the first rows");
        pool.close().await;
        let store = Store::open(&file).await.expect("it is brought up to date");
        let steps = store.steps("e").await.expect("steps");
        assert_eq!((steps[0].name.as_str(), steps[0].attempts), ("s", 1));
        let version = store.pipeline_version("p", 1).await.expect("a version");
        assert_eq!(version.expect("a version").1, "{}");
        let firings = store.firings("rule/r", 9).await.expect("firings");
        assert_eq!(firings[0].source, "rule/r");
    }

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
