//! What targets get of an event.

use super::super::{JsonPath, Through};
use crate::model::rule::Target;
use serde_json::{Value, json};

fn event() -> Value {
    json!({"detail-type": "t", "resources": ["r0", "r1"],
        "detail": {"bucket": {"name": "b"}, "n": 3, "text": "say \"hi\"", "a b": true, "list": [{"k": 1}, {"k": 2}]}})
}

fn input(more: Value) -> Result<Value, String> {
    let mut target = json!({"Id": "t", "Arn": "a"});
    for (name, value) in more.as_object().expect("an object") {
        target[name] = value.clone();
    }
    let target: Target = serde_json::from_value(target).expect("a target");
    target.check_input()?;
    let through = Through {
        rule_arn: "arn:r",
        rule_name: "r",
        accepted_at: "2026-11-25T00:00:00Z",
    };
    target.input_of(&event(), through)
}

#[test]
fn paths() {
    for (path, wanted) in [
        ("$", Some(event())),
        ("$.detail.bucket.name", Some(json!("b"))),
        ("$.detail-type", Some(json!("t"))),
        ("$.resources[1]", Some(json!("r1"))),
        ("$.resources[2]", None),
        ("$.detail['a b']", Some(json!(true))),
        ("$['detail'][\"n\"]", Some(json!(3))),
        ("$.detail.list[*].k", Some(json!([1, 2]))),
        ("$.detail.none", None),
    ] {
        let parsed: JsonPath = path.parse().expect(path);
        assert_eq!(parsed.find(&event()), wanted, "{path}");
    }
    for bad in [
        "", "detail", "$detail", "$.", "$.a..b", "$[", "$[x]", "$['a]", "$.a[-1]",
    ] {
        assert!(bad.parse::<JsonPath>().is_err(), "{bad}");
    }
}

#[test]
fn inputs() {
    let with = |paths: Value, template: &str| json!({"InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}});
    let paths = json!({"b": "$.detail.bucket", "name": "$.detail.bucket.name", "n": "$.detail.n",
        "text": "$.detail.text", "none": "$.detail.none"});
    for (target, wanted) in [
        (json!({}), event()),
        (json!({"Input": "{\"x\": 1}"}), json!({"x": 1})),
        (
            json!({"InputPath": "$.detail.bucket"}),
            json!({"name": "b"}),
        ),
        (with(paths.clone(), "\"<name> has <n>\""), json!("b has 3")),
        (
            with(
                paths.clone(),
                "{\"text\": \"<text> in <name>\", \"n\": <n>, \"b\": <b>, \"s\": <name>}",
            ),
            json!({"text": "say \"hi\" in b", "n": 3, "b": {"name": "b"}, "s": "b"}),
        ),
        (
            with(paths.clone(), "{\"none\": <none>, \"x\": \"<none>\"}"),
            json!({"none": "", "x": ""}),
        ),
        (
            with(paths.clone(), "\"bucket <b>\""),
            json!("bucket {name:b}"),
        ),
        (
            with(paths.clone(), "\"<name>\"\n\"<n> <text>\""),
            json!("b\n3 say \"hi\""),
        ),
        (with(paths.clone(), "plain <name>"), json!("plain b")),
        (
            with(
                json!({}),
                "[<aws.events.rule-name>, <aws.events.rule-arn>, \"<aws.events.event.ingestion-time>\"]",
            ),
            json!(["r", "arn:r", "2026-11-25T00:00:00Z"]),
        ),
        (with(json!({}), "<aws.events.event.json>"), event()),
    ] {
        assert_eq!(input(target.clone()).as_ref(), Ok(&wanted), "{target}");
    }
    for (target, reason) in [
        (json!({"Input": "{"}), "JSON syntax error"),
        (json!({"InputPath": "detail"}), "Invalid InputPath"),
        (json!({"InputPath": "$.none"}), "the event has nothing at"),
        (json!({"Input": "1", "InputPath": "$"}), "Only one of"),
        (with(json!({}), "<other>"), "invalid placeholder <other>"),
        (with(json!({"a": "b"}), "<a>"), "Invalid InputPathsMap"),
        (with(json!({"AWSa": "$"}), "<AWSa>"), "InputPathsMap key"),
        (with(paths, "{\"a\": <n"), "does not make JSON"),
    ] {
        let error = input(target.clone()).expect_err(&target.to_string());
        assert!(error.contains(reason), "{error}");
    }
}
