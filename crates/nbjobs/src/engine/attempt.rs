//! One attempt from its lease to the job's final status. Each step looks at what is already there, so a
//! restarted server goes through the same steps and finds them done.

use super::{Engine, RETRY_PAUSE, artifact, input, log_tail, progress_tail};
use crate::app::{App, executions, logs};
use crate::backend::{Handle, RunState};
use crate::model::job::{FailureReason, Job, JobStatus, SecondaryStatus};
use crate::rundir::RunDir;
use crate::store::{Attempt, Lease, LeaseLost};
use anyhow::Context;
use std::time::Duration;
use tokio::sync::watch;
use tracing::{debug, error, info, warn};

/// SageMaker's patience between SIGTERM and SIGKILL; a scripted driver's needs no time.
const STOP_GRACE: Duration = Duration::from_millis(if cfg!(test) { 10 } else { 120_000 });

/// How often an attempt is tried in the face of faults of ours, such as a full disk or too many open files. Each try
/// finds what the one before has done.
const TRIES_MAX: u32 = 3;

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
    let mut tries = 1;
    let outcome = loop {
        match attempt(engine, &lease, &run, &mut stop).await {
            Ok(outcome) => break outcome,
            Err(error) if error.is::<LeaseLost>() => {
                warn!("{error}");
                return;
            }
            Err(error) => {
                error!(
                    job = lease.job,
                    tries,
                    error = format!("{error:#}"),
                    "a run broke"
                );
                if tries == TRIES_MAX {
                    break Outcome::Broken(FailureReason::InternalServer(format!("{error:#}")));
                }
                tries += 1;
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
    };
    loop {
        match settle(engine, &lease, &run, &outcome).await {
            Ok(()) => break,
            Err(error) if error.is::<LeaseLost>() => {
                warn!("{error}");
                return;
            }
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
    engine.remove(run).await;
}

async fn attempt(
    engine: &Engine,
    lease: &Lease,
    run: &RunDir,
    stop: &mut watch::Receiver<bool>,
) -> anyhow::Result<Outcome> {
    let app = &engine.app;
    let (job, row) = rows(app, lease).await?;
    let boot = engine.backend.boot()?;
    if !is_filled(run, &row, boot)? {
        if *stop.borrow() {
            return Ok(Outcome::Exited(0));
        }
        mark(engine, lease, SecondaryStatus::Downloading).await?;
        if let Err(problem) = input::fill(app, &job, run, boot).await? {
            return Ok(Outcome::Broken(FailureReason::Client(problem)));
        }
    }
    let driver = match handle(&row) {
        Some(driver) => driver,
        None => start(engine, lease, run).await?,
    };
    let stream = logs::stream_name(&job.name, lease.attempt, job.created_at);
    let log = log_tail::LogTail::new(app, lease, run, stream, row.log_bytes);
    let (outcome, logged, told) = tokio::join!(
        wait(engine, &job, run, &driver, stop),
        log.follow(engine.backend.ended(run, &driver)),
        progress_tail::follow(app, &job.name, run, engine.backend.ended(run, &driver)),
    );
    if let Err(error) = logged {
        warn!(
            job = job.name,
            error = format!("{error:#}"),
            "a run's log is incomplete"
        );
    }
    if let Err(error) = told {
        let error = format!("{error:#}");
        debug!(job = job.name, error, "a run's progress is not seen");
    }
    outcome
}

/// Whether the folder can be the driver's: it was handed over, and the machine has not lost what was not synced of it.
/// A driver that has begun is not begun again, whatever was lost.
fn is_filled(run: &RunDir, row: &Attempt, boot: u64) -> anyhow::Result<bool> {
    let Some(order) = run.order()? else {
        return Ok(false);
    };
    Ok(order.boot == boot || row.handle.is_some() || run.driver()?.is_some())
}

/// The job and its newest try as they stand now.
async fn rows(app: &App, lease: &Lease) -> anyhow::Result<(Job, Attempt)> {
    let job = app.store.job(&lease.job).await?;
    let row = app.store.attempt(&lease.job).await?;
    Ok((
        job.context("the job has no row")?,
        row.context("the attempt has no row")?,
    ))
}

/// The driver that the backend has started, if that is stored.
fn handle(row: &Attempt) -> Option<Handle> {
    row.handle.clone().map(Handle)
}

async fn start(engine: &Engine, lease: &Lease, run: &RunDir) -> anyhow::Result<Handle> {
    let driver = engine.backend.start(run).await?;
    let now = engine.app.clock.now();
    let mut tx = engine.app.store.tx().await?;
    tx.require(lease).await?;
    tx.set_handle(lease, &driver.0).await?;
    let mut job = tx.job(&lease.job).await?.context("the job has no row")?;
    let status = job.status;
    if status == JobStatus::InProgress {
        tx.set_job_status(&mut job, status, SecondaryStatus::Training, None, now)
            .await?;
    }
    tx.commit().await?;
    info!(job = lease.job, driver = driver.0, "started a run");
    Ok(driver)
}

/// Waits for the driver's end, stopping it when somebody asked or when its time is over.
async fn wait(
    engine: &Engine,
    job: &Job,
    run: &RunDir,
    driver: &Handle,
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
    let mut timed_out = run.reached_time_limit();
    let must_stop = tokio::select! {
        // First: a run that ended while the server was away ended in time.
        biased;
        done = &mut ended => {
            done?;
            false
        }
        _ = stop.wait_for(|stop| *stop) => true,
        () = tokio::time::sleep(left) => {
            timed_out = true;
            // Before the driver hears of it, because a later start of the server may have to settle the run.
            if let Err(error) = run.note_time_limit() {
                warn!(job.name, error = format!("{error:#}"), "a time limit is not noted");
            }
            true
        }
    };
    if must_stop {
        backend.stop(run, driver)?;
        match tokio::time::timeout(STOP_GRACE, &mut ended).await {
            Ok(done) => done?,
            Err(_) => {
                backend.kill(run, Some(driver)).await?;
                ended.await?;
            }
        }
    }
    Ok(match backend.status(run, driver)? {
        _ if timed_out => Outcome::TimedOut,
        RunState::Exited(code) => Outcome::Exited(code),
        RunState::Running | RunState::Lost => Outcome::Broken(FailureReason::InternalServer(
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
    tx.require(lease).await?;
    let mut job = tx.job(&lease.job).await?.context("the job has no row")?;
    let status = job.status;
    if status == JobStatus::InProgress && job.secondary_status != secondary {
        tx.set_job_status(&mut job, status, secondary, None, now)
            .await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Ends what is left of the run, stores the artifact, then, in one transaction, everything that follows from the outcome.
async fn settle(
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
    mark(engine, lease, SecondaryStatus::Uploading).await?;
    // Whatever the outcome, also after a fault of ours: nothing runs on, or writes to what is packed.
    engine.backend.kill(run, handle(&row).as_ref()).await?;
    let stored = artifact::store(app, &job, run).await?;
    let now = app.clock.now();
    let mut tx = app.store.tx().await?;
    tx.require(lease).await?;
    let mut job = tx.job(&lease.job).await?.context("the job has no row")?;
    let (status, secondary, reason) = verdict(job.status, outcome, stored, run)?;
    tx.set_job_status(&mut job, status, secondary, reason, now)
        .await?;
    executions::job_ended(&mut tx, app, &job, now).await?;
    tx.commit().await?;
    app.live.end(&job.name);
    // A failed step of a pipeline may have got a moment for its next attempt.
    app.wake.scheduler();
    app.metrics.job_ended(&job);
    // Its first line says what kind of failure it was; below stands what the notebook said, which may hold secrets.
    let reason = job
        .failure_reason
        .as_deref()
        .and_then(|reason| reason.lines().next());
    info!(job = job.name, attempt = lease.attempt, %status, reason, "finished a run");
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
            failure: run
                .failure_text()
                .unwrap_or_else(|| "The driver left no reason".into()),
            exit_code: *code,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::at;
    use crate::engine::testing::{NOW, engine, queue};
    use crate::objects;

    #[tokio::test]
    async fn a_run_that_another_server_follows_is_left_to_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let engine = engine(dir.path()).await;
        queue(&engine.app, "j").await;
        let mut tx = engine.app.store.tx().await.expect("a transaction");
        let mut job = tx.job("j").await.expect("rows").expect("the job");
        let stale = tx.insert_attempt("j", "one").await.expect("an attempt");
        let (status, secondary) = (JobStatus::InProgress, SecondaryStatus::Starting);
        tx.set_job_status(&mut job, status, secondary, None, at(NOW))
            .await
            .expect("a lawful change");
        tx.take_lease(&stale, "another").await.expect("a lease");
        tx.commit().await.expect("a commit");
        let run = engine.run_dir("j", 1);
        run.create().expect("a run");
        std::fs::write(run.log(), "a line\n").expect("a log");

        let (_stop, stopped) = watch::channel(false);
        follow(&engine, stale.clone(), stopped).await;
        let log = log_tail::LogTail::new(&engine.app, &stale, &run, "s".into(), 0);
        let error = log.follow(async { Ok(()) }).await.expect_err("no line");
        assert!(error.is::<LeaseLost>(), "{error:#}");

        assert!(run.log().exists());
        let job = engine.app.store.job("j").await.expect("rows");
        assert_eq!(job.expect("the job").status, JobStatus::InProgress);
    }

    #[tokio::test]
    async fn objects_that_cannot_be_files_are_the_callers_fault() {
        let long = "x".repeat(256);
        for keys in [["a", "a/b"], ["a", &long]] {
            let dir = tempfile::tempdir().expect("a folder");
            let engine = engine(dir.path()).await;
            let objects = &engine.app.objects;
            let bucket = objects::Bucket {
                created: at(NOW),
                region: None,
                versioning: None,
                encryption: None,
                event_bridge: false,
            };
            objects
                .create_bucket("bucket", bucket)
                .await
                .expect("a bucket");
            for key in keys {
                let body = futures::stream::empty();
                objects
                    .put(
                        "bucket",
                        &format!("d/input/{key}"),
                        body,
                        Default::default(),
                        at(NOW),
                    )
                    .await
                    .expect("an object");
            }
            queue(&engine.app, "j").await;
            engine.dispatch_once(at(NOW)).await.expect("a look");
            engine.tasks.close();
            engine.tasks.wait().await;
            let job = engine
                .app
                .store
                .job("j")
                .await
                .expect("rows")
                .expect("the job");
            let reason = job.failure_reason.expect("a reason");
            assert!(
                reason.starts_with("ClientError: s3://bucket/d/input/"),
                "{reason}"
            );
        }
    }

    #[tokio::test]
    async fn a_run_that_cannot_be_prepared_fails_and_leaves_nothing() {
        let dir = tempfile::tempdir().expect("a folder");
        let engine = engine(dir.path()).await;
        queue(&engine.app, "j").await;
        engine.dispatch_once(at(NOW)).await.expect("a look");
        engine.tasks.close();
        engine.tasks.wait().await;
        let job = engine
            .app
            .store
            .job("j")
            .await
            .expect("rows")
            .expect("the job");
        assert_eq!(job.status, JobStatus::Failed);
        assert!(!engine.run_dir("j", 1).path().exists());
        assert!(engine.running().is_empty());
    }
}
