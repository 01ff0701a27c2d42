//! Parameters, read back by the languages themselves: each rendered value, run in its own language, is the value that
//! was passed. Many values go through one start of an interpreter, which tells them as nested lists of kinds and values.

mod bash;
mod cpp;
mod csharp;
mod go;
mod java;
mod javascript;
mod octave;
mod perl;
mod php;
mod python;
mod r;
mod ruby;
mod rust;
mod scala;
mod sqlite;

use super::parameters::rendered;
use notebook::{Parameters, Value};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How many values each language is asked for.
const VALUES: usize = 400;

/// What of a value a language can hold or tell apart.
struct Holds {
    /// Whole numbers from `-int` to `int`.
    int: i128,
    /// Characters of texts, as a regular expression.
    text: &'static str,
    /// Characters of keys.
    key: &'static str,
    nested: bool,
    float: fn(f64) -> bool,
}

const ANY_TEXT: &str =
    "\\PC{0,6}|[\\x00-\\u{3ff}]{0,12}|[\"'`$@#%&{}()\\[\\]\\\\\\n\\r\\t;:?!~*=<>|^ -]{0,16}";
const NO_NUL: &str =
    "\\PC{0,6}|[\\x01-\\u{3ff}]{0,12}|[\"'`$@#%&{}()\\[\\]\\\\\\n\\r\\t;:?!~*=<>|^ -]{0,16}";
const EVERYTHING: Holds = Holds {
    int: i128::MAX,
    text: ANY_TEXT,
    key: ANY_TEXT,
    nested: true,
    float: |_| true,
};

impl Holds {
    fn values(&self) -> impl Strategy<Value = Value> {
        let (int, float) = (self.int, self.float);
        let ints = prop_oneof![
            -9_i128..10,
            -int..=int,
            Just(i128::from(i32::MIN)),
            Just(i128::from(i32::MAX) + 1),
            Just(int),
            Just(-int)
        ];
        let floats = prop_oneof![
            any::<f64>(),
            -1e3..1e3_f64,
            Just(f64::INFINITY),
            Just(f64::NEG_INFINITY),
            Just(f64::NAN),
            Just(1e22),
            Just(1e-7),
            Just(-0.0),
            Just(5e-324)
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            ints.prop_filter("out of range", move |number| number.unsigned_abs()
                <= int.unsigned_abs())
                .prop_map(Value::Int),
            floats
                .prop_filter("not to be told", move |number| float(*number))
                .prop_map(Value::Float),
            self.text.prop_map(Value::Str),
        ];
        let key = self.key;
        let levels = if self.nested { 3 } else { 0 };
        leaf.prop_recursive(levels, 16, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
                prop::collection::btree_map(key, inner, 0..4)
                    .prop_map(|map| Value::Dict(map.into_iter().collect())),
            ]
        })
    }

    /// Values at random, new ones in each run of the tests.
    fn sample(&self) -> Vec<Value> {
        let mut runner = TestRunner::new(Config::default());
        let values = self.values();
        (0..VALUES)
            .map(|_| values.new_tree(&mut runner).unwrap().current())
            .collect()
    }
}

/// A value as nested lists that tell its kind, as the programs of the tests tell it. Floats are told by the sixteen hex
/// digits of their bits.
fn told(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => json!(["null"]),
        Value::Bool(value) => json!(["bool", value]),
        Value::Int(value) => json!(["int", value.to_string()]),
        Value::Float(value) if value.is_nan() => json!(["float", "nan"]),
        Value::Float(value) => json!(["float", format!("{:016x}", value.to_bits())]),
        Value::Str(value) => json!(["str", value]),
        Value::List(values) => json!(["list", values.iter().map(told).collect::<Vec<_>>()]),
        Value::Dict(all) => {
            let mut all: Vec<_> = all
                .iter()
                .map(|(key, value)| json!([key, told(value)]))
                .collect();
            all.sort_by_key(|entry| entry[0].as_str().unwrap().to_owned());
            json!(["dict", all])
        }
    }
}

/// Has a language tell what it made of values. `program` makes a program from the cell and the variables' names; `run`
/// is the command for its file, which tells one value as JSON on each line.
fn check(
    language: &str,
    values: Vec<Value>,
    program: impl Fn(&str, &[String]) -> String,
    run: impl Fn(&Path) -> Command,
    expected: impl Fn(&Value) -> serde_json::Value,
) {
    let names: Vec<String> = (0..values.len()).map(|index| format!("p{index}")).collect();
    let parameters: Parameters = names.iter().cloned().zip(values.iter().cloned()).collect();
    let cell = rendered(language, parameters).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("program");
    std::fs::write(&file, program(&cell, &names)).unwrap();
    let mut command = run(&file);
    let output = command
        .current_dir(folder.path())
        .env("LANG", "C.UTF-8")
        .env("LC_ALL", "C.UTF-8")
        .output();
    let output =
        output.unwrap_or_else(|error| panic!("{language} is needed: {command:?}: {error}"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{language}: {stderr:.2000}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    let read: Vec<serde_json::Value> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    assert_eq!(read.len(), values.len(), "{language}: {stderr}");
    let wrong = values
        .iter()
        .zip(&read)
        .find(|(value, read)| expected(value) != **read);
    if let Some((value, read)) = wrong {
        let cell = rendered(language, Parameters::from_iter([("p", value.clone())])).unwrap();
        panic!("{language} reads {value:?} as {read}\n{cell}");
    }
}

/// Whole numbers up to a limit become floats.
fn ints_as_floats(value: &Value, limit: i128) -> Value {
    let again = |value: &Value| ints_as_floats(value, limit);
    match value {
        Value::Int(number) if number.unsigned_abs() <= limit.unsigned_abs() => {
            Value::Float(*number as f64)
        }
        Value::List(values) => Value::List(values.iter().map(again).collect()),
        Value::Dict(all) => Value::Dict(
            all.iter()
                .map(|(key, value)| (key.clone(), again(value)))
                .collect(),
        ),
        other => other.clone(),
    }
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// [`told`], with texts and keys in hex, for languages that have no JSON at hand.
fn told_in_hex(value: &Value) -> serde_json::Value {
    match value {
        Value::Str(text) => json!(["str", hex(text)]),
        Value::List(values) => json!(["list", values.iter().map(told_in_hex).collect::<Vec<_>>()]),
        Value::Dict(all) => {
            let mut all: Vec<_> = all.iter().collect();
            all.sort_by_key(|(key, _)| key);
            let all: Vec<_> = all
                .iter()
                .map(|(key, value)| json!([hex(key), told_in_hex(value)]))
                .collect();
            json!(["dict", all])
        }
        other => told(other),
    }
}

/// The command for a program that takes the file.
fn command(program: impl Into<PathBuf>, file: &Path) -> Command {
    let mut command = Command::new(program.into());
    command.arg(file);
    command
}

/// The command for a line of shell in which `$1` is the file.
fn script(line: &str, file: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", line, "sh"]).arg(file);
    command
}
