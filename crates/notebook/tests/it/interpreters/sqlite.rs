//! SQL, by SQLite.

use super::{EVERYTHING, Holds, NO_NUL, check, hex};
use notebook::Value;
use serde_json::json;
use std::path::Path;
use std::process::Command;

#[test]
fn sqlite() {
    fn expected(value: &Value) -> serde_json::Value {
        match value {
            Value::Null => json!(["null", ""]),
            Value::Bool(value) => json!(["integer", hex(&u8::from(*value).to_string())]),
            Value::Int(value) => json!(["integer", hex(&value.to_string())]),
            Value::Float(_) => json!(["real", ""]),
            Value::Str(text) => json!(["text", hex(text)]),
            nested => json!(["text", hex(&nested.to_json().to_string())]),
        }
    }
    let holds = Holds {
        int: i128::from(i64::MAX),
        float: |number| !number.is_nan(),
        ..EVERYTHING
    };
    let program = |cell: &str, names: &[String]| {
        let tell = names.iter().map(|name| {
            let shown = format!("CASE typeof({name}) WHEN 'real' THEN '' ELSE lower(hex(CAST({name} AS TEXT))) END");
            format!("SELECT '[\"' || typeof({name}) || '\",\"' || coalesce({shown}, '') || '\"]' FROM parameters;\n")
        });
        format!("{cell}{}", tell.collect::<String>())
    };
    let run = |file: &Path| {
        let mut command = Command::new("sqlite3");
        // An argument, since the line reader for files takes carriage returns away. It must not look like an option.
        let program = std::fs::read_to_string(file).unwrap();
        command.args(["-batch", ":memory:", &format!("\n{program}")]);
        command
    };
    check("sqlite", holds.sample(), program, run, expected);
    let finite = Holds {
        text: NO_NUL,
        key: NO_NUL,
        float: f64::is_finite,
        ..holds
    };
    check("sql", finite.sample(), program, run, expected);
}
