//! The ledger's rows: one for each due moment of a rule or schedule, whatever became of it.

use crate::model::rule::{Firing, FiringStatus, LATE_AFTER};
use crate::model::schedule::{self, Due};
use crate::store::Tx;
use jiff::{SignedDuration, Timestamp};

/// How long a due moment stays in the ledger.
const FIRINGS_KEPT_FOR: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Writes down that a due moment fires, and answers with its row, unless it has fired before: the clock was set back.
/// `fires_at` is when it was to fire.
pub(super) async fn begin(
    tx: &mut Tx,
    source: &str,
    due: Timestamp,
    fires_at: Timestamp,
    now: Timestamp,
) -> anyhow::Result<Option<Firing>> {
    let is_late = now.duration_since(fires_at) > LATE_AFTER;
    let firing = Firing {
        source: source.to_owned(),
        due,
        status: if is_late {
            FiringStatus::Late
        } else {
            FiringStatus::Started
        },
        decided_at: now,
        reason: None,
    };
    Ok(tx.insert_firing(&firing).await?.then_some(firing))
}

/// Writes down that something could not be started.
pub(super) async fn fail(tx: &mut Tx, mut firing: Firing, reason: String) -> anyhow::Result<()> {
    (firing.status, firing.reason) = (FiringStatus::Failed, Some(reason));
    tx.update_firing(&firing).await
}

/// Writes down the due moments that passed while nobody looked.
pub(super) async fn write_missed(
    tx: &mut Tx,
    source: &str,
    due: &Due,
    now: Timestamp,
) -> anyhow::Result<()> {
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
            source: source.to_owned(),
            due: at,
            status: FiringStatus::Missed,
            decided_at: now,
            reason: Some(reason),
        };
        tx.insert_firing(&firing).await?;
    }
    Ok(())
}

/// Forgets what is old.
pub(super) async fn forget(tx: &mut Tx, source: &str, now: Timestamp) -> anyhow::Result<()> {
    match now.checked_sub(FIRINGS_KEPT_FOR) {
        Ok(oldest) => tx.delete_firings(source, oldest).await,
        Err(_) => Ok(()),
    }
}
