//! Executions of pipelines: start, describe, list. How one goes on is in [`progress`], how it is stopped in [`stop`], how
//! it is repaired in [`retry`].

mod begin;
mod progress;
mod retry;
mod states;
mod stop;

pub(super) use begin::{JobOrder, create_ordered, order};
pub use progress::{job_ended, retry_due};
pub use retry::{Update, retry, update};
pub use stop::{stop, stop_in};

use super::constraint::{at_most, pattern};
use super::pipelines::{check_parallel_max, not_found};
use super::{App, Error, Result, jobs, pipeline_versions};
use crate::model::arn::Scope;
use crate::model::list::{Cursor, Order};
use crate::model::naming::{self, EXECUTION_NAME_LEN_MAX, is_resource_name};
use crate::model::pipeline::{
    Definition, Done, ExecutionFilter, ExecutionStatus, PipelineExecution, PipelineStep, Selection,
};
use crate::store::{Origin, Tx};
use anyhow::Context;
use jiff::Timestamp;
use progress::progress;
use serde::Serialize;
use uuid::Uuid;

/// Most executions of one pipeline that have not ended (SageMaker's quota for an account is the same number).
pub const UNFINISHED_MAX: i64 = 200;

pub(super) const DESCRIPTION_LEN_MAX: usize = 3072;
pub(super) const NAME_PATTERN: &str = "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,81}";

/// What is asked of a start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Start {
    /// The pipeline's name.
    pub pipeline: String,
    /// The version of its definition; else the latest.
    pub version: Option<i64>,
    /// For people.
    pub display_name: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// Parameters by name, as text.
    pub parameters: Vec<(String, String)>,
    /// Most steps that run at a time; else the pipeline's own.
    pub parallel_max: Option<u32>,
    /// What runs, when that is not all.
    pub selection: Option<Selection>,
}

impl Start {
    /// Refuses what no pipeline can be started with.
    pub(super) fn check(&self) -> Result<()> {
        check_texts(self.display_name.as_deref(), self.description.as_deref())?;
        check_parallel_max(self.parallel_max)
    }
}

/// Starts an execution. The same request again, known by its token, is answered with the execution it started;
/// another request with that token is refused.
pub async fn start(app: &App, start: &Start, token: &str) -> Result<PipelineExecution> {
    start.check()?;
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
    let execution = start_in(&mut tx, app, start, &origin, app.clock.now()).await?;
    tx.commit().await?;
    app.wake.dispatcher();
    Ok(execution)
}

/// The part of [`start`] that the scheduler shares: execution, steps and their jobs, in the caller's transaction.
/// An error other than [`Error::Internal`] and [`Error::Full`] leaves the transaction as it was. The caller wakes the
/// dispatcher after its commit.
pub async fn start_in(
    tx: &mut Tx,
    app: &App,
    start: &Start,
    origin: &Origin,
    now: Timestamp,
) -> Result<PipelineExecution> {
    let name = &start.pipeline;
    let pipeline = tx
        .pipeline(name)
        .await?
        .ok_or_else(|| not_found(&app.scope, name))?;
    let version = start.version.unwrap_or(pipeline.version);
    let text = tx
        .definition_of_version(name, version)
        .await?
        .ok_or_else(|| pipeline_versions::not_found(name, version))?;
    let definition = Definition::parse(&text).map_err(|error| Error::Invalid(error.to_string()))?;
    let parameters = definition
        .bind(&start.parameters)
        .map_err(|error| Error::Invalid(error.to_string()))?;
    let taken_over = match &start.selection {
        Some(selection) => taken_over(tx, app, name, &definition, selection).await?,
        None => Vec::new(),
    };
    check_unfinished(tx, name).await?;
    jobs::check_queue(app)?;
    let mut execution = PipelineExecution {
        id: naming::execution_id(Uuid::new_v4().into_bytes()),
        pipeline: name.clone(),
        version,
        status: ExecutionStatus::Executing,
        display_name: start.display_name.clone(),
        description: start.description.clone(),
        definition: text,
        parameters,
        parallel_max: start.parallel_max.or(pipeline.settings.parallel_max),
        selection: start.selection.clone(),
        failure_reason: None,
        started_at: now,
        modified_at: now,
    };
    tx.insert_execution(&execution, origin).await?;
    for step in taken_over {
        tx.put_step(&execution.id, &step).await?;
    }
    tx.set_last_run(name, now).await?;
    progress(tx, app, &mut execution, now).await?;
    Ok(execution)
}

/// The steps of the earlier execution whose results a selective execution takes over.
async fn taken_over(
    tx: &mut Tx,
    app: &App,
    pipeline: &str,
    definition: &Definition,
    selection: &Selection,
) -> Result<Vec<PipelineStep>> {
    let mut steps = Vec::new();
    if let Some(id) = &selection.source {
        let source = execution_in(tx, app, pipeline, id).await?;
        if !source.status.is_final() {
            return Err(Error::Invalid(format!(
                "The execution {} is {}; the source of a selective execution must have ended",
                app.scope.pipeline_execution(pipeline, id),
                source.status
            )));
        }
        steps = tx.steps(id).await?;
    }
    let done: Vec<Done<'_>> = steps
        .iter()
        .map(|step| Done {
            name: &step.name,
            status: step.status,
            outcome: step.outcome,
        })
        .collect();
    let taken = selection
        .taken_over(definition, &done)
        .map_err(|reason| Error::Invalid(format!("{reason}.")))?;
    drop(done);
    steps.retain(|step| taken.contains(step.name.as_str()));
    for step in &mut steps {
        step.source.clone_from(&selection.source);
    }
    Ok(steps)
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

/// Refuses a display name or a description that an execution cannot have.
fn check_texts(display_name: Option<&str>, description: Option<&str>) -> Result<()> {
    if let Some(name) = display_name {
        let fits = is_resource_name(name, EXECUTION_NAME_LEN_MAX);
        pattern(fits, name, "pipelineExecutionDisplayName", NAME_PATTERN)?;
    }
    at_most(
        description.unwrap_or_default(),
        "pipelineExecutionDescription",
        DESCRIPTION_LEN_MAX,
    )
}

async fn check_unfinished(tx: &mut Tx, pipeline: &str) -> Result<()> {
    if tx.count_unfinished_executions(pipeline).await? < UNFINISHED_MAX {
        return Ok(());
    }
    Err(Error::Limit(format!(
        "Pipeline {pipeline} has {UNFINISHED_MAX} executions that have not ended, the most that can be"
    )))
}

async fn execution_in(
    tx: &mut Tx,
    app: &App,
    pipeline: &str,
    id: &str,
) -> Result<PipelineExecution> {
    let execution = tx
        .execution(id)
        .await?
        .filter(|execution| execution.pipeline == pipeline);
    execution.ok_or_else(|| execution_not_found(&app.scope, pipeline, id))
}

fn execution_not_found(scope: &Scope, pipeline: &str, id: &str) -> Error {
    let arn = scope.pipeline_execution(pipeline, id);
    Error::NotFound(format!("Pipeline execution with ARN {arn} does not exist."))
}

#[cfg(test)]
mod tests;
