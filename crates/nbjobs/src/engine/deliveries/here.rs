//! Deliveries that happen inside the service: a pipeline starts, a line goes to a log group.

use crate::app::executions::{self, Start};
use crate::app::{self, App, logs, policies};
use crate::model::arn::{Arn, Resource};
use crate::model::event::{Delivery, Failure, Through, seconds};
use crate::store::{Origin, Tx};
use jiff::Timestamp;
use serde_json::Value;

/// What the target gets of the event.
pub(super) fn input(app: &App, delivery: &Delivery) -> Result<Value, Failure> {
    let rule = &delivery.key.rule;
    let through = Through {
        rule_arn: &app.scope.rule(rule),
        rule_name: rule,
        accepted_at: &seconds(delivery.accepted_at),
    };
    let input = delivery.target.input_of(&delivery.envelope, through);
    input.map_err(|message| final_failure("INVALID_PARAMETER", message))
}

/// Does what the target says, in the transaction that will write down how it went.
pub(super) async fn deliver(
    tx: &mut Tx,
    app: &App,
    delivery: &Delivery,
    now: Timestamp,
) -> anyhow::Result<Result<(), Failure>> {
    let input = match input(app, delivery) {
        Ok(input) => input,
        Err(failure) => return Ok(Err(failure)),
    };
    match delivery.target.arn.parse() {
        Ok(Arn {
            resource: Resource::Pipeline(pipeline),
            ..
        }) => start(tx, app, delivery, pipeline, &input, now).await,
        Ok(Arn {
            resource: Resource::LogGroup(group),
            ..
        }) => {
            let stream = &delivery.key.rule;
            let done = logs::append(tx, &group, stream, input.to_string(), now).await?;
            let gone = || {
                final_failure(
                    "RESOURCE_NOT_FOUND",
                    format!("there is no log group {group}"),
                )
            };
            Ok(done.then_some(()).ok_or_else(gone))
        }
        _ => Ok(Err(final_failure(
            "INVALID_PARAMETER",
            format!("{} cannot be a target", delivery.target.arn),
        ))),
    }
}

async fn start(
    tx: &mut Tx,
    app: &App,
    delivery: &Delivery,
    pipeline: String,
    input: &Value,
    now: Timestamp,
) -> anyhow::Result<Result<(), Failure>> {
    let parameters = match delivery.target.parameters_of(input) {
        Ok(parameters) => parameters,
        Err(message) => return Ok(Err(final_failure("INVALID_PARAMETER", message))),
    };
    let start = Start {
        pipeline,
        parameters,
        ..Start::default()
    };
    let origin = Origin::Firing {
        source: app::rules::resource(&delivery.key.rule),
        due: delivery.accepted_at,
    };
    Ok(
        match executions::start_in(tx, app, &start, &origin, now).await {
            Ok(execution) => {
                let ended = policies::execution_ended(tx, app, &execution).await;
                ended.map_err(app::Error::into_cause)?;
                Ok(())
            }
            Err(error @ (app::Error::Internal(_) | app::Error::Full)) => {
                return Err(error.into_cause());
            }
            // There may be room later.
            Err(error @ app::Error::Limit(_)) => Err(Failure {
                code: "THROTTLING",
                message: error.to_string(),
                may_pass: true,
                retry_after: None,
            }),
            Err(error @ app::Error::NotFound(_)) => {
                Err(final_failure("RESOURCE_NOT_FOUND", error.to_string()))
            }
            Err(error) => Err(final_failure("INVALID_PARAMETER", error.to_string())),
        },
    )
}

/// A failure that no further try would change.
pub(super) fn final_failure(code: &'static str, message: String) -> Failure {
    Failure {
        code,
        message,
        may_pass: false,
        retry_after: None,
    }
}
