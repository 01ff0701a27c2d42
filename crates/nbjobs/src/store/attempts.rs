//! Attempts: one try of a job on a backend, and the lease that entitles to act for it.

use super::{Store, Tx, instant, micros};
use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// The right to act for one attempt. Another server start takes it over by writing its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub job: String,
    /// Which try of the job, from 1.
    pub attempt: u32,
    /// Who holds it: one random word per start of the server.
    pub holder: String,
}

/// Another server has taken the lease, and the run is its own now.
#[derive(Debug, thiserror::Error)]
#[error("another server follows the run of job {0}")]
pub struct LeaseLost(String);

/// One try as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The right to act for it.
    pub lease: Lease,
    /// How its backend finds it again; none until the backend has started it.
    pub handle: Option<String>,
    /// How much of its log is already among the log events, in bytes.
    pub log_bytes: u64,
    /// When its driver started.
    pub started_at: Option<Timestamp>,
}

fn attempt(row: &SqliteRow) -> anyhow::Result<Attempt> {
    Ok(Attempt {
        lease: Lease {
            job: row.try_get("job")?,
            attempt: u32::try_from(row.try_get::<i64, _>("number")?)?,
            holder: row.try_get("lease")?,
        },
        handle: row.try_get("handle")?,
        log_bytes: u64::try_from(row.try_get::<i64, _>("log_bytes")?)?,
        started_at: row
            .try_get::<Option<i64>, _>("started_at")?
            .map(instant)
            .transpose()?,
    })
}

impl Store {
    /// The newest try of a job.
    pub async fn attempt(&self, job: &str) -> anyhow::Result<Option<Attempt>> {
        let row = sqlx::query(
            "-- attempt
            SELECT * FROM attempts WHERE job = $1 ORDER BY number DESC LIMIT 1",
        )
        .bind(job)
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(attempt).transpose()
    }
}

impl Tx {
    /// Begins the next try of a job.
    pub async fn insert_attempt(&mut self, job: &str, holder: &str) -> anyhow::Result<Lease> {
        let row = sqlx::query(
            "-- insert_attempt
            INSERT INTO attempts (job, number, lease)
            SELECT $1, coalesce(max(number), 0) + 1, $2 FROM attempts WHERE job = $1
            RETURNING *",
        )
        .bind(job)
        .bind(holder)
        .fetch_one(self.conn())
        .await?;
        Ok(attempt(&row)?.lease)
    }

    /// Takes over a try whose holder is gone.
    pub async fn take_lease(&mut self, lease: &Lease, holder: &str) -> anyhow::Result<Lease> {
        sqlx::query(
            "-- take_lease
            UPDATE attempts SET lease = $3 WHERE job = $1 AND number = $2",
        )
        .bind(&lease.job)
        .bind(i64::from(lease.attempt))
        .bind(holder)
        .execute(self.conn())
        .await?;
        Ok(Lease {
            holder: holder.to_owned(),
            ..lease.clone()
        })
    }

    /// The error [`LeaseLost`] unless the lease is still ours. Everything that is written about a run asks this in its transaction.
    pub async fn require(&mut self, lease: &Lease) -> anyhow::Result<()> {
        let row = sqlx::query(
            "-- require_lease
            SELECT 1 FROM attempts WHERE job = $1 AND number = $2 AND lease = $3",
        )
        .bind(&lease.job)
        .bind(i64::from(lease.attempt))
        .bind(&lease.holder)
        .fetch_optional(self.conn())
        .await?;
        match row {
            Some(_) => Ok(()),
            None => Err(LeaseLost(lease.job.clone()).into()),
        }
    }

    /// Remembers why a try failed that another one follows.
    pub async fn set_attempt_failure(&mut self, lease: &Lease, reason: &str) -> anyhow::Result<()> {
        sqlx::query(
            "-- set_attempt_failure
            UPDATE attempts SET failure_reason = $3 WHERE job = $1 AND number = $2",
        )
        .bind(&lease.job)
        .bind(i64::from(lease.attempt))
        .bind(reason)
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Remembers how the backend finds the run again, and that it started `now`.
    pub async fn set_handle(
        &mut self,
        lease: &Lease,
        handle: &str,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "-- set_handle
            UPDATE attempts SET handle = $3, started_at = $4 WHERE job = $1 AND number = $2",
        )
        .bind(&lease.job)
        .bind(i64::from(lease.attempt))
        .bind(handle)
        .bind(micros(now))
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Remembers how much of the run's log has become log events, in the transaction that adds them. `false` if it was not
    /// `from` bytes until now: those events are there already, though whoever stored them did not hear of it.
    pub async fn advance_log_bytes(
        &mut self,
        lease: &Lease,
        from: u64,
        to: u64,
    ) -> anyhow::Result<bool> {
        let done = sqlx::query(
            "-- advance_log_bytes
            UPDATE attempts SET log_bytes = $4 WHERE job = $1 AND number = $2 AND log_bytes = $3",
        )
        .bind(&lease.job)
        .bind(i64::from(lease.attempt))
        .bind(i64::try_from(from)?)
        .bind(i64::try_from(to)?)
        .execute(self.conn())
        .await?;
        self.changes_job(&lease.job);
        Ok(done.rows_affected() == 1)
    }
}
