//! Rules and schedules that are due start what they target, and steps of pipelines whose next attempt is due begin it.
//! The only writer of the ledger of firings.

mod firing;
mod ledger;
mod overlap;
mod source;

use crate::app::{App, executions};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use tracing::error;

/// How long to wait before trying again what the store could not do: a full disk is not the rule's fault.
const RETRY_PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// Fires everything that is due at `now`, each in a transaction of its own: what it starts, what the ledger says of the
/// moment, and when it is due next become durable together. A crash before, and it fires at the next look; after, and
/// it cannot fire twice. Answers when to look again; `None` is when something changes.
pub async fn run_once(app: &App, now: Timestamp) -> anyhow::Result<Option<Timestamp>> {
    let mut retry = None;
    let mut note = |name: &str, fired: anyhow::Result<()>| {
        if let Err(error) = fired {
            let error = format!("{error:#}");
            error!(
                name,
                error, "a rule or schedule could not fire; trying again"
            );
            retry = Some(now + RETRY_PAUSE);
        }
    };
    for rule in app.store.due_rules(now).await? {
        note(&rule.name, firing::fire_rule(app, &rule.name, now).await);
    }
    for name in app.store.due_schedules(now).await? {
        note(&name, firing::fire_schedule(app, &name, now).await);
    }
    for (source, due) in app.store.queued_firings().await? {
        note(&source, firing::resume(app, &source, due, now).await);
    }
    let next_retry = executions::retry_due(app, now).await?;
    Ok(match retry {
        None => [
            app.store.next_due().await?,
            app.store.next_schedule().await?,
            next_retry,
        ]
        .into_iter()
        .flatten()
        .min(),
        retry => retry,
    })
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
