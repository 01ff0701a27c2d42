//! Parameters, read back by the languages themselves: each rendered value, run in its own language, is the value that
//! was passed. Many values go through one start of an interpreter, which tells them as nested lists of kinds and values.

use super::parameters::rendered;
use super::venv;
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

fn command(program: impl Into<PathBuf>, file: &Path) -> Command {
    let mut command = Command::new(program.into());
    command.arg(file);
    command
}

#[test]
fn python() {
    let program = |cell: &str, names: &[String]| {
        let tell = include_str!("interpreters/tell.py");
        format!(
            "{cell}{tell}for v in [{}]: print(json.dumps(told(v)))",
            names.join(", ")
        )
    };
    let run = |file: &Path| command(venv().join("bin/python"), file);
    check("python", EVERYTHING.sample(), program, run, told);
}

#[test]
fn javascript() {
    let program = |cell: &str, names: &[String]| {
        let tell = include_str!("interpreters/tell.js");
        format!(
            "{cell}{tell}for (const v of [{}]) console.log(JSON.stringify(told(v)));",
            names.join(", ")
        )
    };
    // JavaScript's numbers below 2^53 are floats.
    let expected = |value: &Value| told(&ints_as_floats(value, (1 << 53) - 1));
    check(
        "javascript",
        EVERYTHING.sample(),
        program,
        |file| command("node", file),
        expected,
    );
}

#[test]
fn ruby() {
    let program = |cell: &str, names: &[String]| {
        let tell = include_str!("interpreters/tell.rb");
        format!(
            "{cell}{tell}[{}].each {{ |v| puts JSON.generate(told(v)) }}",
            names.join(", ")
        )
    };
    check(
        "ruby",
        EVERYTHING.sample(),
        program,
        |file| command("ruby", file),
        told,
    );
}

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
        let tell = include_str!("interpreters/tell.R");
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
        let tell = include_str!("interpreters/tell.pl");
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
        let tell = include_str!("interpreters/tell.php");
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
        command.args(["-batch", ":memory:", &format!(".read '{}'", file.display())]);
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

#[test]
fn rust() {
    let program = |cell: &str, names: &[String]| {
        let tell = include_str!("interpreters/tell.rs.txt");
        let lines: String = names
            .iter()
            .map(|name| format!("println!(\"{{}}\", {name}.told());\n"))
            .collect();
        format!("{tell}fn main() {{\n{cell}{lines}}}")
    };
    let run = |file: &Path| {
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                "mv \"$1\" program.rs && rustc --edition 2024 -o run program.rs && ./run",
                "sh",
            ])
            .arg(file);
        command
    };
    check("rust", EVERYTHING.sample(), program, run, told_in_hex);
}

#[test]
#[ignore = "needs go"]
fn go() {
    let program = |cell: &str, names: &[String]| {
        format!(
            "{}{cell}func main() {{ tell({}) }}",
            include_str!("interpreters/tell.go"),
            names.join(", ")
        )
    };
    let run = |file: &Path| {
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                "mv \"$1\" program.go && GOCACHE=$PWD/cache go run program.go",
                "sh",
            ])
            .arg(file);
        command
    };
    let holds = Holds {
        int: i128::from(i64::MAX),
        ..EVERYTHING
    };
    check("go", holds.sample(), program, run, told);
}

#[test]
#[ignore = "needs java"]
fn java() {
    let program = |cell: &str, names: &[String]| {
        let lines: String = names
            .iter()
            .map(|name| format!("System.out.println(told({name}));\n"))
            .collect();
        format!(
            "class Program {{\n{}public static void main(String[] a) {{\n{cell}{lines}}} }}",
            include_str!("interpreters/tell.java")
        )
    };
    let run = |file: &Path| {
        let mut command = Command::new("sh");
        command
            .args(["-c", "mv \"$1\" Program.java && java Program.java", "sh"])
            .arg(file);
        command
    };
    check("java", EVERYTHING.sample(), program, run, told_in_hex);
}

#[test]
#[ignore = "needs g++"]
fn cpp() {
    let program = |cell: &str, names: &[String]| {
        let (includes, sets): (Vec<_>, Vec<_>) =
            cell.lines().partition(|line| line.starts_with('#'));
        let lines: String = names
            .iter()
            .map(|name| format!("std::cout << told({name}) << std::endl;\n"))
            .collect();
        format!(
            "{}\n{}int main() {{\n{}\n{lines}}}",
            includes.join("\n"),
            include_str!("interpreters/tell.cpp"),
            sets.join("\n")
        )
    };
    let run = |file: &Path| {
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                "mv \"$1\" program.cpp && g++ -std=c++17 -o run program.cpp && ./run",
                "sh",
            ])
            .arg(file);
        command
    };
    let holds = Holds {
        int: i128::from(i64::MAX),
        ..EVERYTHING
    };
    check("c++", holds.sample(), program, run, told_in_hex);
}

#[test]
#[ignore = "needs octave"]
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
        let tell = include_str!("interpreters/tell.m");
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
