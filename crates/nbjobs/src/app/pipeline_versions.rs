//! Versions of pipelines: each create and each update makes one, numbered from 1.

use super::constraint::{at_most, pattern};
use super::executions::{DESCRIPTION_LEN_MAX, NAME_PATTERN};
use super::{App, Error, Result, pipelines};
use crate::model::list::Cursor;
use crate::model::naming::{EXECUTION_NAME_LEN_MAX, is_resource_name};
use crate::model::pipeline::{ExecutionFilter, Pipeline, PipelineVersion};

/// A pipeline as it was in one version: the definition of then, the rest of now.
pub async fn describe(
    app: &App,
    pipeline: &str,
    number: i64,
) -> Result<(Pipeline, PipelineVersion)> {
    let mut found = pipelines::describe(app, pipeline).await?;
    let version = app.store.pipeline_version(pipeline, number).await?;
    let (version, definition) = version.ok_or_else(|| not_found(pipeline, number))?;
    found.settings.definition = definition;
    Ok((found, version))
}

/// One page of a pipeline's versions by number, made within the times of `filter`, and where the next page begins.
pub async fn list(
    app: &App,
    pipeline: &str,
    filter: &ExecutionFilter,
    descending: bool,
    after: Option<&Cursor>,
    limit: u32,
) -> Result<(Vec<PipelineVersion>, Option<Cursor>)> {
    pipelines::describe(app, pipeline).await?;
    let mut versions = app
        .store
        .pipeline_versions(pipeline, filter, descending, after, limit + 1)
        .await?;
    let more = versions.len() > limit as usize;
    versions.truncate(limit as usize);
    let next = versions.last().filter(|_| more).map(|last| Cursor {
        value: last.version.to_string(),
        key: pipeline.to_owned(),
    });
    Ok((versions, next))
}

/// Changes what is given of a version's texts.
pub async fn update(
    app: &App,
    pipeline: &str,
    number: i64,
    display_name: Option<&str>,
    description: Option<&str>,
) -> Result<()> {
    if let Some(name) = display_name {
        let fits = is_resource_name(name, EXECUTION_NAME_LEN_MAX);
        pattern(fits, name, "pipelineVersionDisplayName", NAME_PATTERN)?;
    }
    at_most(
        description.unwrap_or_default(),
        "pipelineVersionDescription",
        DESCRIPTION_LEN_MAX,
    )?;
    pipelines::describe(app, pipeline).await?;
    let mut tx = app.store.tx().await?;
    if !tx
        .update_pipeline_version(pipeline, number, display_name, description)
        .await?
    {
        return Err(not_found(pipeline, number));
    }
    tx.commit().await?;
    Ok(())
}

pub(super) fn not_found(pipeline: &str, number: i64) -> Error {
    Error::NotFound(format!(
        "Pipeline {pipeline} has no version {number}; ListPipelineVersions tells which there are, of which the latest {} are kept",
        pipelines::VERSIONS_KEPT
    ))
}
