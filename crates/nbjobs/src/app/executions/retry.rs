//! Repairing an execution that failed or was stopped, and changing one.

use super::super::pipelines::check_parallel_max;
use super::super::repeated::is_repeated;
use super::super::{App, Error, Result};
use super::progress::progress;
use super::{check_texts, check_unfinished, execution_in};
use crate::model::pipeline::{PipelineExecution, StepStatus};

/// What an update of an execution changes; what is not given stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of PipelineExecution")]
pub struct Update {
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub parallel_max: Option<u32>,
}

/// Goes on with an execution that failed or was stopped: steps that failed or were stopped begin again, and then those
/// that never began; what succeeded is kept. The same request again, known by its token, changes nothing.
pub async fn retry(
    app: &App,
    pipeline: &str,
    id: &str,
    parallel_max: Option<u32>,
    token: &str,
) -> Result<()> {
    check_parallel_max(parallel_max)?;
    let now = app.clock.now();
    let mut tx = app.store.tx().await?;
    let mut execution = execution_in(&mut tx, app, pipeline, id).await?;
    let request = format!("{id} {parallel_max:?}");
    if is_repeated(&mut tx, "RetryPipelineExecution", token, &request, now).await? {
        return Ok(());
    }
    if !execution.status.can_be_retried() {
        let arn = app.scope.pipeline_execution(pipeline, id);
        return Err(Error::Conflict(format!(
            "Pipeline execution {arn} cannot be retried, it is {}; one that is Failed or Stopped can",
            execution.status
        )));
    }
    check_unfinished(&mut tx, pipeline).await?;
    tx.reopen_execution(&mut execution, now).await?;
    if parallel_max.is_some() {
        execution.parallel_max = parallel_max;
        tx.update_execution(&execution).await?;
    }
    for step in tx.steps(id).await? {
        if matches!(step.status, StepStatus::Failed | StepStatus::Stopped) {
            tx.retry_step(id, &step.name, now).await?;
        }
    }
    progress(&mut tx, app, &mut execution, now).await?;
    tx.commit().await?;
    app.wake.dispatcher();
    Ok(())
}

/// Changes an execution, also one that has ended. More room for steps is used at once.
pub async fn update(
    app: &App,
    pipeline: &str,
    id: &str,
    update: Update,
) -> Result<PipelineExecution> {
    check_texts(
        update.display_name.as_deref(),
        update.description.as_deref(),
    )?;
    check_parallel_max(update.parallel_max)?;
    let now = app.clock.now();
    let mut tx = app.store.tx().await?;
    let mut execution = execution_in(&mut tx, app, pipeline, id).await?;
    execution.display_name = update.display_name.or(execution.display_name);
    execution.description = update.description.or(execution.description);
    execution.parallel_max = update.parallel_max.or(execution.parallel_max);
    execution.modified_at = now;
    tx.update_execution(&execution).await?;
    if !execution.status.is_final() {
        progress(&mut tx, app, &mut execution, now).await?;
    }
    tx.commit().await?;
    app.wake.dispatcher();
    Ok(execution)
}
