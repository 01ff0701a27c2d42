//! Octave.

use super::{EVERYTHING, Holds, check, hex, ints_as_floats, told_in_hex};
use notebook::Value;
use serde_json::json;
use std::path::Path;
use std::process::Command;

#[test]
fn octave() {
    // Octave has one kind of number, and its null is NaN.
    fn expected(value: &Value) -> serde_json::Value {
        match &ints_as_floats(value, i128::MAX) {
            Value::Null => json!(["float", "nan"]),
            Value::List(values) => json!(["list", values.iter().map(expected).collect::<Vec<_>>()]),
            Value::Dict(all) => {
                let entries = all
                    .iter()
                    .map(|(key, value)| json!([hex(key), expected(value)]));
                json!(["dict", entries.collect::<Vec<_>>()])
            }
            other => told_in_hex(other),
        }
    }
    let holds = Holds {
        int: 1 << 53,
        key: "[\\x01-\\u{3ff}]{1,9}",
        ..EVERYTHING
    };
    let program = |cell: &str, names: &[String]| {
        let tell = include_str!("tell.m");
        let names = names.join(", ");
        format!("1;\n{tell}{cell}for v = {{{names}}}\n printf(\"%s\\n\", told(v{{1}}));\nend\n")
    };
    let run = |file: &Path| {
        let mut command = Command::new("octave-cli");
        command.args(["--no-init-file", "--quiet"]).arg(file);
        command
    };
    check("octave", holds.sample(), program, run, expected);
}
