//! `StartPipelineExecution`, `StopPipelineExecution`, `RetryPipelineExecution`, `UpdatePipelineExecution`,
//! `DescribePipelineExecution`, `ListPipelineExecutions`, `DescribePipelineDefinitionForExecution`.

use super::super::json::{self, Answer, seconds};
use super::super::page;
use super::pipelines::{
    CODES, PAGE_DEFAULT, PAGE_MAX, ParallelismConfiguration, descending, name, request_token,
};
use crate::app::executions::{self, Start};
use crate::app::{App, Error};
use crate::model::arn::{Arn, Resource};
use crate::model::list::{Cursor, Order, Sort};
use crate::model::pipeline::{ExecutionFilter, PipelineExecution, STEPS_MAX, Selection};
use aws_wire::ErrorShape;
use aws_wire::json11::epoch_seconds;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Parameter {
    name: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct StartRequest {
    pipeline_name: String,
    pipeline_execution_display_name: Option<String>,
    #[serde(default)]
    pipeline_parameters: Vec<Parameter>,
    pipeline_execution_description: Option<String>,
    client_request_token: String,
    parallelism_configuration: Option<ParallelismConfiguration>,
    selective_execution_config: Option<SelectiveExecutionConfig>,
    pipeline_version_id: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SelectiveExecutionConfig {
    source_pipeline_execution_arn: Option<String>,
    selected_steps: Vec<SelectedStep>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SelectedStep {
    step_name: String,
}

/// What a start selects. The source must be an execution of the same pipeline.
fn selection(
    app: &App,
    pipeline: &str,
    config: SelectiveExecutionConfig,
) -> Result<Selection, ErrorShape> {
    let invalid = |message: String| CODES.shape(Error::Invalid(message));
    if !(1..=STEPS_MAX).contains(&config.selected_steps.len()) {
        return Err(invalid(format!(
            "1 validation error detected: Value at 'selectiveExecutionConfig.selectedSteps' failed to satisfy constraint: Member must have length between 1 and {STEPS_MAX}"
        )));
    }
    let source = match config.source_pipeline_execution_arn {
        None => None,
        Some(arn) => match named(app, &arn)? {
            (of, id) if of == pipeline => Some(id),
            (of, _) => {
                return Err(invalid(format!(
                    "SourcePipelineExecutionArn names an execution of the pipeline {of}, not of {pipeline}"
                )));
            }
        },
    };
    Ok(Selection {
        steps: config
            .selected_steps
            .into_iter()
            .map(|step| step.step_name)
            .collect(),
        source,
    })
}

pub(super) async fn start(app: &App, body: &[u8]) -> Answer {
    let request: StartRequest = json::request(body)?;
    let token = request_token(&request.client_request_token)?;
    let pipeline = name(app, request.pipeline_name);
    let selection = request
        .selective_execution_config
        .map(|config| selection(app, &pipeline, config))
        .transpose()?;
    let start = Start {
        pipeline,
        version: request.pipeline_version_id,
        selection,
        display_name: request.pipeline_execution_display_name,
        description: request.pipeline_execution_description,
        parameters: request
            .pipeline_parameters
            .into_iter()
            .map(|parameter| (parameter.name, parameter.value))
            .collect(),
        parallel_max: request
            .parallelism_configuration
            .map(|given| given.max_parallel_execution_steps),
    };
    let execution = executions::start(app, &start, token)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(json!({"PipelineExecutionArn": arn(app, &execution)}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct StopRequest {
    pipeline_execution_arn: String,
    client_request_token: String,
}

pub(super) async fn stop(app: &App, body: &[u8]) -> Answer {
    let request: StopRequest = json::request(body)?;
    let token = request_token(&request.client_request_token)?;
    let (pipeline, id) = named(app, &request.pipeline_execution_arn)?;
    executions::stop(app, &pipeline, &id, token)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(json!({"PipelineExecutionArn": request.pipeline_execution_arn}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RetryRequest {
    pipeline_execution_arn: String,
    client_request_token: String,
    parallelism_configuration: Option<ParallelismConfiguration>,
}

pub(super) async fn retry(app: &App, body: &[u8]) -> Answer {
    let request: RetryRequest = json::request(body)?;
    let token = request_token(&request.client_request_token)?;
    let (pipeline, id) = named(app, &request.pipeline_execution_arn)?;
    let parallel_max = request
        .parallelism_configuration
        .map(|given| given.max_parallel_execution_steps);
    executions::retry(app, &pipeline, &id, parallel_max, token)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(json!({"PipelineExecutionArn": request.pipeline_execution_arn}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UpdateRequest {
    pipeline_execution_arn: String,
    pipeline_execution_description: Option<String>,
    pipeline_execution_display_name: Option<String>,
    parallelism_configuration: Option<ParallelismConfiguration>,
}

pub(super) async fn update(app: &App, body: &[u8]) -> Answer {
    let request: UpdateRequest = json::request(body)?;
    let (pipeline, id) = named(app, &request.pipeline_execution_arn)?;
    let update = executions::Update {
        display_name: request.pipeline_execution_display_name,
        description: request.pipeline_execution_description,
        parallel_max: request
            .parallelism_configuration
            .map(|given| given.max_parallel_execution_steps),
    };
    executions::update(app, &pipeline, &id, update)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(json!({"PipelineExecutionArn": request.pipeline_execution_arn}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Named {
    pipeline_execution_arn: String,
}

pub(super) async fn describe(app: &App, body: &[u8]) -> Answer {
    let execution = find(app, body).await?;
    let mut document = json!({
        "PipelineArn": app.scope.pipeline(&execution.pipeline),
        "PipelineExecutionArn": arn(app, &execution),
        "PipelineExecutionDisplayName": display_name(&execution),
        "PipelineExecutionStatus": execution.status.as_str(),
        "CreationTime": seconds(execution.started_at),
        "LastModifiedTime": seconds(execution.modified_at),
        "PipelineVersionId": execution.version,
    });
    if let Some(selection) = &execution.selection {
        let steps: Vec<Value> = selection
            .steps
            .iter()
            .map(|name| json!({"StepName": name}))
            .collect();
        document["SelectiveExecutionConfig"] = json!({"SelectedSteps": steps});
        if let Some(source) = &selection.source {
            document["SelectiveExecutionConfig"]["SourcePipelineExecutionArn"] = app
                .scope
                .pipeline_execution(&execution.pipeline, source)
                .into();
        }
    }
    if let Some(description) = execution.description {
        document["PipelineExecutionDescription"] = description.into();
    }
    if let Some(reason) = execution.failure_reason {
        document["FailureReason"] = reason.into();
    }
    if let Some(max) = execution.parallel_max {
        document["ParallelismConfiguration"] = json!({"MaxParallelExecutionSteps": max});
    }
    json::answer(document)
}

pub(super) async fn describe_definition(app: &App, body: &[u8]) -> Answer {
    let execution = find(app, body).await?;
    json::answer(json!({
        "PipelineDefinition": execution.definition,
        "CreationTime": seconds(execution.started_at),
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListRequest {
    pipeline_name: String,
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
    let filter = ExecutionFilter {
        started_after: request.created_after,
        started_before: request.created_before,
    };
    let order = Order {
        by: match request.sort_by.as_deref() {
            None | Some("CreationTime") => Sort::CreationTime,
            Some("PipelineExecutionArn") => Sort::Name,
            Some(other) => {
                let allowed = "CreationTime, PipelineExecutionArn";
                return Err(json::not_one_of("sortBy", other, allowed));
            }
        },
        descending: descending(request.sort_order.as_deref())?,
    };
    let limit = page::size(request.max_results, PAGE_DEFAULT, PAGE_MAX)?;
    let after: Option<Cursor> = page::place(request.next_token.as_deref())?;
    let pipeline = name(app, request.pipeline_name);
    let (executions, next) =
        executions::list(app, &pipeline, &filter, order, after.as_ref(), limit)
            .await
            .map_err(|e| CODES.shape(e))?;
    let summaries: Vec<Value> = executions.iter().map(|e| summary(app, e)).collect();
    let mut answer = json!({"PipelineExecutionSummaries": summaries});
    if let Some(token) = next.and_then(|next| page::token(&next)) {
        answer["NextToken"] = token.into();
    }
    json::answer(answer)
}

fn summary(app: &App, execution: &PipelineExecution) -> Value {
    let mut summary = json!({
        "PipelineExecutionArn": arn(app, execution),
        "StartTime": seconds(execution.started_at),
        "PipelineExecutionStatus": execution.status.as_str(),
        "PipelineExecutionDisplayName": display_name(execution),
    });
    if let Some(description) = &execution.description {
        summary["PipelineExecutionDescription"] = description.clone().into();
    }
    if let Some(reason) = &execution.failure_reason {
        summary["PipelineExecutionFailureReason"] = reason.clone().into();
    }
    summary
}

async fn find(app: &App, body: &[u8]) -> Result<PipelineExecution, ErrorShape> {
    let request: Named = json::request(body)?;
    let (pipeline, id) = named(app, &request.pipeline_execution_arn)?;
    executions::describe(app, &pipeline, &id)
        .await
        .map_err(|e| CODES.shape(e))
}

/// The pipeline's name and the execution's id that an ARN names.
pub(super) fn named(app: &App, arn: &str) -> Result<(String, String), ErrorShape> {
    match arn.parse::<Arn>() {
        Ok(Arn {
            resource: Resource::PipelineExecution { pipeline, id },
            scope,
            ..
        }) => {
            if scope == app.scope {
                return Ok((pipeline, id));
            }
            let message = format!("Pipeline execution with ARN {arn} does not exist.");
            Err(CODES.shape(Error::NotFound(message)))
        }
        _ => Err(CODES.shape(Error::Invalid(format!(
            "1 validation error detected: Value '{arn}' at 'pipelineExecutionArn' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:aws[a-z\\-]*:sagemaker:[a-z0-9\\-]*:[0-9]{{12}}:pipeline\\/.*\\/execution\\/.*"
        )))),
    }
}

fn arn(app: &App, execution: &PipelineExecution) -> String {
    app.scope
        .pipeline_execution(&execution.pipeline, &execution.id)
}

/// The name given, else SageMaker's own kind of name: `execution-1608758456532`.
fn display_name(execution: &PipelineExecution) -> String {
    let own = || format!("execution-{}", execution.started_at.as_millisecond());
    execution.display_name.clone().unwrap_or_else(own)
}
