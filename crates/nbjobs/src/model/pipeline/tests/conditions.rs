//! Condition and Fail steps, `Std:JsonGet`, retry policies and selective executions, each by itself.

use super::super::*;
use super::{definition, step, variables, with_steps};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn decided(conditions: Value, objects: &JsonObjects) -> Advance {
    let condition = json!({"Name": "c", "Type": "Condition", "Arguments": {"Conditions": conditions,
        "IfSteps": [step("yes", &[])], "ElseSteps": [{"Name": "no", "Type": "Fail", "Arguments":
            {"ErrorMessage": {"Std:Join": {"On": " ", "Values": ["not", {"Get": "Parameters.N"}]}}}}]}});
    let definition = definition(&json!({"Version": "2020-12-01", "Steps": [condition],
        "Parameters": [{"Name": "N", "Type": "Integer", "DefaultValue": 5}]}));
    let values = definition.bind(&[]).unwrap();
    let run = Run {
        definition: &definition,
        variables: &variables(),
        parameters: &values,
        parallel_max: None,
        selection: None,
        objects,
    };
    let first = run.plan();
    let Ending::Outcome(outcome) = first.ended[0].ending else {
        return first;
    };
    let state = StepState {
        name: "c".into(),
        status: StepStatus::Succeeded,
        properties: None,
        outcome: Some(outcome),
        retry_at: None,
    };
    run.advance(&[state], false, variables().started_at)
}

#[test]
fn conditions_compare_as_the_sdk_writes_them() {
    let n = json!({"Get": "Parameters.N"});
    let compare = |kind: &str, left: Value, right: Value| json!({"Type": kind, "LeftValue": left, "RightValue": right});
    let equal = |left: Value, right: Value| compare("Equals", left, right);
    let table = [
        (equal(n.clone(), json!(5)), true),
        (equal(n.clone(), json!("5")), true),
        (equal(n.clone(), json!(5.0)), true),
        (equal(json!("a"), json!("a")), true),
        (equal(json!("a"), json!("b")), false),
        (equal(json!(true), json!("True")), true),
        (compare("GreaterThan", n.clone(), json!(5)), false),
        (compare("GreaterThanOrEqualTo", n.clone(), json!(5)), true),
        (compare("LessThan", json!("4.5"), n.clone()), true),
        (compare("LessThanOrEqualTo", n.clone(), json!(4)), false),
        (
            json!({"Type": "In", "QueryValue": n, "Values": [1, 5]}),
            true,
        ),
        (json!({"Type": "In", "QueryValue": n, "Values": []}), false),
        (
            json!({"Type": "Not", "Condition": equal(n.clone(), json!(5))}),
            false,
        ),
        (
            json!({"Type": "Or", "Conditions": [equal(n.clone(), json!(4)), equal(n.clone(), json!(5))]}),
            true,
        ),
    ];
    for (condition, expected) in table {
        let next = decided(json!([condition]), &JsonObjects::new());
        let (begins, message) = (next.ready.first().map(|s| s.name.as_str()), &next.ended);
        if expected {
            assert_eq!((begins, message.len()), (Some("yes"), 0), "{condition}");
        } else {
            assert_eq!(
                message[0].ending,
                Ending::Fail("not 5".into()),
                "{condition}"
            );
            assert_eq!((begins, next.status), (None, ExecutionStatus::Failed));
        }
    }
    let both = json!([equal(n.clone(), json!(5)), equal(n.clone(), json!(4))]);
    assert!(decided(both, &JsonObjects::new()).ready.is_empty());
    let broken = decided(
        json!([compare("LessThan", json!("a"), json!(1))]),
        &JsonObjects::new(),
    );
    assert!(
        matches!(&broken.ended[0].ending, Ending::Broken(reason) if reason.contains("not two numbers")),
        "{broken:?}"
    );
}

#[test]
fn json_objects_are_asked_for_and_walked() {
    let uri = json!({"Std:Join": {"On": "/", "Values": ["s3://b", {"Get": "Execution.PipelineExecutionId"}]}});
    let get = |path: &str| {
        json!([{"Type": "Equals", "RightValue": 2,
        "LeftValue": {"Std:JsonGet": {"S3Uri": uri, "Path": path}}}])
    };
    let found: JsonObjects = [(
        "s3://b/kbexktydy93v".into(),
        Ok(json!({"m": {"rows": [1, 2]}})),
    )]
    .into();
    for path in ["m.rows[1]", "$.m.rows[1]", "$['m'].rows[1]"] {
        assert_eq!(decided(get(path), &found).ready.len(), 1, "{path}");
    }
    let missing: JsonObjects = [("s3://b/kbexktydy93v".into(), Err("it is gone".into()))].into();
    for (objects, path, reason) in [
        (&found, "m.x", "has no"),
        (&missing, "m", "it is gone"),
        (&JsonObjects::new(), "m", "was not read"),
    ] {
        let broken = decided(get(path), objects);
        assert!(
            matches!(&broken.ended[0].ending, Ending::Broken(text) if text.contains(reason)),
            "{broken:?}"
        );
    }
    let definition = definition(&with_steps(json!([{"Name": "c", "Type": "Condition",
        "Arguments": {"Conditions": get("m")}}])));
    let run = Run {
        definition: &definition,
        variables: &variables(),
        parameters: &Values::new(),
        parallel_max: None,
        selection: None,
        objects: &JsonObjects::new(),
    };
    let needed = run.objects_needed(&[], variables().started_at);
    assert_eq!(needed, ["s3://b/kbexktydy93v"]);
}

#[test]
fn a_retry_policy_says_when_and_how_often() {
    let policies: Vec<RetryPolicy> = serde_json::from_value(json!([
        {"ExceptionType": ["Step.THROTTLING"], "MaxAttempts": 20},
        {"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "IntervalSeconds": 10, "BackoffRate": 3, "MaxAttempts": 3},
    ]))
    .unwrap();
    let began: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let next = |policies: &[RetryPolicy], attempts, now| {
        next_attempt(
            policies,
            ExceptionType::JobInternalError,
            attempts,
            began,
            now,
        )
        .map(|at: Timestamp| at.duration_since(now).as_secs())
    };
    assert_eq!(next(&policies, 1, began), Some(10));
    assert_eq!(next(&policies, 3, began), Some(90));
    assert_eq!(next(&policies, 4, began), None);
    assert_eq!(next(&policies[..1], 1, began), None);
    let expires: Vec<RetryPolicy> = serde_json::from_value(json!([
        {"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "BackoffRate": 1, "ExpireAfterMin": 5}]))
    .unwrap();
    assert_eq!(
        next(&expires, 100, began + SignedDuration::from_secs(299)),
        Some(1)
    );
    assert_eq!(
        next(&expires, 100, began + SignedDuration::from_secs(300)),
        None
    );
}

#[test]
fn a_selection_names_what_it_lacks() {
    let definition = definition(&with_steps(json!([
        step("a", &[]),
        step("b", &["a"]),
        step("c", &["b"])
    ])));
    let select = |names: &[&str], done: &[Done<'_>]| {
        let steps: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let source = (!done.is_empty()).then(|| "first".to_owned());
        Selection { steps, source }
            .taken_over(&definition, done)
            .map(|taken| taken.into_iter().collect::<Vec<_>>().join(","))
    };
    let done = |name, status| Done {
        name,
        status,
        outcome: None,
    };
    let all = [
        done("a", StepStatus::Succeeded),
        done("b", StepStatus::Succeeded),
    ];
    assert_eq!(select(&["c"], &all), Ok("b".into()));
    assert_eq!(select(&["a", "b"], &[]), Ok(String::new()));
    for (names, done, reason) in [
        (&["x"][..], &all[..], "step x is not in the pipeline's"),
        (&["b"], &[], "SourcePipelineExecutionArn must name"),
        (
            &["b"],
            &[done("a", StepStatus::Failed)],
            "has not succeeded in the execution first",
        ),
        (
            &["a", "c"],
            &all,
            "Step b is on a path between the selected steps a and c",
        ),
    ] {
        let error = select(names, done).unwrap_err();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn steps_that_could_not_be_run_are_refused() {
    let with = |more: Value| {
        let mut step = step("a", &[]);
        for (key, value) in more.as_object().unwrap() {
            step[key] = value.clone();
        }
        with_steps(json!([step]))
    };
    let policy = |more: Value| {
        let mut policy = json!({"ExceptionType": ["Step.SERVICE_FAULT"]});
        for (key, value) in more.as_object().unwrap() {
            policy[key] = value.clone();
        }
        with(json!({"RetryPolicies": [policy]}))
    };
    let condition = |conditions: Value| {
        with(json!({"Type": "Condition", "Arguments": {"Conditions": conditions}}))
    };
    let fail = json!({"Name": "f", "Type": "Fail", "Arguments": {"ErrorMessage": "m"}});
    let get =
        json!({"Std:JsonGet": {"PropertyFile": {"Get": "Steps.a.PropertyFiles.x"}, "Path": "y"}});
    let table = [
        (
            with(json!({"CacheConfig": {"Enabled": true}})),
            "CacheConfig",
        ),
        (policy(json!({})), "either MaxAttempts or ExpireAfterMin"),
        (policy(json!({"MaxAttempts": 21})), "1 to 20"),
        (
            policy(json!({"MaxAttempts": 1, "IntervalSeconds": -1})),
            "negative",
        ),
        (
            with(json!({"RetryPolicies": [{"ExceptionType": ["X"]}]})),
            "unknown variant `X`",
        ),
        (
            condition(json!([{"Type": "Maybe"}])),
            "unknown variant `Maybe`",
        ),
        (
            condition(json!([{"Type": "Equals", "LeftValue": get, "RightValue": 1}])),
            "PropertyFile",
        ),
        (
            with_steps(json!([fail, step("b", &["f"])])),
            "behind which nothing can run",
        ),
        (
            with(json!({"DisplayName": "x".repeat(257)})),
            "longer than 256",
        ),
        (
            json!({"Version": "2020-12-01", "MlflowConfig": {}, "Steps": [step("a", &[])]}),
            "MlflowConfig",
        ),
    ];
    for (json, reason) in table {
        let error = Definition::parse(&json.to_string())
            .unwrap_err()
            .to_string();
        assert!(error.contains(reason), "{reason}: {error}");
    }
}
