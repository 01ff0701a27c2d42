//! Notebook jobs as one thing: the snapshot of a notebook and the training job that runs it. What is made here is what
//! Studio's own form makes.

use super::inputs::Snapshot;
use super::{App, Error, Result, executions, jobs, tags};
use crate::model::job::{Job, JobSpec};
use crate::model::naming;
use crate::model::notebook_job::{ARCHIVED_TAG, JobsQuery, NAME_TAG, NotebookJob, TOKEN_TAG};
use crate::model::tag::{self, Tag};
use crate::store::{Listed, Tx};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The role of jobs when the configuration names none.
const ROLE_DEFAULT: &str = "SagemakerJupyterSchedulerRole";

/// A notebook and how it is to run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// The name that people see.
    pub name: String,
    /// Where the notebook is: `s3://BUCKET/FOLDER/NAME.ipynb`.
    pub input_uri: String,
    /// Whether all of its folder goes with it.
    pub package_input_folder: bool,
    /// A kernelspec's name; empty for the notebook's own.
    pub kernel: String,
    /// Values for the notebook's parameters.
    pub parameters: BTreeMap<String, String>,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// Formats of the executed notebook.
    pub output_formats: Vec<String>,
    /// Such as `ml.m5.large`.
    pub instance_type: String,
    /// When the run is stopped, in seconds.
    pub max_runtime_s: u64,
    /// Tags beside those that every notebook job has.
    pub tags: Vec<Tag>,
}

impl Request {
    /// With the snapshot taken below `{id}/input`, as Studio's extension lays it out.
    pub(super) async fn snapshot(&self, app: &App, id: &str) -> Result<Snapshot> {
        let prefix = NotebookJob::input_prefix(id);
        let (uri, with_folder) = (&self.input_uri, self.package_input_folder);
        Snapshot::take(app, uri, with_folder, &self.kernel, prefix).await
    }

    pub(super) fn notebook_job(&self, app: &App) -> Result<NotebookJob> {
        if self.name.trim().is_empty() || self.name.chars().count() > tag::VALUE_CHARS_MAX {
            return Err(Error::Invalid(format!(
                "name: a name has 1 to {} characters",
                tag::VALUE_CHARS_MAX
            )));
        }
        let notebook = self.input_uri.rsplit('/').next().unwrap_or_default();
        Ok(NotebookJob {
            name: self.name.clone(),
            notebook: notebook.to_owned(),
            parameters: self.parameters.clone(),
            environment: self.environment.clone(),
            kernel: self.kernel.clone(),
            init_script: None,
            package_input_folder: self.package_input_folder,
            image: None,
            instance_type: self.instance_type.clone(),
            role_arn: app
                .scope
                .role(app.studio.execution_role().unwrap_or(ROLE_DEFAULT)),
            max_runtime_s: self.max_runtime_s,
            network_isolation: false,
            output_formats: self.output_formats.join(","),
            tags: self.tags.clone(),
            region: app.scope.region.clone(),
            bucket: naming::default_bucket(&app.scope),
        })
    }
}

/// Accepts a job and answers its name. The same request again, known by its token, is answered with the job that it
/// made; another request with that token is refused.
pub async fn create(app: &App, request: &Request, token: Option<&str>) -> Result<String> {
    let notebook_job = request.notebook_job(app)?;
    let now = app.clock.now();
    let id = notebook_job.id(random(), TimeZone::UTC.to_datetime(now));
    let (_, spec, mut all_tags) = take_apart(notebook_job.training_job(&id, now))?;
    spec.validate().map_err(Error::Invalid)?;
    tag::validate(&all_tags).map_err(Error::Invalid)?;
    // Not among those that are checked: nobody but us may set it.
    all_tags.extend(token.map(|token| Tag {
        key: TOKEN_TAG.to_owned(),
        value: token.to_owned(),
    }));
    if let Some(made) = already_made(&mut app.store.tx().await?, &notebook_job, token).await? {
        return Ok(made);
    }
    jobs::check_queue(app)?;
    let snapshot = request.snapshot(app, &id).await?;
    let inserted = async {
        let mut tx = app.store.tx().await?;
        // The token may have been used while the files were copied.
        if let Some(made) = already_made(&mut tx, &notebook_job, token).await? {
            return Ok(made);
        }
        jobs::create_in(&mut tx, &id, spec, &all_tags, None, now).await?;
        tx.commit().await?;
        Ok(id.clone())
    };
    let made = inserted.await;
    if made.as_ref().ok() != Some(&id) {
        snapshot.drop_copies(app).await;
    }
    app.wake.dispatcher();
    made
}

/// The job that was made with this token, if it was asked for with the same words.
async fn already_made(
    tx: &mut Tx,
    wanted: &NotebookJob,
    token: Option<&str>,
) -> Result<Option<String>> {
    let Some(token) = token else {
        return Ok(None);
    };
    let Some(name) = tx.job_with_tag(TOKEN_TAG, token).await? else {
        return Ok(None);
    };
    let existing = existing(tx, &name).await?;
    let (_, spec, tags) = take_apart(wanted.training_job(&name, existing.created_at))?;
    let mut kept = tx.tags(&jobs::resource(&name)).await?;
    let same_tags = tags.iter().all(|tag| {
        let found = kept.iter().position(|one| one == tag);
        // A job that was deleted since has been made all the same.
        found.map(|at| kept.remove(at)).is_some() || tag.key == ARCHIVED_TAG
    });
    if spec == existing.spec && same_tags {
        return Ok(Some(name));
    }
    Err(Error::Conflict(format!(
        "The idempotency token {token} has already made the job {name} from another request; use a new token"
    )))
}

/// Creates the job that a body of `CreateTrainingJob` asks for.
pub(super) async fn create_from(app: &App, body: Value) -> Result<String> {
    let (name, spec, tags) = take_apart(body)?;
    jobs::create(app, &name, spec, &tags).await?;
    Ok(name)
}

/// A body of `CreateTrainingJob` in its parts.
fn take_apart(mut body: Value) -> Result<(String, JobSpec, Vec<Tag>)> {
    let refused = |error: serde_json::Error| Error::Invalid(error.to_string());
    let mut take = |member: &str| {
        body.as_object_mut()
            .and_then(|members| members.remove(member))
            .unwrap_or_default()
    };
    let (name, tags) = (take("TrainingJobName"), take("Tags"));
    let name = name.as_str().unwrap_or_default().to_owned();
    let tags: Option<Vec<Tag>> = serde_json::from_value(tags).map_err(refused)?;
    let spec = serde_json::from_value(body).map_err(refused)?;
    Ok((name, spec, tags.unwrap_or_default()))
}

/// One page of the jobs that were not deleted, whoever made them.
pub async fn list(app: &App, query: &JobsQuery) -> Result<Listed<Job>> {
    Ok(app.store.notebook_jobs(query).await?)
}

/// One job that was not deleted, with its tags.
pub async fn describe(app: &App, name: &str) -> Result<(Job, Vec<Tag>)> {
    let job = app.store.job(name).await?.ok_or_else(|| not_found(name))?;
    let tags = tags::list(app, &jobs::resource(name)).await?;
    if is_archived(&tags) {
        return Err(not_found(name));
    }
    Ok((job, tags))
}

/// Gives a job another name for people.
pub async fn rename(app: &App, name: &str, shown: &str) -> Result<()> {
    describe(app, name).await?;
    let tag = Tag {
        key: NAME_TAG.to_owned(),
        value: shown.to_owned(),
    };
    tags::add(app, &jobs::resource(name), &[tag]).await?;
    Ok(())
}

/// Deletes jobs as Studio does: those that run are stopped, and no list shows them any more. Their outputs stay in the
/// bucket. All of them, or none.
pub async fn delete(app: &App, names: &[String]) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.store.tx().await?;
    for name in names {
        delete_in(&mut tx, app, name, now).await?;
    }
    tx.commit().await?;
    app.wake.dispatcher();
    Ok(())
}

async fn delete_in(tx: &mut Tx, app: &App, name: &str, now: Timestamp) -> Result<()> {
    let mut job = existing(tx, name).await?;
    let resource = jobs::resource(name);
    if is_archived(&tx.tags(&resource).await?) {
        return Err(not_found(name));
    }
    if !job.status.is_final() {
        jobs::stop_in(tx, &mut job, now).await?;
        executions::job_ended(tx, app, &job, now).await?;
    }
    let archived = Tag {
        key: ARCHIVED_TAG.to_owned(),
        value: "true".to_owned(),
    };
    Ok(tx.put_tags(&resource, &[archived]).await?)
}

async fn existing(tx: &mut Tx, name: &str) -> Result<Job> {
    tx.job(name).await?.ok_or_else(|| not_found(name))
}

fn is_archived(tags: &[Tag]) -> bool {
    tags.iter()
        .any(|tag| tag.key == ARCHIVED_TAG && tag.value == "true")
}

/// Fresh random bytes for a name.
pub(super) fn random() -> [u8; 16] {
    *Uuid::new_v4().as_bytes()
}

fn not_found(name: &str) -> Error {
    Error::NotFound(format!("There is no job {name}; it may have been deleted"))
}
