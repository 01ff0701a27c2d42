//! A step begins: the job that it asks for, or why there is none.

use super::super::{Error, Result, jobs};
use crate::model::job::{FailureReason, Job, JobSpec};
use crate::model::naming::{self, JOB_NAME_LEN_MAX, is_resource_name};
use crate::model::pipeline::{
    EndedStep, Ending, PipelineExecution, PipelineStep, ReadyStep, StepStatus,
};
use crate::model::tag::{self, Tag};
use crate::store::Tx;
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

/// The job that a step asks for.
#[derive(Debug)]
pub(in crate::app) struct JobOrder {
    spec: JobSpec,
    tags: Vec<Tag>,
    name_prefix: Option<String>,
}

/// A step at the beginning of an attempt, of which there were `attempts` before.
pub(super) fn attempt(name: &str, attempts: u32, now: Timestamp) -> PipelineStep {
    PipelineStep {
        name: name.to_owned(),
        status: StepStatus::Executing,
        job: None,
        attempts: attempts + 1,
        retry_at: None,
        outcome: None,
        source: None,
        failure_reason: None,
        started_at: now,
        ended_at: None,
    }
}

/// Creates a step's job; a step whose job cannot be made has failed.
pub(super) async fn begin(
    tx: &mut Tx,
    execution: &PipelineExecution,
    ready: ReadyStep,
    attempts: u32,
    now: Timestamp,
) -> Result<()> {
    let mut step = attempt(&ready.name, attempts, now);
    match order(ready) {
        Err(reason) => fail(&mut step, FailureReason::Client(reason).to_string(), now),
        Ok(order) => {
            let random = Uuid::new_v4().into_bytes();
            let prefix = order.name_prefix.as_deref();
            let name = naming::launched_job(&execution.id, &step.name, prefix, random);
            // The name is random, so that it is taken can only be a fault of ours.
            create_ordered(tx, &name, order, Some(execution), now)
                .await
                .map_err(|error| match error {
                    Error::Exists(_) => Error::Internal(error.into_cause()),
                    other => other,
                })?;
            step.job = Some(name);
        }
    }
    Ok(tx.put_step(&execution.id, &step).await?)
}

/// Creates the job that is asked for, under this name; for a step of `execution`, if there is one.
pub(in crate::app) async fn create_ordered(
    tx: &mut Tx,
    name: &str,
    order: JobOrder,
    execution: Option<&PipelineExecution>,
    now: Timestamp,
) -> Result<Job> {
    jobs::create_in(tx, name, order.spec, &order.tags, execution, now).await
}

/// Writes down a step that ends without a job.
pub(super) async fn end_at_once(
    tx: &mut Tx,
    execution: &str,
    ended: EndedStep,
    attempts: u32,
    now: Timestamp,
) -> Result<()> {
    let mut step = attempt(&ended.name, attempts, now);
    match ended.ending {
        Ending::Outcome(outcome) => {
            (step.status, step.outcome, step.ended_at) =
                (StepStatus::Succeeded, Some(outcome), Some(now));
        }
        Ending::Fail(message) => fail(&mut step, message, now),
        Ending::Broken(reason) => fail(&mut step, FailureReason::Client(reason).to_string(), now),
    }
    Ok(tx.put_step(execution, &step).await?)
}

fn fail(step: &mut PipelineStep, reason: String, now: Timestamp) {
    (step.status, step.failure_reason, step.ended_at) =
        (StepStatus::Failed, Some(reason), Some(now));
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
