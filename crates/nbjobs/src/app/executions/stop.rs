//! Stopping an execution, by request or because a Fail step was reached.

use super::super::repeated::is_repeated;
use super::super::{App, Error, Result, jobs};
use super::execution_in;
use super::progress::{end_step, progress};
use crate::model::pipeline::{ExecutionStatus, PipelineExecution, StepStatus};
use crate::store::Tx;
use anyhow::Context;
use jiff::Timestamp;

/// Asks an execution to stop: no step begins any more, and the jobs of those that run are stopped. The same request
/// again, known by its token, changes nothing.
pub async fn stop(app: &App, pipeline: &str, id: &str, token: &str) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.store.tx().await?;
    if is_repeated(&mut tx, "StopPipelineExecution", token, id, now).await? {
        return Ok(());
    }
    let mut execution = execution_in(&mut tx, app, pipeline, id).await?;
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
    stop_in(&mut tx, app, &mut execution, now).await?;
    tx.commit().await?;
    app.wake.dispatcher();
    // A due moment may have waited for its end.
    app.wake.scheduler();
    Ok(())
}

/// The part of [`stop`] that the scheduler shares, on an execution that is Executing. The caller wakes the dispatcher
/// after its commit.
pub async fn stop_in(
    tx: &mut Tx,
    app: &App,
    execution: &mut PipelineExecution,
    now: Timestamp,
) -> Result<()> {
    tx.set_execution_status(execution, ExecutionStatus::Stopping, None, now)
        .await?;
    stop_steps(tx, &execution.id, now).await?;
    progress(tx, app, execution, now).await
}

/// Stops what has not ended: jobs that run are asked to, what waits has ended.
pub(super) async fn stop_steps(tx: &mut Tx, execution: &str, now: Timestamp) -> Result<()> {
    for step in tx.steps(execution).await? {
        match step.status {
            StepStatus::Starting => {
                tx.set_step_status(execution, &step.name, StepStatus::Stopped, None, now)
                    .await?;
            }
            StepStatus::Executing => {
                tx.set_step_status(execution, &step.name, StepStatus::Stopping, None, now)
                    .await?;
                let name = step.job.as_ref().context("a running step has no job")?;
                let mut job = tx
                    .job(name)
                    .await?
                    .context("a running step's job has no row")?;
                jobs::stop_in(tx, &mut job, now).await?;
                end_step(tx, execution, &step, &job, &[], now).await?;
            }
            _ => {}
        }
    }
    Ok(())
}
