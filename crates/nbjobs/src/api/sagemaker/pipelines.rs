//! `CreatePipeline`, `UpdatePipeline`, `DescribePipeline`, `ListPipelines`, `DeletePipeline`.

use super::super::json::{self, Answer, Codes, seconds};
use super::super::page;
use crate::app::{App, Error, pipeline_versions, pipelines};
use crate::model::arn::{Arn, Resource};
use crate::model::list::{Cursor, Order, Sort};
use crate::model::pipeline::{Pipeline, PipelineFilter, Settings};
use crate::model::tag::Tag;
use aws_wire::ErrorShape;
use aws_wire::json11::epoch_seconds;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

/// Codes of the operations on pipelines and their executions. The SDK's `upsert` knows a taken name by
/// `ValidationException` and the message.
pub(super) const CODES: Codes = Codes {
    not_found: "ResourceNotFound",
    exists: "ValidationException",
    conflict: "ConflictException",
    invalid: "ValidationException",
    limit: "ResourceLimitExceeded",
};

/// Page sizes of lists of pipelines and of executions.
pub(super) const PAGE_DEFAULT: u32 = 10;
pub(super) const PAGE_MAX: u32 = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct ParallelismConfiguration {
    pub(super) max_parallel_execution_steps: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct S3Location {
    bucket: String,
    object_key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateRequest {
    pipeline_name: String,
    pipeline_display_name: Option<String>,
    pipeline_definition: Option<String>,
    #[serde(rename = "PipelineDefinitionS3Location")]
    pipeline_definition_s3_location: Option<S3Location>,
    pipeline_description: Option<String>,
    client_request_token: String,
    role_arn: String,
    #[serde(default)]
    tags: Vec<Tag>,
    parallelism_configuration: Option<ParallelismConfiguration>,
}

pub(super) async fn create(app: &App, body: &[u8]) -> Answer {
    let request: CreateRequest = json::request(body)?;
    let token = request_token(&request.client_request_token)?;
    let definition = definition(
        app,
        request.pipeline_definition,
        request.pipeline_definition_s3_location,
    )
    .await?;
    let settings = Settings {
        display_name: request.pipeline_display_name,
        description: request.pipeline_description,
        definition: definition.ok_or_else(|| {
            CODES.shape(Error::Invalid(
                "Either PipelineDefinition or PipelineDefinitionS3Location must be given".into(),
            ))
        })?,
        role_arn: request.role_arn,
        parallel_max: request
            .parallelism_configuration
            .map(|given| given.max_parallel_execution_steps),
    };
    let pipeline = pipelines::create(app, &request.pipeline_name, settings, &request.tags, token)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(json!({"PipelineArn": app.scope.pipeline(&pipeline.name)}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UpdateRequest {
    pipeline_name: String,
    pipeline_display_name: Option<String>,
    pipeline_definition: Option<String>,
    #[serde(rename = "PipelineDefinitionS3Location")]
    pipeline_definition_s3_location: Option<S3Location>,
    pipeline_description: Option<String>,
    role_arn: Option<String>,
    parallelism_configuration: Option<ParallelismConfiguration>,
}

pub(super) async fn update(app: &App, body: &[u8]) -> Answer {
    let request: UpdateRequest = json::request(body)?;
    let definition = definition(
        app,
        request.pipeline_definition,
        request.pipeline_definition_s3_location,
    )
    .await?;
    let update = pipelines::Update {
        display_name: request.pipeline_display_name,
        description: request.pipeline_description,
        definition,
        role_arn: request.role_arn,
        parallel_max: request
            .parallelism_configuration
            .map(|given| given.max_parallel_execution_steps),
    };
    let pipeline = pipelines::update(app, &request.pipeline_name, update)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(json!({
        "PipelineArn": app.scope.pipeline(&pipeline.name),
        "PipelineVersionId": pipeline.version,
    }))
}

/// The definition as given in the request or as an object, which the SDK uses from 100 KB on.
async fn definition(
    app: &App,
    text: Option<String>,
    location: Option<S3Location>,
) -> Result<Option<String>, ErrorShape> {
    match (text, location) {
        (Some(_), Some(_)) => Err(CODES.shape(Error::Invalid(
            "PipelineDefinition and PipelineDefinitionS3Location cannot be given together".into(),
        ))),
        (text, None) => Ok(text),
        (None, Some(at)) => pipelines::definition_at(app, &at.bucket, &at.object_key)
            .await
            .map(Some)
            .map_err(|e| CODES.shape(e)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DescribeRequest {
    pipeline_name: String,
    pipeline_version_id: Option<i64>,
}

pub(super) async fn describe(app: &App, body: &[u8]) -> Answer {
    let request: DescribeRequest = json::request(body)?;
    let name = name(app, request.pipeline_name);
    let Some(number) = request.pipeline_version_id else {
        let pipeline = pipelines::describe(app, &name)
            .await
            .map_err(|e| CODES.shape(e))?;
        return json::answer(document(app, &pipeline));
    };
    let (pipeline, version) = pipeline_versions::describe(app, &name, number)
        .await
        .map_err(|e| CODES.shape(e))?;
    let mut document = document(app, &pipeline);
    if let Some(name) = version.display_name {
        document["PipelineVersionDisplayName"] = name.into();
    }
    if let Some(description) = version.description {
        document["PipelineVersionDescription"] = description.into();
    }
    json::answer(document)
}

/// The pipeline as `DescribePipeline` shows it; its definition is the text as given, byte for byte.
fn document(app: &App, pipeline: &Pipeline) -> Value {
    let mut document = summary(app, pipeline);
    if let Some(last_run) = document
        .as_object_mut()
        .and_then(|map| map.remove("LastExecutionTime"))
    {
        document["LastRunTime"] = last_run;
    }
    document["PipelineDefinition"] = pipeline.settings.definition.clone().into();
    document["PipelineStatus"] = "Active".into();
    if let Some(max) = pipeline.settings.parallel_max {
        document["ParallelismConfiguration"] = json!({"MaxParallelExecutionSteps": max});
    }
    document
}

/// The pipeline as `Search` shows it: as described, without its definition.
pub(super) fn searched(app: &App, pipeline: &Pipeline) -> Value {
    let mut document = document(app, pipeline);
    if let Some(members) = document.as_object_mut() {
        members.remove("PipelineDefinition");
    }
    document
}

fn summary(app: &App, pipeline: &Pipeline) -> Value {
    let settings = &pipeline.settings;
    let mut summary = json!({
        "PipelineArn": app.scope.pipeline(&pipeline.name),
        "PipelineName": pipeline.name,
        "PipelineDisplayName": settings.display_name.as_ref().unwrap_or(&pipeline.name),
        "RoleArn": settings.role_arn,
        "CreationTime": seconds(pipeline.created_at),
        "LastModifiedTime": seconds(pipeline.modified_at),
    });
    if let Some(description) = &settings.description {
        summary["PipelineDescription"] = description.clone().into();
    }
    if let Some(at) = pipeline.last_run_at {
        summary["LastExecutionTime"] = seconds(at);
    }
    summary
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListRequest {
    pipeline_name_prefix: Option<String>,
    #[serde(default, with = "epoch_seconds::option")]
    created_after: Option<Timestamp>,
    #[serde(default, with = "epoch_seconds::option")]
    created_before: Option<Timestamp>,
    sort_by: Option<String>,
    sort_order: Option<String>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

pub(super) async fn list(app: &App, body: &[u8]) -> Answer {
    let request: ListRequest = json::request(body)?;
    let filter = PipelineFilter {
        name_prefix: request.pipeline_name_prefix,
        created_after: request.created_after,
        created_before: request.created_before,
    };
    let order = Order {
        by: match request.sort_by.as_deref() {
            None | Some("CreationTime") => Sort::CreationTime,
            Some("Name") => Sort::Name,
            Some(other) => return Err(json::not_one_of("sortBy", other, "Name, CreationTime")),
        },
        descending: descending(request.sort_order.as_deref())?,
    };
    let limit = page::size(request.max_results, PAGE_DEFAULT, PAGE_MAX)?;
    let after: Option<Cursor> = page::place(request.next_token.as_deref())?;
    let (pipelines, next) = pipelines::list(app, &filter, order, after.as_ref(), limit)
        .await
        .map_err(|e| CODES.shape(e))?;
    let summaries: Vec<Value> = pipelines.iter().map(|p| summary(app, p)).collect();
    let mut answer = json!({"PipelineSummaries": summaries});
    if let Some(token) = next.and_then(|next| page::token(&next)) {
        answer["NextToken"] = token.into();
    }
    json::answer(answer)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteRequest {
    pipeline_name: String,
    client_request_token: String,
}

pub(super) async fn delete(app: &App, body: &[u8]) -> Answer {
    let request: DeleteRequest = json::request(body)?;
    let token = request_token(&request.client_request_token)?;
    pipelines::delete(app, &request.pipeline_name, token)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(json!({"PipelineArn": app.scope.pipeline(&request.pipeline_name)}))
}

/// SageMaker's `SortOrder`; the latest first unless asked otherwise.
pub(super) fn descending(order: Option<&str>) -> Result<bool, ErrorShape> {
    match order {
        None | Some("Descending") => Ok(true),
        Some("Ascending") => Ok(false),
        Some(other) => Err(json::not_one_of(
            "sortOrder",
            other,
            "Ascending, Descending",
        )),
    }
}

/// A `ClientRequestToken` has 32 to 128 characters; botocore makes one for every request that lacks it.
pub(super) fn request_token(token: &str) -> Result<&str, ErrorShape> {
    if (32..=128).contains(&token.chars().count()) {
        return Ok(token);
    }
    Err(CODES.shape(Error::Invalid(format!(
        "1 validation error detected: Value '{token}' at 'clientRequestToken' failed to satisfy constraint: Member must have length between 32 and 128"
    ))))
}

/// The name that a request gives as a name or as an ARN (`PipelineNameOrArn`). The ARN of another account's pipeline
/// stays as it is, and is not found.
pub(super) fn name(app: &App, name_or_arn: String) -> String {
    match name_or_arn.parse() {
        Ok(Arn {
            resource: Resource::Pipeline(name),
            scope,
            ..
        }) if scope == app.scope => name,
        _ => name_or_arn,
    }
}
