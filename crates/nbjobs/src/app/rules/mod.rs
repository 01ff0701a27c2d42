//! Rules and their targets: put, describe, list, enable, disable, delete. That they fire is the scheduler's business;
//! here it is told when.

mod target;

use super::constraint::{at_most, pattern};
use super::{App, Error, Result, policies};
use crate::model::arn::{ARN_LEN_MAX, Resource};
use crate::model::naming::is_rule_name;
use crate::model::rule::{DESCRIPTION_LEN_MAX, Rule, RuleState, TARGETS_MAX, Target};
use crate::model::tag::{self, Tag};
use crate::store::Tx;
use jiff::Timestamp;
use target::check_target;

/// Most rules at a time.
pub const RULES_MAX: i64 = 10_000;

const NAME_PATTERN: &str = "[\\.\\-_A-Za-z0-9]+";
const LIMIT_EXCEEDED: &str = "The requested resource exceeds the maximum number allowed.";

/// What is asked of a put.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of Rule")]
pub struct Put {
    pub name: String,
    pub schedule_expression: Option<String>,
    pub event_pattern: Option<String>,
    pub state: RuleState,
    pub description: Option<String>,
    pub role_arn: Option<String>,
}

/// The key under which a rule's tags stand.
pub fn resource(name: &str) -> String {
    Resource::Rule(name.to_owned()).to_string()
}

/// Creates a rule, or replaces all of it but its targets and tags: EventBridge ignores the tags of a put on a rule
/// that exists, and AWS's JupyterLab extension sends none when it changes a schedule.
///
/// A schedule that stays the same keeps its rhythm; another counts from now.
pub async fn put(app: &App, put: Put, tags: &[Tag]) -> Result<Rule> {
    let mut tx = app.store.tx().await?;
    let rule = put_in(&mut tx, app, put, tags).await?;
    tx.commit().await?;
    app.wake.scheduler();
    Ok(rule)
}

/// The part of [`put`] that a job definition's schedule shares, in the caller's transaction. The caller wakes the
/// scheduler after its commit.
pub(super) async fn put_in(tx: &mut Tx, app: &App, put: Put, tags: &[Tag]) -> Result<Rule> {
    let now = app.clock.now();
    pattern(is_rule_name(&put.name), &put.name, "name", NAME_PATTERN)?;
    at_most(
        put.description.as_deref().unwrap_or_default(),
        "description",
        DESCRIPTION_LEN_MAX,
    )?;
    at_most(
        put.role_arn.as_deref().unwrap_or_default(),
        "roleArn",
        ARN_LEN_MAX,
    )?;
    tag::validate(tags).map_err(Error::Invalid)?;
    let mut rule = Rule {
        name: put.name,
        schedule_expression: put.schedule_expression,
        event_pattern: put.event_pattern,
        state: put.state,
        description: put.description,
        role_arn: put.role_arn,
        next_due: None,
        fires_at: None,
        enabled_at: Some(now),
    };
    if rule.schedule_expression.is_none() && rule.event_pattern.is_none() {
        return Err(Error::Invalid(
            "Parameter(s) EventPattern or ScheduleExpression must be specified.".into(),
        ));
    }
    rule.pattern()
        .map_err(|error| Error::InvalidPattern(error.to_string()))?;
    let next_due = next_after(&rule, now)?;
    let earlier = tx.rule(&rule.name).await?;
    let kept = earlier
        .as_ref()
        .filter(|earlier| earlier.schedule_expression == rule.schedule_expression);
    rule.next_due = kept
        .and_then(|earlier| earlier.next_due)
        .or(next_due)
        .filter(|_| rule.state == RuleState::Enabled);
    rule.enabled_at = earlier
        .as_ref()
        .filter(|earlier| earlier.state == rule.state)
        .map_or(rule.enabled_at, |earlier| earlier.enabled_at);
    if earlier.is_none() {
        if tx.count_rules().await? >= RULES_MAX {
            return Err(Error::Limit(LIMIT_EXCEEDED.into()));
        }
        tx.put_tags(&resource(&rule.name), tags).await?;
    }
    set_fires_at(tx, app, &mut rule).await?;
    tx.put_rule(&rule).await?;
    Ok(rule)
}

/// One rule.
pub async fn describe(app: &App, name: &str) -> Result<Rule> {
    app.store.rule(name).await?.ok_or_else(|| not_found(name))
}

/// One page of rules by name, whose names begin with `prefix`, and the name behind which the next page begins.
pub async fn list(
    app: &App,
    prefix: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<(Vec<Rule>, Option<String>)> {
    let mut rules = app.store.rules(prefix, after, limit + 1).await?;
    let more = rules.len() > limit as usize;
    rules.truncate(limit as usize);
    let next = rules.last().filter(|_| more).map(|rule| rule.name.clone());
    Ok((rules, next))
}

/// Lets a rule fire from now on. One that is enabled keeps its rhythm.
pub async fn enable(app: &App, name: &str) -> Result<()> {
    let now = app.clock.now();
    set_state(app, name, RuleState::Enabled, now).await
}

/// Lets a rule fire no more. What it has started goes on.
pub async fn disable(app: &App, name: &str) -> Result<()> {
    let now = app.clock.now();
    set_state(app, name, RuleState::Disabled, now).await
}

/// Deletes a rule that has no targets, and its ledger. One that is not there is deleted already: EventBridge
/// lets every repetition succeed.
pub async fn delete(app: &App, name: &str) -> Result<()> {
    let mut tx = app.store.tx().await?;
    if !tx.targets(name).await?.is_empty() {
        return Err(Error::Invalid(
            "Rule can't be deleted since it has targets.".into(),
        ));
    }
    tx.delete_rule(name).await?;
    tx.delete_ledger(&resource(name)).await?;
    tx.delete_all_tags(&resource(name)).await?;
    tx.commit().await?;
    Ok(())
}

/// Adds targets to a rule; one whose id is there already is replaced. All of them, or none.
pub async fn put_targets(app: &App, rule: &str, targets: &[Target]) -> Result<()> {
    let mut tx = app.store.tx().await?;
    put_targets_in(&mut tx, app, rule, targets).await?;
    tx.commit().await?;
    app.wake.scheduler();
    Ok(())
}

/// The part of [`put_targets`] that a job definition's schedule shares, in the caller's transaction. The caller wakes
/// the scheduler after its commit.
pub(super) async fn put_targets_in(
    tx: &mut Tx,
    app: &App,
    rule: &str,
    targets: &[Target],
) -> Result<()> {
    for (i, target) in targets.iter().enumerate() {
        check_target(app, target, &format!("targets.{}.member", i + 1))?;
    }
    rule_in(tx, rule).await?;
    for target in targets {
        tx.put_target(rule, target).await?;
    }
    if tx.targets(rule).await?.len() > TARGETS_MAX {
        return Err(Error::Limit(LIMIT_EXCEEDED.into()));
    }
    policies::changed(tx, app, &resource(rule)).await?;
    Ok(())
}

/// Removes targets by id, and answers with the ids that the rule does not have.
pub async fn remove_targets(app: &App, rule: &str, ids: &[String]) -> Result<Vec<String>> {
    let mut tx = app.store.tx().await?;
    rule_in(&mut tx, rule).await?;
    let mut unknown = Vec::new();
    for id in ids {
        if !tx.delete_target(rule, id).await? {
            unknown.push(id.clone());
        }
    }
    tx.commit().await?;
    Ok(unknown)
}

/// One page of a rule's targets by id, and the id behind which the next page begins.
pub async fn targets(
    app: &App,
    rule: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<(Vec<Target>, Option<String>)> {
    describe(app, rule).await?;
    let mut targets = app.store.targets(rule, after, limit + 1).await?;
    let more = targets.len() > limit as usize;
    targets.truncate(limit as usize);
    let next = targets
        .last()
        .filter(|_| more)
        .map(|target| target.id.clone());
    Ok((targets, next))
}

/// One page of the names of the rules that have this target, and the name behind which the next page begins.
pub async fn names_by_target(
    app: &App,
    arn: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<(Vec<String>, Option<String>)> {
    let mut names = app.store.rules_of_target(arn, after, limit + 1).await?;
    let more = names.len() > limit as usize;
    names.truncate(limit as usize);
    let next = names.last().filter(|_| more).cloned();
    Ok((names, next))
}

async fn set_state(app: &App, name: &str, state: RuleState, now: Timestamp) -> Result<()> {
    let mut tx = app.store.tx().await?;
    let mut rule = rule_in(&mut tx, name).await?;
    if rule.state == state {
        return Ok(());
    }
    rule.state = state;
    rule.next_due = next_after(&rule, now)?.filter(|_| state == RuleState::Enabled);
    rule.enabled_at = Some(now);
    set_fires_at(&mut tx, app, &mut rule).await?;
    tx.put_rule(&rule).await?;
    tx.commit().await?;
    app.wake.scheduler();
    Ok(())
}

/// Sets when the rule's next due moment fires, as its policies have it now.
pub(super) async fn set_fires_at(tx: &mut Tx, app: &App, rule: &mut Rule) -> Result<()> {
    let policies = policies::of_rule(tx, app, &rule.name).await?;
    let timing = rule
        .timing(policies.start_jitter)
        .map_err(|error| Error::Invalid(error.to_string()))?;
    rule.fires_at = timing
        .zip(rule.next_due)
        .map(|(timing, due)| timing.fires_at(due));
    Ok(())
}

fn next_after(rule: &Rule, now: Timestamp) -> Result<Option<Timestamp>> {
    let timing = rule
        .timing(None)
        .map_err(|error| Error::Invalid(error.to_string()))?;
    Ok(timing.and_then(|timing| timing.next_after(now)))
}

async fn rule_in(tx: &mut Tx, name: &str) -> Result<Rule> {
    tx.rule(name).await?.ok_or_else(|| not_found(name))
}

fn not_found(name: &str) -> Error {
    Error::NotFound(format!("Rule {name} does not exist on EventBus default."))
}

#[cfg(test)]
mod tests;
