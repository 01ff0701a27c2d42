//! Tests of firing at hand-made times over a real store.

mod policies;
mod schedules;

use super::*;
use crate::app::rules::{self, Put};
use crate::app::testing::{self, at, open, pipeline, restart, step};
use crate::model::list::{Order, Sort};
use crate::model::pipeline::ExecutionFilter;
use crate::model::rule::{FiringStatus, RuleState, Target};
use crate::model::schedule;
use proptest::prelude::*;
use serde_json::json;
use std::path::Path;

const START: &str = "2026-11-23T12:00:00Z";

async fn app_with_rule(dir: &Path, schedule: &str) -> App {
    let app = open(dir, at(START)).await;
    add_rule(&app, schedule).await;
    app
}

async fn add_rule(app: &App, schedule: &str) {
    pipeline(app, "p", json!([step("a", &[], json!({}))])).await;
    let put = Put {
        name: "r".into(),
        schedule_expression: schedule.into(),
        state: RuleState::Enabled,
        description: None,
        role_arn: None,
    };
    rules::put(app, put, &[]).await.unwrap();
    rules::put_targets(app, "r", &[target(app, "p")])
        .await
        .unwrap();
}

fn target(app: &App, pipeline: &str) -> Target {
    Target {
        id: format!("start-{pipeline}"),
        arn: app.scope.pipeline(pipeline),
        role_arn: Some("arn:aws:iam::000000000000:role/R".into()),
        pipeline_parameters: None,
        retry_policy: None,
    }
}

/// When the pipeline's executions were started, oldest first.
async fn starts(app: &App) -> Vec<Timestamp> {
    let order = Order {
        by: Sort::CreationTime,
        descending: false,
    };
    let all = app
        .store
        .executions("p", &ExecutionFilter::default(), order, None, 10_000)
        .await
        .unwrap();
    all.into_iter()
        .map(|execution| execution.started_at)
        .collect()
}

/// The ledger, oldest first.
async fn ledger(app: &App) -> Vec<(Timestamp, FiringStatus)> {
    let mut firings = app.store.firings("rule/r", 10_000).await.unwrap();
    firings.reverse();
    firings
        .into_iter()
        .map(|firing| (firing.due, firing.status))
        .collect()
}

#[tokio::test]
async fn a_rule_fires_in_its_minute_and_once() {
    let dir = tempfile::tempdir().unwrap();
    let app = app_with_rule(dir.path(), "cron(0 13 * * ? *)").await;
    run_once(&app, at("2026-11-23T12:59:59.999Z"))
        .await
        .unwrap();
    assert!(starts(&app).await.is_empty());
    for second in ["00.2", "00.3", "59"] {
        run_once(&app, at(&format!("2026-11-23T13:00:{second}Z")))
            .await
            .unwrap();
    }
    assert_eq!(starts(&app).await, [at("2026-11-23T13:00:00.2Z")]);
    assert_eq!(
        ledger(&app).await,
        [(at("2026-11-23T13:00:00Z"), FiringStatus::Started)]
    );
    assert_eq!(
        app.store.next_due().await.unwrap(),
        Some(at("2026-11-24T13:00:00Z"))
    );
    assert_eq!(testing::unfinished_jobs(&app).await.len(), 1);
}

#[tokio::test]
async fn a_restart_fires_what_was_missed_once_and_never_again() {
    let dir = tempfile::tempdir().unwrap();
    let app = app_with_rule(dir.path(), "cron(0 13 * * ? *)").await;
    let app = restart(app, dir.path(), at(START)).await;
    let now = at("2026-11-25T14:00:00Z");
    run_once(&app, now).await.unwrap();
    let app = restart(app, dir.path(), at(START)).await;
    run_once(&app, now).await.unwrap();
    assert_eq!(starts(&app).await, [now]);
    let expected = [
        (at("2026-11-23T13:00:00Z"), FiringStatus::Missed),
        (at("2026-11-24T13:00:00Z"), FiringStatus::Missed),
        (at("2026-11-25T13:00:00Z"), FiringStatus::Late),
    ];
    assert_eq!(ledger(&app).await, expected);
    let reason = app
        .store
        .firings("rule/r", 3)
        .await
        .unwrap()
        .remove(2)
        .reason
        .unwrap();
    assert!(
        reason.contains("only the latest missed moment, 2026-11-25T13:00:00Z, was started"),
        "{reason}"
    );
}

#[tokio::test]
async fn an_absence_of_years_leaves_a_bounded_ledger() {
    let dir = tempfile::tempdir().unwrap();
    let app = app_with_rule(dir.path(), "rate(1 minute)").await;
    run_once(&app, at("2026-12-23T12:00:00Z")).await.unwrap();
    assert_eq!(starts(&app).await.len(), 1);
    let firings = app.store.firings("rule/r", 10_000).await.unwrap();
    assert_eq!(firings.len(), schedule::MISSED_LISTED_MAX + 2);
    let rest = firings[1].reason.clone().unwrap();
    assert!(
        rest.ends_with("stands for all later moments before 2026-12-23T12:00:00Z"),
        "{rest}"
    );
    run_once(&app, at("2036-12-23T12:00:00Z")).await.unwrap();
    assert_eq!(
        ledger(&app).await.len(),
        1,
        "what is older than 90 days is forgotten"
    );
}

#[tokio::test]
async fn a_clock_that_is_set_back_fires_nothing_twice() {
    let dir = tempfile::tempdir().unwrap();
    let app = app_with_rule(dir.path(), "cron(0 * * * ? *)").await;
    run_once(&app, at("2026-11-23T13:00:00Z")).await.unwrap();
    app.clock.set(at("2026-11-23T12:30:00Z"));
    rules::disable(&app, "r").await.unwrap();
    rules::enable(&app, "r").await.unwrap();
    assert_eq!(
        app.store.next_due().await.unwrap(),
        Some(at("2026-11-23T13:00:00Z"))
    );
    run_once(&app, at("2026-11-23T13:00:00Z")).await.unwrap();
    assert_eq!(starts(&app).await.len(), 1);
    assert_eq!(
        app.store.next_due().await.unwrap(),
        Some(at("2026-11-23T14:00:00Z"))
    );
}

#[tokio::test]
async fn a_target_that_cannot_start_is_in_the_ledger_and_keeps_no_other_from_it() {
    let dir = tempfile::tempdir().unwrap();
    let app = app_with_rule(dir.path(), "rate(1 hour)").await;
    rules::put_targets(&app, "r", &[target(&app, "gone")])
        .await
        .unwrap();
    run_once(&app, at("2026-11-23T13:00:00Z")).await.unwrap();
    assert_eq!(starts(&app).await.len(), 1);
    let firing = app.store.firings("rule/r", 1).await.unwrap().remove(0);
    assert_eq!(firing.status, FiringStatus::Failed);
    let reason = firing.reason.unwrap();
    assert!(
        reason.starts_with("target start-gone: Pipeline 'arn:"),
        "{reason}"
    );
    assert_eq!(
        app.store.next_due().await.unwrap(),
        Some(at("2026-11-23T14:00:00Z"))
    );
}

#[tokio::test]
async fn the_loop_wakes_for_a_new_rule_and_for_its_moment() {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path(), at(START)).await;
    let shutdown = CancellationToken::new();
    let scheduler = tokio::spawn(run(app.clone(), shutdown.clone()));
    add_rule(&app, "rate(1 minute)").await;
    app.clock.set(at("2026-11-23T12:01:00Z"));
    app.wake.for_dispatcher().await;
    assert_eq!(starts(&app).await, [at("2026-11-23T12:01:00Z")]);
    app.clock.set(at("2026-11-23T12:02:00Z"));
    app.wake.for_dispatcher().await;
    assert_eq!(starts(&app).await.len(), 2);
    shutdown.cancel();
    scheduler.await.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn no_due_moment_is_doubled_or_lost(steps in prop::collection::vec((0..100_i64, any::<bool>()), 1..12)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let dir = tempfile::tempdir().unwrap();
            let mut app = app_with_rule(dir.path(), "rate(10 minutes)").await;
            let mut now = at(START);
            for (minutes, restarts) in steps {
                now += SignedDuration::from_mins(minutes);
                if restarts {
                    app = restart(app, dir.path(), now).await;
                }
                run_once(&app, now).await.unwrap();
            }
            let passed = now.duration_since(at(START)).as_mins() / 10;
            let ledger = ledger(&app).await;
            let all: Vec<_> = (1..=passed).map(|n| at(START) + SignedDuration::from_mins(10 * n)).collect();
            prop_assert_eq!(ledger.iter().map(|(due, _)| *due).collect::<Vec<_>>(), all);
            let fired = ledger.iter().filter(|(_, status)| *status != FiringStatus::Missed).count();
            prop_assert_eq!(starts(&app).await.len(), fired);
            Ok(())
        })?;
    }
}
