//! Rules and schedules that are due start what they target, and steps of pipelines whose next attempt is due begin it.
//! The only writer of the ledger of firings.

mod ledger;
mod rules;
mod schedules;

use crate::app::{App, executions};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use tracing::error;

/// How long to wait before trying again what the store could not do: a full disk is not the rule's fault.
const RETRY_PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// How many rules and schedules fire in one transaction. One synced write for all of them is what keeps the last of ten
/// thousand that are due in the same second from being late; but other writers wait for as long.
const FIRINGS_PER_TX: usize = 100;

/// What fires.
#[derive(Clone, Debug)]
enum Source {
    Rule(String),
    Schedule(String),
}

/// Fires everything that is due at `now`. What one starts, what the ledger says of the moment, and when it is due next
/// become durable together. A crash before, and it fires at the next look; after, and it cannot fire twice. Answers when
/// to look again; `None` is when something changes.
pub async fn run_once(app: &App, now: Timestamp) -> anyhow::Result<Option<Timestamp>> {
    let rules = app.store.due_rules(now).await?;
    let schedules = app.store.due_schedules(now).await?;
    let due: Vec<_> = rules
        .into_iter()
        .map(Source::Rule)
        .chain(schedules.into_iter().map(Source::Schedule))
        .collect();
    let mut failures = 0;
    for group in due.chunks(FIRINGS_PER_TX) {
        // Time goes on while many fire, and the ledger says when each did.
        let now = now.max(app.clock.now());
        failures += fire_group(app, group, now).await.unwrap_or_else(|error| {
            error!(
                error = format!("{error:#}"),
                "rules or schedules could not fire; trying again"
            );
            group.len()
        });
    }
    let next_retry = executions::retry_due(app, now).await?;
    if failures > 0 {
        return Ok(Some(now + RETRY_PAUSE));
    }
    let next = [
        app.store.next_due().await?,
        app.store.next_schedule().await?,
        next_retry,
    ];
    Ok(next.into_iter().flatten().min())
}

/// Fires some in one transaction, and answers how many could not: such a one is as before, and holds no other.
async fn fire_group(app: &App, group: &[Source], now: Timestamp) -> anyhow::Result<usize> {
    let mut failures = 0;
    let mut tx = app.store.tx().await?;
    for source in group {
        tx.savepoint().await?;
        let fired = match source {
            Source::Rule(name) => rules::fire(&mut tx, app, name, now).await,
            Source::Schedule(name) => schedules::fire(&mut tx, app, name, now).await,
        };
        match fired {
            Ok(()) => tx.release_savepoint().await?,
            Err(error) => {
                failures += 1;
                let error = format!("{error:#}");
                error!(?source, error, "it could not fire; trying again");
                tx.rollback_to_savepoint().await?;
            }
        }
    }
    tx.commit().await?;
    app.wake.dispatcher();
    Ok(failures)
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
