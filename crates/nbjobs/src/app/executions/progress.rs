//! How an execution goes on: what the end of a job means for the execution it is part of, and the jobs of the steps
//! that can begin. What happens next is decided by [`Run`]; here it is written.

use super::super::{Error, Result, jobs};
use crate::model::arn::Scope;
use crate::model::job::{FailureReason, Job, JobSpec, JobStatus, SecondaryStatus};
use crate::model::naming::{self, JOB_NAME_LEN_MAX, is_resource_name};
use crate::model::pipeline::{
    Definition, ExecutionStatus, FAILURE_REASON, PipelineExecution, PipelineStep, ReadyStep, Run,
    StepState, StepStatus, Variables,
};
use crate::model::tag::{self, Tag};
use crate::store::Tx;
use anyhow::Context;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

/// The job that a step asks for.
#[derive(Debug)]
pub(in crate::app) struct JobOrder {
    spec: JobSpec,
    tags: Vec<Tag>,
    name_prefix: Option<String>,
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
pub(super) async fn end_step(
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
pub(super) async fn progress(
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
    // The name is random, so that it is taken can only be a fault of ours.
    jobs::create_in(tx, &job, order.spec, &order.tags, now)
        .await
        .map_err(|error| match error {
            Error::Exists(_) => Error::Internal(error.into_cause()),
            other => other,
        })?;
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
pub(in crate::app) fn order(step: ReadyStep) -> std::result::Result<JobOrder, String> {
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
