//! Perl.

use super::{EVERYTHING, check, command, hex, told_in_hex};
use notebook::Value;
use serde_json::json;

#[test]
fn perl() {
    // Perl's truth values are 1 and 0.
    fn expected(value: &Value) -> serde_json::Value {
        match value {
            Value::Bool(value) => json!(["int", u8::from(*value).to_string()]),
            Value::List(values) => json!(["list", values.iter().map(expected).collect::<Vec<_>>()]),
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
    let program = |cell: &str, names: &[String]| {
        let tell = include_str!("tell.pl");
        let names: Vec<_> = names.iter().map(|name| format!("${name}")).collect();
        format!(
            "use strict; use warnings;\n{cell}{tell}print told($_), \"\\n\" for ({});",
            names.join(", ")
        )
    };
    check(
        "perl",
        EVERYTHING.sample(),
        program,
        |file| command("perl", file),
        expected,
    );
}
