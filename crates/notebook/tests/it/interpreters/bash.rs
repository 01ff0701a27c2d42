//! Bash.

use super::{EVERYTHING, Holds, NO_NUL, VALUES, check, command, hex};
use crate::parameters::rendered;
use notebook::{Parameters, Value};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

#[test]
fn bash() {
    // Words only: what is nested is JSON.
    let words = Holds {
        text: NO_NUL,
        key: "[\\x01-\\u{3ff}]{1,12}|[\"'`$@#%&{}()\\[\\]\\\\\\n\\t;:?!~*=<>|^ -]{1,16}",
        nested: false,
        ..EVERYTHING
    };
    let word = |value: &Value| match value {
        Value::Null => String::new(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => notebook::parameters::python_float(*value),
        Value::Str(text) => text.clone(),
        other => other.to_json().to_string(),
    };
    let mut runner = TestRunner::new(Config::default());
    let strategy = prop_oneof![
        words.values(),
        prop::collection::vec(words.values(), 0..5).prop_map(Value::List),
        prop::collection::btree_map(words.key, words.values(), 0..5)
            .prop_map(|map| Value::Dict(map.into_iter().collect())),
        Just(Value::List(vec![
            Value::List(vec![Value::Null]),
            Value::Dict(vec![("k".into(), Value::Int(1))])
        ])),
    ];
    let values: Vec<Value> = (0..VALUES)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect();
    let hexes = |words: Vec<String>| json!(words.iter().map(|word| hex(word)).collect::<Vec<_>>());
    let program = |cell: &str, names: &[String]| {
        let mut program = format!(
            "{cell}\ntell() {{ local first=1; printf '['; for w in \"$@\"; do [ $first = 1 ] || printf ','; first=0; printf '\"'; printf '%s' \"$w\" | od -An -v -tx1 | tr -d ' \\n'; printf '\"'; done; printf ']\\n'; }}\n"
        );
        for (name, value) in names.iter().zip(&values) {
            program += &match value {
                Value::List(_) => format!("tell \"${{{name}[@]}}\"\n"),
                // In the order of the keys, which Bash doesn't keep.
                Value::Dict(all) => {
                    let keys = rendered(
                        "bash",
                        Parameters::from_iter([(
                            "keys",
                            Value::List(
                                all.iter().map(|(key, _)| Value::Str(key.clone())).collect(),
                            ),
                        )]),
                    )
                    .unwrap();
                    format!(
                        "{keys}words=(${{#{name}[@]}}); for k in \"${{keys[@]}}\"; do words+=(\"${{{name}[$k]}}\"); done; tell \"${{words[@]}}\"\n"
                    )
                }
                _ => format!("tell \"${name}\"\n"),
            };
        }
        program
    };
    let expected = |value: &Value| match value {
        Value::List(values) => hexes(values.iter().map(word).collect()),
        Value::Dict(all) => hexes(
            [all.len().to_string()]
                .into_iter()
                .chain(all.iter().map(|(_, value)| word(value)))
                .collect(),
        ),
        other => hexes(vec![word(other)]),
    };
    check(
        "bash",
        values.clone(),
        program,
        |file| command("bash", file),
        expected,
    );
}
