//! Queued jobs become running, running jobs become final. The only caller of backends.

use super::{Engine, RETRY_PAUSE, Running, attempt};
use crate::model::job::{Job, JobStatus, SecondaryStatus};
use crate::store::Lease;
use jiff::Timestamp;
use tokio::sync::watch;
use tracing::{error, info};

impl Engine {
    /// Looks at every job that is not final and does what it needs next. Returns at once;
    /// a task of its own follows each run.
    pub async fn dispatch_once(&self, now: Timestamp) -> anyhow::Result<()> {
        for job in self.app.store.unfinished_jobs().await? {
            match job.status {
                JobStatus::Queued if self.running().len() < self.jobs_max => {
                    let lease = self.lease(&job, now).await?;
                    self.follow(lease, false);
                }
                JobStatus::InProgress | JobStatus::Stopping => {
                    let stopping = job.status == JobStatus::Stopping;
                    let is_followed = match self.running().get(&job.name) {
                        Some(running) => {
                            running.stop.send_if_modified(|stop| {
                                !std::mem::replace(stop, stopping) && stopping
                            });
                            true
                        }
                        None => false,
                    };
                    if !is_followed {
                        self.adopt(&job, stopping).await?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Dispatches until the server shuts down: at each wake-up, and again soon after it failed.
    pub async fn dispatch(self) {
        loop {
            let dispatched = self.dispatch_once(self.app.clock.now()).await;
            if let Err(error) = &dispatched {
                error!(error = format!("{error:#}"), "could not dispatch jobs");
            }
            tokio::select! {
                () = self.app.wake.for_dispatcher() => {}
                () = tokio::time::sleep(RETRY_PAUSE), if dispatched.is_err() => {}
                () = self.shutdown.cancelled() => return,
            }
        }
    }

    /// Takes a queued job: from here on it is in progress.
    async fn lease(&self, job: &Job, now: Timestamp) -> anyhow::Result<Lease> {
        let mut job = job.clone();
        let mut tx = self.app.store.tx().await?;
        let lease = tx.insert_attempt(&job.name, &self.holder).await?;
        tx.set_job_status(
            &mut job,
            JobStatus::InProgress,
            SecondaryStatus::Starting,
            None,
            now,
        )
        .await?;
        tx.commit().await?;
        Ok(lease)
    }

    /// Takes over a run that an earlier start of the server began.
    async fn adopt(&self, job: &Job, stopping: bool) -> anyhow::Result<()> {
        let Some(attempt) = self.app.store.attempt(&job.name).await? else {
            anyhow::bail!("job {} is {} but has no attempt", job.name, job.status);
        };
        let mut tx = self.app.store.tx().await?;
        let lease = tx.take_lease(&attempt.lease, &self.holder).await?;
        tx.commit().await?;
        info!(job.name, attempt = lease.attempt, "adopted a run");
        self.follow(lease, stopping);
        Ok(())
    }

    fn follow(&self, lease: Lease, stopping: bool) {
        let (stop, stopped) = watch::channel(stopping);
        self.running().insert(lease.job.clone(), Running { stop });
        let engine = self.clone();
        self.tasks.spawn(async move {
            let job = lease.job.clone();
            tokio::select! {
                () = attempt::follow(&engine, lease, stopped) => {}
                () = engine.shutdown.cancelled() => {}
            }
            engine.running().remove(&job);
            engine.app.wake.dispatcher();
        });
    }
}
