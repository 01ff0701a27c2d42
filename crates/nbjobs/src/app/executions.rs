//! Executions of pipelines: start, stop, describe, list; and what the end of a job means for the execution it is
//! part of. What happens next is decided by [`Run`], here it is written.

use super::constraint::{at_most, pattern};
use super::pipelines::{check_parallel_max, not_found};
use super::{App, Error, Result, jobs};
use crate::model::arn::Scope;
use crate::model::job::{FailureReason, Job, JobSpec, JobStatus, SecondaryStatus};
use crate::model::naming::{self, EXECUTION_NAME_LEN_MAX, JOB_NAME_LEN_MAX, is_resource_name};
use crate::model::pipeline::{
    Definition, ExecutionStatus, FAILURE_REASON, PipelineExecution, PipelineStep, ReadyStep, Run,
    StepState, StepStatus, Variables,
};
use crate::model::tag::{self, Tag};
use crate::store::{Cursor, ExecutionFilter, Order, Origin, Tx};
use anyhow::Context;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
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

/// The job that a step asks for.
#[derive(Debug)]
pub(super) struct JobOrder {
    spec: JobSpec,
    tags: Vec<Tag>,
    name_prefix: Option<String>,
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
        .map(|last| Cursor::behind_execution(last, order.by));
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

/// What the final status of a job means for the execution that it is part of, if any; called in the transaction that
/// sets it. Nothing for a job that has not ended. The caller wakes the dispatcher after its commit.
pub async fn job_ended(
    tx: &mut Tx,
    scope: &Scope,
    job: &Job,
    now: Timestamp,
) -> anyhow::Result<()> {
    if !job.status.is_final() {
        return Ok(());
    }
    let Some((id, step)) = tx
        .step_of_job(&job.name)
        .await?
        .filter(|(_, step)| !step.status.is_final())
    else {
        return Ok(());
    };
    end_step(tx, &id, &step.name, job, now).await?;
    let mut execution = tx
        .execution(&id)
        .await?
        .context("a step's execution has no row")?;
    progress(tx, scope, &mut execution, now)
        .await
        .map_err(Error::into_cause)
}

/// Ends a step whose job has ended.
async fn end_step(
    tx: &mut Tx,
    execution: &str,
    step: &str,
    job: &Job,
    now: Timestamp,
) -> anyhow::Result<()> {
    let reason = |fallback: &str| {
        job.failure_reason
            .clone()
            .unwrap_or_else(|| fallback.into())
    };
    let (status, reason) = match job.status {
        JobStatus::Completed => (StepStatus::Succeeded, None),
        JobStatus::Failed => (StepStatus::Failed, Some(reason("The job failed"))),
        JobStatus::Stopped if job.secondary_status == SecondaryStatus::MaxRuntimeExceeded => (
            StepStatus::Failed,
            Some(reason(
                "The job reached MaxRuntimeInSeconds and was stopped",
            )),
        ),
        JobStatus::Stopped => (StepStatus::Stopped, None),
        JobStatus::Queued | JobStatus::InProgress | JobStatus::Stopping => return Ok(()),
    };
    tx.set_step_status(execution, step, status, reason.as_deref(), now)
        .await
}

/// Begins every step that can begin, and gives the execution the status that follows. Each turn begins at least one
/// step, so there are no more turns than steps.
async fn progress(
    tx: &mut Tx,
    scope: &Scope,
    execution: &mut PipelineExecution,
    now: Timestamp,
) -> Result<()> {
    let definition = Definition::parse(&execution.definition)
        .context("an execution's definition cannot be read")?;
    let variables = Variables {
        execution_id: execution.id.clone(),
        execution_arn: scope.pipeline_execution(&execution.pipeline, &execution.id),
        pipeline: execution.pipeline.clone(),
        pipeline_arn: scope.pipeline(&execution.pipeline),
        started_at: execution.started_at,
    };
    let stopping = execution.status == ExecutionStatus::Stopping;
    loop {
        let states = states(tx, scope, execution).await?;
        let run = Run {
            definition: &definition,
            variables: &variables,
            parameters: &execution.parameters,
            parallel_max: execution.parallel_max.map(|max| max as usize),
        };
        let next = run.advance(&states, stopping, now);
        if next.ready.is_empty() && next.failed.is_empty() {
            let failed = next.status == ExecutionStatus::Failed;
            let reason = failed.then(|| FAILURE_REASON.to_owned());
            return Ok(tx
                .set_execution_status(execution, next.status, reason, now)
                .await?);
        }
        for step in next.failed {
            tx.insert_step(&execution.id, &failed_step(step.name, step.reason, now))
                .await?;
        }
        for step in next.ready {
            begin(tx, &execution.id, step, now).await?;
        }
    }
}

/// Creates a step's job; a step whose job cannot be made has failed.
async fn begin(tx: &mut Tx, execution: &str, ready: ReadyStep, now: Timestamp) -> Result<()> {
    let name = ready.name.clone();
    let order = match order(ready) {
        Ok(order) => order,
        Err(reason) => {
            return Ok(tx
                .insert_step(execution, &failed_step(name, reason, now))
                .await?);
        }
    };
    let random = Uuid::new_v4().into_bytes();
    let job = naming::launched_job(execution, &name, order.name_prefix.as_deref(), random);
    jobs::create_in(tx, &job, order.spec, &order.tags, now).await?;
    let status = StepStatus::Executing;
    let step = PipelineStep {
        name,
        status,
        job: Some(job),
        failure_reason: None,
        started_at: now,
        ended_at: None,
    };
    Ok(tx.insert_step(execution, &step).await?)
}

fn failed_step(name: String, reason: String, now: Timestamp) -> PipelineStep {
    let failure_reason = Some(FailureReason::Client(reason).to_string());
    PipelineStep {
        name,
        status: StepStatus::Failed,
        job: None,
        failure_reason,
        started_at: now,
        ended_at: Some(now),
    }
}

/// Reads a step's arguments as the request of a job; the error is a reason.
pub(super) fn order(step: ReadyStep) -> std::result::Result<JobOrder, String> {
    if let Some(prefix) = &step.job_name_prefix
        && !is_resource_name(prefix, JOB_NAME_LEN_MAX)
    {
        return Err(format!(
            "TrainingJobName {prefix:?} is not letters, digits and hyphens, {JOB_NAME_LEN_MAX} at most"
        ));
    }
    let mut arguments = step.arguments;
    let tags = arguments
        .as_object_mut()
        .and_then(|map| map.remove("Tags"))
        .unwrap_or(json!([]));
    let tags: Vec<Tag> = serde_json::from_value(tags).map_err(|error| format!("Tags: {error}"))?;
    tag::validate(&tags)?;
    let spec: JobSpec = serde_json::from_value(arguments).map_err(|error| error.to_string())?;
    spec.validate()?;
    Ok(JobOrder {
        spec,
        tags,
        name_prefix: step.job_name_prefix,
    })
}

/// The steps that have begun, as the plan sees them.
async fn states(
    tx: &mut Tx,
    scope: &Scope,
    execution: &PipelineExecution,
) -> Result<Vec<StepState>> {
    let mut states = Vec::new();
    for PipelineStep {
        name, status, job, ..
    } in tx.steps(&execution.id).await?
    {
        let job = match job.filter(|_| status == StepStatus::Succeeded) {
            Some(job) => tx
                .job(&job)
                .await?
                .map(|job| document(scope, &job))
                .transpose()?,
            None => None,
        };
        states.push(StepState { name, status, job });
    }
    Ok(states)
}

/// What later steps can refer to of a job: its request, and what `DescribeTrainingJob` adds.
fn document(scope: &Scope, job: &Job) -> Result<Value> {
    let mut document = serde_json::to_value(&job.spec).context("a job's spec cannot be written")?;
    document["TrainingJobName"] = json!(job.name);
    document["TrainingJobArn"] = json!(scope.training_job(&job.name));
    document["TrainingJobStatus"] = json!(job.status.training_job_status());
    document["SecondaryStatus"] = json!(job.secondary_status.as_str());
    document["ModelArtifacts"] = json!({"S3ModelArtifacts": job.artifact_uri()});
    Ok(document)
}

fn execution_not_found(scope: &Scope, pipeline: &str, id: &str) -> Error {
    let arn = scope.pipeline_execution(pipeline, id);
    Error::NotFound(format!("Pipeline execution with ARN {arn} does not exist."))
}

#[cfg(test)]
mod tests;
