//! `ListPipelineVersions`, `UpdatePipelineVersion`.

use super::super::json::{self, Answer, seconds};
use super::super::page;
use super::pipelines::{CODES, PAGE_DEFAULT, PAGE_MAX, descending, name};
use crate::app::{App, pipeline_versions};
use crate::model::list::Cursor;
use crate::model::pipeline::{ExecutionFilter, PipelineVersion};
use aws_wire::json11::epoch_seconds;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListRequest {
    pipeline_name: String,
    #[serde(default, with = "epoch_seconds::option")]
    created_after: Option<Timestamp>,
    #[serde(default, with = "epoch_seconds::option")]
    created_before: Option<Timestamp>,
    sort_order: Option<String>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

pub(super) async fn list(app: &App, body: &[u8]) -> Answer {
    let request: ListRequest = json::request(body)?;
    let filter = ExecutionFilter {
        started_after: request.created_after,
        started_before: request.created_before,
    };
    let descending = descending(request.sort_order.as_deref())?;
    let limit = page::size(request.max_results, PAGE_DEFAULT, PAGE_MAX)?;
    let after: Option<Cursor> = page::place(request.next_token.as_deref())?;
    let pipeline = name(app, request.pipeline_name);
    let (versions, next) =
        pipeline_versions::list(app, &pipeline, &filter, descending, after.as_ref(), limit)
            .await
            .map_err(|e| CODES.shape(e))?;
    let summaries: Vec<Value> = versions
        .into_iter()
        .map(|version| summary(app, &pipeline, version))
        .collect();
    let mut answer = json!({"PipelineVersionSummaries": summaries});
    if let Some(token) = next.and_then(|next| page::token(&next)) {
        answer["NextToken"] = token.into();
    }
    json::answer(answer)
}

fn summary(app: &App, pipeline: &str, version: PipelineVersion) -> Value {
    let mut summary = json!({
        "PipelineArn": app.scope.pipeline(pipeline),
        "PipelineVersionId": version.version,
        "CreationTime": seconds(version.created_at),
    });
    if let Some(name) = version.display_name {
        summary["PipelineVersionDisplayName"] = name.into();
    }
    if let Some(description) = version.description {
        summary["PipelineVersionDescription"] = description.into();
    }
    if let Some(id) = version.last_execution {
        summary["LastExecutionPipelineExecutionArn"] =
            app.scope.pipeline_execution(pipeline, &id).into();
    }
    summary
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UpdateRequest {
    pipeline_arn: String,
    pipeline_version_id: i64,
    pipeline_version_display_name: Option<String>,
    pipeline_version_description: Option<String>,
}

pub(super) async fn update(app: &App, body: &[u8]) -> Answer {
    let request: UpdateRequest = json::request(body)?;
    pipeline_versions::update(
        app,
        &name(app, request.pipeline_arn.clone()),
        request.pipeline_version_id,
        request.pipeline_version_display_name.as_deref(),
        request.pipeline_version_description.as_deref(),
    )
    .await
    .map_err(|e| CODES.shape(e))?;
    json::answer(json!({
        "PipelineArn": request.pipeline_arn,
        "PipelineVersionId": request.pipeline_version_id,
    }))
}
