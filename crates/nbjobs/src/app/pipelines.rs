//! Pipelines: create, update, describe, list, delete. What runs is in [`super::executions`].

use super::constraint::{at_most, broken, pattern};
use super::repeated::is_repeated;
use super::{App, Error, Result, executions};
use crate::model::arn::{Arn, Resource, Scope};
use crate::model::list::{Cursor, Order};
use crate::model::naming::{PIPELINE_NAME_LEN_MAX, is_resource_name};
use crate::model::pipeline::{
    DEFINITION_LEN_MAX, Definition, JsonObjects, Pipeline, PipelineFilter, Run, Settings, Variables,
};
use crate::model::tag::{self, Tag};
use crate::store::Tx;
use jiff::Timestamp;

/// Most pipelines at a time.
pub const PIPELINES_MAX: i64 = 10_000;

/// How many versions of a pipeline are kept, the latest ones.
pub const VERSIONS_KEPT: i64 = 100;

const DESCRIPTION_LEN_MAX: usize = 3072;
const NAME_PATTERN: &str = "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,255}";
const ROLE_PATTERN: &str = "arn:aws[a-z\\-]*:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+";

/// What an update of a pipeline changes; what is not given stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of Settings")]
pub struct Update {
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub definition: Option<String>,
    pub role_arn: Option<String>,
    pub parallel_max: Option<u32>,
}

/// The key under which a pipeline's tags stand.
pub fn resource(name: &str) -> String {
    Resource::Pipeline(name.to_owned()).to_string()
}

/// Creates a pipeline. The same request again, known by its token, is answered with the pipeline it made.
pub async fn create(
    app: &App,
    name: &str,
    settings: Settings,
    tags: &[Tag],
    token: &str,
) -> Result<Pipeline> {
    let mut tx = app.store.tx().await?;
    let pipeline = create_in(&mut tx, name, settings, tags, token, app.clock.now()).await?;
    tx.commit().await?;
    Ok(pipeline)
}

/// The part of [`create`] that making a job definition shares, in the caller's transaction.
pub(super) async fn create_in(
    tx: &mut Tx,
    name: &str,
    settings: Settings,
    tags: &[Tag],
    token: &str,
    now: Timestamp,
) -> Result<Pipeline> {
    pattern(
        is_resource_name(name, PIPELINE_NAME_LEN_MAX),
        name,
        "pipelineName",
        NAME_PATTERN,
    )?;
    check(&settings, now)?;
    tag::validate(tags).map_err(Error::Invalid)?;
    if let Some(existing) = tx.pipeline(name).await? {
        let is_repeated = tx.pipeline_token(name).await?.as_deref() == Some(token)
            && existing.settings == settings;
        return if is_repeated {
            Ok(existing)
        } else {
            Err(name_is_taken(name))
        };
    }
    if tx.count_pipelines().await? >= PIPELINES_MAX {
        return Err(Error::Limit(format!(
            "there are {PIPELINES_MAX} pipelines, the most that can be; delete some"
        )));
    }
    let pipeline = Pipeline {
        name: name.to_owned(),
        settings,
        version: 1,
        created_at: now,
        modified_at: now,
        last_run_at: None,
    };
    if !tx.insert_pipeline(&pipeline, token).await? {
        return Err(name_is_taken(name));
    }
    tx.insert_pipeline_version(&pipeline, VERSIONS_KEPT, now)
        .await?;
    tx.put_tags(&resource(name), tags).await?;
    Ok(pipeline)
}

/// Changes a pipeline, which gets a new version. Executions that have started keep the definition they started with.
pub async fn update(app: &App, name: &str, update: Update) -> Result<Pipeline> {
    let mut tx = app.store.tx().await?;
    let pipeline = update_in(&mut tx, &app.scope, name, update, app.clock.now()).await?;
    tx.commit().await?;
    Ok(pipeline)
}

/// The part of [`update`] that changing a job definition shares, in the caller's transaction.
pub(super) async fn update_in(
    tx: &mut Tx,
    scope: &Scope,
    name: &str,
    update: Update,
    now: Timestamp,
) -> Result<Pipeline> {
    let mut pipeline = tx
        .pipeline(name)
        .await?
        .ok_or_else(|| not_found(scope, name))?;
    let settings = &mut pipeline.settings;
    settings.display_name = update.display_name.or(settings.display_name.take());
    settings.description = update.description.or(settings.description.take());
    settings.definition = update
        .definition
        .unwrap_or(std::mem::take(&mut settings.definition));
    settings.role_arn = update
        .role_arn
        .unwrap_or(std::mem::take(&mut settings.role_arn));
    settings.parallel_max = update.parallel_max.or(settings.parallel_max);
    check(settings, now)?;
    pipeline.version += 1;
    pipeline.modified_at = now;
    tx.update_pipeline(&pipeline).await?;
    tx.insert_pipeline_version(&pipeline, VERSIONS_KEPT, now)
        .await?;
    Ok(pipeline)
}

/// One pipeline.
pub async fn describe(app: &App, name: &str) -> Result<Pipeline> {
    app.store
        .pipeline(name)
        .await?
        .ok_or_else(|| not_found(&app.scope, name))
}

/// A definition that is an object.
pub async fn definition_at(app: &App, bucket: &str, key: &str) -> Result<String> {
    let object = app.objects.get(bucket, key).await?;
    let bytes = object.bytes(DEFINITION_LEN_MAX as u64).await?;
    String::from_utf8(bytes.into())
        .map_err(|_| Error::Invalid(format!("The object s3://{bucket}/{key} is not UTF-8 text")))
}

/// One page of pipelines, and where the next one begins.
pub async fn list(
    app: &App,
    filter: &PipelineFilter,
    order: Order,
    after: Option<&Cursor>,
    limit: u32,
) -> Result<(Vec<Pipeline>, Option<Cursor>)> {
    let mut pipelines = app.store.pipelines(filter, order, after, limit + 1).await?;
    let more = pipelines.len() > limit as usize;
    pipelines.truncate(limit as usize);
    let next = pipelines
        .last()
        .filter(|_| more)
        .map(|last| Cursor::behind(order.by, &last.name, last.created_at, &last.name));
    Ok((pipelines, next))
}

/// Deletes a pipeline and its executions; jobs that they ran stay. Refused while an execution has not ended. The same
/// request again, known by its token, changes nothing.
pub async fn delete(app: &App, name: &str, token: &str) -> Result<()> {
    let mut tx = app.store.tx().await?;
    if is_repeated(&mut tx, "DeletePipeline", token, name, app.clock.now()).await? {
        return Ok(());
    }
    delete_in(&mut tx, &app.scope, name).await?;
    tx.commit().await?;
    Ok(())
}

/// The part of [`delete`] that deleting a job definition shares, in the caller's transaction.
pub(super) async fn delete_in(tx: &mut Tx, scope: &Scope, name: &str) -> Result<()> {
    tx.pipeline(name)
        .await?
        .ok_or_else(|| not_found(scope, name))?;
    let unfinished = tx.count_unfinished_executions(name).await?;
    if unfinished > 0 {
        return Err(Error::Conflict(format!(
            "Pipeline {name} has {unfinished} executions that have not ended; stop them or wait before it is deleted"
        )));
    }
    tx.delete_pipeline(name).await?;
    tx.delete_all_tags(&resource(name)).await?;
    Ok(())
}

pub(super) fn not_found(scope: &Scope, name: &str) -> Error {
    Error::NotFound(format!(
        "Pipeline '{}' does not exist.",
        scope.pipeline(name)
    ))
}

/// The SageMaker SDK's `upsert` looks for "already exists", later versions for "names must be unique".
fn name_is_taken(name: &str) -> Error {
    Error::Exists(format!(
        "Pipeline names must be unique within an AWS account and region. Pipeline with name ({name}) already exists."
    ))
}

/// Refuses settings that could not run, as far as can be known now.
fn check(settings: &Settings, now: Timestamp) -> Result<()> {
    if let Some(name) = &settings.display_name {
        pattern(
            is_resource_name(name, PIPELINE_NAME_LEN_MAX),
            name,
            "pipelineDisplayName",
            NAME_PATTERN,
        )?;
    }
    at_most(
        settings.description.as_deref().unwrap_or_default(),
        "pipelineDescription",
        DESCRIPTION_LEN_MAX,
    )?;
    pattern(
        is_role(&settings.role_arn),
        &settings.role_arn,
        "roleArn",
        ROLE_PATTERN,
    )?;
    check_parallel_max(settings.parallel_max)?;
    let definition = Definition::parse(&settings.definition)
        .map_err(|error| Error::Invalid(error.to_string()))?;
    check_known_jobs(&definition, now)
}

/// `MaxParallelExecutionSteps` is at least 1.
pub(super) fn check_parallel_max(parallel_max: Option<u32>) -> Result<()> {
    match parallel_max {
        Some(0) => {
            let at = "parallelismConfiguration.maxParallelExecutionSteps";
            Err(broken(
                "0",
                at,
                "Member must have value greater than or equal to 1",
            ))
        }
        _ => Ok(()),
    }
}

/// The jobs of steps that depend on nothing but the parameters' defaults must be jobs that we can run.
fn check_known_jobs(definition: &Definition, now: Timestamp) -> Result<()> {
    let Ok(parameters) = definition.bind(&[]) else {
        return Ok(());
    };
    let sample = || "sample".to_owned();
    let variables = Variables {
        execution_id: sample(),
        execution_arn: sample(),
        pipeline: sample(),
        pipeline_arn: sample(),
        started_at: now,
    };
    let run = Run {
        definition,
        variables: &variables,
        parameters: &parameters,
        parallel_max: None,
        selection: None,
        objects: &JsonObjects::new(),
    };
    for (step, job) in run.known_jobs() {
        if let Err(reason) = job.and_then(executions::order) {
            return Err(Error::Invalid(format!(
                "Unable to parse pipeline definition. In step {step:?}: {reason}"
            )));
        }
    }
    Ok(())
}

fn is_role(text: &str) -> bool {
    let role_fits = |role: &str| {
        role.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+=,.@-_/".contains(&b))
    };
    match text.parse::<Arn>() {
        Ok(Arn {
            resource: Resource::Role(role),
            ..
        }) => role_fits(&role),
        _ => false,
    }
}
