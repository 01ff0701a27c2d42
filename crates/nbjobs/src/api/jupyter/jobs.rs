//! `/scheduler/jobs`.

use super::convert::{self, without_nulls};
use super::error::Refusal;
use super::query::{self, Query};
use super::requests::{self, Create, read, text};
use super::{Answer, json, nothing};
use crate::app::{App, definitions, jobs, notebook_jobs};
use crate::model::job::JobStatus;
use crate::model::notebook_job::{DEFINITION_TAG, JobColumn, JobsQuery};
use crate::model::tag::{Tag, VALUE_CHARS_MAX};
use serde::Deserialize;
use serde_json::{Value, json};

/// What jobs can be sorted by.
const COLUMNS: [(&str, JobColumn); 8] = [
    ("job_id", JobColumn::Id),
    ("name", JobColumn::Name),
    ("input_filename", JobColumn::InputFilename),
    ("create_time", JobColumn::CreateTime),
    ("update_time", JobColumn::UpdateTime),
    ("start_time", JobColumn::StartTime),
    ("end_time", JobColumn::EndTime),
    ("status", JobColumn::Status),
];

/// `ListJobsQuery`.
fn wanted(query: &Query) -> Result<JobsQuery, Refusal> {
    Ok(JobsQuery {
        definition: query.get("job_definition_id").map(str::to_owned),
        status: query.get("status").map(status).transpose()?,
        name_prefix: query.get("name").map(str::to_owned),
        tags: query.all("tags").map(requests::tag).collect(),
        started_from: query.instant("start_time")?,
        sort: query.sort(&COLUMNS)?,
        page: query.page()?,
    })
}

fn status(word: &str) -> Result<JobStatus, Refusal> {
    convert::status(word).ok_or_else(|| {
        Refusal::invalid(format!(
            "status: {word:?} is none of CREATED, QUEUED, IN_PROGRESS, COMPLETED, FAILED, STOPPING, STOPPED"
        ))
    })
}

pub(super) async fn list(app: &App, query: &Query) -> Answer {
    let wanted = wanted(query)?;
    let found = notebook_jobs::list(app, &wanted).await?;
    let shown = |(job, tags): &(_, Vec<Tag>)| without_nulls(convert::job(job, tags));
    let jobs: Vec<Value> = found.items.iter().map(shown).collect();
    let mut answer = json!({"jobs": jobs, "total_count": found.total});
    if let Some(token) = query::next_token(wanted.page, found.total) {
        answer["next_token"] = token.into();
    }
    json(&answer)
}

pub(super) async fn count(app: &App, query: &Query) -> Answer {
    let mut wanted = wanted(query)?;
    wanted.status = Some(wanted.status.unwrap_or(JobStatus::InProgress));
    wanted.page.limit = 0;
    let found = notebook_jobs::list(app, &wanted).await?;
    json(&json!({"count": found.total}))
}

pub(super) async fn create(app: &App, body: &[u8]) -> Answer {
    let create: Create = read(body)?;
    if create.schedule.is_some() {
        return Err(Refusal::invalid(
            "schedule is for a job definition; POST it to /scheduler/job_definitions".into(),
        ));
    }
    let mut request = create.request(app).await?;
    if let Some(definition) = &create.job_definition_id {
        definitions::describe(app, definition).await?;
        request.tags.push(Tag {
            key: DEFINITION_TAG.to_owned(),
            value: definition.clone(),
        });
    }
    let token = create.idempotency_token.as_deref();
    let token = token.filter(|token| !token.is_empty());
    if token.is_some_and(|token| token.chars().count() > VALUE_CHARS_MAX) {
        return Err(Refusal::invalid(format!(
            "idempotency_token is longer than {VALUE_CHARS_MAX} characters"
        )));
    }
    let id = notebook_jobs::create(app, &request, token).await?;
    json(&json!({"job_id": id}))
}

pub(super) async fn describe(app: &App, id: &str) -> Answer {
    let (job, tags) = notebook_jobs::describe(app, id).await?;
    json(&convert::job(&job, &tags))
}

/// `UpdateJob`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Update {
    #[serde(deserialize_with = "text")]
    status: Option<String>,
    #[serde(deserialize_with = "text")]
    name: Option<String>,
    #[serde(deserialize_with = "text")]
    compute_type: Option<String>,
}

pub(super) async fn update(app: &App, id: &str, body: &[u8]) -> Answer {
    let update: Update = read(body)?;
    let (job, _) = notebook_jobs::describe(app, id).await?;
    if update
        .compute_type
        .is_some_and(|name| name != job.spec.resource_config.instance_type)
    {
        return Err(Refusal::invalid(
            "compute_type: a job keeps the one that it was created with".into(),
        ));
    }
    let stop = match update.status.as_deref() {
        None => false,
        Some("STOPPED") => true,
        Some(_) => {
            return Err(Refusal::invalid(
                "Invalid value for field 'status'. Jobs can only be updated to status 'STOPPED' after creation.".into(),
            ));
        }
    };
    if update
        .name
        .as_ref()
        .is_some_and(|name| name.trim().is_empty())
    {
        return Err(Refusal::invalid("name is empty".into()));
    }
    if let Some(name) = &update.name {
        notebook_jobs::rename(app, id, name).await?;
    }
    if stop && job.status != JobStatus::Stopped {
        jobs::stop(app, id).await?;
    }
    nothing()
}

pub(super) async fn delete(app: &App, id: &str) -> Answer {
    notebook_jobs::delete(app, &[id.to_owned()]).await?;
    nothing()
}
