//! Jobs. Every change of status passes [`JobStatus::can_become`] here, and a CHECK in the table.

use super::page::{self, Columns};
use super::{Store, Tx, instant, micros};
use crate::model::event::Change;
use crate::model::job::{Job, JobFilter, JobSort, JobStatus, SecondaryStatus, Transition};
use crate::model::list::{Cursor, Order};
use crate::model::pipeline::PipelineExecution;
use anyhow::Context;
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

const COLUMNS: &str = "name, status, secondary_status, transitions, spec, failure_reason, created_at, started_at, ended_at, modified_at, retry_at";

/// A pattern for `LIKE … ESCAPE '\\'` that finds `part` anywhere.
fn like(part: &str) -> String {
    let escaped = part
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    format!("%{escaped}%")
}

pub(super) fn job(row: &SqliteRow) -> anyhow::Result<Job> {
    let status: String = row.try_get("status")?;
    let secondary: String = row.try_get("secondary_status")?;
    let optional = |column: &str| -> anyhow::Result<Option<Timestamp>> {
        row.try_get::<Option<i64>, _>(column)?
            .map(instant)
            .transpose()
    };
    Ok(Job {
        name: row.try_get("name")?,
        spec: serde_json::from_str(row.try_get("spec")?).context("a job's spec cannot be read")?,
        status: JobStatus::parse(&status).with_context(|| format!("unknown status {status}"))?,
        secondary_status: serde_json::from_value(secondary.into())?,
        transitions: serde_json::from_str(row.try_get("transitions")?)?,
        failure_reason: row.try_get("failure_reason")?,
        created_at: instant(row.try_get("created_at")?)?,
        started_at: optional("started_at")?,
        ended_at: optional("ended_at")?,
        modified_at: instant(row.try_get("modified_at")?)?,
        retry_at: optional("retry_at")?,
    })
}

impl Store {
    /// One job.
    pub async fn job(&self, name: &str) -> anyhow::Result<Option<Job>> {
        let row = sqlx::query(
            "-- job
            SELECT * FROM jobs WHERE name = $1",
        )
        .bind(name)
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(job).transpose()
    }

    /// At most `limit` jobs behind `after` in the order asked for.
    pub async fn jobs(
        &self,
        filter: &JobFilter,
        order: Order<JobSort>,
        after: Option<&Cursor>,
        limit: u32,
    ) -> anyhow::Result<Vec<Job>> {
        let mut query = QueryBuilder::<Sqlite>::new(format!(
            "-- jobs
            SELECT {COLUMNS} FROM jobs WHERE 1 = 1"
        ));
        if let Some(part) = &filter.name_contains {
            query
                .push(" AND instr(name, ")
                .push_bind(part)
                .push(") > 0");
        }
        if let Some(part) = &filter.matches {
            query
                .push(" AND name LIKE ")
                .push_bind(like(part))
                .push(" ESCAPE '\\'");
        }
        if let Some(pipeline) = &filter.pipeline {
            query.push(
                " AND name IN (SELECT s.job FROM executions e JOIN steps s ON s.execution = e.id WHERE s.source IS NULL AND e.pipeline = ",
            );
            query.push_bind(pipeline).push(")");
        }
        if !filter.statuses.is_empty() {
            query.push(" AND status IN (");
            let mut list = query.separated(", ");
            for status in &filter.statuses {
                list.push_bind(status.as_str());
            }
            query.push(")");
        }
        for (condition, at) in [
            (" AND created_at > ", filter.created_after),
            (" AND created_at < ", filter.created_before),
            (" AND modified_at > ", filter.modified_after),
            (" AND modified_at < ", filter.modified_before),
        ] {
            if let Some(at) = at {
                query.push(condition).push_bind(micros(at));
            }
        }
        let (value, is_number) = match order.by {
            JobSort::Name => ("name", false),
            JobSort::CreationTime => ("created_at", true),
            JobSort::Status => (
                "CASE status WHEN 'Queued' THEN 'InProgress' ELSE status END",
                false,
            ),
        };
        let columns = Columns {
            value,
            is_number,
            key: "name",
        };
        page::push(&mut query, &columns, order.descending, after, limit);
        query
            .build()
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(job)
            .collect()
    }

    /// Jobs that were given to a backend and are not final, oldest first. The condition of the index
    /// `jobs_unfinished` stands in the query word for word, else SQLite would not use it.
    pub async fn running_jobs(&self) -> anyhow::Result<Vec<Job>> {
        sqlx::query(
            "-- running_jobs
            SELECT * FROM jobs WHERE status IN ('Queued', 'InProgress', 'Stopping') AND status <> 'Queued'
            ORDER BY created_at, name",
        )
        .fetch_all(&self.readers)
        .await?
        .iter()
        .map(job)
        .collect()
    }

    /// The names of the jobs that wait for nothing but a place at `now`, `limit` at most: those with the highest
    /// priority first, then the oldest. Of a pipeline, no more than its limit lets run.
    pub async fn queued_jobs(&self, now: Timestamp, limit: usize) -> anyhow::Result<Vec<String>> {
        let rows = sqlx::query(
            "-- queued_jobs
            WITH free AS (
                SELECT * FROM (
                    SELECT name, priority, created_at FROM jobs
                    WHERE status = 'Queued' AND concurrent_max IS NULL AND (retry_at IS NULL OR retry_at <= $2)
                    ORDER BY priority DESC, created_at, name LIMIT $1
                )
            ), limited AS (
                SELECT name, priority, created_at, concurrent_max,
                    ROW_NUMBER() OVER (PARTITION BY pipeline ORDER BY priority DESC, created_at, name) AS place,
                    (SELECT COUNT(*) FROM jobs AS other
                        WHERE other.pipeline = jobs.pipeline
                            AND other.status IN ('Queued', 'InProgress', 'Stopping') AND other.status <> 'Queued') AS running
                FROM jobs
                WHERE status = 'Queued' AND concurrent_max IS NOT NULL AND (retry_at IS NULL OR retry_at <= $2)
            )
            SELECT name FROM (
                SELECT * FROM free
                UNION ALL
                SELECT name, priority, created_at FROM limited WHERE running + place <= concurrent_max
            ) ORDER BY priority DESC, created_at, name LIMIT $1",
        )
        .bind(i64::try_from(limit)?)
        .bind(micros(now))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    /// Of jobs that wait for their next attempt: whether one may begin at `now`, and when the first of the others may.
    pub async fn next_attempt(&self, now: Timestamp) -> anyhow::Result<(bool, Option<Timestamp>)> {
        let (is_due, next): (bool, Option<i64>) = sqlx::query_as(
            "-- next_attempt
            SELECT COUNT(CASE WHEN retry_at <= $1 THEN 1 END) > 0, MIN(CASE WHEN retry_at > $1 THEN retry_at END)
            FROM jobs WHERE retry_at IS NOT NULL",
        )
        .bind(micros(now))
        .fetch_one(&self.readers)
        .await?;
        Ok((is_due, next.map(instant).transpose()?))
    }
}

impl Tx {
    /// One job.
    pub async fn job(&mut self, name: &str) -> anyhow::Result<Option<Job>> {
        let row = sqlx::query(
            "-- job_in_tx
            SELECT * FROM jobs WHERE name = $1",
        )
        .bind(name)
        .fetch_optional(self.conn())
        .await?;
        row.as_ref().map(job).transpose()
    }

    /// Adds a job, for a step of `execution` if there is one; `false` if its name is taken.
    pub async fn insert_job(
        &mut self,
        job: &Job,
        execution: Option<&PipelineExecution>,
    ) -> anyhow::Result<bool> {
        let done = sqlx::query(
            "-- insert_job
            INSERT INTO jobs (name, status, secondary_status, transitions, spec, created_at, modified_at, pipeline, execution)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
        )
        .bind(&job.name)
        .bind(job.status.as_str())
        .bind(job.secondary_status.as_str())
        .bind(serde_json::to_string(&job.transitions)?)
        .bind(serde_json::to_string(&job.spec)?)
        .bind(micros(job.created_at))
        .bind(micros(job.modified_at))
        .bind(execution.map(|execution| &execution.pipeline))
        .bind(execution.map(|execution| &execution.id))
        .execute(self.conn())
        .await?;
        let is_new = done.rows_affected() == 1;
        if is_new {
            self.queued += i64::from(job.status == JobStatus::Queued);
            let change = Change::TrainingJob(Box::new(job.clone()));
            self.emit(&change, job.created_at).await?;
        }
        Ok(is_new)
    }

    /// The pipeline that a job is of, if it is of one.
    pub async fn pipeline_of_job(&mut self, name: &str) -> anyhow::Result<Option<String>> {
        let pipeline: Option<Option<String>> = sqlx::query_scalar(
            "-- pipeline_of_job
            SELECT pipeline FROM jobs WHERE name = $1",
        )
        .bind(name)
        .fetch_optional(self.conn())
        .await?;
        Ok(pipeline.flatten())
    }

    /// The names of a pipeline's jobs that have not ended.
    pub async fn unfinished_jobs_of(&mut self, pipeline: &str) -> anyhow::Result<Vec<String>> {
        let names = sqlx::query_scalar(
            "-- unfinished_jobs_of
            SELECT name FROM jobs WHERE status IN ('Queued', 'InProgress', 'Stopping') AND pipeline = $1",
        )
        .bind(pipeline);
        Ok(names.fetch_all(self.conn()).await?)
    }

    /// Sets a job's turn in the queue: its priority, and how many jobs of its pipeline may run at a time.
    pub async fn set_job_turn(
        &mut self,
        name: &str,
        priority: i32,
        concurrent_max: Option<u32>,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "-- set_job_turn
            UPDATE jobs SET priority = $2, concurrent_max = $3 WHERE name = $1",
        )
        .bind(name)
        .bind(priority)
        .bind(concurrent_max)
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Lets a job whose attempt has failed wait for its next one.
    pub async fn retry_job(
        &mut self,
        job: &mut Job,
        retry_at: Timestamp,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        job.retry_at = Some(retry_at);
        self.set_job_status(
            job,
            JobStatus::Queued,
            SecondaryStatus::Restarting,
            None,
            now,
        )
        .await
    }

    /// Takes a job to a status and secondary status. The status may stay as it is.
    /// Errors if the model does not allow the change, or the row is not as `job` says; `job` shows the change afterwards.
    pub async fn set_job_status(
        &mut self,
        job: &mut Job,
        status: JobStatus,
        secondary: SecondaryStatus,
        failure_reason: Option<String>,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        if status != job.status && !job.status.can_become(status) {
            anyhow::bail!("job {} cannot go from {} to {status}", job.name, job.status);
        }
        let before = std::mem::replace(&mut job.status, status);
        if secondary != job.secondary_status {
            job.secondary_status = secondary;
            job.transitions.push(Transition {
                status: secondary,
                at: now,
            });
        }
        if secondary == SecondaryStatus::Training {
            job.started_at.get_or_insert(now);
        }
        if status != JobStatus::Queued {
            job.retry_at = None;
        }
        if status.is_final() {
            job.ended_at = Some(now);
        }
        job.failure_reason = failure_reason.or(job.failure_reason.take());
        job.modified_at = now;
        let pipeline: Option<Option<String>> = sqlx::query_scalar(
            "-- set_job_status
            UPDATE jobs SET status = $2, secondary_status = $3, transitions = $4, failure_reason = $5,
                started_at = $6, ended_at = $7, modified_at = $8, retry_at = $10
            WHERE name = $1 AND status = $9 RETURNING pipeline",
        )
        .bind(&job.name)
        .bind(status.as_str())
        .bind(job.secondary_status.as_str())
        .bind(serde_json::to_string(&job.transitions)?)
        .bind(&job.failure_reason)
        .bind(job.started_at.map(micros))
        .bind(job.ended_at.map(micros))
        .bind(micros(now))
        .bind(before.as_str())
        .bind(job.retry_at.map(micros))
        .fetch_optional(self.conn())
        .await?;
        let Some(pipeline) = pipeline else {
            anyhow::bail!("job {} is not {before} any more", job.name);
        };
        let waits = |status| i64::from(status == JobStatus::Queued);
        self.queued += waits(status) - waits(before);
        if status.is_final() {
            self.ended.push((job.clone(), pipeline));
        }
        let change = Change::TrainingJob(Box::new(job.clone()));
        self.emit(&change, now).await?;
        self.changes_job(&job.name);
        Ok(())
    }
}
