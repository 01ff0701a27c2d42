//! PHP.

use super::{EVERYTHING, Holds, check, command, told};
use notebook::Value;
use serde_json::json;

#[test]
fn php() {
    // PHP has one kind of array: an empty mapping is an empty list, keys of digits are numbers.
    fn expected(value: &Value) -> serde_json::Value {
        match value {
            Value::Dict(all) if all.is_empty() => json!(["list", []]),
            Value::List(values) => json!(["list", values.iter().map(expected).collect::<Vec<_>>()]),
            Value::Dict(all) => {
                json!([
                    "dict",
                    all.iter()
                        .map(|(key, value)| json!([key, expected(value)]))
                        .collect::<Vec<_>>()
                ])
            }
            other => told(other),
        }
    }
    let holds = Holds {
        int: i128::from(i64::MAX),
        key: "[^0-9]{1,9}",
        ..EVERYTHING
    };
    let program = |cell: &str, names: &[String]| {
        let tell = include_str!("tell.php");
        let names: Vec<_> = names.iter().map(|name| format!("${name}")).collect();
        format!(
            "<?php\n{cell}{tell}foreach ([{}] as $v) echo json_encode(told($v), JSON_THROW_ON_ERROR), \"\\n\";",
            names.join(", ")
        )
    };
    check(
        "php",
        holds.sample(),
        program,
        |file| command("php", file),
        expected,
    );
}
