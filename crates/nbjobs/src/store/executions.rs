//! Executions of pipelines, and their steps.

use super::page::{self, Columns};
use super::{Store, Tx, instant, micros};
use crate::model::list::{Cursor, Order, Sort};
use crate::model::pipeline::{
    ExecutionFilter, ExecutionStatus, PipelineExecution, PipelineStep, StepStatus,
};
use anyhow::Context;
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

/// Who asked for an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A caller: the request's token, and the request, to know it again.
    Request {
        /// `ClientRequestToken`.
        token: String,
        /// What was asked with it.
        request: String,
    },
    /// A rule, for one of its due moments.
    Firing {
        /// The rule's name.
        rule: String,
        /// The due moment.
        due: Timestamp,
    },
}

fn execution(row: &SqliteRow) -> anyhow::Result<PipelineExecution> {
    let status: String = row.try_get("status")?;
    let parallel_max: Option<i64> = row.try_get("parallel_max")?;
    Ok(PipelineExecution {
        id: row.try_get("id")?,
        pipeline: row.try_get("pipeline")?,
        status: ExecutionStatus::parse(&status)
            .with_context(|| format!("unknown status {status}"))?,
        display_name: row.try_get("display_name")?,
        description: row.try_get("description")?,
        definition: row.try_get("definition")?,
        parameters: serde_json::from_str(row.try_get("parameters")?)
            .context("parameters cannot be read")?,
        parallel_max: parallel_max.map(u32::try_from).transpose()?,
        failure_reason: row.try_get("failure_reason")?,
        started_at: instant(row.try_get("started_at")?)?,
        modified_at: instant(row.try_get("modified_at")?)?,
    })
}

fn step(row: &SqliteRow) -> anyhow::Result<PipelineStep> {
    let status: String = row.try_get("status")?;
    Ok(PipelineStep {
        name: row.try_get("name")?,
        status: StepStatus::parse(&status).with_context(|| format!("unknown status {status}"))?,
        job: row.try_get("job")?,
        failure_reason: row.try_get("failure_reason")?,
        started_at: instant(row.try_get("started_at")?)?,
        ended_at: row
            .try_get::<Option<i64>, _>("ended_at")?
            .map(instant)
            .transpose()?,
    })
}

impl Store {
    /// One execution.
    pub async fn execution(&self, id: &str) -> anyhow::Result<Option<PipelineExecution>> {
        let row = sqlx::query(
            "-- execution
            SELECT * FROM executions WHERE id = $1",
        )
        .bind(id)
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(execution).transpose()
    }

    /// At most `limit` executions of a pipeline behind `after` in the order asked for.
    pub async fn executions(
        &self,
        pipeline: &str,
        filter: &ExecutionFilter,
        order: Order,
        after: Option<&Cursor>,
        limit: u32,
    ) -> anyhow::Result<Vec<PipelineExecution>> {
        let mut query = QueryBuilder::<Sqlite>::new(
            "-- executions
            SELECT * FROM executions WHERE pipeline = ",
        );
        query.push_bind(pipeline);
        if let Some(at) = filter.started_after {
            query.push(" AND started_at > ").push_bind(micros(at));
        }
        if let Some(at) = filter.started_before {
            query.push(" AND started_at < ").push_bind(micros(at));
        }
        let columns = Columns {
            value: match order.by {
                Sort::Name => "id",
                Sort::CreationTime => "started_at",
            },
            is_number: order.by == Sort::CreationTime,
            key: "id",
        };
        page::push(&mut query, &columns, order.descending, after, limit);
        query
            .build()
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(execution)
            .collect()
    }

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
}

impl Tx {
    /// One execution.
    pub async fn execution(&mut self, id: &str) -> anyhow::Result<Option<PipelineExecution>> {
        let row = sqlx::query(
            "-- execution_in_tx
            SELECT * FROM executions WHERE id = $1",
        )
        .bind(id)
        .fetch_optional(self.conn())
        .await?;
        row.as_ref().map(execution).transpose()
    }

    /// The execution that a token started, as its id and the request that came with the token.
    pub async fn execution_of_token(
        &mut self,
        pipeline: &str,
        token: &str,
    ) -> anyhow::Result<Option<(String, String)>> {
        let row = sqlx::query_as(
            "-- execution_of_token
            SELECT id, request FROM executions WHERE pipeline = $1 AND token = $2",
        )
        .bind(pipeline)
        .bind(token)
        .fetch_optional(self.conn())
        .await?;
        Ok(row)
    }

    /// How many executions of a pipeline have not ended.
    pub async fn count_unfinished_executions(&mut self, pipeline: &str) -> anyhow::Result<i64> {
        let count = sqlx::query_scalar(
            "-- count_unfinished_executions
            SELECT COUNT(*) FROM executions WHERE pipeline = $1 AND status IN ('Executing', 'Stopping')",
        );
        Ok(count.bind(pipeline).fetch_one(self.conn()).await?)
    }

    /// Adds an execution.
    pub async fn insert_execution(
        &mut self,
        execution: &PipelineExecution,
        origin: &Origin,
    ) -> anyhow::Result<()> {
        let (token, request, rule, due) = match origin {
            Origin::Request { token, request } => (Some(token), Some(request), None, None),
            Origin::Firing { rule, due } => (None, None, Some(rule), Some(micros(*due))),
        };
        sqlx::query(
            "-- insert_execution
            INSERT INTO executions (id, pipeline, status, display_name, description, definition, parameters,
                parallel_max, token, request, rule, due, started_at, modified_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        )
        .bind(&execution.id)
        .bind(&execution.pipeline)
        .bind(execution.status.as_str())
        .bind(&execution.display_name)
        .bind(&execution.description)
        .bind(&execution.definition)
        .bind(serde_json::to_string(&execution.parameters)?)
        .bind(execution.parallel_max.map(i64::from))
        .bind(token)
        .bind(request)
        .bind(rule)
        .bind(due)
        .bind(micros(execution.started_at))
        .bind(micros(execution.modified_at))
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Takes an execution to a status. The status may stay as it is; a final one stays for ever.
    pub async fn set_execution_status(
        &mut self,
        execution: &mut PipelineExecution,
        status: ExecutionStatus,
        failure_reason: Option<String>,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        if status == execution.status {
            return Ok(());
        }
        if execution.status.is_final() || status == ExecutionStatus::Executing {
            anyhow::bail!(
                "execution {} cannot go from {} to {status}",
                execution.id,
                execution.status
            );
        }
        (
            execution.status,
            execution.failure_reason,
            execution.modified_at,
        ) = (status, failure_reason, now);
        sqlx::query(
            "-- set_execution_status
            UPDATE executions SET status = $2, failure_reason = $3, modified_at = $4 WHERE id = $1",
        )
        .bind(&execution.id)
        .bind(status.as_str())
        .bind(&execution.failure_reason)
        .bind(micros(now))
        .execute(self.conn())
        .await?;
        Ok(())
    }

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
            SELECT * FROM steps WHERE job = $1",
        )
        .bind(job)
        .fetch_optional(self.conn())
        .await?;
        row.as_ref()
            .map(|row| Ok((row.try_get("execution")?, step(row)?)))
            .transpose()
    }

    /// Adds a step to those that have begun.
    pub async fn insert_step(
        &mut self,
        execution: &str,
        step: &PipelineStep,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "-- insert_step
            INSERT INTO steps (execution, number, name, status, job, failure_reason, started_at, ended_at)
            SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4, $5, $6, $7 FROM steps WHERE execution = $1",
        )
        .bind(execution)
        .bind(&step.name)
        .bind(step.status.as_str())
        .bind(&step.job)
        .bind(&step.failure_reason)
        .bind(micros(step.started_at))
        .bind(step.ended_at.map(micros))
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Takes a step that has not ended to a status.
    pub async fn set_step_status(
        &mut self,
        execution: &str,
        step: &str,
        status: StepStatus,
        failure_reason: Option<&str>,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        let done = sqlx::query(
            "-- set_step_status
            UPDATE steps SET status = $3, failure_reason = $4, ended_at = $5
            WHERE execution = $1 AND name = $2 AND status IN ('Executing', 'Stopping')",
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
        Ok(())
    }
}
