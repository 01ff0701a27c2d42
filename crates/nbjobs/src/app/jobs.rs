//! Jobs: create, describe, list, stop.

use super::constraint::pattern;
use super::{App, Error, Result, executions, objects, policies};
use crate::model::arn::Resource;
use crate::model::job::{
    Job, JobFilter, JobSort, JobSpec, JobStatus, SecondaryStatus, StartedBy, Transition,
    split_s3_uri,
};
use crate::model::list::{Cursor, Order};
use crate::model::naming;
use crate::model::notebook_job::{NAME_TAG, TOKEN_TAG};
use crate::model::pipeline::PipelineExecution;
use crate::model::tag::{self, Tag};
use crate::store::Tx;
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};

/// The key under which a job's tags stand.
pub fn resource(name: &str) -> String {
    Resource::TrainingJob(name.to_owned()).to_string()
}

/// Accepts a job. It is durable when this returns, and the dispatcher has been told to look.
pub async fn create(app: &App, name: &str, spec: JobSpec, tags: &[Tag]) -> Result<Job> {
    pattern(
        naming::is_resource_name(name, naming::JOB_NAME_LEN_MAX),
        name,
        "trainingJobName",
        "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
    )?;
    spec.validate().map_err(Error::Invalid)?;
    tag::validate(tags).map_err(Error::Invalid)?;
    check_queue(app)?;
    check_places(app, &spec).await?;
    let mut tx = app.store.tx().await?;
    let job = create_in(&mut tx, name, spec, tags, None, app.clock.now()).await?;
    tx.commit().await?;
    app.wake.dispatcher();
    Ok(job)
}

/// Refuses what would make another job wait, when as many do as may.
pub(super) fn check_queue(app: &App) -> Result<()> {
    if app.store.queued() < app.queued_max {
        return Ok(());
    }
    Err(Error::Limit(format!(
        "The account-level service limit 'Number of training jobs that wait' is {} jobs, with current utilization of {} \
         jobs and a request delta of 1 jobs. Wait until jobs have ended, stop some, or raise --max-queued.",
        app.queued_max,
        app.store.queued()
    )))
}

/// The part of [`create`] that a pipeline's execution, for a step of which the job then is, shares: adds the row. The
/// spec is valid.
pub async fn create_in(
    tx: &mut Tx,
    name: &str,
    spec: JobSpec,
    tags: &[Tag],
    execution: Option<&PipelineExecution>,
    now: Timestamp,
) -> Result<Job> {
    let job = Job {
        name: name.to_owned(),
        spec,
        status: JobStatus::Queued,
        secondary_status: SecondaryStatus::Pending,
        transitions: vec![Transition {
            status: SecondaryStatus::Pending,
            at: now,
        }],
        failure_reason: None,
        created_at: now,
        started_at: None,
        ended_at: None,
        modified_at: now,
        retry_at: None,
    };
    if tx.has_deletions(name).await? || !tx.insert_job(&job, execution).await? {
        return Err(Error::Exists(format!(
            "Training job names must be unique within an AWS account and region, and a training job with the name {name} already exists"
        )));
    }
    tx.put_tags(&resource(name), tags).await?;
    policies::set_turn(tx, name).await?;
    Ok(job)
}

/// Refuses what cannot work already now: a bucket or an input that is not there.
async fn check_places(app: &App, spec: &JobSpec) -> Result<()> {
    let output = &spec.output_data_config.s3_output_path;
    let (bucket, _) = split_s3_uri(output).map_err(Error::Invalid)?;
    if app.objects.head_bucket(bucket).await.is_err() {
        return Err(Error::Invalid(format!(
            "The bucket of S3OutputPath {output} does not exist; create it first"
        )));
    }
    for channel in &spec.input_data_config {
        let uri = &channel.data_source.s3_data_source.s3_uri;
        let (bucket, prefix) = split_s3_uri(uri).map_err(Error::Invalid)?;
        match objects::keys_under(app, bucket, prefix, 1).await {
            Ok(_) | Err(Error::Limit(_)) => {}
            Err(Error::NotFound(problem)) => {
                return Err(Error::Invalid(format!("{uri}: {problem}")));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// One job.
pub async fn describe(app: &App, name: &str) -> Result<Job> {
    app.store
        .job(name)
        .await?
        .ok_or_else(|| Error::NotFound("Requested resource not found.".into()))
}

/// One page of jobs, and where the next one begins.
pub async fn list(
    app: &App,
    filter: &JobFilter,
    order: Order<JobSort>,
    after: Option<&Cursor>,
    limit: u32,
) -> Result<(Vec<Job>, Option<Cursor>)> {
    let mut jobs = app.store.jobs(filter, order, after, limit + 1).await?;
    let more = jobs.len() > limit as usize;
    jobs.truncate(limit as usize);
    let next = jobs.last().filter(|_| more).map(|job| order.by.behind(job));
    Ok((jobs, next))
}

/// Who started each of these jobs, by name.
pub async fn started_by(app: &App, jobs: &[Job]) -> Result<HashMap<String, StartedBy>> {
    let names: Vec<String> = jobs.iter().map(|job| job.name.clone()).collect();
    Ok(app.store.started_by(&names, NAME_TAG, resource).await?)
}

/// Runs a job once more under a new name: the same but for its parameters, on what its input is now.
pub async fn run_again(
    app: &App,
    job: &Job,
    name: &str,
    parameters: BTreeMap<String, String>,
) -> Result<Job> {
    let spec = JobSpec {
        hyper_parameters: parameters,
        ..job.spec.clone()
    };
    let mut tags = app.store.tags(&resource(&job.name)).await?;
    // The token belongs to the request that made the first run.
    tags.retain(|tag| tag.key != TOKEN_TAG);
    create(app, name, spec, &tags).await
}

/// A job's tags, by key.
pub async fn tags(app: &App, job: &Job) -> Result<Vec<Tag>> {
    Ok(app.store.tags(&resource(&job.name)).await?)
}

/// Asks a job to stop. A job that waits is stopped at once; one that runs, when its driver has ended.
pub async fn stop(app: &App, name: &str) -> Result<()> {
    let mut tx = app.store.tx().await?;
    let mut job = tx
        .job(name)
        .await?
        .ok_or_else(|| Error::NotFound("Requested resource not found.".into()))?;
    let now = app.clock.now();
    stop_in(&mut tx, &mut job, now).await?;
    executions::job_ended(&mut tx, app, &job, now).await?;
    tx.commit().await?;
    app.wake.dispatcher();
    // A due moment may have waited for its end.
    app.wake.scheduler();
    Ok(())
}

/// The part of [`stop`] that stopping a pipeline's execution shares. The caller wakes the dispatcher after its commit.
pub async fn stop_in(tx: &mut Tx, job: &mut Job, now: Timestamp) -> Result<()> {
    match job.status {
        JobStatus::Queued => {
            tx.set_job_status(job, JobStatus::Stopped, SecondaryStatus::Stopped, None, now)
                .await?;
        }
        JobStatus::InProgress => {
            tx.set_job_status(
                job,
                JobStatus::Stopping,
                SecondaryStatus::Stopping,
                None,
                now,
            )
            .await?;
        }
        JobStatus::Stopping => {}
        JobStatus::Completed | JobStatus::Failed | JobStatus::Stopped => {
            return Err(Error::Conflict(format!(
                "The request was rejected because the training job is in status {}.",
                job.status
            )));
        }
    }
    Ok(())
}
