//! A moment is due and an earlier run has not ended: what the policy makes of it.

use super::source::Source;
use crate::app::{self, App, executions};
use crate::model::pipeline::ExecutionStatus;
use crate::model::policy::{OVERLAP, Overlap};
use crate::model::rule::FiringStatus;
use crate::store::Tx;
use jiff::Timestamp;

/// Most due moments of one rule or schedule that wait for an earlier run to end.
const QUEUED_MAX: usize = 100;

/// What is to become of a due moment; the texts are the ledger's reasons.
pub(super) enum Decision {
    Start,
    Wait(String),
    Skip(String),
}

/// Whether a run of what the source starts has not ended, whoever started it.
pub(super) async fn is_running(tx: &mut Tx, app: &App, source: &Source) -> anyhow::Result<bool> {
    for pipeline in source.pipelines(app) {
        if tx.count_unfinished_executions(&pipeline).await? > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) async fn decide(
    tx: &mut Tx,
    app: &App,
    source: &Source,
    due: Timestamp,
    now: Timestamp,
) -> anyhow::Result<Decision> {
    let overlap = source.policies.overlap.unwrap_or_default();
    if overlap == Overlap::Allow {
        return Ok(Decision::Start);
    }
    let queued = tx.queued_firings(&source.resource).await?;
    if queued.is_empty() && !is_running(tx, app, source).await? {
        return Ok(Decision::Start);
    }
    let why = |what: &str| format!("an earlier run had not ended ({OVERLAP}={what})");
    Ok(match overlap {
        Overlap::Allow => Decision::Start,
        Overlap::Skip => Decision::Skip(why("skip")),
        Overlap::Queue if queued.len() >= QUEUED_MAX => Decision::Skip(format!(
            "{}, and {QUEUED_MAX} moments wait already",
            why("queue")
        )),
        Overlap::Queue => Decision::Wait(why("queue")),
        Overlap::Replace => {
            replace(tx, app, source, due, now).await?;
            if is_running(tx, app, source).await? {
                Decision::Wait(format!("{}; it is being stopped", why("replace")))
            } else {
                Decision::Start
            }
        }
    })
}

/// Stops what runs and ends what waits, so that the moment `due` can take its place.
async fn replace(
    tx: &mut Tx,
    app: &App,
    source: &Source,
    due: Timestamp,
    now: Timestamp,
) -> anyhow::Result<()> {
    for mut firing in tx.queued_firings(&source.resource).await? {
        firing.status = FiringStatus::Replaced;
        firing.reason = Some(format!(
            "the moment {due} took its place before it could start"
        ));
        firing.decided_at = now;
        tx.update_firing(&firing).await?;
    }
    for pipeline in source.pipelines(app) {
        for (mut execution, origin) in tx.unfinished_executions(&pipeline).await? {
            if execution.status != ExecutionStatus::Executing {
                continue;
            }
            executions::stop_in(tx, app, &mut execution, now)
                .await
                .map_err(app::Error::into_cause)?;
            let Some((fired_by, earlier)) = origin else {
                continue;
            };
            if let Some(mut firing) = tx.firing(&fired_by, earlier).await? {
                firing.status = FiringStatus::Replaced;
                firing.reason = Some(format!(
                    "its run was stopped for the moment {due} of {}",
                    source.resource
                ));
                firing.decided_at = now;
                tx.update_firing(&firing).await?;
            }
        }
    }
    Ok(())
}
