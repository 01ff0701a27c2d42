//! A rule fires.

use super::ledger;
use crate::app::executions::{self, Start};
use crate::app::{self, App, rules};
use crate::model::arn::{Arn, Resource};
use crate::model::event::{Event, Through, seconds};
use crate::model::rule::{Rule, Target};
use crate::model::schedule;
use crate::store::{Origin, Tx};
use anyhow::Context;
use jiff::Timestamp;
use serde_json::Value;
use tracing::{info, warn};
use uuid::Uuid;

pub(super) async fn fire(app: &App, name: &str, now: Timestamp) -> anyhow::Result<()> {
    let mut tx = app.store.tx().await?;
    // Looked at again inside the transaction: since then it may have been disabled, changed or deleted.
    let Some((rule, next_due)) = tx
        .rule(name)
        .await?
        .and_then(|rule| Some((rule.clone(), rule.next_due?)))
    else {
        return Ok(());
    };
    let timing = rule
        .timing()
        .with_context(|| format!("rule {name} has a schedule that cannot be read"))?
        .with_context(|| format!("rule {name} is due and has no schedule"))?;
    let source = rules::resource(name);
    let due = schedule::due(&timing, next_due, now);
    ledger::write_missed(&mut tx, &source, &due, now).await?;
    if let Some(at) = due.fire {
        start_targets(&mut tx, app, &rule, at, now).await?;
    }
    tx.set_next_due(name, due.next).await?;
    ledger::forget(&mut tx, &source, now).await?;
    tx.commit().await?;
    app.wake.dispatcher();
    Ok(())
}

/// Starts the targets of a due moment.
async fn start_targets(
    tx: &mut Tx,
    app: &App,
    rule: &Rule,
    due: Timestamp,
    now: Timestamp,
) -> anyhow::Result<()> {
    let source = rules::resource(&rule.name);
    let Some(firing) = ledger::begin(tx, &source, due, due, now).await? else {
        return Ok(());
    };
    let id = Uuid::new_v4().to_string();
    let event = Event::scheduled(&id, &app.scope.rule(&rule.name), &app.scope, due).envelope();
    let mut reasons = Vec::new();
    for target in tx.targets(&rule.name).await? {
        if !matches!(
            target.arn.parse(),
            Ok(Arn {
                resource: Resource::Pipeline(_),
                ..
            })
        ) {
            tx.insert_event(&id, &event, now).await?;
            tx.insert_delivery(&id, &rule.name, &target, now).await?;
            continue;
        }
        match start_target(tx, app, rule, &target, &event, (due, now)).await {
            Ok(execution) => {
                info!(rule.name, target.id, execution, due = %due, "a rule started a pipeline")
            }
            Err(error @ (app::Error::Internal(_) | app::Error::Full)) => {
                return Err(error.into_cause());
            }
            Err(error) => {
                warn!(rule.name, target.id, due = %due, reason = %error, "a rule could not start a target");
                reasons.push(format!("target {}: {error}", target.id));
            }
        }
    }
    if !reasons.is_empty() {
        ledger::fail(tx, firing, reasons.join("; ")).await?;
    }
    Ok(())
}

/// Starts one target, and answers with its execution's id.
async fn start_target(
    tx: &mut Tx,
    app: &App,
    rule: &Rule,
    target: &Target,
    event: &Value,
    (due, now): (Timestamp, Timestamp),
) -> app::Result<String> {
    let Ok(Arn {
        resource: Resource::Pipeline(pipeline),
        ..
    }) = target.arn.parse()
    else {
        return Err(app::Error::Invalid(format!(
            "{} is not a pipeline",
            target.arn
        )));
    };
    let through = Through {
        rule_arn: &app.scope.rule(&rule.name),
        rule_name: &rule.name,
        accepted_at: &seconds(now),
    };
    let parameters = target
        .input_of(event, through)
        .and_then(|input| target.parameters_of(&input))
        .map_err(app::Error::Invalid)?;
    let start = Start {
        pipeline,
        parameters,
        ..Start::default()
    };
    let origin = Origin::Firing {
        source: rules::resource(&rule.name),
        due,
    };
    Ok(executions::start_in(tx, app, &start, &origin, now)
        .await?
        .id)
}
