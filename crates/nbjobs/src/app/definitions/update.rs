//! Changes of a definition. What is not given stays; a paused one stays paused.

use super::timer::{self, When};
use super::{Definition, describe};
use crate::app::inputs::Snapshot;
use crate::app::notebook_jobs::random;
use crate::app::{App, Error, Result, pipelines, policies, rules};
use crate::model::naming;
use crate::model::notebook_job::{self, NAME_TAG};
use crate::model::pipeline::Pipeline;
use crate::model::tag::{self, Tag};
use crate::store::Tx;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What is to change.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(
    missing_docs,
    reason = "the names are those of a request and of a timer"
)]
pub struct Update {
    pub name: Option<String>,
    pub expression: Option<String>,
    pub timezone: Option<String>,
    pub is_enabled: Option<bool>,
    /// A new snapshot is taken of it.
    pub input_uri: Option<String>,
    pub kernel: Option<String>,
    pub parameters: Option<BTreeMap<String, String>>,
    pub environment: Option<BTreeMap<String, String>>,
    pub output_formats: Option<Vec<String>>,
    pub instance_type: Option<String>,
    /// Instead of the tags that were given by a user.
    pub tags: Option<Vec<Tag>>,
}

/// Changes a definition. All of it, or nothing.
pub async fn update(app: &App, id: &str, update: &Update) -> Result<()> {
    let definition = describe(app, id).await?;
    let document = definition.document()?;
    let snapshot = match &update.input_uri {
        Some(uri) => Some(snapshot(app, id, uri, &document, update).await?),
        None => None,
    };
    let done = write(app, &definition, document, snapshot.as_ref(), update).await;
    match (&done, &snapshot) {
        (Err(_), Some(snapshot)) => snapshot.drop_copies(app).await,
        _ => app.wake.scheduler(),
    }
    done
}

/// A new snapshot beside the old one: runs under way and older versions of the pipeline keep theirs.
async fn snapshot(
    app: &App,
    id: &str,
    uri: &str,
    document: &Value,
    update: &Update,
) -> Result<Snapshot> {
    let environment = &arguments(document)["Environment"];
    let word = |name: &str| environment[name].as_str().unwrap_or_default();
    let kernel = update.kernel.as_deref();
    let prefix = format!("{id}/input-{}", hex::encode(&random()[..4]));
    let with_folder = word(notebook_job::FOLDER_VARIABLE) == "True";
    let kernel = kernel.unwrap_or_else(|| word("SM_KERNEL_NAME"));
    Snapshot::take(app, uri, with_folder, kernel, prefix).await
}

async fn write(
    app: &App,
    definition: &Definition,
    mut document: Value,
    snapshot: Option<&Snapshot>,
    update: &Update,
) -> Result<()> {
    let (id, now) = (&definition.pipeline.name, app.clock.now());
    if let Some(snapshot) = snapshot {
        replace_input(&mut document, snapshot)?;
    }
    change(&mut document, update)?;
    let mut tx = app.store.tx().await?;
    let resource = pipelines::resource(id);
    let mut tags = tx.tags(&resource).await?;
    if let Some(changed) = changed_tags(&tags, update) {
        tag::validate(&changed).map_err(Error::Invalid)?;
        let has_rule = tx.rule(id).await?.is_some();
        for resource in [Some(resource), has_rule.then(|| rules::resource(id))]
            .iter()
            .flatten()
        {
            tx.delete_all_tags(resource).await?;
            tx.put_tags(resource, &changed).await?;
        }
        policies::changed(&mut tx, app, &pipelines::resource(id)).await?;
        set_tags_of_jobs(&mut document, update)?;
        tags = changed;
    }
    let mut pipeline = definition.pipeline.clone();
    if tx.pipeline(id).await?.map(|now| now.version) != Some(pipeline.version) {
        return Err(Error::Conflict(format!(
            "The job definition {id} was changed in the same moment; look at it and try again"
        )));
    }
    if document != definition.document()? {
        let shown = update.name.as_deref();
        let change = pipelines::Update {
            definition: Some(document.to_string()),
            display_name: shown
                .map(|name| naming::sanitize(name, naming::JOB_NAME_LEN_MAX))
                .filter(|name| !name.is_empty()),
            ..pipelines::Update::default()
        };
        pipeline = pipelines::update_in(&mut tx, &app.scope, id, change, now).await?;
    }
    if update.expression.is_some() || update.timezone.is_some() || update.is_enabled.is_some() {
        set_timer(&mut tx, app, &pipeline, &tags, update, now).await?;
    }
    Ok(tx.commit().await?)
}

/// Changes when a definition runs and whether it does. One that has no schedule yet needs one, and then runs.
async fn set_timer(
    tx: &mut Tx,
    app: &App,
    pipeline: &Pipeline,
    tags: &[Tag],
    update: &Update,
    now: Timestamp,
) -> Result<()> {
    let id = &pipeline.name;
    let timer = timer::of_in(tx, id).await?;
    let earlier = timer.as_ref().map(|timer| &timer.when);
    let expression = update
        .expression
        .as_ref()
        .or(earlier.map(|when| &when.expression));
    let timezone = update
        .timezone
        .as_deref()
        .or(earlier.map(|when| when.timezone.as_str()));
    let when = When {
        expression: expression.cloned().ok_or_else(|| {
            Error::Invalid(format!(
                "The job definition {id} has no schedule; give it one with `schedule`"
            ))
        })?,
        timezone: timezone.unwrap_or("UTC").to_owned(),
    };
    if earlier != Some(&when) {
        when.check(now)?;
    }
    let was_enabled = timer.as_ref().is_none_or(|timer| timer.is_enabled);
    let is_enabled = update.is_enabled.unwrap_or(was_enabled);
    timer::set(tx, app, pipeline, tags, &when, is_enabled, now).await
}

fn arguments(document: &Value) -> &Value {
    &document["Steps"][0]["Arguments"]
}

/// The arguments of the one step, to be changed; an error if the pipeline is not a notebook's.
fn arguments_mut(document: &mut Value) -> Result<&mut Value> {
    document
        .pointer_mut("/Steps/0/Arguments")
        .filter(|arguments| arguments["Environment"]["SM_INPUT_NOTEBOOK_NAME"].is_string())
        .ok_or_else(|| {
            Error::Invalid(
                "The pipeline's first step is not a notebook job, so it can be changed with UpdatePipeline only".into(),
            )
        })
}

fn replace_input(document: &mut Value, snapshot: &Snapshot) -> Result<()> {
    let arguments = arguments_mut(document)?;
    arguments["Environment"]["SM_INPUT_NOTEBOOK_NAME"] = snapshot.notebook.clone().into();
    match arguments.pointer_mut("/InputDataConfig/0/DataSource/S3DataSource/S3Uri") {
        Some(uri) => *uri = snapshot.uri.clone().into(),
        None => {
            return Err(Error::Invalid(
                "The pipeline's first step has no input that could be replaced".into(),
            ));
        }
    }
    Ok(())
}

/// Changes what the step says of its job, tags aside.
fn change(document: &mut Value, update: &Update) -> Result<()> {
    if let Some(kernel) = &update.kernel {
        arguments_mut(document)?["Environment"]["SM_KERNEL_NAME"] = kernel.clone().into();
    }
    if let Some(formats) = &update.output_formats {
        let formats = formats.join(",");
        arguments_mut(document)?["Environment"]["SM_OUTPUT_FORMATS"] = formats.into();
    }
    if let Some(instance) = &update.instance_type {
        let resources = arguments_mut(document)?.get_mut("ResourceConfig");
        if let Some(resources) = resources.and_then(Value::as_object_mut) {
            resources.insert("InstanceType".into(), instance.clone().into());
        }
    }
    if let Some(parameters) = &update.parameters {
        arguments_mut(document)?["HyperParameters"] = json!(parameters);
    }
    if let Some(variables) = &update.environment {
        let environment = &mut arguments_mut(document)?["Environment"];
        if let Some(environment) = environment.as_object_mut() {
            environment.retain(|name, _| !notebook_job::is_user_variable(name));
            environment.extend(
                variables
                    .iter()
                    .map(|(name, value)| (name.clone(), value.as_str().into())),
            );
        }
    }
    Ok(())
}

/// The tags afterwards; none if they stay.
fn changed_tags(tags: &[Tag], update: &Update) -> Option<Vec<Tag>> {
    if update.name.is_none() && update.tags.is_none() {
        return None;
    }
    let mut changed = tags.to_vec();
    if let Some(given) = &update.tags {
        changed.retain(|tag| !notebook_job::is_user_tag(&tag.key));
        changed.extend(given.iter().cloned());
    }
    if let Some(name) = &update.name {
        changed.retain(|tag| tag.key != NAME_TAG);
        changed.push(Tag {
            key: NAME_TAG.to_owned(),
            value: name.clone(),
        });
    }
    Some(changed)
}

fn set_tags_of_jobs(document: &mut Value, update: &Update) -> Result<()> {
    let arguments = arguments_mut(document)?;
    let tags: Option<Vec<Tag>> =
        serde_json::from_value(arguments["Tags"].take()).map_err(anyhow::Error::from)?;
    let tags = tags.unwrap_or_default();
    arguments["Tags"] = json!(changed_tags(&tags, update).unwrap_or(tags));
    Ok(())
}
