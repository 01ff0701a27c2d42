//! A rule fires.

use super::ledger;
use crate::app::executions::{self, Start};
use crate::app::{self, App, rules};
use crate::model::arn::{Arn, Resource};
use crate::model::rule::{Rule, Target};
use crate::model::schedule;
use crate::store::{Origin, Tx};
use anyhow::Context;
use jiff::Timestamp;
use tracing::{info, warn};

/// Fires it in the caller's transaction, who takes back all of it on an error and wakes the dispatcher after the commit.
pub(super) async fn fire(tx: &mut Tx, app: &App, name: &str, now: Timestamp) -> anyhow::Result<()> {
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
        .with_context(|| format!("rule {name} has a schedule that cannot be read"))?;
    let source = rules::resource(name);
    let due = schedule::due(&timing, next_due, now);
    ledger::write_missed(tx, &source, &due, now).await?;
    if let Some(at) = due.fire {
        start_targets(tx, app, &rule, at, now).await?;
    }
    tx.set_next_due(name, due.next).await?;
    ledger::forget(tx, &source, now).await?;
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
    let mut reasons = Vec::new();
    for target in tx.targets(&rule.name).await? {
        match start_target(tx, app, &target, &source, due, now).await {
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
    target: &Target,
    source: &str,
    due: Timestamp,
    now: Timestamp,
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
    let given = target
        .pipeline_parameters
        .iter()
        .flat_map(|parameters| &parameters.pipeline_parameter_list);
    let parameters = given
        .map(|parameter| (parameter.name.clone(), parameter.value.clone()))
        .collect();
    let start = Start {
        pipeline,
        parameters,
        ..Start::default()
    };
    let origin = Origin::Firing {
        source: source.to_owned(),
        due,
    };
    Ok(executions::start_in(tx, app, &start, &origin, now)
        .await?
        .id)
}
