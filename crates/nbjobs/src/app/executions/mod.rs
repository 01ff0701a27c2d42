//! Executions of pipelines: start, stop, describe, list. How one goes on is in [`progress`].

mod progress;
pub use progress::job_ended;
pub(super) use progress::order;

use super::constraint::{at_most, pattern};
use super::pipelines::{check_parallel_max, not_found};
use super::{App, Error, Result, jobs};
use crate::model::arn::Scope;
use crate::model::list::{Cursor, Order};
use crate::model::naming::{self, EXECUTION_NAME_LEN_MAX, is_resource_name};
use crate::model::pipeline::{
    Definition, ExecutionFilter, ExecutionStatus, PipelineExecution, PipelineStep, StepStatus,
};
use crate::store::{Origin, Tx};
use anyhow::Context;
use jiff::Timestamp;
use progress::{end_step, progress};
use serde::Serialize;
use uuid::Uuid;

/// Most executions of one pipeline that have not ended (SageMaker's quota for an account is the same number).
pub const UNFINISHED_MAX: i64 = 200;

const DESCRIPTION_LEN_MAX: usize = 3072;
const NAME_PATTERN: &str = "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,81}";

/// What is asked of a start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Start {
    /// The pipeline's name.
    pub pipeline: String,
    /// For people.
    pub display_name: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// Parameters by name, as text.
    pub parameters: Vec<(String, String)>,
    /// Most steps that run at a time; else the pipeline's own.
    pub parallel_max: Option<u32>,
}

/// Starts an execution. The same request again, known by its token, is answered with the execution it started;
/// another request with that token is refused.
pub async fn start(app: &App, start: &Start, token: &str) -> Result<PipelineExecution> {
    if let Some(name) = &start.display_name {
        let fits = is_resource_name(name, EXECUTION_NAME_LEN_MAX);
        pattern(fits, name, "pipelineExecutionDisplayName", NAME_PATTERN)?;
    }
    at_most(
        start.description.as_deref().unwrap_or_default(),
        "pipelineExecutionDescription",
        DESCRIPTION_LEN_MAX,
    )?;
    check_parallel_max(start.parallel_max)?;
    let request = serde_json::to_string(start).context("a start cannot be written down")?;
    let mut tx = app.store.tx().await?;
    if let Some((id, earlier)) = tx.execution_of_token(&start.pipeline, token).await? {
        if earlier != request {
            return Err(Error::Conflict(format!(
                "ClientRequestToken {token} has already started an execution with other arguments; use a new token"
            )));
        }
        return Ok(tx
            .execution(&id)
            .await?
            .context("an execution was started, and is gone")?);
    }
    let origin = Origin::Request {
        token: token.to_owned(),
        request,
    };
    let execution = start_in(&mut tx, &app.scope, start, &origin, app.clock.now()).await?;
    tx.commit().await?;
    app.wake.dispatcher();
    Ok(execution)
}

/// The part of [`start`] that the scheduler shares: execution, steps and their jobs, in the caller's transaction.
/// An error other than [`Error::Internal`] and [`Error::Full`] leaves the transaction as it was. The caller wakes the
/// dispatcher after its commit.
pub async fn start_in(
    tx: &mut Tx,
    scope: &Scope,
    start: &Start,
    origin: &Origin,
    now: Timestamp,
) -> Result<PipelineExecution> {
    let name = &start.pipeline;
    let pipeline = tx
        .pipeline(name)
        .await?
        .ok_or_else(|| not_found(scope, name))?;
    let definition = Definition::parse(&pipeline.settings.definition)
        .map_err(|error| Error::Invalid(error.to_string()))?;
    let parameters = definition
        .bind(&start.parameters)
        .map_err(|error| Error::Invalid(error.to_string()))?;
    if tx.count_unfinished_executions(name).await? >= UNFINISHED_MAX {
        return Err(Error::Limit(format!(
            "Pipeline {name} has {UNFINISHED_MAX} executions that have not ended, the most that can be"
        )));
    }
    let mut execution = PipelineExecution {
        id: naming::execution_id(Uuid::new_v4().into_bytes()),
        pipeline: name.clone(),
        status: ExecutionStatus::Executing,
        display_name: start.display_name.clone(),
        description: start.description.clone(),
        definition: pipeline.settings.definition,
        parameters,
        parallel_max: start.parallel_max.or(pipeline.settings.parallel_max),
        failure_reason: None,
        started_at: now,
        modified_at: now,
    };
    tx.insert_execution(&execution, origin).await?;
    tx.set_last_run(name, now).await?;
    progress(tx, scope, &mut execution, now).await?;
    Ok(execution)
}

/// One execution.
pub async fn describe(app: &App, pipeline: &str, id: &str) -> Result<PipelineExecution> {
    let execution = app
        .store
        .execution(id)
        .await?
        .filter(|execution| execution.pipeline == pipeline);
    execution.ok_or_else(|| execution_not_found(&app.scope, pipeline, id))
}

/// One page of a pipeline's executions, and where the next one begins.
pub async fn list(
    app: &App,
    pipeline: &str,
    filter: &ExecutionFilter,
    order: Order,
    after: Option<&Cursor>,
    limit: u32,
) -> Result<(Vec<PipelineExecution>, Option<Cursor>)> {
    app.store
        .pipeline(pipeline)
        .await?
        .ok_or_else(|| not_found(&app.scope, pipeline))?;
    let mut executions = app
        .store
        .executions(pipeline, filter, order, after, limit + 1)
        .await?;
    let more = executions.len() > limit as usize;
    executions.truncate(limit as usize);
    let next = executions
        .last()
        .filter(|_| more)
        .map(|last| Cursor::behind(order.by, &last.id, last.started_at, &last.id));
    Ok((executions, next))
}

/// The steps of an execution that have begun, in the order in which they did; a pipeline has few.
pub async fn steps(app: &App, pipeline: &str, id: &str) -> Result<Vec<PipelineStep>> {
    describe(app, pipeline, id).await?;
    Ok(app.store.steps(id).await?)
}

/// Asks an execution to stop: no step begins any more, and the jobs of those that run are stopped.
pub async fn stop(app: &App, pipeline: &str, id: &str) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.store.tx().await?;
    let execution = tx
        .execution(id)
        .await?
        .filter(|execution| execution.pipeline == pipeline);
    let mut execution = execution.ok_or_else(|| execution_not_found(&app.scope, pipeline, id))?;
    match execution.status {
        ExecutionStatus::Executing => {}
        ExecutionStatus::Stopping => return Ok(()),
        status => {
            let arn = app.scope.pipeline_execution(pipeline, id);
            return Err(Error::Conflict(format!(
                "Pipeline execution {arn} cannot be stopped, it is {status}"
            )));
        }
    }
    tx.set_execution_status(&mut execution, ExecutionStatus::Stopping, None, now)
        .await?;
    for step in tx
        .steps(id)
        .await?
        .into_iter()
        .filter(|step| step.status == StepStatus::Executing)
    {
        tx.set_step_status(id, &step.name, StepStatus::Stopping, None, now)
            .await?;
        let name = step.job.context("a running step has no job")?;
        let mut job = tx
            .job(&name)
            .await?
            .context("a running step's job has no row")?;
        jobs::stop_in(&mut tx, &mut job, now).await?;
        end_step(&mut tx, id, &step.name, &job, now).await?;
    }
    progress(&mut tx, &app.scope, &mut execution, now).await?;
    tx.commit().await?;
    app.wake.dispatcher();
    Ok(())
}

fn execution_not_found(scope: &Scope, pipeline: &str, id: &str) -> Error {
    let arn = scope.pipeline_execution(pipeline, id);
    Error::NotFound(format!("Pipeline execution with ARN {arn} does not exist."))
}
