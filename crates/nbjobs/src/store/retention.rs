//! What retention deletes: rows of runs that have ended, and the note of the objects that are to go after them.

use super::{Store, Tx, instant, micros};
use crate::model::job::Job;
use crate::model::policy::{KEEP_FOR, KEEP_RUNS};
use jiff::Timestamp;
use sqlx::Row;

/// Objects whose job has no rows any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// The job that there was.
    pub job: String,
    /// Where the objects are.
    pub bucket: String,
    /// What their keys begin with.
    pub prefix: String,
}

/// An execution that has ended, or a job that is of none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The execution's id or the job's name.
    pub name: String,
    /// When it did.
    pub at: Timestamp,
    /// Of a pipeline's executions that have ended: which one, the latest being 1.
    pub place: Option<u32>,
    /// The job's own tag [`KEEP_FOR`].
    pub keep_for: Option<String>,
}

impl Store {
    /// The names of the pipelines that have a policy of retention, or of `all`.
    pub async fn pipelines_with_retention(&self, all: bool) -> anyhow::Result<Vec<String>> {
        let names = sqlx::query_scalar(
            "-- pipelines_with_retention
            SELECT name FROM pipelines
            WHERE $1 OR EXISTS (SELECT 1 FROM tags WHERE resource = 'pipeline/' || name AND key IN ($2, $3))
            ORDER BY name",
        )
        .bind(all)
        .bind(KEEP_RUNS)
        .bind(KEEP_FOR);
        Ok(names.fetch_all(&self.readers).await?)
    }

    /// A pipeline's executions that have ended: those behind the latest `keep_runs`, and those that ended before
    /// `before`; the oldest first, `limit` at most. Not those that one that goes on has taken results over from.
    pub async fn ended_executions(
        &self,
        pipeline: &str,
        keep_runs: Option<u32>,
        before: Option<Timestamp>,
        limit: usize,
    ) -> anyhow::Result<Vec<Ended>> {
        let rows = sqlx::query(
            "-- ended_executions
            SELECT id, modified_at, place FROM (
                SELECT id, modified_at, started_at, ROW_NUMBER() OVER (ORDER BY started_at DESC, id DESC) AS place
                FROM executions WHERE pipeline = $1 AND status IN ('Stopped', 'Failed', 'Succeeded')
            ) AS ended
            WHERE (place > $2 OR modified_at < $3) AND NOT EXISTS (
                SELECT 1 FROM executions AS other JOIN steps ON steps.execution = other.id
                WHERE other.pipeline = $1 AND other.status IN ('Executing', 'Stopping') AND steps.source = ended.id
            )
            ORDER BY started_at, id LIMIT $4",
        )
        .bind(pipeline)
        .bind(keep_runs.map_or(i64::MAX, i64::from))
        .bind(before.map_or(i64::MIN, micros))
        .bind(i64::try_from(limit)?)
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Ended {
                    name: row.try_get("id")?,
                    at: instant(row.try_get("modified_at")?)?,
                    place: Some(u32::try_from(row.try_get::<i64, _>("place")?)?),
                    keep_for: None,
                })
            })
            .collect()
    }

    /// Jobs that have ended and are of no execution: those with a tag [`KEEP_FOR`] of their own, and those without that
    /// ended before `before`; `limit` of either at most.
    pub async fn ended_jobs_alone(
        &self,
        before: Option<Timestamp>,
        limit: usize,
    ) -> anyhow::Result<Vec<Ended>> {
        let rows = sqlx::query(
            "-- ended_jobs_alone
            SELECT jobs.name, jobs.ended_at, tags.value AS keep_for
            FROM tags JOIN jobs ON jobs.name = substr(tags.resource, length('training-job/') + 1)
            WHERE tags.key = 'nbjobs:keep-for' AND tags.resource LIKE 'training-job/%'
                AND jobs.execution IS NULL AND jobs.ended_at IS NOT NULL
            UNION ALL
            SELECT * FROM (
                SELECT name, ended_at, NULL FROM jobs
                WHERE execution IS NULL AND ended_at IS NOT NULL AND ended_at < $1 AND NOT EXISTS
                    (SELECT 1 FROM tags WHERE resource = 'training-job/' || name AND key = 'nbjobs:keep-for')
                ORDER BY ended_at LIMIT $2
            )",
        )
        .bind(before.map_or(i64::MIN, micros))
        .bind(i64::try_from(limit)?)
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Ended {
                    name: row.try_get("name")?,
                    at: instant(row.try_get("ended_at")?)?,
                    place: None,
                    keep_for: row.try_get("keep_for")?,
                })
            })
            .collect()
    }

    /// The jobs that were made for an execution, those of earlier attempts of its steps too.
    pub async fn jobs_of_execution(&self, execution: &str) -> anyhow::Result<Vec<Job>> {
        let rows = sqlx::query(
            "-- jobs_of_execution
            SELECT * FROM jobs WHERE execution = $1",
        );
        let rows = rows.bind(execution).fetch_all(&self.readers).await?;
        rows.iter().map(super::jobs::job).collect()
    }

    /// How many other jobs, definitions of pipelines and schedules name something under this S3 location, which ends
    /// with a slash.
    pub async fn uses_under(&self, s3_folder: &str, but_job: &str) -> anyhow::Result<i64> {
        let uses = sqlx::query_scalar(
            "-- uses_under
            SELECT (
                SELECT COUNT(*) FROM jobs
                WHERE json_extract(spec, '$.InputDataConfig[0].DataSource.S3DataSource.S3Uri') >= rtrim($1, '/')
                    AND json_extract(spec, '$.InputDataConfig[0].DataSource.S3DataSource.S3Uri') < rtrim($1, '/') || '0'
                    AND name <> $2
            ) + (SELECT COUNT(*) FROM pipeline_versions WHERE instr(definition, $1) > 0)
            + (SELECT COUNT(*) FROM schedules WHERE instr(target, $1) > 0)",
        )
        .bind(s3_folder)
        .bind(but_job);
        Ok(uses.fetch_one(&self.readers).await?)
    }

    /// Objects that are still to be deleted.
    pub async fn deletions(&self) -> anyhow::Result<Vec<Deletion>> {
        let rows = sqlx::query(
            "-- deletions
            SELECT job, bucket, prefix FROM deletions ORDER BY job, bucket, prefix",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Deletion {
                    job: row.try_get("job")?,
                    bucket: row.try_get("bucket")?,
                    prefix: row.try_get("prefix")?,
                })
            })
            .collect()
    }
}

impl Tx {
    /// Whether an execution that goes on has taken results over from this one.
    pub async fn is_source_of_unfinished(&mut self, execution: &str) -> anyhow::Result<bool> {
        let is_source = sqlx::query_scalar(
            "-- is_source_of_unfinished
            SELECT EXISTS (
                SELECT 1 FROM executions AS other JOIN steps ON steps.execution = other.id
                WHERE other.pipeline = (SELECT pipeline FROM executions WHERE id = $1)
                    AND other.status IN ('Executing', 'Stopping') AND steps.source = $1
            )",
        )
        .bind(execution);
        Ok(is_source.fetch_one(self.conn()).await?)
    }

    /// Deletes an execution and its steps.
    pub async fn delete_execution(&mut self, id: &str) -> anyhow::Result<()> {
        sqlx::query(
            "-- delete_execution
            DELETE FROM executions WHERE id = $1",
        )
        .bind(id)
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Deletes a job with its attempts and its log in `log_group`. Steps that have taken its result over stay, without it.
    pub async fn delete_job(&mut self, name: &str, log_group: &str) -> anyhow::Result<()> {
        for sql in [
            "-- delete_log_events_of_job
            DELETE FROM log_events WHERE log_group = $2 AND stream IN
                (SELECT name FROM log_streams WHERE log_group = $2 AND name > $1 || '/' AND name < $1 || '0')",
            "-- delete_log_streams_of_job
            DELETE FROM log_streams WHERE log_group = $2 AND name > $1 || '/' AND name < $1 || '0'",
        ] {
            let delete = sqlx::query(sql).bind(name).bind(log_group);
            delete.execute(self.conn()).await?;
        }
        for sql in [
            "-- delete_attempts_of_job
            DELETE FROM attempts WHERE job = $1",
            "-- forget_job_in_steps
            UPDATE steps SET job = NULL WHERE job = $1",
            "-- delete_job
            DELETE FROM jobs WHERE name = $1",
        ] {
            sqlx::query(sql).bind(name).execute(self.conn()).await?;
        }
        Ok(())
    }

    /// Notes objects that are to be deleted.
    pub async fn insert_deletion(&mut self, deletion: &Deletion) -> anyhow::Result<()> {
        sqlx::query(
            "-- insert_deletion
            INSERT INTO deletions (job, bucket, prefix) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )
        .bind(&deletion.job)
        .bind(&deletion.bucket)
        .bind(&deletion.prefix)
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Whether objects of a job of this name, which is gone, are still to be deleted.
    pub async fn has_deletions(&mut self, job: &str) -> anyhow::Result<bool> {
        let has = sqlx::query_scalar(
            "-- has_deletions
            SELECT EXISTS (SELECT 1 FROM deletions WHERE job = $1)",
        );
        Ok(has.bind(job).fetch_one(self.conn()).await?)
    }

    /// The objects are gone.
    pub async fn remove_deletion(&mut self, deletion: &Deletion) -> anyhow::Result<()> {
        sqlx::query(
            "-- remove_deletion
            DELETE FROM deletions WHERE job = $1 AND bucket = $2 AND prefix = $3",
        )
        .bind(&deletion.job)
        .bind(&deletion.bucket)
        .bind(&deletion.prefix)
        .execute(self.conn())
        .await?;
        Ok(())
    }
}
