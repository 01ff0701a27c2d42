//! How an execution goes on: what the end of a job means for the execution it is part of, and the jobs of the steps
//! that can begin. What happens next is decided by [`Run`]; here it is written.

use super::super::{App, Error, Result, policies};
use super::begin::{begin, end_at_once};
use super::states::{objects, states};
use super::stop::stop_steps;
use crate::model::job::{FailureReason, Job, JobStatus, SecondaryStatus};
use crate::model::pipeline::{
    Action, Definition, ExceptionType, ExecutionStatus, FAILURE_REASON, JsonObjects,
    PipelineExecution, PipelineStep, RetryPolicy, Run, StepStatus, Variables, next_attempt,
};
use crate::store::Tx;
use anyhow::Context;
use jiff::Timestamp;

/// What the final status of a job means for the execution that it is part of, if any; called in the transaction that
/// sets it. Nothing for a job that has not ended. The caller wakes the dispatcher and the scheduler after its commit.
pub async fn job_ended(tx: &mut Tx, app: &App, job: &Job, now: Timestamp) -> anyhow::Result<()> {
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
    let mut execution = tx
        .execution(&id)
        .await?
        .context("a step's execution has no row")?;
    let definition = definition(&execution).map_err(Error::into_cause)?;
    let policies = match definition.step(&step.name).map(|step| &step.action) {
        Some(Action::Training { retry_policies, .. }) => retry_policies.as_slice(),
        _ => &[],
    };
    end_step(tx, &id, &step, job, policies, now).await?;
    progress(tx, app, &mut execution, now)
        .await
        .map_err(Error::into_cause)?;
    policies::execution_ended(tx, app, &execution)
        .await
        .map_err(Error::into_cause)
}

/// Begins the next attempts of steps whose time has come, and answers when to look again. The dispatcher is woken.
pub async fn retry_due(app: &App, now: Timestamp) -> anyhow::Result<Option<Timestamp>> {
    for id in app.store.due_retries(now).await? {
        let mut tx = app.store.tx().await?;
        // Looked at again inside the transaction: since then it may have been stopped.
        let Some(mut execution) = tx.execution(&id).await?.filter(|e| !e.status.is_final()) else {
            continue;
        };
        progress(&mut tx, app, &mut execution, now)
            .await
            .map_err(Error::into_cause)?;
        tx.commit().await?;
        app.wake.dispatcher();
    }
    app.store.next_retry(now).await
}

/// Ends a step whose job has ended, or lets it wait for its next attempt.
pub(super) async fn end_step(
    tx: &mut Tx,
    execution: &str,
    step: &PipelineStep,
    job: &Job,
    policies: &[RetryPolicy],
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
    let broke = job.status == JobStatus::Failed
        && step.status == StepStatus::Executing
        && reason.as_deref().is_some_and(FailureReason::is_internal);
    let again = broke.then(|| {
        let exception = ExceptionType::JobInternalError;
        next_attempt(policies, exception, step.attempts, step.started_at, now)
    });
    match again.flatten() {
        Some(at) => tx.retry_step(execution, &step.name, at, now).await,
        None => {
            tx.set_step_status(execution, &step.name, status, reason.as_deref(), now)
                .await
        }
    }
}

/// Begins every step that can begin, and gives the execution the status that follows. Each turn begins at least one
/// step or stops all, so there are few more turns than steps.
pub(super) async fn progress(
    tx: &mut Tx,
    app: &App,
    execution: &mut PipelineExecution,
    now: Timestamp,
) -> Result<()> {
    let definition = definition(execution)?;
    let scope = &app.scope;
    let variables = Variables {
        execution_id: execution.id.clone(),
        execution_arn: scope.pipeline_execution(&execution.pipeline, &execution.id),
        pipeline: execution.pipeline.clone(),
        pipeline_arn: scope.pipeline(&execution.pipeline),
        started_at: execution.started_at,
    };
    let stopping = execution.status == ExecutionStatus::Stopping;
    loop {
        let steps = tx.steps(&execution.id).await?;
        let states = states(tx, scope, &steps).await?;
        let run = Run {
            definition: &definition,
            variables: &variables,
            parameters: &execution.parameters,
            parallel_max: execution.parallel_max.map(|max| max as usize),
            selection: execution.selection.as_ref(),
            objects: &JsonObjects::new(),
        };
        let objects = objects(app, run.objects_needed(&states, now)).await?;
        let run = Run {
            objects: &objects,
            ..run
        };
        let next = run.advance(&states, stopping, now);
        if next.halt {
            stop_steps(tx, &execution.id, now).await?;
            continue;
        }
        if next.ready.is_empty() && next.ended.is_empty() {
            let failed = next.status == ExecutionStatus::Failed;
            let reason = failed.then(|| FAILURE_REASON.to_owned());
            return Ok(tx
                .set_execution_status(execution, next.status, reason, now)
                .await?);
        }
        let attempts = |name: &str| {
            let earlier = steps.iter().find(|step| step.name == name);
            earlier.map_or(0, |step| step.attempts)
        };
        for step in next.ended {
            let attempts = attempts(&step.name);
            end_at_once(tx, &execution.id, step, attempts, now).await?;
        }
        for step in next.ready {
            let attempts = attempts(&step.name);
            begin(tx, execution, step, attempts, now).await?;
        }
    }
}

fn definition(execution: &PipelineExecution) -> Result<Definition> {
    let definition = Definition::parse(&execution.definition);
    Ok(definition.context("an execution's definition cannot be read")?)
}
