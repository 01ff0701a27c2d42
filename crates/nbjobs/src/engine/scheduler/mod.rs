//! Rules and schedules that are due start what they target, and steps of pipelines whose next attempt is due begin it.
//! The only writer of the ledger of firings.

mod firing;
mod ledger;
mod overlap;
mod source;

use crate::app::{App, executions, rules, schedules};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use tracing::error;

/// How long to wait before trying again what the store could not do: a full disk is not the rule's fault.
const RETRY_PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// How many rules and schedules fire in one transaction. One synced write for all of them is what keeps the last of ten
/// thousand that are due in the same second from being late; but other writers wait for as long.
const FIRINGS_PER_TX: usize = 100;

/// Fires everything that is due at `now`. What one starts, what the ledger says of the moment, and when it is due next
/// become durable together. A crash before, and it fires at the next look; after, and it cannot fire twice. Answers when
/// to look again; `None` is when something changes.
pub async fn run_once(app: &App, now: Timestamp) -> anyhow::Result<Option<Timestamp>> {
    let (rules, schedules) = (
        app.store.due_rules(now).await?,
        app.store.due_schedules(now).await?,
    );
    let rules = rules.iter().map(|name| rules::resource(name));
    let schedules = schedules.iter().map(|name| schedules::resource(name));
    let due: Vec<String> = rules.chain(schedules).collect();
    let mut all_fired = true;
    for group in due.chunks(FIRINGS_PER_TX) {
        // Time goes on while many fire, and the ledger says when each did.
        let now = now.max(app.clock.now());
        all_fired &= fire_group(app, group, now).await.unwrap_or_else(|error| {
            let error = format!("{error:#}");
            error!(error, "rules or schedules could not fire; trying again");
            false
        });
    }
    for (source, due) in app.store.queued_firings().await? {
        if let Err(error) = firing::resume(app, &source, due, now).await {
            could_not_fire(&source, &error);
            all_fired = false;
        }
    }
    let next_retry = executions::retry_due(app, now).await?;
    let (has_attempt, next_attempt) = app.store.next_attempt(now).await?;
    if has_attempt {
        app.wake.dispatcher();
    }
    if !all_fired {
        return Ok(Some(now + RETRY_PAUSE));
    }
    let next = [
        app.store.next_due().await?,
        app.store.next_schedule().await?,
        next_retry,
        next_attempt,
    ];
    Ok(next.into_iter().flatten().min())
}

/// Fires some in one transaction, and answers whether all could: one that could not is as before, and holds no other.
async fn fire_group(app: &App, group: &[String], now: Timestamp) -> anyhow::Result<bool> {
    let mut all_fired = true;
    let mut fired = Vec::new();
    let mut tx = app.store.tx().await?;
    for source in group {
        tx.savepoint().await?;
        match firing::fire(&mut tx, app, source, now).await {
            Ok(some) => {
                tx.release_savepoint().await?;
                fired.extend(some);
            }
            Err(error) => {
                could_not_fire(source, &error);
                all_fired = false;
                tx.rollback_to_savepoint().await?;
            }
        }
    }
    tx.commit().await?;
    fired.iter().for_each(|fired| fired.count(app));
    app.wake.dispatcher();
    Ok(all_fired)
}

fn could_not_fire(source: &str, error: &anyhow::Error) {
    let error = format!("{error:#}");
    error!(source, error, "could not fire; trying again");
}

/// Fires until the server shuts down: sleeps until the next due moment, or until a rule, a schedule or a step changes.
pub async fn run(app: App, shutdown: CancellationToken) {
    loop {
        let now = app.clock.now();
        let look_again = run_once(&app, now).await.unwrap_or_else(|error| {
            error!(
                error = format!("{error:#}"),
                "could not look for what is due; trying again"
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

#[cfg(test)]
mod tests;
