//! What follows from the end of an attempt: the job's final status with all that goes with it, or its next attempt.

use super::attempt::{handle, mark, rows};
use super::{Engine, artifact};
use crate::app::{Error, executions, policies};
use crate::model::job::{FailureReason, JobStatus, SecondaryStatus};
use crate::model::policy::ATTEMPT_TIMEOUT;
use crate::rundir::{RunDir, TimeLimit};
use crate::store::Lease;
use anyhow::Context;
use jiff::SignedDuration;
use tracing::info;

/// How an attempt ended, before it is a job's status.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The driver exited with this code.
    Exited(i32),
    /// It was stopped at a time limit.
    TimedOut(TimeLimit),
    /// It could not run, or was lost.
    Broken(FailureReason),
}

impl Outcome {
    /// Why the attempt failed, if it did.
    fn failure(&self, run: &RunDir) -> Option<FailureReason> {
        match self {
            Self::Exited(0) | Self::TimedOut(TimeLimit::Job) => None,
            Self::Exited(code) => Some(FailureReason::Algorithm {
                failure: run
                    .failure_text()
                    .unwrap_or_else(|| "The driver left no reason".into()),
                exit_code: *code,
            }),
            Self::TimedOut(TimeLimit::Attempt) => Some(FailureReason::Algorithm {
                failure: format!("The attempt took longer than its {ATTEMPT_TIMEOUT}"),
                exit_code: TIMEOUT_EXIT,
            }),
            Self::Broken(reason) => Some(reason.clone()),
        }
    }
}

/// The exit status of coreutils' `timeout`.
const TIMEOUT_EXIT: i32 = 124;

/// Ends what is left of the run, stores the artifact, then, in one transaction, everything that follows from the outcome.
pub(super) async fn settle(
    engine: &Engine,
    lease: &Lease,
    run: &RunDir,
    outcome: &Outcome,
) -> anyhow::Result<()> {
    let app = &engine.app;
    let (job, row) = rows(app, lease).await?;
    if job.status.is_final() {
        return Ok(());
    }
    // Whatever the outcome, also after a fault of ours: nothing runs on, or writes to what is packed.
    engine.backend.kill(run, handle(&row).as_ref()).await?;
    if retry(engine, lease, run, outcome).await? {
        return Ok(());
    }
    mark(engine, lease, SecondaryStatus::Uploading).await?;
    let stored = artifact::store(app, &job, run).await?;
    let now = app.clock.now();
    let mut tx = app.store.tx().await?;
    tx.require(lease).await?;
    let mut job = tx.job(&lease.job).await?.context("the job has no row")?;
    let (status, secondary, reason) = verdict(job.status, outcome, stored, run);
    tx.set_job_status(&mut job, status, secondary, reason, now)
        .await?;
    executions::job_ended(&mut tx, app, &job, now).await?;
    tx.commit().await?;
    app.live.end(&job.name);
    // A failed step of a pipeline may have got a moment for its next attempt.
    app.wake.scheduler();
    // Its first line says what kind of failure it was; below stands what the notebook said, which may hold secrets.
    let reason = job
        .failure_reason
        .as_deref()
        .and_then(|reason| reason.lines().next());
    info!(job = job.name, attempt = lease.attempt, %status, reason, "finished a run");
    Ok(())
}

/// Lets the job wait for its next attempt, if this one failed and there is one; whether it does.
async fn retry(
    engine: &Engine,
    lease: &Lease,
    run: &RunDir,
    outcome: &Outcome,
) -> anyhow::Result<bool> {
    let Some(reason) = outcome.failure(run) else {
        return Ok(false);
    };
    let app = &engine.app;
    let now = app.clock.now();
    let mut tx = app.store.tx().await?;
    tx.require(lease).await?;
    let mut job = tx.job(&lease.job).await?.context("the job has no row")?;
    if job.status == JobStatus::Stopping {
        return Ok(false);
    }
    let policies = policies::of_job(&mut tx, &job.name).await;
    let policies = policies.map_err(Error::into_cause)?;
    let asked = job.spec.retry_strategy.as_ref();
    let retries = policies.retries.unwrap_or(0);
    let retries = match &reason {
        FailureReason::Algorithm { .. } => retries,
        FailureReason::InternalServer(_) => {
            retries.max(asked.map_or(0, |strategy| strategy.maximum_retry_attempts))
        }
        // Another attempt would find the same.
        FailureReason::Client(_) => 0,
    };
    let retry_at = now.saturating_add(policies.backoff(lease.attempt))?;
    let seconds = job.spec.stopping_condition.max_runtime_in_seconds;
    let limit = SignedDuration::from_secs(i64::try_from(seconds)?);
    let has_time = retry_at.duration_since(job.started_at.unwrap_or(now)) < limit;
    if lease.attempt > retries || !has_time {
        return Ok(false);
    }
    let reason = reason.to_string();
    tx.set_attempt_failure(lease, &reason).await?;
    tx.retry_job(&mut job, retry_at, now).await?;
    tx.commit().await?;
    app.live.end(&job.name);
    app.wake.scheduler();
    let reason = reason.lines().next();
    let again = retry_at.to_string();
    info!(
        job = job.name,
        attempt = lease.attempt,
        reason,
        again,
        "an attempt failed; the job has another"
    );
    Ok(true)
}

/// The job's final status. `stored` says whether its output is durable.
fn verdict(
    status: JobStatus,
    outcome: &Outcome,
    stored: Result<(), String>,
    run: &RunDir,
) -> (JobStatus, SecondaryStatus, Option<String>) {
    if status == JobStatus::Stopping {
        return (JobStatus::Stopped, SecondaryStatus::Stopped, None);
    }
    if let Some(reason) = outcome.failure(run) {
        let reason = Some(reason.to_string());
        return (JobStatus::Failed, SecondaryStatus::Failed, reason);
    }
    match (outcome, stored) {
        (Outcome::TimedOut(_), _) => (
            JobStatus::Stopped,
            SecondaryStatus::MaxRuntimeExceeded,
            None,
        ),
        (_, Ok(())) => (JobStatus::Completed, SecondaryStatus::Completed, None),
        (_, Err(problem)) => (
            JobStatus::Failed,
            SecondaryStatus::Failed,
            Some(FailureReason::Client(problem).to_string()),
        ),
    }
}
