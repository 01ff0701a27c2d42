//! One attempt from its lease to the job's final status. Each step looks at what is already there, so a
//! restarted server goes through the same steps and finds them done.

use super::{Engine, artifact, input, log_tail};
use crate::app::{executions, logs};
use crate::backend::local::RunState;
use crate::model::job::{FailureReason, Job, JobStatus, SecondaryStatus};
use crate::rundir::{Process, RunDir};
use crate::store::Lease;
use anyhow::Context;
use std::time::Duration;
use tokio::sync::watch;
use tracing::{error, info, warn};

/// SageMaker's patience between SIGTERM and SIGKILL.
const STOP_GRACE: Duration = Duration::from_secs(120);
/// How long to wait before trying again to store an outcome: a full disk or a lost database is not the job's fault.
const RETRY_PAUSE: Duration = Duration::from_secs(5);

/// How an attempt ended, before it is a job's status.
#[derive(Debug)]
enum Outcome {
    /// The driver exited with this code.
    Exited(i32),
    /// The run reached its time limit.
    TimedOut,
    /// It could not run, or was lost.
    Broken(FailureReason),
}

/// Follows an attempt to its end. Faults of the server are retried: a job is never forgotten.
pub(super) async fn follow(engine: &Engine, lease: Lease, mut stop: watch::Receiver<bool>) {
    let run = engine.run_dir(&lease.job, lease.attempt);
    let outcome = match attempt(engine, &lease, &run, &mut stop).await {
        Ok(outcome) => outcome,
        Err(error) => {
            error!(job = lease.job, error = format!("{error:#}"), "a run broke");
            Outcome::Broken(FailureReason::InternalServer(format!("{error:#}")))
        }
    };
    loop {
        match settle(engine, &lease, &run, &outcome).await {
            Ok(()) => break,
            Err(error) => {
                error!(
                    job = lease.job,
                    error = format!("{error:#}"),
                    "could not store how a run ended; trying again"
                );
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
    }
    if let Err(error) = run.remove() {
        warn!(
            job = lease.job,
            error = format!("{error:#}"),
            "a run's folder stays behind"
        );
    }
}

async fn attempt(
    engine: &Engine,
    lease: &Lease,
    run: &RunDir,
    stop: &mut watch::Receiver<bool>,
) -> anyhow::Result<Outcome> {
    let app = &engine.app;
    let job = app
        .store
        .job(&lease.job)
        .await?
        .context("the job has no row")?;
    let row = app
        .store
        .attempt(&lease.job)
        .await?
        .context("the attempt has no row")?;
    if run.order()?.is_none() {
        if *stop.borrow() {
            return Ok(Outcome::Exited(0));
        }
        mark(engine, lease, SecondaryStatus::Downloading).await?;
        if let Err(problem) = input::fill(app, &job, run).await? {
            return Ok(Outcome::Broken(FailureReason::Client(problem)));
        }
    }
    let driver = match row.handle {
        Some(handle) => {
            serde_json::from_str(&handle).context("an attempt's handle cannot be read")?
        }
        None => start(engine, lease, run).await?,
    };
    let stream = logs::stream_name(&job.name, lease.attempt, job.created_at);
    let log = log_tail::LogTail::new(app, lease, run, stream, row.log_bytes);
    let (outcome, logged) = tokio::join!(
        wait(engine, &job, run, driver, stop),
        log.follow(engine.backend.ended(run, driver)),
    );
    if let Err(error) = logged {
        warn!(
            job = job.name,
            error = format!("{error:#}"),
            "a run's log is incomplete"
        );
    }
    outcome
}

async fn start(engine: &Engine, lease: &Lease, run: &RunDir) -> anyhow::Result<Process> {
    let driver = engine.backend.start(run).await?;
    let now = engine.app.clock.now();
    let mut tx = engine.app.store.tx().await?;
    tx.set_handle(lease, &serde_json::to_string(&driver)?)
        .await?;
    let mut job = tx.job(&lease.job).await?.context("the job has no row")?;
    let status = job.status;
    if status == JobStatus::InProgress {
        tx.set_job_status(&mut job, status, SecondaryStatus::Training, None, now)
            .await?;
    }
    tx.commit().await?;
    info!(job = lease.job, driver.pid, "started a run");
    Ok(driver)
}

/// Waits for the driver's end, stopping it when somebody asked or when its time is over.
async fn wait(
    engine: &Engine,
    job: &Job,
    run: &RunDir,
    driver: Process,
    stop: &mut watch::Receiver<bool>,
) -> anyhow::Result<Outcome> {
    let backend = &engine.backend;
    let ended = backend.ended(run, driver);
    tokio::pin!(ended);
    let seconds = job.spec.stopping_condition.max_runtime_in_seconds;
    let elapsed = engine
        .app
        .clock
        .now()
        .duration_since(job.started_at.unwrap_or(engine.app.clock.now()));
    let left = Duration::from_secs(seconds)
        .saturating_sub(Duration::try_from(elapsed).unwrap_or_default());
    let timed_out = tokio::select! {
        done = &mut ended => {
            done?;
            None
        }
        _ = stop.wait_for(|stop| *stop) => Some(false),
        () = tokio::time::sleep(left) => Some(true),
    };
    if timed_out.is_some() {
        backend.stop(run, driver)?;
        match tokio::time::timeout(STOP_GRACE, &mut ended).await {
            Ok(done) => done?,
            Err(_) => {
                backend.kill(run, Some(driver))?;
                ended.await?;
            }
        }
    }
    let state = backend.status(run, driver)?;
    backend.kill(run, Some(driver))?;
    Ok(match (timed_out, state) {
        (Some(true), _) => Outcome::TimedOut,
        (_, RunState::Exited(code)) => Outcome::Exited(code),
        (_, RunState::Running | RunState::Lost) => Outcome::Broken(FailureReason::InternalServer(
            "The process that ran the notebook was killed or lost with the machine before it could report; \
             what it had saved is in the output"
                .into(),
        )),
    })
}

/// Moves a job that is still in progress to the next secondary status.
async fn mark(engine: &Engine, lease: &Lease, secondary: SecondaryStatus) -> anyhow::Result<()> {
    let now = engine.app.clock.now();
    let mut tx = engine.app.store.tx().await?;
    if !tx.holds(lease).await? {
        anyhow::bail!("another server follows the run");
    }
    let mut job = tx.job(&lease.job).await?.context("the job has no row")?;
    let status = job.status;
    if status == JobStatus::InProgress && job.secondary_status != secondary {
        tx.set_job_status(&mut job, status, secondary, None, now)
            .await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Stores the artifact, then, in one transaction, everything that follows from the outcome.
async fn settle(
    engine: &Engine,
    lease: &Lease,
    run: &RunDir,
    outcome: &Outcome,
) -> anyhow::Result<()> {
    let app = &engine.app;
    let job = app
        .store
        .job(&lease.job)
        .await?
        .context("the job has no row")?;
    if job.status.is_final() {
        return Ok(());
    }
    mark(engine, lease, SecondaryStatus::Uploading).await?;
    let stored = artifact::store(app, &job, run).await?;
    let now = app.clock.now();
    let mut tx = app.store.tx().await?;
    if !tx.holds(lease).await? {
        warn!(lease.job, "another server follows the run");
        return Ok(());
    }
    let mut job = tx.job(&lease.job).await?.context("the job has no row")?;
    let (status, secondary, reason) = verdict(job.status, outcome, stored, run)?;
    tx.set_job_status(&mut job, status, secondary, reason, now)
        .await?;
    executions::job_ended(&mut tx, app, &job, now).await?;
    tx.commit().await?;
    // A failed step of a pipeline may have got a moment for its next attempt.
    app.wake.scheduler();
    info!(job = job.name, %status, reason = job.failure_reason, "finished a run");
    Ok(())
}

/// The job's final status. `stored` says whether its output is durable.
fn verdict(
    status: JobStatus,
    outcome: &Outcome,
    stored: Result<(), String>,
    run: &RunDir,
) -> anyhow::Result<(JobStatus, SecondaryStatus, Option<String>)> {
    if status == JobStatus::Stopping {
        return Ok((JobStatus::Stopped, SecondaryStatus::Stopped, None));
    }
    let failed = |reason: FailureReason| {
        Ok((
            JobStatus::Failed,
            SecondaryStatus::Failed,
            Some(reason.to_string()),
        ))
    };
    match outcome {
        Outcome::TimedOut => Ok((
            JobStatus::Stopped,
            SecondaryStatus::MaxRuntimeExceeded,
            None,
        )),
        Outcome::Broken(reason) => failed(reason.clone()),
        Outcome::Exited(0) => match stored {
            Ok(()) => Ok((JobStatus::Completed, SecondaryStatus::Completed, None)),
            Err(problem) => failed(FailureReason::Client(problem)),
        },
        Outcome::Exited(code) => failed(FailureReason::Algorithm {
            failure: std::fs::read_to_string(run.failure())
                .unwrap_or_else(|_| "The driver left no reason".into()),
            exit_code: *code,
        }),
    }
}
