//! Promise 1: many rules and schedules, and a crash before and after every write of the scheduler.

use super::check::{self, Count, Source};
use super::{folder, live_all, seeds};
use crate::app::rules::{self, Put};
use crate::app::testing::{at, open, pipeline, restart, step};
use crate::app::{App, schedules};
use crate::engine::scheduler;
use crate::faults::{Faults, What, When};
use crate::model::rule::{RuleState, Target};
use crate::model::schedule::Timing;
use crate::model::scheduled::{ActionAfterCompletion, ScheduleSettings, ScheduleTarget};
use crate::promise;
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::path::Path;

const START: &str = "2026-11-23T12:00:00Z";
const SEEDS_IN_CI: u64 = 20;
/// Sources of one life. They fire in two transactions at least when they are due together.
const SOURCES: usize = 160;
/// Sources that start the same pipeline: a pipeline has few unfinished executions.
const SOURCES_PER_PIPELINE: usize = 8;
const LOOKS: usize = 16;

pub(super) fn target(app: &App, pipeline: &str) -> Target {
    Target {
        id: "only".into(),
        arn: app.scope.pipeline(pipeline),
        role_arn: Some("arn:aws:iam::000000000000:role/R".into()),
        ..Target::default()
    }
}

/// Makes a rule that starts a pipeline.
pub(super) async fn add_rule(app: &App, name: &str, expression: &str, pipeline: &str) -> Source {
    let put = Put {
        name: name.into(),
        schedule_expression: Some(expression.into()),
        event_pattern: None,
        state: RuleState::Enabled,
        description: None,
        role_arn: None,
    };
    rules::put(app, put, &[]).await.expect("a rule");
    rules::put_targets(app, name, &[target(app, pipeline)])
        .await
        .expect("a target");
    let rule = app.store.rule(name).await.expect("rows").expect("the rule");
    Source {
        name: rules::resource(name),
        timing: Timing::of_rule(expression.parse().expect("an expression")),
        first: rule.next_due.expect("a due moment"),
    }
}

/// Makes a schedule that starts a pipeline somewhere in a window.
pub(super) async fn add_schedule(
    app: &App,
    name: &str,
    expression: &str,
    pipeline: &str,
    window: Option<u32>,
) -> Source {
    let settings = ScheduleSettings {
        schedule_expression: expression.into(),
        timezone: "America/New_York".into(),
        state: RuleState::Enabled,
        description: None,
        starts_at: None,
        ends_at: None,
        window_minutes: window,
        target: ScheduleTarget {
            arn: app.scope.pipeline(pipeline),
            role_arn: "arn:aws:iam::000000000000:role/R".into(),
            pipeline_parameters: None,
            input: None,
            retry_policy: None,
        },
        action_after_completion: ActionAfterCompletion::None,
    };
    let schedule = schedules::create(app, name, settings, name)
        .await
        .expect("a schedule");
    Source {
        name: schedules::resource(name),
        timing: schedule.timing(&app.scope).expect("a timing"),
        first: schedule.next_due.expect("a due moment"),
    }
}

async fn add_sources(app: &App, rng: &mut Rng) -> Vec<Source> {
    const EXPRESSIONS: [&str; 5] = [
        "rate(5 minutes)",
        "cron(0/5 * * * ? *)",
        "cron(0/10 * * * ? *)",
        "rate(15 minutes)",
        "cron(1/7 10-14 * * ? *)",
    ];
    let mut sources = Vec::new();
    let mut name = String::new();
    for n in 0..SOURCES {
        if n % SOURCES_PER_PIPELINE == 0 {
            name = format!("p{n}");
            pipeline(app, &name, json!([step("a", &[], json!({}))])).await;
        }
        let expression = EXPRESSIONS[rng.usize(0..EXPRESSIONS.len())];
        sources.push(match rng.u8(0..5) {
            0 => {
                let window = rng.bool().then(|| rng.u32(1..5));
                add_schedule(app, &format!("s{n}"), expression, &name, window).await
            }
            _ => add_rule(app, &format!("r{n}"), expression, &name).await,
        });
    }
    sources
}

/// Looks until nothing is due, each write of it once with a crash before and once with a crash after it. Answers how
/// often it crashed.
async fn look(mut app: App, dir: &Path, faults: &Faults, now: Timestamp) -> (App, u64) {
    for (crashes, when) in (0..).zip([When::Before, When::After].into_iter().cycle()) {
        faults.plan(1, when, What::Crash);
        let _ = scheduler::run_once(&app, now).await;
        let was_up = !faults.is_down();
        faults.restart();
        if was_up {
            // It had nothing to write.
            return (app, crashes);
        }
        app = restart(app, dir, now).await;
    }
    unreachable!("it cycles")
}

/// How the clock goes on: as it should, in steps of up to an hour forward or back, or over a suspend.
fn later(rng: &mut Rng, now: Timestamp) -> Timestamp {
    let minutes = match rng.u8(0..16) {
        0 => 60,
        1 => -60,
        2 => rng.i64(-60..60),
        3 => rng.i64(60..40 * 60),
        _ => 5,
    };
    now + SignedDuration::from_secs(minutes * 60 + rng.i64(0..2))
}

async fn live(seed: u64) -> (Count, u64) {
    let mut rng = Rng::with_seed(seed);
    let dir = folder();
    let faults = Faults::below(dir.path());
    let mut now = at(START);
    let mut app = open(dir.path(), now).await;
    let sources = add_sources(&app, &mut rng).await;
    let (mut latest, mut crashes) = (now, 0);
    for _ in 0..LOOKS {
        now = later(&mut rng, now);
        latest = latest.max(now);
        app.clock.set(now);
        let looked = look(app, dir.path(), &faults, now).await;
        app = looked.0;
        crashes += looked.1;
    }
    app.clock.set(latest);
    scheduler::run_once(&app, latest).await.expect("a look");
    (check::ledger(&app, &sources, latest).await, crashes)
}

#[test]
fn a_crash_at_every_write_neither_doubles_nor_loses_a_firing() {
    let (mut sum, mut crashes) = (Count::default(), 0);
    live_all(seeds(SEEDS_IN_CI), live, |(count, crashed)| {
        sum.due += count.due;
        sum.started += count.started;
        crashes += crashed;
    });
    assert!(crashes > 0 && sum.started > 0, "{sum:?}, {crashes} crashes");
    let what = format!(
        "due moments, {} of them with one execution and the others with a row that says why not; {crashes} crashes, one before and one after every write",
        sum.started
    );
    promise::kept(1, sum.due, &what);
}

#[test]
fn the_same_seed_is_the_same_life() {
    let mut lives = Vec::new();
    live_all(7..9, async |_| live(7).await, |lived| lives.push(lived));
    assert_eq!(lives[0], lives[1]);
}

#[tokio::test]
async fn what_is_due_together_is_few_transactions() {
    const RULES: usize = 1_000;
    let dir = folder();
    let faults = Faults::below(dir.path());
    let app = open(dir.path(), at(START)).await;
    for n in 0..RULES {
        let name = format!("p{}", n / 100);
        if n % 100 == 0 {
            pipeline(&app, &name, json!([step("a", &[], json!({}))])).await;
        }
        add_rule(&app, &format!("r{n}"), "rate(1 hour)", &name).await;
    }
    let commits = faults.commits();
    scheduler::run_once(&app, at("2026-11-23T13:00:00Z"))
        .await
        .expect("a look");
    let commits = faults.commits() - commits;
    assert_eq!(commits, 10, "a hundred at a time");
    let started = app.store.starts_by_firing().await.expect("executions");
    assert_eq!(started.len(), RULES);
    let what = format!("rules due in one second, fired in {commits} transactions");
    promise::kept(2, started.len() as u64, &what);
}
