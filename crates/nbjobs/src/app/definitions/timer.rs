//! When a definition runs: an EventBridge rule if its time is UTC, as Studio makes it, else an EventBridge Scheduler
//! schedule, which has a time zone. Either has the definition's name.

use super::super::{App, Error, Result, rules, schedules};
use crate::model::notebook_job::TARGET_ID;
use crate::model::pipeline::Pipeline;
use crate::model::rule::{Rule, RuleState, Target};
use crate::model::schedule::Timing;
use crate::model::scheduled::{ActionAfterCompletion, Schedule, ScheduleSettings, ScheduleTarget};
use crate::model::tag::Tag;
use crate::store::Tx;
use jiff::Timestamp;

/// Names of UTC, whose schedules are rules.
const UTC: [&str; 2] = ["UTC", "Etc/UTC"];

/// A rule or a schedule as a definition shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timer {
    /// The key of the rule or schedule in the ledger, such as `rule/NAME`.
    pub source: String,
    /// When.
    pub when: When,
    /// Whether it fires.
    pub is_enabled: bool,
    /// When it fires next.
    pub next_due: Option<Timestamp>,
}

/// When a definition runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// EventBridge's expression.
    pub expression: String,
    /// A name of the IANA database.
    pub timezone: String,
}

impl When {
    /// Refuses what is never due.
    pub(super) fn check(&self, now: Timestamp) -> Result<()> {
        let (expression, zone) = (&self.expression, &self.timezone);
        let timing = Timing::of_schedule(expression, zone, None, None, None)
            .map_err(|error| Error::Invalid(error.to_string()))?;
        match timing.next_after(now) {
            Some(_) => Ok(()),
            None => Err(Error::Invalid(format!(
                "The schedule {expression} is never due: no day of the calendar fits it"
            ))),
        }
    }

    fn is_utc(&self) -> bool {
        UTC.contains(&self.timezone.as_str())
    }
}

/// The timer of a definition: the rule of its name, else the schedule.
pub(super) async fn of(app: &App, id: &str) -> Result<Option<Timer>> {
    if let Some(rule) = app.store.rule(id).await? {
        return Ok(of_rule(rule));
    }
    Ok(app.store.schedule(id).await?.map(of_schedule))
}

/// As [`of`], inside a transaction.
pub(super) async fn of_in(tx: &mut Tx, id: &str) -> Result<Option<Timer>> {
    if let Some(rule) = tx.rule(id).await? {
        return Ok(of_rule(rule));
    }
    Ok(tx
        .schedule(id)
        .await?
        .map(|(schedule, _)| of_schedule(schedule)))
}

/// None for a rule that is only for events.
fn of_rule(rule: Rule) -> Option<Timer> {
    Some(Timer {
        source: rules::resource(&rule.name),
        when: When {
            expression: rule.schedule_expression?,
            timezone: UTC[0].to_owned(),
        },
        is_enabled: rule.state == RuleState::Enabled,
        next_due: rule.next_due,
    })
}

fn of_schedule(schedule: Schedule) -> Timer {
    Timer {
        source: schedules::resource(&schedule.name),
        when: When {
            expression: schedule.settings.schedule_expression,
            timezone: schedule.settings.timezone,
        },
        is_enabled: schedule.settings.state == RuleState::Enabled,
        next_due: schedule.next_due,
    }
}

/// Makes the timer of a pipeline's definition so. The caller wakes the scheduler after its commit.
pub(super) async fn set(
    tx: &mut Tx,
    app: &App,
    pipeline: &Pipeline,
    tags: &[Tag],
    when: &When,
    is_enabled: bool,
    now: Timestamp,
) -> Result<()> {
    let state = match is_enabled {
        true => RuleState::Enabled,
        false => RuleState::Disabled,
    };
    if when.is_utc() {
        delete_schedule(tx, &pipeline.name).await?;
        return set_rule(tx, app, pipeline, tags, when, state).await;
    }
    delete_rule(tx, &pipeline.name).await?;
    let name = &pipeline.name;
    match tx.schedule(name).await? {
        Some((earlier, _)) => {
            let settings = ScheduleSettings {
                schedule_expression: when.expression.clone(),
                timezone: when.timezone.clone(),
                state,
                ..earlier.settings
            };
            schedules::update_in(tx, app, name, settings, now).await?;
        }
        None => {
            let settings = settings(app, pipeline, when, state);
            schedules::create_in(tx, app, name, settings, "", now).await?;
        }
    }
    Ok(())
}

async fn set_rule(
    tx: &mut Tx,
    app: &App,
    pipeline: &Pipeline,
    tags: &[Tag],
    when: &When,
    state: RuleState,
) -> Result<()> {
    let name = &pipeline.name;
    let earlier = tx.rule(name).await?;
    let settings = &pipeline.settings;
    let put = rules::Put {
        name: name.clone(),
        schedule_expression: Some(when.expression.clone()),
        event_pattern: earlier.as_ref().and_then(|rule| rule.event_pattern.clone()),
        state,
        description: match &earlier {
            Some(earlier) => earlier.description.clone(),
            None => settings.description.clone(),
        },
        role_arn: earlier.as_ref().and_then(|rule| rule.role_arn.clone()),
    };
    rules::put_in(tx, app, put, tags).await?;
    if earlier.is_none() {
        let target = Target {
            id: TARGET_ID.to_owned(),
            arn: app.scope.pipeline(name),
            role_arn: Some(settings.role_arn.clone()),
            ..Target::default()
        };
        rules::put_targets_in(tx, app, name, &[target]).await?;
    }
    Ok(())
}

fn settings(app: &App, pipeline: &Pipeline, when: &When, state: RuleState) -> ScheduleSettings {
    let settings = &pipeline.settings;
    ScheduleSettings {
        schedule_expression: when.expression.clone(),
        timezone: when.timezone.clone(),
        state,
        description: settings.description.clone(),
        starts_at: None,
        ends_at: None,
        window_minutes: None,
        target: ScheduleTarget {
            arn: app.scope.pipeline(&pipeline.name),
            role_arn: settings.role_arn.clone(),
            pipeline_parameters: None,
            input: None,
            retry_policy: None,
        },
        action_after_completion: ActionAfterCompletion::None,
    }
}

/// Removes the rule of a definition with its targets, tags and ledger, if it has one.
pub(super) async fn delete_rule(tx: &mut Tx, id: &str) -> Result<()> {
    tx.delete_rule(id).await?;
    tx.delete_ledger(&rules::resource(id)).await?;
    tx.delete_all_tags(&rules::resource(id)).await?;
    Ok(())
}

/// Removes the schedule of a definition with its ledger, if it has one.
pub(super) async fn delete_schedule(tx: &mut Tx, id: &str) -> Result<()> {
    tx.delete_schedule(id).await?;
    tx.delete_ledger(&schedules::resource(id)).await?;
    Ok(())
}
