//! One attempt from its lease to the end of its driver; [`settle`](super::settle) says what follows. Each step looks at
//! what is already there, so a restarted server goes through the same steps and finds them done.

use super::settle::{Outcome, settle};
use super::{Engine, RETRY_PAUSE, input, log_tail, progress_tail};
use crate::app::{App, Error, logs, policies};
use crate::backend::{Handle, RunState};
use crate::model::job::{FailureReason, Job, JobStatus, SecondaryStatus};
use crate::rundir::{RunDir, TimeLimit};
use crate::store::{Attempt, Lease, LeaseLost};
use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tokio::sync::watch;
use tracing::{debug, error, info, warn};

/// How often an attempt is tried in the face of faults of ours, such as a full disk or too many open files. Each try
/// finds what the one before has done.
const TRIES_MAX: u32 = 3;

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
    let deadline = deadline(app, &job, &row).await?;
    let (outcome, logged, told) = tokio::join!(
        wait(engine, &job, run, &driver, deadline, stop),
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
pub(super) async fn rows(app: &App, lease: &Lease) -> anyhow::Result<(Job, Attempt)> {
    let job = app.store.job(&lease.job).await?;
    let row = app.store.attempt(&lease.job).await?;
    Ok((
        job.context("the job has no row")?,
        row.context("the attempt has no row")?,
    ))
}

/// The driver that the backend has started, if that is stored.
pub(super) fn handle(row: &Attempt) -> Option<Handle> {
    row.handle.clone().map(Handle)
}

async fn start(engine: &Engine, lease: &Lease, run: &RunDir) -> anyhow::Result<Handle> {
    let driver = engine.backend.start(run).await?;
    let now = engine.app.clock.now();
    let mut tx = engine.app.store.tx().await?;
    tx.require(lease).await?;
    tx.set_handle(lease, &driver.0, now).await?;
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

/// When the first of the time limits is reached, and which. `job` and `row` may be from before the driver started.
async fn deadline(app: &App, job: &Job, row: &Attempt) -> anyhow::Result<(Timestamp, TimeLimit)> {
    let mut tx = app.store.tx().await?;
    let policies = policies::of_job(&mut tx, &job.name).await;
    let policies = policies.map_err(Error::into_cause)?;
    let now = app.clock.now();
    let seconds = job.spec.stopping_condition.max_runtime_in_seconds;
    let limit = SignedDuration::from_secs(i64::try_from(seconds)?);
    let whole = job.started_at.unwrap_or(now).saturating_add(limit)?;
    let attempt = match policies.attempt_timeout {
        Some(limit) => Some(row.started_at.unwrap_or(now).saturating_add(limit)?),
        None => None,
    };
    Ok(match attempt.filter(|attempt| *attempt < whole) {
        Some(attempt) => (attempt, TimeLimit::Attempt),
        None => (whole, TimeLimit::Job),
    })
}

/// Waits for the driver's end, stopping it when somebody asked or when its time is over.
async fn wait(
    engine: &Engine,
    job: &Job,
    run: &RunDir,
    driver: &Handle,
    (deadline, limit): (Timestamp, TimeLimit),
    stop: &mut watch::Receiver<bool>,
) -> anyhow::Result<Outcome> {
    let backend = &engine.backend;
    let ended = backend.ended(run, driver);
    tokio::pin!(ended);
    let left = deadline.duration_since(engine.app.clock.now());
    let left = Duration::try_from(left).unwrap_or_default();
    let mut reached = run.reached_limit();
    let must_stop = tokio::select! {
        // First: a run that ended while the server was away ended in time.
        biased;
        done = &mut ended => {
            done?;
            false
        }
        _ = stop.wait_for(|stop| *stop) => true,
        () = tokio::time::sleep(left) => {
            reached = Some(limit);
            // Before the driver hears of it, because a later start of the server may have to settle the run.
            if let Err(error) = run.note_limit(limit) {
                warn!(job.name, error = format!("{error:#}"), "a time limit is not noted");
            }
            true
        }
    };
    if must_stop {
        backend.stop(run, driver)?;
        match tokio::time::timeout(engine.limits.stop_grace, &mut ended).await {
            Ok(done) => done?,
            Err(_) => {
                backend.kill(run, Some(driver)).await?;
                ended.await?;
            }
        }
    }
    Ok(match backend.status(run, driver)? {
        _ if let Some(limit) = reached => Outcome::TimedOut(limit),
        RunState::Exited(code) => Outcome::Exited(code),
        RunState::Running | RunState::Lost => Outcome::Broken(FailureReason::InternalServer(
            "The process that ran the notebook was killed or lost with the machine before it could report; \
             what it had saved is in the output"
                .into(),
        )),
    })
}

/// Moves a job that is still in progress to the next secondary status.
pub(super) async fn mark(
    engine: &Engine,
    lease: &Lease,
    secondary: SecondaryStatus,
) -> anyhow::Result<()> {
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
