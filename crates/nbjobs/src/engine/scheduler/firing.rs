//! A due moment fires: what becomes of it, and what the ledger says.

use super::ledger;
use super::overlap::{self, Decision};
use super::source::Source;
use crate::app::App;
use crate::model::rule::{Firing, FiringStatus};
use crate::model::schedule::{self, LATE_AFTER, Timing};
use crate::store::Tx;
use jiff::{SignedDuration, Timestamp};

/// What the ledger says of a due moment now, to be counted once that is durable.
pub(super) struct Fired {
    firing: Firing,
    lateness: Option<SignedDuration>,
}

impl Fired {
    fn new(firing: Firing, timing: &Timing) -> Self {
        let has_started = matches!(firing.status, FiringStatus::Started | FiringStatus::Late);
        let fires_at = timing.fires_at(firing.due);
        let lateness = has_started.then(|| firing.decided_at.duration_since(fires_at));
        Self { firing, lateness }
    }

    fn missed(firing: Firing) -> Self {
        let lateness = None;
        Self { firing, lateness }
    }

    /// Counts it.
    pub fn count(&self, app: &App) {
        let Self { firing, lateness } = self;
        let metrics = app.store.metrics();
        metrics.fired(&firing.source, firing.status, *lateness);
    }
}

/// Everything of a rule or schedule that is due at `now`, in the caller's transaction, who takes back all of it on an
/// error, and wakes the dispatcher after the commit.
pub(super) async fn fire(
    tx: &mut Tx,
    app: &App,
    resource: &str,
    now: Timestamp,
) -> anyhow::Result<Vec<Fired>> {
    // Looked at again inside the transaction: since then it may have been disabled, changed or deleted.
    let Some(source) = Source::load(tx, app, resource).await? else {
        return Ok(Vec::new());
    };
    let catch_up = source.policies.catch_up();
    let due = schedule::due(&source.timing, source.next_due, now, catch_up);
    let missed = ledger::write_missed(tx, resource, &due, catch_up, now).await?;
    let mut fired: Vec<Fired> = missed.into_iter().map(Fired::missed).collect();
    // First, because what fires may pause it.
    if source.go_on(tx, due.next).await? {
        ledger::forget(tx, resource, now).await?;
    }
    for at in due.fire {
        fired.extend(fire_moment(tx, app, &source, at, now).await?);
    }
    Ok(fired)
}

/// One due moment, unless it has fired before: the clock was set back.
async fn fire_moment(
    tx: &mut Tx,
    app: &App,
    source: &Source,
    due: Timestamp,
    now: Timestamp,
) -> anyhow::Result<Option<Fired>> {
    let mut firing = Firing {
        source: source.resource.clone(),
        due,
        status: FiringStatus::Started,
        decided_at: now,
        reason: None,
        started: Vec::new(),
    };
    if !tx.insert_firing(&firing).await? {
        return Ok(None);
    }
    match overlap::decide(tx, app, source, due, now).await? {
        Decision::Start => start(tx, app, source, &mut firing, now).await?,
        Decision::Wait(reason) => {
            (firing.status, firing.reason) = (FiringStatus::Queued, Some(reason));
        }
        Decision::Skip(reason) => {
            (firing.status, firing.reason) = (FiringStatus::Skipped, Some(reason));
        }
    }
    tx.update_firing(&firing).await?;
    Ok(Some(Fired::new(firing, &source.timing)))
}

/// The due moment of a rule or schedule that waits, if it can begin now.
pub(super) async fn resume(
    app: &App,
    resource: &str,
    due: Timestamp,
    now: Timestamp,
) -> anyhow::Result<()> {
    let mut tx = app.store.tx().await?;
    let Some(mut firing) = tx
        .firing(resource, due)
        .await?
        .filter(|firing| firing.status == FiringStatus::Queued)
    else {
        return Ok(());
    };
    firing.decided_at = now;
    let mut timing = None;
    match Source::load(&mut tx, app, resource).await? {
        Some(source) => {
            if overlap::is_running(&mut tx, app, &source).await? {
                return Ok(());
            }
            start(&mut tx, app, &source, &mut firing, now).await?;
            timing = Some(source.timing);
        }
        None => {
            let reason = format!("{resource} was disabled or over while this moment waited");
            (firing.status, firing.reason) = (FiringStatus::Skipped, Some(reason));
        }
    }
    tx.update_firing(&firing).await?;
    tx.commit().await?;
    match timing {
        Some(timing) => Fired::new(firing, &timing),
        None => Fired::missed(firing),
    }
    .count(app);
    app.wake.dispatcher();
    // Another may wait behind it, and this one may have ended at once.
    app.wake.scheduler();
    Ok(())
}

async fn start(
    tx: &mut Tx,
    app: &App,
    source: &Source,
    firing: &mut Firing,
    now: Timestamp,
) -> anyhow::Result<()> {
    let fires_at = source.timing.fires_at(firing.due);
    let waited = firing.status == FiringStatus::Queued;
    let started = source.start(tx, app, firing.due, now).await?;
    firing.started = started.arns;
    firing.status = match now.duration_since(fires_at) > LATE_AFTER {
        true => FiringStatus::Late,
        false => FiringStatus::Started,
    };
    firing.reason = match fires_at.duration_since(firing.due) {
        _ if waited => Some("it waited for an earlier run to end".to_owned()),
        SignedDuration::ZERO => None,
        jitter => Some(format!(
            "it was to start {} s after it was due",
            jitter.as_secs()
        )),
    };
    // Starting may have paused the rule, which is in the row.
    if let Some(row) = tx.firing(&firing.source, firing.due).await?
        && row.reason.is_some()
        && !waited
    {
        firing.reason = row.reason;
    }
    if !started.problems.is_empty() {
        (firing.status, firing.reason) = (FiringStatus::Failed, Some(started.problems.join("; ")));
    }
    Ok(())
}
