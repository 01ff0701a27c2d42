//! Executions of pipelines; their steps are in [`steps`].

mod steps;

use super::page::{self, Columns};
use super::{Store, Tx, instant, micros};
use crate::model::list::{Cursor, Order, Sort};
use crate::model::pipeline::{ExecutionFilter, ExecutionStatus, PipelineExecution};
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
    /// A rule or a schedule, for one of its due moments.
    Firing {
        /// Its kind and name, such as `rule/NAME`.
        source: String,
        /// The due moment.
        due: Timestamp,
    },
}

fn execution(row: &SqliteRow) -> anyhow::Result<PipelineExecution> {
    let status: String = row.try_get("status")?;
    let parallel_max: Option<i64> = row.try_get("parallel_max")?;
    let selection: Option<&str> = row.try_get("selection")?;
    Ok(PipelineExecution {
        id: row.try_get("id")?,
        pipeline: row.try_get("pipeline")?,
        version: row.try_get("version")?,
        status: ExecutionStatus::parse(&status)
            .with_context(|| format!("unknown status {status}"))?,
        display_name: row.try_get("display_name")?,
        description: row.try_get("description")?,
        definition: row.try_get("definition")?,
        parameters: serde_json::from_str(row.try_get("parameters")?)
            .context("parameters cannot be read")?,
        parallel_max: parallel_max.map(u32::try_from).transpose()?,
        selection: selection
            .map(serde_json::from_str)
            .transpose()
            .context("a selection cannot be read")?,
        failure_reason: row.try_get("failure_reason")?,
        started_at: instant(row.try_get("started_at")?)?,
        modified_at: instant(row.try_get("modified_at")?)?,
    })
}

/// The rule or schedule and the due moment that started an execution, if one did.
fn fired_by(row: &SqliteRow) -> anyhow::Result<Option<(String, Timestamp)>> {
    let source: Option<String> = row.try_get("fired_by")?;
    let due: Option<i64> = row.try_get("due")?;
    source
        .zip(due)
        .map(|(source, due)| Ok((source, instant(due)?)))
        .transpose()
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

    /// The execution that a token started, as its id and the request that came with the token. Earlier versions took a
    /// token once for each pipeline; of those that of this one.
    pub async fn execution_of_token(
        &mut self,
        pipeline: &str,
        token: &str,
    ) -> anyhow::Result<Option<(String, String)>> {
        let row = sqlx::query_as(
            "-- execution_of_token
            SELECT id, request FROM executions WHERE token = $2 ORDER BY pipeline = $1 DESC LIMIT 1",
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

    /// The executions of a pipeline that have not ended, the oldest first, each with the rule or schedule and the due
    /// moment that started it, if one did.
    pub async fn unfinished_executions(
        &mut self,
        pipeline: &str,
    ) -> anyhow::Result<Vec<(PipelineExecution, Option<(String, Timestamp)>)>> {
        sqlx::query(
            "-- unfinished_executions
            SELECT * FROM executions WHERE pipeline = $1 AND status IN ('Executing', 'Stopping')
            ORDER BY started_at, id",
        )
        .bind(pipeline)
        .fetch_all(self.conn())
        .await?
        .iter()
        .map(|row| Ok((execution(row)?, fired_by(row)?)))
        .collect()
    }

    /// The rule or schedule and the due moment that started an execution, if one did.
    pub async fn firing_of_execution(
        &mut self,
        id: &str,
    ) -> anyhow::Result<Option<(String, Timestamp)>> {
        let row = sqlx::query(
            "-- firing_of_execution
            SELECT fired_by, due FROM executions WHERE id = $1",
        )
        .bind(id)
        .fetch_optional(self.conn())
        .await?;
        Ok(row.as_ref().map(fired_by).transpose()?.flatten())
    }

    /// Whether the last `count` executions that a rule or schedule started, since `since`, and that have ended, have
    /// all failed.
    pub async fn last_have_failed(
        &mut self,
        source: &str,
        since: Option<Timestamp>,
        count: u32,
    ) -> anyhow::Result<bool> {
        let failed: i64 = sqlx::query_scalar(
            "-- last_have_failed
            SELECT COUNT(*) FROM (
                SELECT status FROM executions
                WHERE fired_by = $1 AND started_at > $2 AND status IN ('Stopped', 'Failed', 'Succeeded')
                ORDER BY modified_at DESC, due DESC LIMIT $3
            ) WHERE status = 'Failed'",
        )
        .bind(source)
        .bind(since.map_or(i64::MIN, micros))
        .bind(i64::from(count))
        .fetch_one(self.conn())
        .await?;
        Ok(failed == i64::from(count))
    }

    /// Adds an execution.
    pub async fn insert_execution(
        &mut self,
        execution: &PipelineExecution,
        origin: &Origin,
    ) -> anyhow::Result<()> {
        let (token, request, fired_by, due) = match origin {
            Origin::Request { token, request } => (Some(token), Some(request), None, None),
            Origin::Firing { source, due } => (None, None, Some(source), Some(micros(*due))),
        };
        sqlx::query(
            "-- insert_execution
            INSERT INTO executions (id, pipeline, status, display_name, description, definition, parameters,
                parallel_max, token, request, fired_by, due, started_at, modified_at, version, selection)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
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
        .bind(fired_by)
        .bind(due)
        .bind(micros(execution.started_at))
        .bind(micros(execution.modified_at))
        .bind(execution.version)
        .bind(
            execution
                .selection
                .as_ref()
                .map(serde_json::to_string)
                .transpose()?,
        )
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

    /// Takes an execution that failed or was stopped back to Executing: the one way out of a final status.
    pub async fn reopen_execution(
        &mut self,
        execution: &mut PipelineExecution,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        anyhow::ensure!(
            execution.status.can_be_retried(),
            "execution {} is {} and cannot be retried",
            execution.id,
            execution.status
        );
        (
            execution.status,
            execution.failure_reason,
            execution.modified_at,
        ) = (ExecutionStatus::Executing, None, now);
        sqlx::query(
            "-- reopen_execution
            UPDATE executions SET status = $2, failure_reason = NULL, modified_at = $3 WHERE id = $1",
        )
        .bind(&execution.id)
        .bind(execution.status.as_str())
        .bind(micros(now))
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Writes what can be changed of an execution at any time: its display name, its description, how many of its
    /// steps run at a time.
    pub async fn update_execution(&mut self, execution: &PipelineExecution) -> anyhow::Result<()> {
        sqlx::query(
            "-- update_execution
            UPDATE executions SET display_name = $2, description = $3, parallel_max = $4, modified_at = $5
            WHERE id = $1",
        )
        .bind(&execution.id)
        .bind(&execution.display_name)
        .bind(&execution.description)
        .bind(execution.parallel_max.map(i64::from))
        .bind(micros(execution.modified_at))
        .execute(self.conn())
        .await?;
        Ok(())
    }
}
