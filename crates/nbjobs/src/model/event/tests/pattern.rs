//! The pattern language, filter by filter, and what must hold of any pattern and event.

use super::super::pattern::Pattern;
use proptest::prelude::*;
use serde_json::{Value, json};

fn matches(pattern: Value, event: &Value) -> bool {
    Pattern::parse(&pattern.to_string())
        .unwrap_or_else(|error| panic!("{pattern}: {error}"))
        .matches(event)
}

/// Filters of one field; values that they take; values that they don't.
#[test]
fn filters() {
    let table = [
        (
            json!(["a", "b"]),
            json!(["a", "b", ["x", "b"], [["a"]]]),
            json!(["A", "ab", 1, null, [], {"a": 1}]),
        ),
        (json!([1]), json!([1, [2, 1]]), json!(["1", 2, true])),
        (
            json!([true, null]),
            json!([true, null]),
            json!([false, "true", "null", 0]),
        ),
        (json!([""]), json!([""]), json!(["x", null])),
        (
            json!([{"prefix": "eu-"}]),
            json!(["eu-west-1", "eu-"]),
            json!(["EU-west-1", "us-eu-1", 3]),
        ),
        (
            json!([{"prefix": {"equals-ignore-case": "EU-"}}]),
            json!(["eu-west", "Eu-"]),
            json!(["e", "us"]),
        ),
        (
            json!([{"suffix": ".csv"}]),
            json!(["a.csv", ".csv"]),
            json!(["a.CSV", "csv"]),
        ),
        (
            json!([{"suffix": {"equals-ignore-case": ".CSV"}}]),
            json!(["a.csv", "a.Csv"]),
            json!(["csv"]),
        ),
        (
            json!([{"equals-ignore-case": "Straße"}]),
            json!(["straße", "STRAßE"]),
            json!(["strasse"]),
        ),
        (
            json!([{"anything-but": "a"}]),
            json!(["b", 1, null, ["a", "b"]]),
            json!(["a", ["a"], []]),
        ),
        (
            json!([{"anything-but": ["a", "b"]}]),
            json!(["c"]),
            json!(["a", "b"]),
        ),
        (
            json!([{"anything-but": [100, 200]}]),
            json!([300, "100"]),
            json!([100]),
        ),
        (
            json!([{"anything-but": {"prefix": "init"}}]),
            json!(["x", "xinit"]),
            json!(["init", "initial"]),
        ),
        (
            json!([{"anything-but": {"prefix": ["a", "b"]}}]),
            json!(["x"]),
            json!(["ax", "bx"]),
        ),
        (
            json!([{"anything-but": {"suffix": ".txt"}}]),
            json!(["a.rtf"]),
            json!(["a.txt"]),
        ),
        (
            json!([{"anything-but": {"equals-ignore-case": ["INIT", "done"]}}]),
            json!(["x"]),
            json!(["init", "Done"]),
        ),
        (
            json!([{"anything-but": {"wildcard": "*/lib/*"}}]),
            json!(["/bin/a"]),
            json!(["/lib/a", "/usr/lib/"]),
        ),
        (
            json!([{"numeric": [">", 0, "<=", 5]}]),
            json!([1, 5, 0.1, 5.0]),
            json!([0, 5.1, "3", null]),
        ),
        (
            json!([{"numeric": ["=", 3.018e2]}]),
            json!([301.8]),
            json!([301, "301.8"]),
        ),
        (
            json!([{"numeric": ["<", -1.5]}]),
            json!([-2]),
            json!([-1.5]),
        ),
        (
            json!([{"exists": true}]),
            json!([1, "", null, [1]]),
            json!([{"a": 1}, []]),
        ),
        (
            json!([{"exists": false}]),
            json!([{"a": 1}, []]),
            json!([1, "", null]),
        ),
        (
            json!([{"cidr": "10.0.0.0/24"}]),
            json!(["10.0.0.0", "10.0.0.255"]),
            json!(["10.0.1.0", "::", "x"]),
        ),
        (
            json!([{"cidr": "0.0.0.0/0"}]),
            json!(["1.2.3.4"]),
            json!(["::1"]),
        ),
        (
            json!([{"cidr": "2001:db8::/33"}]),
            json!(["2001:db8::1"]),
            json!(["2001:db8:8000::1"]),
        ),
        (
            json!([{"wildcard": "dir/*.png"}]),
            json!(["dir/.png", "dir/a/b.png"]),
            json!(["dir/png", "x/dir/a.png"]),
        ),
        (
            json!([{"wildcard": "*a*b"}]),
            json!(["ab", "xaxb", "abab"]),
            json!(["b", "ba"]),
        ),
        (
            json!([{"wildcard": "a*a"}]),
            json!(["aa", "aba"]),
            json!(["a"]),
        ),
        (
            json!([{"wildcard": "a\\*b\\\\*"}]),
            json!(["a*b\\", "a*b\\c"]),
            json!(["axb\\"]),
        ),
        (
            json!([{"wildcard": "plain"}]),
            json!(["plain"]),
            json!(["plain "]),
        ),
        (
            json!(["x", {"prefix": "a"}, {"numeric": [">", 1]}]),
            json!(["x", "ab", 2]),
            json!(["b", 1]),
        ),
    ];
    for (filters, taken, refused) in table {
        let pattern = json!({"detail": {"field": filters}});
        for (values, wanted) in [(taken, true), (refused, false)] {
            for value in values.as_array().expect("a list") {
                let event = json!({"detail": {"field": value}});
                assert_eq!(
                    matches(pattern.clone(), &event),
                    wanted,
                    "{filters} of {value}"
                );
            }
        }
    }
}

#[test]
fn fields_and_alternatives() {
    let event = json!({"source": "aws.s3", "detail": {"bucket": {"name": "b"}, "size": 7,
        "items": [{"k": "a", "v": 1}, {"k": "b", "v": 2}]}});
    let table = [
        (
            json!({"source": ["aws.s3"], "detail": {"bucket": {"name": ["b"]}}}),
            true,
        ),
        (
            json!({"source": ["aws.s3"], "detail": {"bucket": {"name": ["c"]}}}),
            false,
        ),
        (json!({"detail": {"missing": {"deep": ["x"]}}}), false),
        (
            json!({"detail": {"missing": {"deep": [{"exists": false}]}}}),
            true,
        ),
        (
            json!({"detail": {"missing": [{"anything-but": "x"}]}}),
            false,
        ),
        // Side by side in the pattern, in one element of the event.
        (json!({"detail": {"items": {"k": ["a"], "v": [1]}}}), true),
        (json!({"detail": {"items": {"k": ["a"], "v": [2]}}}), false),
        (
            json!({"detail": {"items": {"k": ["a"], "w": [{"exists": false}]}}}),
            true,
        ),
        (
            json!({"detail": {"items": {"k": ["a"], "v": [{"exists": false}]}}}),
            false,
        ),
        (
            json!({"detail": {"$or": [{"size": [{"numeric": [">", 9]}]}, {"bucket": {"name": ["b"]}}]}}),
            true,
        ),
        (
            json!({"detail": {"$or": [{"size": [8]}, {"size": [9]}]}}),
            false,
        ),
        (
            json!({"source": ["aws.ec2"], "$or": [{"source": ["aws.s3"]}, {"account": ["1"]}]}),
            false,
        ),
        (
            json!({"$or": [{"detail": {"size": [7], "$or": [{"a": ["x"]}, {"size": [7]}]}}, {"account": ["1"]}]}),
            true,
        ),
    ];
    for (pattern, wanted) in table {
        assert_eq!(matches(pattern.clone(), &event), wanted, "{pattern}");
    }
    // A field that must not exist exists in no element.
    let event = json!({"detail": {"items": [{"k": "a"}, {"k": "b", "x": 1}]}});
    let pattern = json!({"detail": {"items": {"k": ["a"], "x": [{"exists": false}]}}});
    assert!(!matches(pattern, &event));
}

#[test]
fn what_is_no_pattern_is_refused_with_a_reason() {
    let table = [
        ("", "it is not JSON"),
        ("[]", "Filter is not an object"),
        ("{}", "Empty pattern"),
        (r#"{"a": "b"}"#, r#""a" must be an object or an array"#),
        (r#"{"a": []}"#, "Empty arrays"),
        (r#"{"a": {}}"#, "Empty objects"),
        (r#"{"a": [["b"]]}"#, "Match value must be"),
        (
            r#"{"a": [{"regex": "b"}]}"#,
            "Unrecognized match type regex",
        ),
        (r#"{"a": [{"prefix": "b", "suffix": "c"}]}"#, "Only one key"),
        (r#"{"a": [{"prefix": 3}]}"#, "prefix match pattern"),
        (
            r#"{"a": [{"prefix": {"wildcard": "b"}}]}"#,
            "prefix match pattern",
        ),
        (r#"{"a": [{"exists": "yes"}]}"#, "exists match pattern"),
        (r#"{"a": [{"cidr": "10.0.0.0/33"}]}"#, "Malformed CIDR"),
        (r#"{"a": [{"numeric": []}]}"#, "numeric takes"),
        (r#"{"a": [{"numeric": ["<", 1, ">", 0]}]}"#, "numeric takes"),
        (
            r#"{"a": [{"numeric": [">", 1, "<", 1]}]}"#,
            "Bottom must be less",
        ),
        (
            r#"{"a": [{"numeric": [">", 6e9]}]}"#,
            "Value of numeric must be between -5.0e9",
        ),
        (r#"{"a": [{"numeric": ["~", 6]}]}"#, "Unrecognized numeric"),
        (r#"{"a": [{"anything-but": []}]}"#, "Inside anything but"),
        (
            r#"{"a": [{"anything-but": ["x", 1]}]}"#,
            "Inside anything but",
        ),
        (
            r#"{"a": [{"anything-but": {"exists": true}}]}"#,
            "Unsupported anything-but",
        ),
        (r#"{"a": [{"wildcard": "a**"}]}"#, "Consecutive wildcard"),
        (r#"{"a": [{"wildcard": "a\\n"}]}"#, "Invalid escape"),
        (r#"{"$or": [{"a": ["b"]}]}"#, "There must have at least 2"),
        (
            r#"{"$or": [{"a": ["b"]}, {}]}"#,
            r#""$or" must be an array of objects"#,
        ),
    ];
    for (text, reason) in table {
        let error = Pattern::parse(text).expect_err(text).to_string();
        let wanted = format!("Event pattern is not valid. Reason: {reason}");
        assert!(error.contains(&wanted), "{text}: {error}");
    }
    let deep = format!("{}[1]{}", r#"{"a":"#.repeat(120), "}".repeat(120));
    assert!(Pattern::parse(&deep).is_err());
    assert!(Pattern::parse(&format!(r#"{{"a": ["{}"]}}"#, "x".repeat(4096))).is_err());
}

/// Any small event.
fn event() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-9..9_i64).prop_map(Value::from),
        "[ab]{0,3}".prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c]", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    });
    prop::collection::btree_map("[a-c]", value, 0..4)
        .prop_map(|map| Value::Object(map.into_iter().collect()))
}

/// The pattern that asks for exactly what an event says; none where an event says nothing.
fn pattern_of(event: &Value) -> Option<Value> {
    let map = event.as_object()?;
    let mut pattern = serde_json::Map::new();
    for (name, value) in map {
        let node = match value {
            Value::Object(_) => pattern_of(value),
            Value::Array(list) => list
                .iter()
                .find(|one| !one.is_object() && !one.is_array())
                .map(|leaf| json!([leaf])),
            leaf => Some(json!([leaf])),
        };
        pattern.extend(node.map(|node| (name.clone(), node)));
    }
    (!pattern.is_empty()).then_some(Value::Object(pattern))
}

proptest! {
    #[test]
    fn an_event_matches_what_it_says_and_one_filter_more_narrows(event in event(), other in event()) {
        if let Some(pattern) = pattern_of(&event) {
            prop_assert!(matches(pattern.clone(), &event), "{} of {}", pattern, event);
            let either = json!({"$or": [pattern.clone(), {"none": ["of this"]}]});
            prop_assert!(matches(either, &event));
            let mut narrower = pattern.clone();
            narrower["d"] = json!([{"exists": true}]);
            prop_assert!(!matches(narrower, &event));
            let mut without = pattern.clone();
            without["d"] = json!([{"exists": false}]);
            prop_assert_eq!(matches(without, &other), matches(pattern, &other));
        }
    }

    #[test]
    fn a_value_exists_or_does_not(event in event()) {
        let exists = |wanted: bool| matches(json!({"a": [{"exists": wanted}]}), &event);
        prop_assert_eq!(exists(true), !exists(false));
    }

    #[test]
    fn a_wildcard_is_the_regular_expression_that_it_means(pattern in "[ab*]{0,8}", text in "[ab]{0,8}") {
        prop_assume!(!pattern.contains("**"));
        let expression = format!("^{}$", pattern.replace('*', ".*"));
        let wanted = regex::Regex::new(&expression).expect("an expression").is_match(&text);
        prop_assert_eq!(matches(json!({"a": [{"wildcard": pattern}]}), &json!({"a": text})), wanted);
    }

    #[test]
    fn no_text_breaks_the_reader(text in "\\PC{0,60}") {
        let _ = Pattern::parse(&text);
    }
}
