//! What happened is told to whom rules say. Events come out of the outbox in the order in which they were written; each
//! is held against every rule, and its deliveries become rows together with that. A delivery is then tried until it is
//! done or given up, each try's outcome one transaction. What happens here (a pipeline starts, a line goes to a log
//! group) happens in that transaction, so exactly once; a webhook is called before it, so at least once.

mod here;
mod webhook;

pub use webhook::{Reach, Webhooks};

use crate::app::{App, logs};
use crate::model::arn::{Arn, Resource};
use crate::model::event::{Delivery, DeliveryStatus, Failure, Next};
use crate::model::rule::Rule;
use crate::store::{Tx, Unmatched};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

/// How long to wait before trying again what the store could not do.
const RETRY_PAUSE: SignedDuration = SignedDuration::from_secs(5);
/// How many events, and how many deliveries, are looked at together.
const BATCH: u32 = 100;
/// How long it can be seen what became of an event.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Matches every event of the outbox, and begins every delivery that is due at `now`. Answers when to look again; `None`
/// is when something changes.
pub async fn run_once(
    app: &App,
    webhooks: &Webhooks,
    now: Timestamp,
) -> anyhow::Result<Option<Timestamp>> {
    loop {
        let events = app.store.unmatched_events(BATCH).await?;
        let is_last = events.len() < BATCH as usize;
        match_events(app, events, now).await?;
        if is_last {
            break;
        }
    }
    loop {
        // Webhooks that are being called are still due.
        let limit = BATCH as usize + webhooks.in_flight();
        let due = app.store.due_deliveries(now, limit).await?;
        let is_last = due.len() < limit;
        let mut done = 0;
        for delivery in due {
            if begin(app, webhooks, delivery, now).await? {
                done += 1;
            }
        }
        if is_last || done == 0 {
            break;
        }
    }
    app.store.next_delivery(now).await
}

/// Delivers until the server shuts down: sleeps until a transaction writes an event, a webhook answers, or a delivery is
/// to be tried again.
pub async fn run(app: App, webhooks: Webhooks, shutdown: CancellationToken) {
    loop {
        let now = app.clock.now();
        let look_again = run_once(&app, &webhooks, now)
            .await
            .unwrap_or_else(|error| {
                error!(
                    error = format!("{error:#}"),
                    "could not look for what is to be delivered; trying again"
                );
                Some(now + RETRY_PAUSE)
            });
        tokio::select! {
            () = app.clock.sleep_until(look_again) => {}
            () = app.store.outbox_changed() => {}
            () = webhooks.has_room() => {}
            () = shutdown.cancelled() => return,
        }
    }
}

/// Holds events against the rules, in one transaction: each has its deliveries then, or is gone.
async fn match_events(app: &App, events: Vec<Unmatched>, now: Timestamp) -> anyhow::Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let mut tx = app.store.tx().await?;
    let mut listening = Vec::new();
    for rule in tx.listening_rules().await? {
        match rule.pattern() {
            Ok(Some(pattern)) => {
                let targets = tx.targets(&rule.name).await?;
                listening.push((rule, pattern, targets));
            }
            Ok(None) => {}
            Err(error) => error!(rule.name, %error, "a rule's pattern cannot be read"),
        }
    }
    for event in events {
        let tags = match event.change.tagged() {
            Some(resource) => tx.tags(&resource).await?,
            None => Vec::new(),
        };
        let made = event
            .change
            .event(&event.id, event.accepted_at, &app.scope, &tags)?;
        let envelope = made.envelope();
        let matching: Vec<&(Rule, _, _)> = listening
            .iter()
            .filter(|(_, pattern, targets)| !targets.is_empty() && pattern.matches(&envelope))
            .collect();
        if matching.is_empty() {
            tx.delete_event(&event.id).await?;
            continue;
        }
        if !tx.match_event(&event.id, &envelope).await? {
            continue;
        }
        for (rule, _, targets) in matching {
            for target in targets {
                tx.insert_delivery(&event.id, &rule.name, target, now)
                    .await?;
            }
        }
    }
    if let Ok(oldest) = now.checked_sub(KEPT_FOR) {
        tx.delete_events(oldest).await?;
    }
    tx.commit().await
}

/// Begins a try of a delivery; `false` if it must wait for others.
async fn begin(
    app: &App,
    webhooks: &Webhooks,
    mut delivery: Delivery,
    now: Timestamp,
) -> anyhow::Result<bool> {
    delivery.attempts += 1;
    if let Ok(Arn {
        resource: Resource::ApiDestination { .. },
        ..
    }) = delivery.target.arn.parse()
    {
        return Ok(webhooks.begin(app, delivery));
    }
    let mut tx = app.store.tx().await?;
    if !tx.is_delivery_pending(&delivery.key).await? {
        return Ok(true);
    }
    let outcome = here::deliver(&mut tx, app, &delivery, now).await?;
    settle(&mut tx, app, &delivery, outcome, now).await?;
    tx.commit().await?;
    app.wake.dispatcher();
    Ok(true)
}

/// Writes down how a try ended: done, to be tried again, or given up with a dead-letter record.
async fn settle(
    tx: &mut Tx,
    app: &App,
    delivery: &Delivery,
    outcome: Result<(), Failure>,
    now: Timestamp,
) -> anyhow::Result<()> {
    let key = &delivery.key;
    let Err(failure) = outcome else {
        info!(
            rule = key.rule,
            target = key.target,
            event = key.event,
            "delivered an event"
        );
        return tx
            .update_delivery(delivery, DeliveryStatus::Delivered, None, None, now)
            .await;
    };
    let reason = format!("{}: {}", failure.code, failure.message);
    match delivery.after(&failure, now) {
        Next::Retry(at) => {
            info!(rule = key.rule, target = key.target, event = key.event, reason, %at, "a delivery is tried again");
            let status = DeliveryStatus::Pending;
            tx.update_delivery(delivery, status, Some(at), Some(&reason), now)
                .await
        }
        Next::GiveUp(exhausted) => {
            warn!(
                rule = key.rule,
                target = key.target,
                event = key.event,
                reason,
                "a delivery is given up"
            );
            let status = DeliveryStatus::DeadLettered;
            tx.update_delivery(delivery, status, None, Some(&reason), now)
                .await?;
            bury(tx, app, delivery, &failure, exhausted, now).await
        }
    }
}

/// Writes the dead-letter record: to the target's own log group, else to that of all.
async fn bury(
    tx: &mut Tx,
    app: &App,
    delivery: &Delivery,
    failure: &Failure,
    exhausted: Option<&str>,
    now: Timestamp,
) -> anyhow::Result<()> {
    let rule = &delivery.key.rule;
    let record = delivery.dead_letter(&app.scope.rule(rule), failure, exhausted);
    let own = delivery.target.dead_letter_config.as_ref();
    let own = own.and_then(|config| config.arn.as_deref()?.parse::<Arn>().ok());
    if let Some(Arn {
        resource: Resource::LogGroup(group),
        ..
    }) = own
        && logs::append(tx, &group, rule, record.to_string(), now).await?
    {
        return Ok(());
    }
    logs::append(tx, logs::DEAD_LETTERS, rule, record.to_string(), now).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
