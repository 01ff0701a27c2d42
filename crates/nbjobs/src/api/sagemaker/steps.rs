//! `ListPipelineExecutionSteps`, `ListPipelineParametersForExecution`.

use super::super::json::{self, Answer, seconds};
use super::super::page;
use super::executions::named;
use super::pipelines::{CODES, PAGE_MAX, descending};
use crate::app::{App, executions};
use crate::model::job::REASON_CHARS_MAX;
use crate::model::pipeline::{Definition, PipelineExecution, PipelineStep};
use aws_wire::ErrorShape;
use serde::Deserialize;
use serde_json::{Value, json};

/// A page of steps unless asked otherwise. The SDK's `list_steps` reads one page, so it holds every step there can be.
const STEPS_PAGE_DEFAULT: u32 = 100;

/// Longest message of a Fail step that is shown, in characters (`FailStepMetadata` in SageMaker's service model).
const MESSAGE_CHARS_MAX: usize = 3072;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct StepsRequest {
    pipeline_execution_arn: String,
    next_token: Option<String>,
    max_results: Option<i64>,
    sort_order: Option<String>,
}

pub(super) async fn list(app: &App, body: &[u8]) -> Answer {
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
    let definition = definition(&execution)?;
    if descending {
        steps.reverse();
    }
    let shown = steps
        .iter()
        .map(|step| step_document(app, &execution, &definition, step));
    json::answer(paged(
        "PipelineExecutionSteps",
        shown.collect(),
        from,
        limit,
    ))
}

fn step_document(
    app: &App,
    execution: &PipelineExecution,
    definition: &Definition,
    step: &PipelineStep,
) -> Value {
    let mut document = json!({
        "StepName": step.name,
        "StepStatus": step.status.as_str(),
        "StartTime": seconds(step.started_at),
        "AttemptCount": step.attempts,
        "Metadata": {},
    });
    let defined = definition.step(&step.name);
    if let Some(job) = &step.job {
        document["Metadata"] = json!({"TrainingJob": {"Arn": app.scope.training_job(job)}});
    }
    if let Some(outcome) = step.outcome {
        let outcome = if outcome { "True" } else { "False" };
        document["Metadata"] = json!({"Condition": {"Outcome": outcome}});
    }
    if defined.is_some_and(|step| step.action.is_fail())
        && let Some(message) = &step.failure_reason
    {
        document["Metadata"] =
            json!({"Fail": {"ErrorMessage": shortened(message, MESSAGE_CHARS_MAX)}});
    }
    if let Some(source) = &step.source {
        let arn = app.scope.pipeline_execution(&execution.pipeline, source);
        document["SelectiveExecutionResult"] = json!({"SourcePipelineExecutionArn": arn});
    }
    if let Some(at) = step.ended_at {
        document["EndTime"] = seconds(at);
    }
    if let Some(reason) = &step.failure_reason {
        document["FailureReason"] = shortened(reason, REASON_CHARS_MAX).into();
    }
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

fn shortened(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}

fn definition(execution: &PipelineExecution) -> Result<Definition, ErrorShape> {
    Definition::parse(&execution.definition).map_err(|error| super::super::internal(&error.into()))
}
