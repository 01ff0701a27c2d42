//! Tables of operators and values, and laws of expressions.

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn property(name: &str) -> Property {
    Property::parse(Resource::TrainingJob, name).expect("a property")
}

fn condition(name: &str, operator: Operator, value: Option<&str>) -> Expression {
    let condition = Condition::new(property(name), Some(operator), value);
    Expression::Condition(condition.expect("a condition"))
}

fn document() -> Value {
    json!({
        "TrainingJobName": "daily-7",
        "TrainingJobStatus": "Completed",
        "CreationTime": 1_671_926_400.25,
        "EnableNetworkIsolation": false,
        "Environment": {"SM_INPUT_NOTEBOOK_NAME": "a.ipynb", "dotted.key": "x"},
        "HyperParameters": {"rate": "0.75", "epochs": "12", "who": "cli"},
        "ResourceConfig": {"InstanceCount": 1, "VolumeSizeInGB": 30},
        "AlgorithmSpecification": {"ContainerEntrypoint": ["amazon_sagemaker_scheduler"]},
        "InputDataConfig": [
            {"ChannelName": "a", "InputMode": "File"},
            {"ChannelName": "b", "InputMode": "Pipe"},
        ],
        "Tags": [{"Key": "sagemaker:name", "Value": "日報"}, {"Key": "a.b", "Value": ""}],
    })
}

#[test]
fn operators_hold_or_not() {
    use Operator::*;
    let table = [
        ("TrainingJobName", Equals, Some("daily-7"), true),
        ("TrainingJobName", Equals, Some("Daily-7"), false),
        ("TrainingJobName", NotEquals, Some("daily"), true),
        ("TrainingJobName", Contains, Some("ily"), true),
        ("TrainingJobName", In, Some("x, daily-7"), true),
        ("TrainingJobName", In, Some("x,daily"), false),
        ("TrainingJobName", Exists, None, true),
        ("FailureReason", Exists, None, false),
        ("FailureReason", NotExists, None, true),
        ("FailureReason", Equals, Some("x"), false),
        ("FailureReason", NotEquals, Some("x"), true),
        ("VpcConfig", NotExists, None, true),
        ("Environment", Exists, None, true),
        ("InputDataConfig", Exists, None, true),
        ("Tags", Exists, None, true),
        (
            "CreationTime",
            Equals,
            Some("2022-12-25T00:00:00.25Z"),
            true,
        ),
        (
            "CreationTime",
            GreaterThan,
            Some("2022-12-25T00:00:00"),
            true,
        ),
        ("CreationTime", GreaterThan, Some("2022-12-25"), true),
        (
            "CreationTime",
            LessThan,
            Some("2022-12-25T01:00:00+09:00"),
            false,
        ),
        (
            "CreationTime",
            LessThanOrEqualTo,
            Some("2022-12-25T00:00:00.250"),
            true,
        ),
        (
            "TrainingEndTime",
            GreaterThan,
            Some("2022-12-25T00:00:00"),
            false,
        ),
        ("EnableNetworkIsolation", Equals, Some("false"), true),
        ("EnableNetworkIsolation", NotEquals, Some("false"), false),
        (
            "ResourceConfig.VolumeSizeInGB",
            GreaterThanOrEqualTo,
            Some("30"),
            true,
        ),
        (
            "ResourceConfig.VolumeSizeInGB",
            LessThan,
            Some("30.5"),
            true,
        ),
        (
            "AlgorithmSpecification.ContainerEntrypoint",
            Contains,
            Some("scheduler"),
            true,
        ),
        ("InputDataConfig.ChannelName", Equals, Some("b"), true),
        ("InputDataConfig.ChannelName", NotEquals, Some("b"), false),
        (
            "Environment.SM_INPUT_NOTEBOOK_NAME",
            Contains,
            Some("ipynb"),
            true,
        ),
        ("Environment.dotted.key", Equals, Some("x"), true),
        ("Environment.ABSENT", NotExists, None, true),
        ("Tags.sagemaker:name", Equals, Some("日報"), true),
        ("Tags.a.b", Exists, None, true),
        ("Tags.absent", NotExists, None, true),
        ("Tags.absent", NotEquals, Some("x"), true),
        // A whole number compares with whole parts, a decimal with decimals.
        ("HyperParameters.rate", LessThan, Some("0.8"), true),
        ("HyperParameters.rate", GreaterThan, Some("0"), false),
        ("HyperParameters.rate", Equals, Some("0"), true),
        ("HyperParameters.epochs", Equals, Some("12.0"), true),
        ("HyperParameters.epochs", GreaterThan, Some("9"), true),
        ("HyperParameters.who", Equals, Some("cli"), true),
        ("HyperParameters.who", GreaterThan, Some("1"), false),
        ("HyperParameters.who", Contains, Some("l"), true),
    ];
    for (name, operator, value, holds) in table {
        let expression = condition(name, operator, value);
        assert_eq!(
            expression.matches(&document()),
            holds,
            "{name} {operator:?} {value:?}"
        );
    }
}

#[test]
fn meaningless_conditions_are_refused_by_name() {
    use Operator::*;
    let table = [
        (
            "TrainingJobName",
            Some(GreaterThan),
            Some("a"),
            "GreaterThan",
        ),
        (
            "Tags.x",
            Some(LessThanOrEqualTo),
            Some("a"),
            "LessThanOrEqualTo",
        ),
        ("CreationTime", Some(Contains), Some("2022"), "Contains"),
        (
            "CreationTime",
            Some(GreaterThan),
            Some("yesterday"),
            "yesterday",
        ),
        (
            "ResourceConfig.InstanceCount",
            Some(Equals),
            Some("many"),
            "many",
        ),
        (
            "ResourceConfig.InstanceCount",
            Some(Equals),
            Some("NaN"),
            "NaN",
        ),
        (
            "EnableNetworkIsolation",
            Some(Equals),
            Some("no"),
            "true or false",
        ),
        (
            "HyperParameters.x",
            Some(GreaterThan),
            Some("a"),
            "a number",
        ),
        ("Environment", Some(Equals), Some("x"), "Equals"),
        ("TrainingJobName", Some(Equals), None, "no Value"),
        ("TrainingJobName", Some(Equals), Some(""), "1 to 1024"),
        ("TrainingJobName", Some(Exists), Some("x"), "does not take"),
        ("TrainingJobName", None, None, "neither"),
    ];
    for (name, operator, value, part) in table {
        let error = Condition::new(property(name), operator, value).expect_err(name);
        assert!(error.0.contains(part), "{name} {operator:?}: {error}");
        assert!(error.0.contains(name), "{name} {operator:?}: {error}");
    }
    for name in [
        "",
        "Tags.",
        "Name",
        "Environment.",
        "Pipeline",
        "InputDataConfig.X",
    ] {
        let error = Property::parse(Resource::TrainingJob, name).expect_err(name);
        assert!(error.0.contains(&format!("'{name}'")), "{error}");
    }
    assert!(Property::parse(Resource::Pipeline, "Environment.X").is_err());
}

#[test]
fn a_value_without_an_operator_means_equality() {
    let bare = Condition::new(property("TrainingJobName"), None, Some("daily-7"));
    assert_eq!(bare.expect("a condition").test.operator, Operator::Equals);
}

#[test]
fn a_nested_filter_asks_one_item() {
    let nested = |pairs: &[(&str, &str)]| {
        let conditions = pairs
            .iter()
            .map(|(name, value)| {
                Condition::new(property(name), None, Some(value)).expect("a condition")
            })
            .collect();
        Nested::new(property("InputDataConfig"), conditions)
    };
    let (channel, mode) = ("InputDataConfig.ChannelName", "InputDataConfig.InputMode");
    for (pairs, holds) in [
        ([(channel, "a"), (mode, "File")], true),
        ([(channel, "a"), (mode, "Pipe")], false),
    ] {
        let expression = Expression::Nested(nested(&pairs).expect("a nested filter"));
        assert_eq!(expression.matches(&document()), holds, "{pairs:?}");
    }
    nested(&[("TrainingJobName", "x")]).expect_err("another property");
    nested(&[]).expect_err("nothing");
    Nested::new(property("ResourceConfig"), Vec::new()).expect_err("no list");
}

fn any_condition() -> impl Strategy<Value = Expression> {
    let name = prop::sample::select(vec![
        "TrainingJobName",
        "TrainingJobStatus",
        "FailureReason",
        "Tags.a.b",
        "Tags.absent",
        "Environment.SM_INPUT_NOTEBOOK_NAME",
    ]);
    let operator = prop::sample::select(vec![
        Operator::Equals,
        Operator::NotEquals,
        Operator::Contains,
        Operator::In,
        Operator::Exists,
        Operator::NotExists,
    ]);
    let value = prop::sample::select(vec!["daily-7", "Completed", "a", "x,daily-7"]);
    (name, operator, value).prop_map(|(name, operator, value)| {
        let takes_value = !matches!(operator, Operator::Exists | Operator::NotExists);
        condition(name, operator, takes_value.then_some(value))
    })
}

fn any_expression() -> impl Strategy<Value = Expression> {
    any_condition().prop_recursive(4, 32, 4, |inner| {
        (any::<bool>(), prop::collection::vec(inner, 1..4)).prop_map(|(all, parts)| {
            Expression::Joined(if all { Join::And } else { Join::Or }, parts)
        })
    })
}

proptest! {
    #[test]
    fn and_needs_all_and_or_needs_one(parts in prop::collection::vec(any_expression(), 1..5)) {
        let held: Vec<bool> = parts.iter().map(|part| part.matches(&document())).collect();
        let all = Expression::Joined(Join::And, parts.clone()).matches(&document());
        let one = Expression::Joined(Join::Or, parts).matches(&document());
        prop_assert_eq!(all, held.iter().all(|held| *held));
        prop_assert_eq!(one, held.iter().any(|held| *held));
    }

    #[test]
    fn a_test_and_its_opposite_never_agree(value in "[a-z,]{1,4}", text in "[a-z,]{0,4}", there: bool) {
        let document = if there { json!({"FailureReason": text}) } else { json!({}) };
        for (one, other) in [
            (Operator::Equals, Operator::NotEquals),
            (Operator::Exists, Operator::NotExists),
        ] {
            let value = (one == Operator::Equals).then_some(value.as_str());
            let holds = condition("FailureReason", one, value).matches(&document);
            prop_assert_ne!(holds, condition("FailureReason", other, value).matches(&document));
        }
    }

    #[test]
    fn no_text_breaks_the_reading(name in ".{0,300}", value in ".{0,20}") {
        if let Ok(property) = Property::parse(Resource::TrainingJob, &name) {
            for operator in Operator::ALL {
                if let Ok(condition) = Condition::new(property.clone(), Some(operator), Some(&value)) {
                    Expression::Condition(condition).matches(&document());
                }
            }
        }
    }
}
