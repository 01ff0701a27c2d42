//! `StartPipelineExecution`, `StopPipelineExecution`, `DescribePipelineExecution`, `ListPipelineExecutions`,
//! `ListPipelineExecutionSteps`, `ListPipelineParametersForExecution`, `DescribePipelineDefinitionForExecution`.

use super::super::json::{self, Answer, seconds};
use super::super::page;
use super::pipelines::{
    CODES, PAGE_DEFAULT, PAGE_MAX, ParallelismConfiguration, descending, name, request_token,
};
use crate::app::executions::{self, Start};
use crate::app::{App, Error};
use crate::model::arn::{Arn, Resource};
use crate::model::list::{Cursor, Order, Sort};
use crate::model::pipeline::{Definition, ExecutionFilter, PipelineExecution, PipelineStep};
use aws_wire::ErrorShape;
use aws_wire::json11::epoch_seconds;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

/// A page of steps unless asked otherwise. The SDK's `list_steps` reads one page, so it holds every step there can be.
const STEPS_PAGE_DEFAULT: u32 = 100;

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
}

pub(super) async fn start(app: &App, body: &[u8]) -> Answer {
    let request: StartRequest = json::request(body)?;
    let token = request_token(&request.client_request_token)?;
    let start = Start {
        pipeline: name(app, request.pipeline_name),
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
    request_token(&request.client_request_token)?;
    let (pipeline, id) = named(app, &request.pipeline_execution_arn)?;
    executions::stop(app, &pipeline, &id)
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
    });
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

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct StepsRequest {
    pipeline_execution_arn: String,
    next_token: Option<String>,
    max_results: Option<i64>,
    sort_order: Option<String>,
}

pub(super) async fn steps(app: &App, body: &[u8]) -> Answer {
    let request: StepsRequest = json::request(body)?;
    let descending = descending(request.sort_order.as_deref())?;
    let limit = page::size(request.max_results, STEPS_PAGE_DEFAULT, PAGE_MAX)?;
    let from: usize = page::place(request.next_token.as_deref())?.unwrap_or(0);
    let (pipeline, id) = named(app, &request.pipeline_execution_arn)?;
    let execution = executions::describe(app, &pipeline, &id)
        .await
        .map_err(|e| CODES.shape(e))?;
    let mut steps = executions::steps(app, &pipeline, &id)
        .await
        .map_err(|e| CODES.shape(e))?;
    // Attempts of a step are not told apart here: a step begins once, and its job's attempts are the job's.
    let definition = definition(&execution)?;
    if descending {
        steps.reverse();
    }
    let shown = steps
        .iter()
        .map(|step| step_document(app, &definition, step));
    json::answer(paged(
        "PipelineExecutionSteps",
        shown.collect(),
        from,
        limit,
    ))
}

fn step_document(app: &App, definition: &Definition, step: &PipelineStep) -> Value {
    let mut document = json!({
        "StepName": step.name,
        "StepStatus": step.status.as_str(),
        "StartTime": seconds(step.started_at),
        "AttemptCount": 1,
        "Metadata": {},
    });
    if let Some(job) = &step.job {
        document["Metadata"] = json!({"TrainingJob": {"Arn": app.scope.training_job(job)}});
    }
    if let Some(at) = step.ended_at {
        document["EndTime"] = seconds(at);
    }
    if let Some(reason) = &step.failure_reason {
        document["FailureReason"] = reason.clone().into();
    }
    let defined = definition.step(&step.name);
    if let Some(name) = defined.and_then(|step| step.display_name.clone()) {
        document["StepDisplayName"] = name.into();
    }
    if let Some(description) = defined.and_then(|step| step.description.clone()) {
        document["StepDescription"] = description.into();
    }
    document
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ParametersRequest {
    pipeline_execution_arn: String,
    next_token: Option<String>,
    max_results: Option<i64>,
}

/// Every parameter of the execution, in the definition's order, those with their default value included.
pub(super) async fn parameters(app: &App, body: &[u8]) -> Answer {
    let request: ParametersRequest = json::request(body)?;
    let limit = page::size(request.max_results, PAGE_MAX, PAGE_MAX)?;
    let from: usize = page::place(request.next_token.as_deref())?.unwrap_or(0);
    let (pipeline, id) = named(app, &request.pipeline_execution_arn)?;
    let execution = executions::describe(app, &pipeline, &id)
        .await
        .map_err(|e| CODES.shape(e))?;
    let definition = definition(&execution)?;
    let shown = definition.parameters.iter().filter_map(|parameter| {
        let value = match execution.parameters.get(&parameter.name)? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some(json!({"Name": parameter.name, "Value": value}))
    });
    json::answer(paged("PipelineParameters", shown.collect(), from, limit))
}

/// One page of a short list that is at hand as a whole; a token is the number of items before the page.
fn paged(member: &str, items: Vec<Value>, from: usize, limit: u32) -> Value {
    let to = from.saturating_add(limit as usize);
    let more = to < items.len();
    let page: Vec<Value> = items.into_iter().skip(from).take(limit as usize).collect();
    let mut answer = json!({ member: page });
    if more && let Some(token) = page::token(&to) {
        answer["NextToken"] = token.into();
    }
    answer
}

async fn find(app: &App, body: &[u8]) -> Result<PipelineExecution, ErrorShape> {
    let request: Named = json::request(body)?;
    let (pipeline, id) = named(app, &request.pipeline_execution_arn)?;
    executions::describe(app, &pipeline, &id)
        .await
        .map_err(|e| CODES.shape(e))
}

/// The pipeline's name and the execution's id that an ARN names.
fn named(app: &App, arn: &str) -> Result<(String, String), ErrorShape> {
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

fn definition(execution: &PipelineExecution) -> Result<Definition, ErrorShape> {
    Definition::parse(&execution.definition).map_err(|error| super::super::internal(&error.into()))
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
