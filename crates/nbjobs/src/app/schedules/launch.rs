//! What a schedule starts.

use super::super::executions::{self, Start};
use super::super::{App, Error, Result, jobs, policies};
use super::resource;
use crate::model::pipeline::ReadyStep;
use crate::model::scheduled::{Launch, Schedule};
use crate::store::{Origin, Tx};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// A request of `StartPipelineExecution` in a universal target's input.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct StartRequest {
    pipeline_name: String,
    pipeline_execution_display_name: Option<String>,
    pipeline_execution_description: Option<String>,
    #[serde(default)]
    pipeline_parameters: Vec<Parameter>,
    pipeline_version_id: Option<i64>,
    /// A due moment fires once, so there is nothing for it to tell apart.
    #[serde(rename = "ClientRequestToken")]
    _client_request_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Parameter {
    name: String,
    value: String,
}

/// Starts the target of a schedule for one of its due moments, in the caller's transaction, and answers with the ARN of
/// the execution or the job. An error other than [`Error::Internal`] and [`Error::Full`] leaves the
/// transaction as it was. The caller wakes the dispatcher after its commit.
pub async fn launch(
    tx: &mut Tx,
    app: &App,
    schedule: &Schedule,
    due: Timestamp,
    now: Timestamp,
) -> Result<String> {
    let launch = schedule.launch(&app.scope, due).map_err(Error::Invalid)?;
    let start = match launch {
        Launch::Pipeline { name, parameters } => Start {
            pipeline: name,
            parameters,
            ..Start::default()
        },
        Launch::StartPipelineExecution(input) => start(input)?,
        Launch::CreateTrainingJob(input) => {
            let (name, order) = job(input)?;
            jobs::check_queue(app)?;
            executions::create_ordered(tx, &name, order, None, now).await?;
            return Ok(app.scope.training_job(&name));
        }
    };
    let origin = Origin::Firing {
        source: resource(&schedule.name),
        due,
    };
    let execution = executions::start_in(tx, app, &start, &origin, now).await?;
    policies::execution_ended(tx, app, &execution).await?;
    Ok(app
        .scope
        .pipeline_execution(&execution.pipeline, &execution.id))
}

/// Refuses a target that could not be started.
pub(super) fn check(app: &App, schedule: &Schedule) -> Result<()> {
    let sample = schedule.modified_at;
    match schedule
        .launch(&app.scope, sample)
        .map_err(Error::Invalid)?
    {
        Launch::Pipeline { .. } => Ok(()),
        Launch::StartPipelineExecution(input) => start(input).map(|_| ()),
        Launch::CreateTrainingJob(input) => {
            policies::check_of_job_schedule(&input)?;
            job(input).map(|_| ())
        }
    }
}

fn start(input: Value) -> Result<Start> {
    let request: StartRequest = serde_json::from_value(input)
        .map_err(|error| Error::Invalid(format!("The Input of the target: {error}")))?;
    let start = Start {
        pipeline: request.pipeline_name,
        version: request.pipeline_version_id,
        display_name: request.pipeline_execution_display_name,
        description: request.pipeline_execution_description,
        parameters: request
            .pipeline_parameters
            .into_iter()
            .map(|parameter| (parameter.name, parameter.value))
            .collect(),
        ..Start::default()
    };
    start.check()?;
    Ok(start)
}

fn job(input: Value) -> Result<(String, executions::JobOrder)> {
    let mut arguments = input;
    let name = match arguments
        .as_object_mut()
        .and_then(|map| map.remove("TrainingJobName"))
    {
        Some(Value::String(name)) => name,
        _ => {
            return Err(Error::Invalid(
                "The Input of the target has no TrainingJobName; with <aws.scheduler.execution-id> in it each firing has its own".into(),
            ));
        }
    };
    let order = executions::order(ReadyStep {
        name: String::new(),
        job_name_prefix: Some(name.clone()),
        arguments,
    });
    let order =
        order.map_err(|reason| Error::Invalid(format!("The Input of the target: {reason}")))?;
    Ok((name, order))
}
