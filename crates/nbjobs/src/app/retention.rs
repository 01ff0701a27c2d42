//! Runs that ended long enough ago are deleted, rows and objects together: those that the policies `nbjobs:keep-runs` and
//! `nbjobs:keep-for` do not keep. A run is an execution of a pipeline with all its jobs, or a job that is of none. Its
//! rows go in one transaction, which notes the objects that are to go after them; until they are gone, no new job gets
//! its name. So a crash between leaves nothing behind but the note, and no row without its objects.

use super::{App, Result, jobs, logs, objects, policies};
use crate::model::job::{Job, split_s3_uri};
use crate::model::policy::{self, Policies};
use crate::model::retention::{Expiry, expiry};
use crate::store::{Deletion, Ended, Tx};
use jiff::Timestamp;
use tracing::info;

/// How many runs are looked at before the first of them is deleted.
const BATCH: usize = 100;

/// A run that need not be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expired {
    /// What it is.
    pub run: Run,
    /// When it ended.
    pub ended_at: Timestamp,
    /// Why it is not kept.
    pub why: Expiry,
    /// What its objects take.
    pub bytes: u64,
}

/// What goes as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// An execution, with its jobs.
    Execution {
        /// The pipeline's name.
        pipeline: String,
        /// The execution's.
        id: String,
    },
    /// A job that is of no execution.
    Job(String),
}

/// Runs that need not be kept, `limit` at most.
pub async fn expired(app: &App, limit: usize) -> Result<Vec<Expired>> {
    let mut all = Vec::new();
    for (run, ended_at, why) in candidates(app, limit).await? {
        let bytes = size(app, &run).await?;
        all.push(Expired {
            run,
            ended_at,
            why,
            bytes,
        });
    }
    Ok(all)
}

/// Deletes runs that need not be kept, `limit` at most, and says which.
pub async fn delete_expired(app: &App, limit: usize) -> Result<Vec<Expired>> {
    let mut all = expired(app, limit).await?;
    let mut deleted = Vec::new();
    for expired in all.drain(..) {
        if delete(app, &expired.run).await? {
            info!(run = ?expired.run, reason = %expired.why, bytes = expired.bytes, "deleted a run");
            deleted.push(expired);
        }
    }
    delete_objects(app).await?;
    Ok(deleted)
}

/// Deletes all runs that need not be kept, and first what a crash has left of earlier ones.
pub async fn sweep(app: &App) -> Result<()> {
    delete_objects(app).await?;
    while !delete_expired(app, BATCH).await?.is_empty() {}
    Ok(())
}

async fn candidates(app: &App, limit: usize) -> Result<Vec<(Run, Timestamp, Expiry)>> {
    let now = app.clock.now();
    let mut found = Vec::new();
    let default = &app.retention;
    let has_default = default.keep_runs.or(default.keep_for.map(|_| 0)).is_some();
    for pipeline in app.store.pipelines_with_retention(has_default).await? {
        let policies = policies::of_pipeline_now(app, &pipeline).await?;
        let policies = policies.or(default.clone());
        let before = policies
            .keep_for
            .and_then(|keep| now.checked_sub(keep).ok());
        let room = limit - found.len();
        let ended = app
            .store
            .ended_executions(&pipeline, policies.keep_runs, before, room);
        for Ended {
            name, at, place, ..
        } in ended.await?
        {
            if let Some(why) = expiry(&policies, place, at, now) {
                let run = Run::Execution {
                    pipeline: pipeline.clone(),
                    id: name,
                };
                found.push((run, at, why));
            }
        }
        if found.len() >= limit {
            return Ok(found);
        }
    }
    let before = default.keep_for.and_then(|keep| now.checked_sub(keep).ok());
    for job in app.store.ended_jobs_alone(before, limit).await? {
        let own = job.keep_for.as_deref().and_then(policy::duration);
        let policies = Policies {
            keep_for: own.or(default.keep_for),
            ..Policies::default()
        };
        if let Some(why) = expiry(&policies, None, job.at, now) {
            found.push((Run::Job(job.name), job.at, why));
        }
        if found.len() >= limit {
            break;
        }
    }
    Ok(found)
}

async fn jobs_of(app: &App, run: &Run) -> Result<Vec<Job>> {
    Ok(match run {
        Run::Execution { id, .. } => app.store.jobs_of_execution(id).await?,
        Run::Job(name) => app.store.job(name).await?.into_iter().collect(),
    })
}

async fn size(app: &App, run: &Run) -> Result<u64> {
    let mut bytes = 0;
    for job in jobs_of(app, run).await? {
        for Deletion { bucket, prefix, .. } in places(app, &job).await? {
            bytes += objects::size_under(app, &bucket, &prefix).await?;
        }
    }
    Ok(bytes)
}

/// Where a job's own objects are: its output, and its input if that was uploaded for it alone.
async fn places(app: &App, job: &Job) -> Result<Vec<Deletion>> {
    let uri = job.artifact_uri();
    let folder = uri.trim_end_matches("output/output.tar.gz");
    let mut folders = vec![format!("{folder}output/")];
    let input = format!("{folder}input/");
    let channels = job.spec.input_data_config.iter();
    let mut inputs = channels.map(|channel| &channel.data_source.s3_data_source.s3_uri);
    if inputs.any(|uri| format!("{uri}/").starts_with(&input))
        && app.store.uses_under(folder, &job.name).await? == 0
    {
        folders.push(input);
    }
    let mut places = Vec::new();
    for folder in folders {
        // A job whose output location is none was refused.
        if let Ok((bucket, prefix)) = split_s3_uri(&folder) {
            places.push(Deletion {
                job: job.name.clone(),
                bucket: bucket.to_owned(),
                prefix: prefix.to_owned(),
            });
        }
    }
    Ok(places)
}

/// Deletes the rows of a run, and notes its objects; whether it could: it may not be over, or be needed, by now.
async fn delete(app: &App, run: &Run) -> Result<bool> {
    let jobs = jobs_of(app, run).await?;
    let mut objects = Vec::new();
    for job in &jobs {
        objects.extend(places(app, job).await?);
    }
    let mut tx = app.store.tx().await?;
    if !is_over(&mut tx, run, &jobs).await? {
        return Ok(false);
    }
    for deletion in &objects {
        tx.insert_deletion(deletion).await?;
    }
    if let Run::Execution { id, .. } = run {
        tx.delete_execution(id).await?;
    }
    for job in &jobs {
        tx.delete_all_tags(&jobs::resource(&job.name)).await?;
        tx.delete_job(&job.name, logs::GROUP).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// Whether the run has ended, with all its jobs, and no execution that goes on needs it.
async fn is_over(tx: &mut Tx, run: &Run, jobs: &[Job]) -> Result<bool> {
    if let Run::Execution { id, .. } = run {
        // It may have been retried since.
        let over = tx.execution(id).await?.filter(|e| e.status.is_final());
        if over.is_none() || tx.is_source_of_unfinished(id).await? {
            return Ok(false);
        }
    }
    for job in jobs {
        let over = tx.job(&job.name).await?.filter(|j| j.status.is_final());
        if over.is_none() {
            return Ok(false);
        }
    }
    Ok(!(jobs.is_empty() && matches!(run, Run::Job(_))))
}

/// Deletes the objects of runs whose rows are gone.
async fn delete_objects(app: &App) -> Result<()> {
    for deletion in app.store.deletions().await? {
        objects::delete_under(app, &deletion.bucket, &deletion.prefix).await?;
        let mut tx = app.store.tx().await?;
        tx.remove_deletion(&deletion).await?;
        tx.commit().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::{arguments, at, open, restart};
    use crate::app::{Error, tags};
    use crate::model::job::{JobStatus, SecondaryStatus};
    use crate::model::policy::KEEP_FOR;
    use crate::model::tag::Tag;
    use crate::objects::Bucket;
    use crate::objects::list::ListRequest;
    use bytes::Bytes;
    use serde_json::json;
    use std::io;

    const NOW: &str = "2026-11-23T12:00:00Z";

    async fn put(app: &App, key: &str) {
        let body = futures::stream::iter([io::Result::Ok(Bytes::from_static(b"12345"))]);
        let put = app
            .objects
            .put("bucket", key, body, Default::default(), at(NOW));
        put.await.expect("an object");
    }

    async fn keys(app: &App) -> Vec<String> {
        let request = ListRequest {
            max: 100,
            ..ListRequest::default()
        };
        let page = app.objects.list("bucket", request).await.expect("keys");
        page.entries
            .iter()
            .map(|entry| entry.name().to_owned())
            .collect()
    }

    /// Adds a job that runs on `input`, with the objects that it has.
    async fn job(app: &App, name: &str, input: &str) -> Result<Job> {
        let channel = json!({"ChannelName": "c", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix",
            "S3Uri": format!("s3://bucket/{input}"), "S3DataDistributionType": "FullyReplicated"}}});
        let mut spec = arguments(json!({
            "InputDataConfig": [channel],
            "OutputDataConfig": {"S3OutputPath": "s3://bucket"}
        }));
        spec.as_object_mut().expect("an object").remove("Tags");
        let spec = serde_json::from_value(spec).expect("a job");
        let tag = Tag {
            key: KEEP_FOR.into(),
            value: "1h".into(),
        };
        let mut tx = app.store.tx().await?;
        let job = jobs::create_in(&mut tx, name, spec, &[tag], None, at(NOW)).await?;
        tx.commit().await?;
        put(app, &format!("{input}/in.ipynb")).await;
        put(app, &format!("{name}/output/output.tar.gz")).await;
        Ok(job)
    }

    async fn end(app: &App, job: &mut Job) {
        let mut tx = app.store.tx().await.expect("a transaction");
        let (status, secondary) = (JobStatus::Stopped, SecondaryStatus::Stopped);
        tx.set_job_status(job, status, secondary, None, at(NOW))
            .await
            .expect("a lawful change");
        tx.commit().await.expect("a commit");
    }

    async fn start(dir: &std::path::Path) -> App {
        let app = open(dir, at(NOW)).await;
        let bucket = Bucket {
            created: at(NOW),
            region: None,
            versioning: None,
            encryption: None,
            event_bridge: false,
        };
        app.objects
            .create_bucket("bucket", bucket)
            .await
            .expect("a bucket");
        app
    }

    #[tokio::test]
    async fn a_crash_between_rows_and_objects_leaves_neither() {
        let dir = tempfile::tempdir().expect("a folder");
        let app = start(dir.path()).await;
        let mut old = job(&app, "old", "old/input").await.expect("a job");
        end(&app, &mut old).await;
        job(&app, "runs", "runs/input").await.expect("a job");
        app.clock.set(at("2026-11-23T13:00:01Z"));
        let found = expired(&app, 9).await.expect("runs");
        assert_eq!(found.len(), 1);
        assert_eq!(
            (&found[0].run, found[0].bytes),
            (&Run::Job("old".into()), 10)
        );
        assert!(delete(&app, &found[0].run).await.expect("a deletion"));
        // Here it dies.
        let app = restart(app, dir.path(), at("2026-11-23T14:00:00Z")).await;
        assert!(app.store.job("old").await.expect("rows").is_none());
        let again = job(&app, "old", "old/input").await;
        assert!(
            matches!(again, Err(Error::Exists(_))),
            "its objects are still there"
        );
        sweep(&app).await.expect("a sweep");
        assert_eq!(
            keys(&app).await,
            ["runs/input/in.ipynb", "runs/output/output.tar.gz"]
        );
        assert!(app.store.deletions().await.expect("rows").is_empty());
        job(&app, "old", "old/input")
            .await
            .expect("the name is free");
        let tags = tags::list(&app, &jobs::resource("gone"))
            .await
            .expect("tags");
        assert_eq!(tags, []);
    }

    #[tokio::test]
    async fn an_input_that_another_job_runs_on_is_kept() {
        let dir = tempfile::tempdir().expect("a folder");
        let app = start(dir.path()).await;
        let mut first = job(&app, "first", "first/input").await.expect("a job");
        let mut again = job(&app, "again", "first/input").await.expect("a job");
        end(&app, &mut first).await;
        app.clock.set(at("2026-11-23T13:00:01Z"));
        sweep(&app).await.expect("a sweep");
        assert_eq!(
            keys(&app).await,
            ["again/output/output.tar.gz", "first/input/in.ipynb"]
        );
        // What its own input is called elsewhere is not its own.
        end(&app, &mut again).await;
        sweep(&app).await.expect("a sweep");
        assert_eq!(keys(&app).await, ["first/input/in.ipynb"]);
    }
}
