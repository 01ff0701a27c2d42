//! Steps of executions that have begun.

use super::super::{Store, Tx, instant, micros};
use crate::model::event::{Change, StepChange};
use crate::model::pipeline::{Definition, PipelineStep, StepStatus};
use anyhow::Context;
use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

fn step(row: &SqliteRow) -> anyhow::Result<PipelineStep> {
    let status: String = row.try_get("status")?;
    Ok(PipelineStep {
        name: row.try_get("name")?,
        status: StepStatus::parse(&status).with_context(|| format!("unknown status {status}"))?,
        job: row.try_get("job")?,
        attempts: u32::try_from(row.try_get::<i64, _>("attempts")?)?,
        retry_at: row
            .try_get::<Option<i64>, _>("retry_at")?
            .map(instant)
            .transpose()?,
        outcome: row.try_get("outcome")?,
        source: row.try_get("source")?,
        failure_reason: row.try_get("failure_reason")?,
        started_at: instant(row.try_get("started_at")?)?,
        ended_at: row
            .try_get::<Option<i64>, _>("ended_at")?
            .map(instant)
            .transpose()?,
    })
}

impl Store {
    /// The steps of an execution that have begun, in the order in which they did.
    pub async fn steps(&self, execution: &str) -> anyhow::Result<Vec<PipelineStep>> {
        let rows = sqlx::query(
            "-- steps
            SELECT * FROM steps WHERE execution = $1 ORDER BY number",
        );
        rows.bind(execution)
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(step)
            .collect()
    }

    /// The ids of the executions of which a step's next attempt is due at `now`.
    pub async fn due_retries(&self, now: Timestamp) -> anyhow::Result<Vec<String>> {
        let ids = sqlx::query_scalar(
            "-- due_retries
            SELECT DISTINCT execution FROM steps WHERE retry_at <= $1 ORDER BY execution",
        )
        .bind(micros(now));
        Ok(ids.fetch_all(&self.readers).await?)
    }

    /// When the next attempt of a step is due, of those after `now`.
    pub async fn next_retry(&self, now: Timestamp) -> anyhow::Result<Option<Timestamp>> {
        let at: Option<i64> = sqlx::query_scalar(
            "-- next_retry
            SELECT MIN(retry_at) FROM steps WHERE retry_at > $1",
        )
        .bind(micros(now))
        .fetch_one(&self.readers)
        .await?;
        at.map(instant).transpose()
    }
}

impl Tx {
    /// The steps of an execution that have begun, in the order in which they did.
    pub async fn steps(&mut self, execution: &str) -> anyhow::Result<Vec<PipelineStep>> {
        let rows = sqlx::query(
            "-- steps_in_tx
            SELECT * FROM steps WHERE execution = $1 ORDER BY number",
        );
        rows.bind(execution)
            .fetch_all(self.conn())
            .await?
            .iter()
            .map(step)
            .collect()
    }

    /// The step whose job this is, and its execution's id.
    pub async fn step_of_job(
        &mut self,
        job: &str,
    ) -> anyhow::Result<Option<(String, PipelineStep)>> {
        let row = sqlx::query(
            "-- step_of_job
            SELECT * FROM steps WHERE job = $1 AND source IS NULL",
        )
        .bind(job)
        .fetch_optional(self.conn())
        .await?;
        row.as_ref()
            .map(|row| Ok((row.try_get("execution")?, step(row)?)))
            .transpose()
    }

    /// Writes down that a step has begun: a new row, or the next attempt in the step's own.
    pub async fn put_step(&mut self, execution: &str, step: &PipelineStep) -> anyhow::Result<()> {
        let previous = self.step_status(execution, &step.name).await?;
        sqlx::query(
            "-- put_step
            INSERT INTO steps (execution, number, name, status, job, attempts, retry_at, outcome, source,
                failure_reason, started_at, ended_at)
            SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
            FROM steps WHERE execution = $1
            ON CONFLICT (execution, name) DO UPDATE SET status = excluded.status, job = excluded.job,
                attempts = excluded.attempts, retry_at = excluded.retry_at, outcome = excluded.outcome,
                failure_reason = excluded.failure_reason, ended_at = excluded.ended_at
            WHERE steps.status = 'Starting'",
        )
        .bind(execution)
        .bind(&step.name)
        .bind(step.status.as_str())
        .bind(&step.job)
        .bind(i64::from(step.attempts))
        .bind(step.retry_at.map(micros))
        .bind(step.outcome)
        .bind(&step.source)
        .bind(&step.failure_reason)
        .bind(micros(step.started_at))
        .bind(step.ended_at.map(micros))
        .execute(self.conn())
        .await?;
        // What an earlier execution has done is no news.
        if step.source.is_some() {
            return Ok(());
        }
        self.emit_step(execution, &step.name, previous, step.started_at)
            .await
    }

    /// Takes a step that has not ended to a status other than Starting.
    pub async fn set_step_status(
        &mut self,
        execution: &str,
        step: &str,
        status: StepStatus,
        failure_reason: Option<&str>,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let previous = self.step_status(execution, step).await?;
        let done = sqlx::query(
            "-- set_step_status
            UPDATE steps SET status = $3, failure_reason = $4, ended_at = $5, retry_at = NULL
            WHERE execution = $1 AND name = $2 AND status IN ('Starting', 'Executing', 'Stopping')",
        )
        .bind(execution)
        .bind(step)
        .bind(status.as_str())
        .bind(failure_reason)
        .bind(status.is_final().then(|| micros(now)))
        .execute(self.conn())
        .await?;
        anyhow::ensure!(
            done.rows_affected() == 1,
            "step {step} of execution {execution} has already ended"
        );
        self.emit_step(execution, step, previous, now).await
    }

    /// Lets a step that did not succeed be begun again from `at` on.
    pub async fn retry_step(
        &mut self,
        execution: &str,
        step: &str,
        at: Timestamp,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let previous = self.step_status(execution, step).await?;
        let done = sqlx::query(
            "-- retry_step
            UPDATE steps SET status = 'Starting', failure_reason = NULL, ended_at = NULL, retry_at = $3
            WHERE execution = $1 AND name = $2 AND status <> 'Succeeded'",
        )
        .bind(execution)
        .bind(step)
        .bind(micros(at))
        .execute(self.conn())
        .await?;
        anyhow::ensure!(
            done.rows_affected() == 1,
            "step {step} of execution {execution} cannot be begun again"
        );
        self.emit_step(execution, step, previous, now).await
    }

    /// Where a step stands, if it has begun.
    async fn step_status(
        &mut self,
        execution: &str,
        step: &str,
    ) -> anyhow::Result<Option<StepStatus>> {
        let status: Option<String> = sqlx::query_scalar(
            "-- step_status
            SELECT status FROM steps WHERE execution = $1 AND name = $2",
        )
        .bind(execution)
        .bind(step)
        .fetch_optional(self.conn())
        .await?;
        Ok(status.as_deref().and_then(StepStatus::parse))
    }

    /// Tells that a step has gone from a status to the one that its row now has.
    async fn emit_step(
        &mut self,
        execution: &str,
        name: &str,
        previous: Option<StepStatus>,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        if !self.is_anybody_listening().await? {
            return Ok(());
        }
        let steps = self.steps(execution).await?;
        let step = steps.into_iter().find(|step| step.name == name);
        let (Some(step), Some(execution)) = (step, self.execution(execution).await?) else {
            return Ok(());
        };
        let definition = Definition::parse(&execution.definition)?;
        let kind = definition.step(name).map_or("", |step| step.action.kind());
        let change = Change::Step(StepChange {
            pipeline: execution.pipeline,
            execution: execution.id,
            name: step.name,
            kind: kind.to_owned(),
            previous,
            current: step.status,
            job: step.job,
            failure_reason: step.failure_reason,
            started_at: step.started_at,
        });
        self.emit(&change, now).await?;
        Ok(())
    }
}
