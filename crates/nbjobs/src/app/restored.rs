//! What becomes of the runs that a backup has caught in flight.

use super::{App, executions};
use crate::model::job::{FailureReason, JobStatus, SecondaryStatus};
use anyhow::Context;

/// Ends every job that ran when the backup was made: its run is not part of the backup, and may have ended well
/// elsewhere, so that it must not run again.
pub async fn end_runs(app: &App) -> anyhow::Result<()> {
    let reason = FailureReason::InternalServer(
        "the service was restored from a backup that was made while the job ran".into(),
    );
    for job in app.store.running_jobs().await? {
        let now = app.clock.now();
        let mut tx = app.store.tx().await?;
        let mut job = tx
            .job(&job.name)
            .await?
            .context("a job that runs has no row")?;
        let (status, secondary, reason) = match job.status {
            JobStatus::Stopping => (JobStatus::Stopped, SecondaryStatus::Stopped, None),
            _ => (
                JobStatus::Failed,
                SecondaryStatus::Failed,
                Some(reason.to_string()),
            ),
        };
        tx.set_job_status(&mut job, status, secondary, reason, now)
            .await?;
        executions::job_ended(&mut tx, app, &job, now).await?;
        tx.commit().await?;
    }
    Ok(())
}
