//! Queued jobs become running, running jobs become final. The only caller of backends.

use super::{Engine, RETRY_PAUSE, Running, attempt};
use crate::model::job::{JobStatus, SecondaryStatus};
use crate::rundir::RunDir;
use crate::store::Lease;
use jiff::Timestamp;
use tokio::sync::watch;
use tracing::{error, info};

impl Engine {
    /// Looks at every job that is not final and does what it needs next. Returns at once; a task of its own follows
    /// each run. A job that cannot be helped now does not hold the others; the last such error is answered.
    pub async fn dispatch_once(&self, now: Timestamp) -> anyhow::Result<()> {
        let mut result = Ok(());
        // Runs first: those of an earlier start take their places before queued jobs do.
        for job in self.app.store.running_jobs().await? {
            let stopping = job.status == JobStatus::Stopping;
            if !self.is_followed(&job.name, stopping)
                && let Err(error) = self.adopt(&job.name, stopping).await
            {
                result = Err(error);
            }
        }
        let places = self.limits.jobs_max.saturating_sub(self.running().len());
        for job in self.app.store.queued_jobs(now, places).await? {
            match self.lease(&job, now).await {
                Ok(Some(lease)) => self.follow(lease, false),
                Ok(None) => {}
                Err(error) => result = Err(error),
            }
        }
        result
    }

    /// Dispatches until the server shuts down, at each wake-up.
    pub async fn dispatch(self) {
        let engine = self.clone();
        self.tasks.spawn(async move {
            if let Err(error) = engine.sweep().await {
                error!(
                    error = format!("{error:#}"),
                    "could not look for folders of ended runs"
                );
            }
        });
        loop {
            let result = self.dispatch_once(self.app.clock.now()).await;
            if let Err(error) = &result {
                error!(
                    error = format!("{error:#}"),
                    "could not dispatch jobs; trying again"
                );
            }
            tokio::select! {
                () = self.app.wake.for_dispatcher() => {}
                () = tokio::time::sleep(RETRY_PAUSE), if result.is_err() => {}
                () = self.shutdown.cancelled() => return,
            }
        }
    }

    /// Deletes the folders of runs that have ended: the server was killed before it could.
    pub(crate) async fn sweep(&self) -> anyhow::Result<()> {
        for entry in std::fs::read_dir(&self.runs)? {
            let path = entry?.path();
            let Some(job) = path.file_stem().and_then(|stem| stem.to_str()) else {
                continue;
            };
            let job = self.app.store.job(job).await?;
            if job.is_none_or(|job| job.status.is_final()) {
                self.remove(RunDir::new(path)).await;
            }
        }
        Ok(())
    }

    /// Whether a task follows the job's run; it hears that the job is `stopping`.
    fn is_followed(&self, job: &str, stopping: bool) -> bool {
        let running = self.running();
        let Some(running) = running.get(job) else {
            return false;
        };
        running
            .stop
            .send_if_modified(|stop| !std::mem::replace(stop, stopping) && stopping);
        true
    }

    /// Takes a queued job: from here on it is in progress. None if it was stopped meanwhile.
    async fn lease(&self, job: &str, now: Timestamp) -> anyhow::Result<Option<Lease>> {
        let mut tx = self.app.store.tx().await?;
        let Some(mut job) = tx
            .job(job)
            .await?
            .filter(|job| job.status == JobStatus::Queued)
        else {
            return Ok(None);
        };
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
        info!(
            job = lease.job,
            attempt = lease.attempt,
            "took a job from the queue"
        );
        Ok(Some(lease))
    }

    /// Takes over a run that an earlier start of the server began.
    async fn adopt(&self, job: &str, stopping: bool) -> anyhow::Result<()> {
        let Some(attempt) = self.app.store.attempt(job).await? else {
            anyhow::bail!("job {job} runs but has no attempt");
        };
        let mut tx = self.app.store.tx().await?;
        // Asked again: the task that followed it may have ended it meanwhile.
        if tx.job(job).await?.is_none_or(|job| job.status.is_final()) {
            return Ok(());
        }
        let lease = tx.take_lease(&attempt.lease, &self.holder).await?;
        tx.commit().await?;
        info!(job, attempt = lease.attempt, "adopted a run");
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{arguments, at};
    use crate::app::{App, jobs, pipelines, tags};
    use crate::engine::testing::{NOW, engine, execution, queue};
    use crate::model::policy::{MAX_CONCURRENT, PRIORITY};
    use crate::model::tag::Tag;
    use serde_json::json;

    async fn set_status(app: &App, name: &str, status: JobStatus, secondary: SecondaryStatus) {
        let mut tx = app.store.tx().await.expect("a transaction");
        let mut job = tx.job(name).await.expect("rows").expect("the job");
        tx.set_job_status(&mut job, status, secondary, Some("why".into()), at(NOW))
            .await
            .expect("a lawful change");
        tx.commit().await.expect("a commit");
    }

    async fn status(app: &App, name: &str) -> JobStatus {
        app.store
            .job(name)
            .await
            .expect("rows")
            .expect("the job")
            .status
    }

    #[tokio::test]
    async fn a_job_that_was_stopped_after_the_look_is_not_taken() {
        let dir = tempfile::tempdir().expect("a folder");
        let engine = engine(dir.path()).await;
        queue(&engine.app, "j").await;
        let seen = engine
            .app
            .store
            .job("j")
            .await
            .expect("rows")
            .expect("the job");
        jobs::stop(&engine.app, "j").await.expect("a stop");
        assert_eq!(engine.lease("j", at(NOW)).await.expect("an answer"), None);
        assert_eq!(status(&engine.app, "j").await, JobStatus::Stopped);
        // Nor can anybody else write what follows from a status that is not so any more.
        let mut tx = engine.app.store.tx().await.expect("a transaction");
        tx.set_job_status(
            &mut seen.clone(),
            JobStatus::InProgress,
            SecondaryStatus::Starting,
            None,
            at(NOW),
        )
        .await
        .expect_err("it is stopped");
    }

    #[tokio::test]
    async fn a_run_that_ended_after_the_look_is_not_adopted() {
        let dir = tempfile::tempdir().expect("a folder");
        let engine = engine(dir.path()).await;
        queue(&engine.app, "j").await;
        let lease = engine
            .lease("j", at(NOW))
            .await
            .expect("an answer")
            .expect("a lease");
        set_status(&engine.app, "j", JobStatus::Failed, SecondaryStatus::Failed).await;
        engine.adopt("j", false).await.expect("nothing to do");
        assert!(engine.running().is_empty());
        let row = engine
            .app
            .store
            .attempt("j")
            .await
            .expect("rows")
            .expect("an attempt");
        assert_eq!(row.lease, lease);
    }

    #[tokio::test]
    async fn a_job_that_cannot_be_helped_does_not_hold_the_others() {
        let dir = tempfile::tempdir().expect("a folder");
        let engine = engine(dir.path()).await;
        queue(&engine.app, "a").await;
        set_status(
            &engine.app,
            "a",
            JobStatus::InProgress,
            SecondaryStatus::Starting,
        )
        .await;
        queue(&engine.app, "b").await;
        engine
            .dispatch_once(at(NOW))
            .await
            .expect_err("a has no attempt");
        assert_ne!(status(&engine.app, "b").await, JobStatus::Queued);
    }

    #[tokio::test]
    async fn adopted_runs_take_their_places_before_queued_jobs() {
        let dir = tempfile::tempdir().expect("a folder");
        let engine = engine(dir.path()).await;
        queue(&engine.app, "z").await;
        engine
            .lease("z", at(NOW))
            .await
            .expect("an answer")
            .expect("a lease");
        queue(&engine.app, "a").await;
        engine.dispatch_once(at(NOW)).await.expect("a look");
        assert_eq!(status(&engine.app, "a").await, JobStatus::Queued);
    }

    /// Adds a job that waits, of a pipeline if one is given, with tags.
    async fn queue_of(app: &App, name: &str, pipeline: Option<&str>, tags: &[(&str, &str)]) {
        let execution = pipeline.map(execution);
        let tags: Vec<Tag> = tags
            .iter()
            .map(|(key, value)| Tag {
                key: (*key).into(),
                value: (*value).into(),
            })
            .collect();
        let mut spec = arguments(json!({}));
        spec.as_object_mut().expect("an object").remove("Tags");
        let spec = serde_json::from_value(spec).expect("a job");
        let mut tx = app.store.tx().await.expect("a transaction");
        jobs::create_in(&mut tx, name, spec, &tags, execution.as_ref(), at(NOW))
            .await
            .expect("a job");
        tx.commit().await.expect("a commit");
    }

    async fn queued(app: &App, limit: usize) -> Vec<String> {
        let queued = app.store.queued_jobs(at(NOW), limit).await;
        queued.expect("rows")
    }

    #[tokio::test]
    async fn the_highest_priority_gets_the_next_place() {
        let dir = tempfile::tempdir().expect("a folder");
        let engine = engine(dir.path()).await;
        let app = &engine.app;
        queue_of(app, "a-low", None, &[(PRIORITY, "-1")]).await;
        queue_of(app, "b", None, &[]).await;
        queue_of(app, "c-high", None, &[(PRIORITY, "5")]).await;
        queue_of(app, "d", None, &[]).await;
        assert_eq!(queued(app, 3).await, ["c-high", "b", "d"]);
        // Changed while it waits.
        let tags = [Tag {
            key: PRIORITY.into(),
            value: "9".into(),
        }];
        tags::add(app, &jobs::resource("d"), &tags)
            .await
            .expect("tags");
        assert_eq!(queued(app, 9).await, ["d", "c-high", "b", "a-low"]);
        tags::delete(app, &jobs::resource("c-high"), &[PRIORITY.into()])
            .await
            .expect("no tags");
        assert_eq!(queued(app, 9).await, ["d", "b", "c-high", "a-low"]);
    }

    #[tokio::test]
    async fn of_a_pipeline_no_more_jobs_run_than_it_allows() {
        let dir = tempfile::tempdir().expect("a folder");
        let engine = engine(dir.path()).await;
        let app = &engine.app;
        let two = &[(MAX_CONCURRENT, "2")];
        for name in ["p1", "p2", "p3"] {
            queue_of(app, name, Some("p"), two).await;
        }
        queue_of(app, "q1", Some("q"), two).await;
        queue_of(app, "r1", Some("r"), &[]).await;
        assert_eq!(queued(app, 9).await, ["p1", "p2", "q1", "r1"]);
        engine.lease("p1", at(NOW)).await.expect("a lease");
        assert_eq!(queued(app, 9).await, ["p2", "q1", "r1"]);
        // One that stops takes its place until it has ended.
        jobs::stop(app, "p1").await.expect("a stop");
        assert_eq!(queued(app, 9).await, ["p2", "q1", "r1"]);
        engine.lease("p2", at(NOW)).await.expect("a lease");
        assert_eq!(queued(app, 9).await, ["q1", "r1"]);
        set_status(app, "p1", JobStatus::Stopped, SecondaryStatus::Stopped).await;
        assert_eq!(queued(app, 9).await, ["p3", "q1", "r1"]);
        // The pipeline's own tag comes first.
        let tags = [Tag {
            key: MAX_CONCURRENT.into(),
            value: "1".into(),
        }];
        tags::add(app, &pipelines::resource("p"), &tags)
            .await
            .expect("tags");
        assert_eq!(queued(app, 9).await, ["q1", "r1"]);
    }

    #[tokio::test]
    async fn folders_of_ended_runs_are_swept() {
        let dir = tempfile::tempdir().expect("a folder");
        let engine = engine(dir.path()).await;
        for name in ["ended", "waits"] {
            queue(&engine.app, name).await;
            engine.run_dir(name, 1).create().expect("a run");
        }
        jobs::stop(&engine.app, "ended").await.expect("a stop");
        engine.sweep().await.expect("a sweep");
        assert!(!engine.run_dir("ended", 1).path().exists());
        assert!(engine.run_dir("waits", 1).path().exists());
    }
}
