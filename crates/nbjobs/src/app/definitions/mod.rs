//! Job definitions: a view of one pipeline and of the rule or schedule of its name, as Studio makes them. Each change is
//! one transaction over both.

mod timer;
mod update;

pub use timer::{Timer, When};
pub use update::{Update, update};

use super::notebook_jobs::{self, Request, random};
use super::{App, Error, Result, pipelines, tags};
use crate::model::notebook_job::{self, ARCHIVED_TAG, DefinitionsQuery};
use crate::model::pipeline::{Pipeline, Settings};
use crate::model::tag::Tag;
use jiff::tz::TimeZone;
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// One definition.
#[derive(Clone, Debug)]
pub struct Definition {
    /// What runs; its name is the definition's id.
    pub pipeline: Pipeline,
    /// The pipeline's tags.
    pub tags: Vec<Tag>,
    /// When it runs; none when it only runs on demand.
    pub timer: Option<Timer>,
}

/// A page of definitions.
#[derive(Debug)]
pub struct Page {
    /// In the order asked for.
    pub definitions: Vec<Definition>,
    /// How many there are on all pages.
    pub total: i64,
}

/// Creates a definition and answers its id. Nothing is left of one that is refused.
pub async fn create(app: &App, request: &Request, when: Option<&When>) -> Result<String> {
    let job = request.notebook_job(app)?;
    let now = app.clock.now();
    let id = job.id(random(), TimeZone::UTC.to_datetime(now));
    let body = job.pipeline(&id, &[], &Uuid::new_v4().to_string());
    if let Some(when) = when {
        when.check(now)?;
    }
    let text = |member: &str| body[member].as_str().map(str::to_owned);
    let settings = Settings {
        display_name: text("PipelineDisplayName").filter(|name| !name.is_empty()),
        description: text("PipelineDescription"),
        definition: text("PipelineDefinition").unwrap_or_default(),
        role_arn: job.role_arn.clone(),
        parallel_max: None,
    };
    let all_tags: Vec<Tag> =
        serde_json::from_value(body["Tags"].clone()).map_err(anyhow::Error::from)?;
    let snapshot = request.snapshot(app, &id).await?;
    let token = text("ClientRequestToken").unwrap_or_default();
    let made = async {
        let mut tx = app.store.tx().await?;
        let pipeline = pipelines::create_in(&mut tx, &id, settings, &all_tags, &token, now).await?;
        if let Some(when) = when {
            timer::set(&mut tx, app, &pipeline, &all_tags, when, true, now).await?;
        }
        Ok(tx.commit().await?)
    };
    if let Err(error) = made.await {
        snapshot.drop_copies(app).await;
        return Err(error);
    }
    app.wake.scheduler();
    Ok(id)
}

/// One definition.
pub async fn describe(app: &App, id: &str) -> Result<Definition> {
    let pipeline = app.store.pipeline(id).await?.ok_or_else(|| not_found(id))?;
    let tags = tags::list(app, &pipelines::resource(id)).await?;
    if tags
        .iter()
        .any(|tag| tag.key == ARCHIVED_TAG && tag.value == "true")
    {
        return Err(not_found(id));
    }
    let timer = timer::of(app, id).await?;
    Ok(Definition {
        pipeline,
        tags,
        timer,
    })
}

/// One page of definitions, whoever made them.
pub async fn list(app: &App, query: &DefinitionsQuery) -> Result<Page> {
    let found = app.store.definitions(query).await?;
    let mut definitions = Vec::with_capacity(found.items.len());
    for (pipeline, tags) in found.items {
        let timer = timer::of(app, &pipeline.name).await?;
        definitions.push(Definition {
            pipeline,
            tags,
            timer,
        });
    }
    Ok(Page {
        definitions,
        total: found.total,
    })
}

/// Runs a definition's notebook now and answers the job's name. `parameters` replace the definition's own.
pub async fn run(
    app: &App,
    id: &str,
    parameters: Option<BTreeMap<String, String>>,
) -> Result<String> {
    let definition = describe(app, id).await?;
    let mut document = definition.document()?;
    if parameters.is_some()
        && let Some(arguments) = document.pointer_mut("/Steps/0/Arguments")
        && let Some(arguments) = arguments.as_object_mut()
    {
        arguments.remove("HyperParameters");
    }
    let now = app.clock.now();
    let local = TimeZone::UTC.to_datetime(now);
    let body = notebook_job::run_now(
        &document,
        &parameters.unwrap_or_default(),
        random(),
        local,
        now,
    );
    let body = body.map_err(|problem| Error::Invalid(format!("{id} cannot run: {problem}")))?;
    notebook_jobs::create_from(app, body).await
}

/// Deletes a definition: its pipeline and its rule or schedule. Its jobs and their outputs stay.
pub async fn delete(app: &App, id: &str) -> Result<()> {
    describe(app, id).await?;
    let mut tx = app.store.tx().await?;
    pipelines::delete_in(&mut tx, &app.scope, id).await?;
    timer::delete_rule(&mut tx, id).await?;
    timer::delete_schedule(&mut tx, id).await?;
    tx.commit().await?;
    Ok(())
}

impl Definition {
    /// The pipeline's definition.
    pub fn document(&self) -> Result<Value> {
        serde_json::from_str(&self.pipeline.settings.definition)
            .map_err(|error| Error::Internal(error.into()))
    }
}

fn not_found(id: &str) -> Error {
    Error::NotFound(format!(
        "There is no job definition {id}; it may have been deleted"
    ))
}
