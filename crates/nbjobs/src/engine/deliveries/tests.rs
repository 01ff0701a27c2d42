//! Tests of deliveries over a real store, at hand-made times.

use super::*;
use crate::app::rules::Put;
use crate::app::testing::{at, open, pipeline, restart, step};
use crate::app::{events, rules};
use crate::model::log::LogEventFilter;
use crate::model::rule::{RuleState, Target};
use serde_json::{Value, json};

const NOW: &str = "2026-11-25T12:00:00Z";

async fn listen(app: &App, pattern: Value, targets: Value) {
    let put = Put {
        name: "r".into(),
        schedule_expression: None,
        event_pattern: Some(pattern.to_string()),
        state: RuleState::Enabled,
        description: None,
        role_arn: None,
    };
    rules::put(app, put, &[]).await.expect("a rule");
    let targets: Vec<Target> = serde_json::from_value(targets).expect("targets");
    rules::put_targets(app, "r", &targets)
        .await
        .expect("targets");
}

async fn put(app: &App, detail: Value) {
    let entry = events::Entry {
        source: Some("mine".into()),
        detail_type: Some("t".into()),
        detail: Some(detail.to_string()),
        ..events::Entry::default()
    };
    let answers = events::put(app, &[entry]).await.expect("an answer");
    assert!(answers[0].is_ok());
}

async fn lines(app: &App, group: &str) -> Vec<Value> {
    let filter = LogEventFilter::default();
    let (found, _) = logs::events(app, group, &filter, false, 100)
        .await
        .expect("a group");
    let read =
        |line: &crate::model::log::LogEvent| serde_json::from_str(&line.message).expect("JSON");
    found.iter().map(read).collect()
}

fn webhooks() -> Webhooks {
    Webhooks::new(Reach::Any, Default::default())
}

#[tokio::test]
async fn an_event_goes_to_the_rules_that_are_for_it_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut app = open(dir.path(), at(NOW)).await;
    put(&app, json!({"n": 0})).await;
    logs::create_group(&app, "/aws/events/g")
        .await
        .expect("a group");
    let target =
        json!([{"Id": "l", "Arn": app.scope.log_group("/aws/events/g"), "InputPath": "$.detail"}]);
    listen(
        &app,
        json!({"detail": {"n": [{"numeric": ["<", 3]}]}}),
        target,
    )
    .await;
    for n in 1..5 {
        put(&app, json!({"n": n})).await;
    }
    // A crash between the event and its delivery.
    app = restart(app, dir.path(), at(NOW)).await;
    for _ in 0..2 {
        run_once(&app, &webhooks(), at(NOW)).await.expect("a look");
    }
    assert_eq!(
        lines(&app, "/aws/events/g").await,
        [json!({"n": 1}), json!({"n": 2})]
    );
}

#[tokio::test]
async fn an_event_starts_a_pipeline_with_parameters_from_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let app = open(dir.path(), at(NOW)).await;
    pipeline(&app, "p", json!([step("s", &[], json!({}))])).await;
    let target = |parameter: &str| {
        json!([{"Id": "p", "Arn": app.scope.pipeline("p"), "RoleArn": "arn:aws:iam::000000000000:role/R",
            "SageMakerPipelineParameters": {"PipelineParameterList": [{"Name": "key", "Value": parameter}]}}])
    };
    listen(&app, json!({"source": ["mine"]}), target("$.detail.key")).await;
    put(&app, json!({})).await;
    put(&app, json!({"key": "k"})).await;
    run_once(&app, &webhooks(), at(NOW)).await.expect("a look");
    // The pipeline has no such parameter, and the first event has no such field: neither would be better later.
    let dead = lines(&app, logs::DEAD_LETTERS).await;
    let reasons: Vec<&str> = dead
        .iter()
        .filter_map(|one| one["ERROR_MESSAGE"].as_str())
        .collect();
    assert_eq!(reasons.len(), 2, "{dead:?}");
    assert_eq!(
        reasons[0],
        "parameter key: the event has nothing at $.detail.key"
    );
    assert!(reasons[1].contains("key"), "{reasons:?}");
    assert_eq!(dead[0]["RETRY_ATTEMPTS"], 0);
    assert_eq!(dead[0]["RULE_ARN"], app.scope.rule("r"));
    assert_eq!(dead[0]["event"]["source"], "mine");
}
