//! EventBridge Scheduler's schedules: create, update, get, list, delete. That they fire is the scheduler's business; here
//! it is told when. What one starts is in [`launch`].

mod launch;
pub use launch::launch;

use super::constraint::{at_most, broken, pattern};
use super::{App, Error, Result};
use crate::model::arn::{Arn, Resource};
use crate::model::naming::is_rule_name;
use crate::model::rule::{DESCRIPTION_LEN_MAX, RuleState};
use crate::model::schedule::{Timing, WINDOW_MINUTES_MAX};
use crate::model::scheduled::{INPUT_LEN_MAX, Schedule, ScheduleSettings};
use crate::store::Tx;
use jiff::{SignedDuration, Timestamp};

/// Most schedules at a time.
pub const SCHEDULES_MAX: i64 = 10_000;
/// How far in the past a start date may lie, so that *now* may be said (EventBridge Scheduler's own limit).
const START_LEEWAY: SignedDuration = SignedDuration::from_mins(5);

const NAME_PATTERN: &str = "^[0-9a-zA-Z-_.]+$";

/// The key under which a schedule's due moments stand in the ledger.
pub fn resource(name: &str) -> String {
    Resource::Schedule(name.to_owned()).to_string()
}

/// Creates a schedule. The same request again, known by its token, is answered with the schedule it made.
pub async fn create(
    app: &App,
    name: &str,
    settings: ScheduleSettings,
    token: &str,
) -> Result<Schedule> {
    let mut tx = app.store.tx().await?;
    let schedule = create_in(&mut tx, app, name, settings, token, app.clock.now()).await?;
    tx.commit().await?;
    app.wake.scheduler();
    Ok(schedule)
}

/// The part of [`create`] that a job definition's schedule shares, in the caller's transaction. The caller wakes the
/// scheduler after its commit.
pub(super) async fn create_in(
    tx: &mut Tx,
    app: &App,
    name: &str,
    settings: ScheduleSettings,
    token: &str,
    now: Timestamp,
) -> Result<Schedule> {
    pattern(is_rule_name(name), name, "name", NAME_PATTERN)?;
    let mut schedule = Schedule {
        name: name.to_owned(),
        settings,
        created_at: now,
        modified_at: now,
        next_due: None,
    };
    let timing = check(app, &schedule)?;
    if let Some((existing, earlier)) = tx.schedule(name).await? {
        return if earlier == token && existing.settings == schedule.settings {
            Ok(existing)
        } else {
            Err(Error::Exists(format!("Schedule {name} already exists.")))
        };
    }
    if tx.count_schedules().await? >= SCHEDULES_MAX {
        return Err(Error::Limit(format!(
            "there are {SCHEDULES_MAX} schedules, the most that can be; delete some"
        )));
    }
    check_times(&timing, &schedule, None, now)?;
    // A start date that is just past is the first moment of a rate.
    let from = schedule
        .settings
        .starts_at
        .map_or(now, |start| start.min(now));
    schedule.next_due = timing.first(now, from).filter(|_| is_enabled(&schedule));
    let fires_at = schedule.next_due.map(|due| timing.fires_at(due));
    tx.put_schedule(&schedule, fires_at, token).await?;
    Ok(schedule)
}

/// Replaces all of a schedule. When it is due stays as it was if what decides that stays; else it counts anew.
pub async fn update(app: &App, name: &str, settings: ScheduleSettings) -> Result<Schedule> {
    let mut tx = app.store.tx().await?;
    let schedule = update_in(&mut tx, app, name, settings, app.clock.now()).await?;
    tx.commit().await?;
    app.wake.scheduler();
    Ok(schedule)
}

/// The part of [`update`] that a job definition's schedule shares, in the caller's transaction. The caller wakes the
/// scheduler after its commit.
pub(super) async fn update_in(
    tx: &mut Tx,
    app: &App,
    name: &str,
    settings: ScheduleSettings,
    now: Timestamp,
) -> Result<Schedule> {
    let (earlier, token) = tx.schedule(name).await?.ok_or_else(|| not_found(name))?;
    let mut schedule = Schedule {
        settings,
        modified_at: now,
        ..earlier.clone()
    };
    let timing = check(app, &schedule)?;
    let decides = |schedule: &Schedule| {
        let settings = &schedule.settings;
        (
            settings.schedule_expression.clone(),
            settings.timezone.clone(),
            settings.starts_at,
            settings.ends_at,
            settings.window_minutes,
            settings.state,
        )
    };
    if decides(&schedule) != decides(&earlier) {
        check_times(&timing, &schedule, Some(&earlier), now)?;
        schedule.next_due = timing
            .first(schedule.created_at, now)
            .filter(|_| is_enabled(&schedule));
    }
    let fires_at = schedule.next_due.map(|due| timing.fires_at(due));
    tx.put_schedule(&schedule, fires_at, &token).await?;
    Ok(schedule)
}

/// One schedule.
pub async fn describe(app: &App, name: &str) -> Result<Schedule> {
    app.store
        .schedule(name)
        .await?
        .ok_or_else(|| not_found(name))
}

/// One page of schedules by name, and the name behind which the next page begins.
pub async fn list(
    app: &App,
    prefix: &str,
    state: Option<RuleState>,
    after: Option<&str>,
    limit: u32,
) -> Result<(Vec<Schedule>, Option<String>)> {
    let mut schedules = app.store.schedules(prefix, state, after, limit + 1).await?;
    let more = schedules.len() > limit as usize;
    schedules.truncate(limit as usize);
    let next = schedules
        .last()
        .filter(|_| more)
        .map(|last| last.name.clone());
    Ok((schedules, next))
}

/// Deletes a schedule and its ledger. What it has started goes on.
pub async fn delete(app: &App, name: &str) -> Result<()> {
    let mut tx = app.store.tx().await?;
    if !tx.delete_schedule(name).await? {
        return Err(not_found(name));
    }
    tx.delete_ledger(&resource(name)).await?;
    tx.commit().await?;
    Ok(())
}

/// Refuses what could not fire, as far as it does not depend on the time.
fn check(app: &App, schedule: &Schedule) -> Result<Timing> {
    let settings = &schedule.settings;
    at_most(
        settings.description.as_deref().unwrap_or_default(),
        "description",
        DESCRIPTION_LEN_MAX,
    )?;
    if let Some(minutes) = settings.window_minutes
        && !(1..=WINDOW_MINUTES_MAX).contains(&minutes)
    {
        let constraint = format!("Member must have value between 1 and {WINDOW_MINUTES_MAX}");
        let at = "flexibleTimeWindow.maximumWindowInMinutes";
        return Err(broken(&minutes.to_string(), at, &constraint));
    }
    let target = &settings.target;
    let is_role = matches!(
        target.role_arn.parse(),
        Ok(Arn {
            resource: Resource::Role(_),
            ..
        })
    );
    if !is_role {
        let constraint = "Member must be the ARN of an IAM role";
        return Err(broken(&target.role_arn, "target.roleArn", constraint));
    }
    if target
        .input
        .as_ref()
        .is_some_and(|input| input.len() > INPUT_LEN_MAX)
    {
        return Err(Error::Limit(format!(
            "The Input of the target is larger than {INPUT_LEN_MAX} bytes"
        )));
    }
    launch::check(app, schedule)?;
    let timing = schedule.timing(&app.scope);
    timing.map_err(|error| Error::Invalid(error.to_string()))
}

/// Refuses times that have passed: nobody means them. An update may leave the start date as it was.
fn check_times(
    timing: &Timing,
    schedule: &Schedule,
    earlier: Option<&Schedule>,
    now: Timestamp,
) -> Result<()> {
    let refused = |message: &str| Err(Error::Invalid(message.into()));
    if let Some(at) = timing.once() {
        return match at < now && is_enabled(schedule) {
            true => refused("The time of a one-time schedule must be in the future."),
            false => Ok(()),
        };
    }
    let settings = &schedule.settings;
    let is_kept = earlier.is_some_and(|earlier| earlier.settings.starts_at == settings.starts_at);
    let is_past = |start| now.duration_since(start) > START_LEEWAY;
    if !is_kept && settings.starts_at.is_some_and(is_past) {
        return refused("The StartDate you specify cannot be earlier than 5 minutes ago.");
    }
    if settings.ends_at.is_some_and(|end| end < now) {
        return refused("The EndDate you specify cannot be in the past.");
    }
    Ok(())
}

fn is_enabled(schedule: &Schedule) -> bool {
    schedule.settings.state == RuleState::Enabled
}

fn not_found(name: &str) -> Error {
    Error::NotFound(format!("Schedule {name} does not exist."))
}
