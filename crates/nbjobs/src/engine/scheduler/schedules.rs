//! A schedule fires.

use super::ledger;
use crate::app::{self, App, schedules};
use crate::model::schedule;
use crate::model::scheduled::ActionAfterCompletion;
use crate::store::Tx;
use anyhow::Context;
use jiff::Timestamp;
use tracing::{info, warn};

/// Fires it in the caller's transaction, who takes back all of it on an error and wakes the dispatcher after the commit.
pub(super) async fn fire(tx: &mut Tx, app: &App, name: &str, now: Timestamp) -> anyhow::Result<()> {
    // Looked at again inside the transaction: since then it may have been disabled, changed or deleted.
    let Some((schedule, next_due)) = tx
        .schedule(name)
        .await?
        .and_then(|(schedule, _)| Some((schedule.clone(), schedule.next_due?)))
    else {
        return Ok(());
    };
    let timing = schedule
        .timing(&app.scope)
        .with_context(|| format!("schedule {name} has a timing that cannot be read"))?;
    let source = schedules::resource(name);
    let due = schedule::due(&timing, next_due, now);
    ledger::write_missed(tx, &source, &due, now).await?;
    if let Some(at) = due.fire
        && let Some(firing) = ledger::begin(tx, &source, at, timing.fires_at(at), now).await?
    {
        match schedules::launch(tx, app, &schedule, at, now).await {
            Ok(started) => info!(name, started, due = %at, "a schedule started its target"),
            Err(error @ (app::Error::Internal(_) | app::Error::Full)) => {
                return Err(error.into_cause());
            }
            Err(error) => {
                warn!(name, due = %at, reason = %error, "a schedule could not start its target");
                ledger::fail(tx, firing, error.to_string()).await?;
            }
        }
    }
    let action = schedule.settings.action_after_completion;
    if due.next.is_none() && action == ActionAfterCompletion::Delete {
        tx.delete_schedule(name).await?;
        tx.delete_ledger(&source).await?;
    } else {
        let fires_at = due.next.map(|next| timing.fires_at(next));
        tx.set_schedule_due(name, due.next, fires_at).await?;
        ledger::forget(tx, &source, now).await?;
    }
    Ok(())
}
