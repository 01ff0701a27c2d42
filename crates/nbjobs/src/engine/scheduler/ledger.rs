//! The ledger's rows: one for each due moment of a rule or schedule, whatever became of it.

use crate::model::policy;
use crate::model::rule::{Firing, FiringStatus};
use crate::model::schedule::{CAUGHT_UP_MAX, CatchUp, Due, MissedRuns};
use crate::store::Tx;
use jiff::{SignedDuration, Timestamp};

/// How long a due moment stays in the ledger.
const FIRINGS_KEPT_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Writes down the due moments that passed while nobody looked, and answers the new rows.
pub(super) async fn write_missed(
    tx: &mut Tx,
    source: &str,
    due: &Due,
    catch_up: CatchUp,
    now: Timestamp,
) -> anyhow::Result<Vec<Firing>> {
    let mut written = Vec::new();
    let first_fired = due.fire.first();
    let why = match (catch_up.runs, first_fired) {
        (MissedRuns::Skip, _) => "the service was away, and missed moments are skipped".to_owned(),
        (_, None) => format!(
            "the service was away for more than the catch-up window of {}",
            policy::text(catch_up.window)
        ),
        (MissedRuns::Once, Some(at)) => {
            format!("the service was away; only the latest missed moment, {at}, was started")
        }
        (MissedRuns::All, Some(at)) => format!(
            "the service was away; of the missed moments those from {at} on were started: the last {CAUGHT_UP_MAX} \
             within {}",
            policy::text(catch_up.window)
        ),
    };
    let mut rows: Vec<_> = due.missed.iter().map(|at| (*at, why.clone())).collect();
    if let Some(first) = due.missed_rest {
        rows.push((
            first,
            format!(
                "{why}; this row stands for all later moments before {}",
                first_fired.unwrap_or(&now)
            ),
        ));
    }
    for (at, reason) in rows {
        let firing = Firing {
            source: source.to_owned(),
            due: at,
            status: FiringStatus::Missed,
            decided_at: now,
            reason: Some(reason),
            started: Vec::new(),
        };
        if tx.insert_firing(&firing).await? {
            written.push(firing);
        }
    }
    Ok(written)
}

/// Forgets what is old.
pub(super) async fn forget(tx: &mut Tx, source: &str, now: Timestamp) -> anyhow::Result<()> {
    match now.checked_sub(FIRINGS_KEPT_FOR) {
        Ok(oldest) => tx.delete_firings(source, oldest).await,
        Err(_) => Ok(()),
    }
}
