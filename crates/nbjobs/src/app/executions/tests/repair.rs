//! Conditions, Fail steps, further attempts, repairs, selective executions and versions over a real store.

use super::*;
use crate::model::pipeline::Selection;
use crate::objects::Bucket;
use crate::objects::record::Metadata;
use bytes::Bytes;
use futures::stream;
use jiff::SignedDuration;
use serde_json::Value;
use std::collections::BTreeSet;

const RETRY: &str = "a token of a retry, long enough to be";

/// Breaks the job of a step through no fault of its notebook.
async fn break_down(app: &App, id: &str, step: &str) {
    let mut tx = app.store.tx().await.unwrap();
    let steps = tx.steps(id).await.unwrap();
    let name = steps.iter().find(|s| s.name == step).unwrap().job.clone();
    let mut job = tx.job(&name.unwrap()).await.unwrap().unwrap();
    let reason = Some("InternalServerError: gone".to_owned());
    let (status, secondary) = (JobStatus::Failed, SecondaryStatus::Failed);
    tx.set_job_status(&mut job, status, secondary, reason, app.clock.now())
        .await
        .unwrap();
    job_ended(&mut tx, app, &job, app.clock.now())
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

fn named(steps: &[(&str, StepStatus)]) -> Vec<(String, StepStatus)> {
    steps
        .iter()
        .map(|(name, status)| ((*name).to_owned(), *status))
        .collect()
}

fn condition(name: &str, left: Value, if_steps: Value, else_steps: Value) -> Value {
    let condition = json!({"Type": "Equals", "LeftValue": left, "RightValue": "yes"});
    json!({"Name": name, "Type": "Condition", "Arguments":
        {"Conditions": [condition], "IfSteps": if_steps, "ElseSteps": else_steps}})
}

fn fail(name: &str) -> Value {
    json!({"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage":
        {"Std:Join": {"On": " ", "Values": ["it is", {"Get": "Parameters.Go"}]}}}})
}

async fn create(app: &App, steps: Value) {
    let parameters = json!([{"Name": "Go", "Type": "String", "DefaultValue": "yes"}]);
    pipelines::create(app, "p", settings(parameters, steps), &[], "token")
        .await
        .unwrap();
}

fn with(go: &str) -> Start {
    Start {
        parameters: vec![("Go".into(), go.into())],
        ..of("p")
    }
}

#[tokio::test]
async fn a_condition_chooses_a_branch_and_a_fail_step_ends_all() {
    let (app, _dir) = app().await;
    let chooses = condition(
        "c",
        json!({"Get": "Parameters.Go"}),
        json!([step("a", &[], json!({}))]),
        json!([fail("f")]),
    );
    create(&app, json!([step("long", &[], json!({})), chooses])).await;
    let goes = start(&app, &with("yes"), "token-1").await.unwrap();
    use StepStatus::{Executing, Failed, Stopped, Succeeded};
    let expected = named(&[("c", Succeeded), ("long", Executing), ("a", Executing)]);
    assert_eq!(step_statuses(&app, &goes.id).await, expected);
    for name in ["long", "a"] {
        end(&app, &goes.id, name, JobStatus::Completed).await;
    }
    assert_eq!(status(&app, &goes).await, ExecutionStatus::Succeeded);

    let fails = start(&app, &with("no"), "token-2").await.unwrap();
    let expected = named(&[("c", Succeeded), ("long", Stopped), ("f", Failed)]);
    assert_eq!(step_statuses(&app, &fails.id).await, expected);
    assert_eq!(fails.status, ExecutionStatus::Failed);
    let steps = app.store.steps(&fails.id).await.unwrap();
    assert_eq!(steps[2].failure_reason.as_deref(), Some("it is no"));
    assert_eq!((steps[0].outcome, steps[2].outcome), (Some(false), None));
}

#[tokio::test]
async fn a_job_that_broke_is_tried_again_at_its_time() {
    let (app, _dir) = app().await;
    let mut a = step("a", &[], json!({}));
    a["RetryPolicies"] = json!([{"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"],
        "IntervalSeconds": 30, "BackoffRate": 2, "MaxAttempts": 2}]);
    create(&app, json!([a])).await;
    let execution = start(&app, &of("p"), "token").await.unwrap();
    let waits = named(&[("a", StepStatus::Starting)]);
    for seconds in [30, 60] {
        break_down(&app, &execution.id, "a").await;
        assert_eq!(step_statuses(&app, &execution.id).await, waits);
        let now = app.clock.now();
        let due = now + SignedDuration::from_secs(seconds);
        assert_eq!(retry_due(&app, now).await.unwrap(), Some(due));
        assert_eq!(step_statuses(&app, &execution.id).await, waits);
        app.clock.set(due);
        assert_eq!(retry_due(&app, due).await.unwrap(), None);
    }
    let steps = app.store.steps(&execution.id).await.unwrap();
    assert_eq!((steps[0].attempts, steps[0].started_at), (3, at(NOW)));
    break_down(&app, &execution.id, "a").await;
    assert_eq!(status(&app, &execution).await, ExecutionStatus::Failed);

    let stopped = start(&app, &of("p"), "token-2").await.unwrap();
    break_down(&app, &stopped.id, "a").await;
    stop(&app, "p", &stopped.id, "stop 1").await.unwrap();
    assert_eq!(status(&app, &stopped).await, ExecutionStatus::Stopped);

    let failed = start(&app, &of("p"), "token-3").await.unwrap();
    end(&app, &failed.id, "a", JobStatus::Failed).await;
    assert_eq!(
        status(&app, &failed).await,
        ExecutionStatus::Failed,
        "a notebook's own failure is no exception of the policy"
    );
}

#[tokio::test]
async fn a_repair_runs_only_what_failed_or_never_ran() {
    let (app, _dir) = app().await;
    let steps = json!([
        step("a", &[], json!({})),
        step("b", &["a"], json!({})),
        step("c", &["b"], json!({}))
    ]);
    create(&app, steps).await;
    let execution = start(&app, &of("p"), "token").await.unwrap();
    let early = retry(&app, "p", &execution.id, None, RETRY)
        .await
        .unwrap_err();
    assert!(early.to_string().contains("it is Executing"), "{early}");
    end(&app, &execution.id, "a", JobStatus::Completed).await;
    end(&app, &execution.id, "b", JobStatus::Failed).await;
    assert_eq!(status(&app, &execution).await, ExecutionStatus::Failed);
    let before = app.store.steps(&execution.id).await.unwrap();
    for _ in 0..2 {
        retry(&app, "p", &execution.id, Some(2), RETRY)
            .await
            .unwrap();
    }
    let repaired = app.store.steps(&execution.id).await.unwrap();
    assert_eq!(repaired[0], before[0]);
    assert_eq!(
        (repaired[1].attempts, repaired[1].status),
        (2, StepStatus::Executing)
    );
    assert_ne!(repaired[1].job, before[1].job);
    let described = describe(&app, "p", &execution.id).await.unwrap();
    assert_eq!(
        (described.parallel_max, described.failure_reason),
        (Some(2), None)
    );
    end(&app, &execution.id, "b", JobStatus::Completed).await;
    end(&app, &execution.id, "c", JobStatus::Completed).await;
    assert_eq!(status(&app, &execution).await, ExecutionStatus::Succeeded);
    let done = retry(
        &app,
        "p",
        &execution.id,
        None,
        "another token of a retry, long enough",
    );
    assert!(matches!(done.await, Err(Error::Conflict(_))));
}

#[tokio::test]
async fn a_selective_execution_takes_over_what_it_needs() {
    let (app, _dir) = app().await;
    let reads = json!({"HyperParameters": {"job": {"Get": "Steps.a.TrainingJobName"}}});
    create(
        &app,
        json!([
            step("a", &[], json!({})),
            step("b", &[], reads),
            step("c", &["b"], json!({}))
        ]),
    )
    .await;
    let first = start(&app, &of("p"), "token-1").await.unwrap();
    let select = |source: Option<&PipelineExecution>| Start {
        selection: Some(Selection {
            steps: BTreeSet::from(["b".to_owned()]),
            source: source.map(|source| source.id.clone()),
        }),
        ..of("p")
    };
    for (source, reason) in [
        (None, "SourcePipelineExecutionArn"),
        (Some(&first), "must have ended"),
    ] {
        let error = start(&app, &select(source), "token-2").await.unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
    end(&app, &first.id, "a", JobStatus::Completed).await;
    end(&app, &first.id, "b", JobStatus::Failed).await;
    let second = start(&app, &select(Some(&first)), "token-2").await.unwrap();
    let steps = app.store.steps(&second.id).await.unwrap();
    assert_eq!(steps[0].source.as_ref(), Some(&first.id));
    let job = app.store.job(steps[1].job.as_ref().unwrap()).await.unwrap();
    let parameter = job.unwrap().spec.hyper_parameters["job"].clone();
    assert_eq!(Some(&parameter), steps[0].job.as_ref());
    end(&app, &second.id, "b", JobStatus::Completed).await;
    assert_eq!(status(&app, &second).await, ExecutionStatus::Succeeded);
    assert_eq!(app.store.steps(&second.id).await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_execution_can_be_given_more_room() {
    let (app, _dir) = app().await;
    create(
        &app,
        json!([step("a", &[], json!({})), step("b", &[], json!({}))]),
    )
    .await;
    let narrow = Start {
        parallel_max: Some(1),
        ..of("p")
    };
    let execution = start(&app, &narrow, "token").await.unwrap();
    assert_eq!(step_statuses(&app, &execution.id).await.len(), 1);
    let change = Update {
        display_name: Some("wide".into()),
        parallel_max: Some(2),
        ..Update::default()
    };
    update(&app, "p", &execution.id, change).await.unwrap();
    assert_eq!(step_statuses(&app, &execution.id).await.len(), 2);
    let described = describe(&app, "p", &execution.id).await.unwrap();
    assert_eq!(described.display_name.as_deref(), Some("wide"));
}

#[tokio::test]
async fn an_object_decides_a_condition() {
    let (app, _dir) = app().await;
    let bucket = Bucket {
        created: at(NOW),
        region: None,
        versioning: None,
        encryption: None,
    };
    app.objects.create_bucket("bucket", bucket).await.unwrap();
    let get = json!({"Std:JsonGet": {"S3Uri": {"Std:Join": {"On": "/", "Values": ["s3://bucket", "m.json"]}}, "Path": "m.go"}});
    let chooses = condition("c", get, json!([step("a", &[], json!({}))]), json!([]));
    create(&app, json!([chooses])).await;
    let missing = start(&app, &of("p"), "token-1").await.unwrap();
    assert_eq!(missing.status, ExecutionStatus::Failed);
    let reason = app.store.steps(&missing.id).await.unwrap().remove(0);
    let reason = reason.failure_reason.unwrap();
    assert!(
        reason.contains("s3://bucket/m.json cannot be read"),
        "{reason}"
    );
    let body = stream::iter([Ok(Bytes::from_static(br#"{"m": {"go": "yes"}}"#))]);
    let put = app
        .objects
        .put("bucket", "m.json", body, Metadata::default(), at(NOW));
    put.await.unwrap();
    let found = start(&app, &of("p"), "token-2").await.unwrap();
    assert_eq!(found.status, ExecutionStatus::Executing);
    assert_eq!(step_statuses(&app, &found.id).await.len(), 2);
}

#[tokio::test]
async fn an_earlier_version_can_be_started() {
    let (app, _dir) = app().await;
    create(&app, json!([step("a", &[], json!({}))])).await;
    let second = settings(json!([]), json!([step("b", &[], json!({}))])).definition;
    let change = pipelines::Update {
        definition: Some(second),
        ..pipelines::Update::default()
    };
    let updated = pipelines::update(&app, "p", change).await.unwrap();
    assert_eq!(updated.version, 2);
    for (version, name) in [(None, "b"), (Some(2), "b"), (Some(1), "a")] {
        let start_of = Start { version, ..of("p") };
        let token = format!("token of {version:?}");
        let execution = start(&app, &start_of, &token).await.unwrap();
        assert_eq!(step_statuses(&app, &execution.id).await[0].0, name);
    }
    let missing = Start {
        version: Some(3),
        ..of("p")
    };
    let error = start(&app, &missing, "token-4").await.unwrap_err();
    assert!(error.to_string().contains("has no version 3"), "{error}");
}
