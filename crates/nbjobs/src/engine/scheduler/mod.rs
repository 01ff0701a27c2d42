//! Rules that are due start what they target. The only writer of the ledger of firings.

use crate::app::executions::{self, Start};
use crate::app::{self, App};
use crate::model::arn::{Arn, Resource};
use crate::model::rule::{Firing, FiringStatus, LATE_AFTER, Rule, Target};
use crate::model::schedule::{self, Due};
use crate::store::{Origin, Tx};
use anyhow::Context;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

/// How long a due moment stays in the ledger.
const FIRINGS_KEPT_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How long to wait before trying again what the store could not do: a full disk is not the rule's fault.
const RETRY_PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// Fires every rule that is due at `now`, each in a transaction of its own: what a rule starts, what the ledger says of
/// the moment, and when the rule is due next become durable together. A crash before, and it fires at the next look;
/// after, and it cannot fire twice. Answers when to look again; `None` is when a rule changes.
pub async fn run_once(app: &App, now: Timestamp) -> anyhow::Result<Option<Timestamp>> {
    let mut retry = None;
    for rule in app.store.due_rules(now).await? {
        if let Err(error) = fire(app, &rule.name, now).await {
            error!(
                rule.name,
                error = format!("{error:#}"),
                "a rule could not fire; trying again"
            );
            retry = Some(now + RETRY_PAUSE);
        }
    }
    Ok(match retry {
        None => app.store.next_due().await?,
        retry => retry,
    })
}

/// Fires rules until the server shuts down: sleeps until the next due moment, or until a rule changes.
pub async fn run(app: App, shutdown: CancellationToken) {
    loop {
        let now = app.clock.now();
        let look_again = run_once(&app, now).await.unwrap_or_else(|error| {
            error!(
                error = format!("{error:#}"),
                "could not look for due rules; trying again"
            );
            Some(now + RETRY_PAUSE)
        });
        tokio::select! {
            () = app.clock.sleep_until(look_again) => {}
            () = app.wake.for_scheduler() => {}
            () = shutdown.cancelled() => return,
        }
    }
}

async fn fire(app: &App, name: &str, now: Timestamp) -> anyhow::Result<()> {
    let mut tx = app.store.tx().await?;
    // Looked at again inside the transaction: since then it may have been disabled, changed or deleted.
    let Some((rule, next_due)) = tx
        .rule(name)
        .await?
        .and_then(|rule| Some((rule.clone(), rule.next_due?)))
    else {
        return Ok(());
    };
    let schedule = rule
        .schedule()
        .with_context(|| format!("rule {name} has a schedule that cannot be read"))?;
    let due = schedule::due(&schedule, next_due, now);
    write_missed(&mut tx, &rule, &due, now).await?;
    if let Some(at) = due.fire {
        start_targets(&mut tx, app, &rule, at, now).await?;
    }
    tx.set_next_due(name, due.next).await?;
    if let Ok(oldest) = now.checked_sub(FIRINGS_KEPT_FOR) {
        tx.delete_firings(name, oldest).await?;
    }
    tx.commit().await?;
    app.wake.dispatcher();
    Ok(())
}

/// Starts the targets of a due moment, unless the ledger says that it has fired before: the clock was set back.
async fn start_targets(
    tx: &mut Tx,
    app: &App,
    rule: &Rule,
    due: Timestamp,
    now: Timestamp,
) -> anyhow::Result<()> {
    let is_late = now.duration_since(due) > LATE_AFTER;
    let mut firing = Firing {
        rule: rule.name.clone(),
        due,
        status: if is_late {
            FiringStatus::Late
        } else {
            FiringStatus::Started
        },
        decided_at: now,
        reason: None,
    };
    if !tx.insert_firing(&firing).await? {
        return Ok(());
    }
    let mut reasons = Vec::new();
    for target in tx.targets(&rule.name).await? {
        match start_target(tx, app, &target, &rule.name, due, now).await {
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
        (firing.status, firing.reason) = (FiringStatus::Failed, Some(reasons.join("; ")));
        tx.update_firing(&firing).await?;
    }
    Ok(())
}

/// Starts one target, and answers with its execution's id.
async fn start_target(
    tx: &mut Tx,
    app: &App,
    target: &Target,
    rule: &str,
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
        rule: rule.to_owned(),
        due,
    };
    Ok(executions::start_in(tx, app, &start, &origin, now)
        .await?
        .id)
}

/// Writes down the due moments that passed while nobody looked.
async fn write_missed(tx: &mut Tx, rule: &Rule, due: &Due, now: Timestamp) -> anyhow::Result<()> {
    let superseded = match due.fire {
        Some(at) => {
            format!("the service was away; only the latest missed moment, {at}, was started")
        }
        None => format!(
            "the service was away for more than {} hours",
            schedule::LATEST_MISSED_WITHIN.as_hours()
        ),
    };
    let mut rows: Vec<_> = due
        .missed
        .iter()
        .map(|at| (*at, superseded.clone()))
        .collect();
    if let Some(first) = due.missed_rest {
        rows.push((
            first,
            format!(
                "{superseded}; this row stands for all later moments before {}",
                due.fire.unwrap_or(now)
            ),
        ));
    }
    for (at, reason) in rows {
        let firing = Firing {
            rule: rule.name.clone(),
            due: at,
            status: FiringStatus::Missed,
            decided_at: now,
            reason: Some(reason),
        };
        tx.insert_firing(&firing).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
