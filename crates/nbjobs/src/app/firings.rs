//! The ledger of due moments, and what is due next, for those who look.

use super::{App, Error, Result, policies, rules, schedules};
use crate::model::rule::Firing;
use crate::model::schedule::Timing;
use jiff::Timestamp;

/// Most due moments of one answer.
pub const LISTED_MAX: u32 = 1000;

/// A due moment to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coming {
    /// The due moment.
    pub due: Timestamp,
    /// When it fires: itself, or somewhat later.
    pub fires_at: Timestamp,
}

/// The due moments of a rule or schedule, such as `rule/NAME`, the latest first: at most `limit`, before `before`.
pub async fn list(
    app: &App,
    source: &str,
    before: Option<Timestamp>,
    limit: u32,
) -> Result<Vec<Firing>> {
    timing(app, source).await?;
    Ok(app.store.firings_before(source, before, limit).await?)
}

/// The next `count` due moments of a rule or schedule; none when it is disabled or over. They come from the functions
/// that fire it.
pub async fn next(app: &App, source: &str, count: u32) -> Result<Vec<Coming>> {
    let (timing, next_due) = timing(app, source).await?;
    let moments = std::iter::successors(next_due, |due| timing.next_after(*due));
    let coming = |due| Coming {
        due,
        fires_at: timing.fires_at(due),
    };
    Ok(moments.take(count as usize).map(coming).collect())
}

/// When a rule or a schedule is due, and its next due moment.
async fn timing(app: &App, source: &str) -> Result<(Timing, Option<Timestamp>)> {
    if let Some(name) = source.strip_prefix(&rules::resource("")) {
        let rule = rules::describe(app, name).await?;
        let mut tx = app.store.tx().await?;
        let policies = policies::of_rule(&mut tx, app, name).await?;
        let timing = rule.timing(policies.start_jitter);
        let timing = timing.map_err(|error| Error::Invalid(error.to_string()))?;
        return Ok((timing, rule.next_due));
    }
    if let Some(name) = source.strip_prefix(&schedules::resource("")) {
        let schedule = schedules::describe(app, name).await?;
        let timing = schedule.timing(&app.scope);
        let timing = timing.map_err(|error| Error::Invalid(error.to_string()))?;
        return Ok((timing, schedule.next_due));
    }
    Err(Error::Invalid(format!(
        "{source} is neither {} nor {}",
        rules::resource("NAME"),
        schedules::resource("NAME")
    )))
}
