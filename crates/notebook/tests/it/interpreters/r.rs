//! R.

use super::{Holds, NO_NUL, check, command, hex, ints_as_floats, told_in_hex};
use notebook::Value;
use serde_json::json;

#[test]
fn r() {
    // R has one kind of number, and an empty mapping is an empty list. It reads decimals not always to the last bit, so
    // it is asked only for floats with few digits.
    fn expected(value: &Value) -> serde_json::Value {
        match &ints_as_floats(value, i128::MAX) {
            Value::List(values) => json!(["list", values.iter().map(expected).collect::<Vec<_>>()]),
            Value::Dict(all) if all.is_empty() => json!(["list", []]),
            Value::Dict(all) => {
                let all: Vec<_> = all
                    .iter()
                    .map(|(key, value)| json!([hex(key), expected(value)]))
                    .collect();
                json!(["dict", all])
            }
            other => told_in_hex(other),
        }
    }
    let holds = Holds {
        int: 1 << 53,
        text: NO_NUL,
        key: NO_NUL,
        nested: true,
        float: |number| {
            !number.is_finite() || number.abs() < 1e12 && (number * 1024.0).fract() == 0.0
        },
    };
    let program = |cell: &str, names: &[String]| {
        let tell = include_str!("tell.R");
        format!(
            "{cell}{tell}for (v in list({})) cat(told(v), \"\\n\", sep = \"\")",
            names.join(", ")
        )
    };
    check(
        "R",
        holds.sample(),
        program,
        |file| command("Rscript", file),
        expected,
    );
}
