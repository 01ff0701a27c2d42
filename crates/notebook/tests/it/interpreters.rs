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

const ANY_TEXT: &str = "\\PC{0,6}|[\\x00-\\u{3ff}]{0,12}|[\"'`$@#%&{}()\\[\\]\\\\\\n\\r\\t;:?!~*=<>|^ -]{0,16}";
const NO_NUL: &str = "\\PC{0,6}|[\\x01-\\u{3ff}]{0,12}|[\"'`$@#%&{}()\\[\\]\\\\\\n\\r\\t;:?!~*=<>|^ -]{0,16}";
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
            ints.prop_filter("out of range", move |number| number.abs() <= int).prop_map(Value::Int),
            floats.prop_filter("not to be told", move |number| float(*number)).prop_map(Value::Float),
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
            let mut all: Vec<_> = all.iter().map(|(key, value)| json!([key, told(value)])).collect();
            all.sort_by_key(|entry| entry[0].as_str().unwrap().to_owned());
            json!(["dict", all])
        }
    }
}

/// What became of values in a language. `program` makes the source of a program from the cell and the variables' names;
/// `run` runs the file and gives its output, which tells one value as JSON on each line.
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
    let output = command.current_dir(folder.path()).env("LANG", "C.UTF-8").env("LC_ALL", "C.UTF-8").output();
    let output = output.unwrap_or_else(|error| panic!("{language} is needed: {command:?}: {error}"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{language}: {stderr:.2000}\n{cell:.2000}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    let read: Vec<serde_json::Value> = stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!(read.len(), values.len(), "{language}: {stderr}");
    let wrong = values.iter().zip(&read).find(|(value, read)| expected(value) != **read);
    if let Some((value, read)) = wrong {
        let cell = rendered(language, Parameters::from_iter([("p", value.clone())])).unwrap();
        panic!("{language} reads {value:?} as {read}\n{cell}");
    }
}

fn command(program: impl Into<PathBuf>, file: &Path) -> Command {
    let mut command = Command::new(program.into());
    command.arg(file);
    command
}

#[test]
fn python() {
    const TELL: &str = "
import json, struct
def told(v):
    if v is None: return ['null']
    if isinstance(v, bool): return ['bool', v]
    if isinstance(v, int): return ['int', str(v)]
    if isinstance(v, float): return ['float', 'nan' if v != v else struct.pack('>d', v).hex()]
    if isinstance(v, str): return ['str', v]
    if isinstance(v, list): return ['list', [told(x) for x in v]]
    return ['dict', [[k, told(v[k])] for k in sorted(v)]]
";
    let program = |cell: &str, names: &[String]| format!("{cell}{TELL}for v in [{}]: print(json.dumps(told(v)))", names.join(", "));
    check("python", EVERYTHING.sample(), program, |file| command(venv().join("bin/python"), file), told);
}

#[test]
fn javascript() {
    const TELL: &str = r#"
const bits = v => { const view = new DataView(new ArrayBuffer(8)); view.setFloat64(0, v); return view.getBigUint64(0).toString(16).padStart(16, "0"); };
const told = v => v === null ? ["null"] : typeof v === "boolean" ? ["bool", v]
  : typeof v === "bigint" ? ["int", String(v)] : typeof v === "number" ? ["float", Number.isNaN(v) ? "nan" : bits(v)]
  : typeof v === "string" ? ["str", v] : Array.isArray(v) ? ["list", v.map(told)]
  : ["dict", Object.entries(v).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))).map(([k, x]) => [k, told(x)])];
"#;
    // JavaScript's numbers up to 2^53 are floats.
    fn expected(value: &Value) -> serde_json::Value {
        told(&numbers_as_floats(value, (1 << 53) - 1))
    }
    let program = |cell: &str, names: &[String]| format!("{cell}{TELL}for (const v of [{}]) console.log(JSON.stringify(told(v)));", names.join(", "));
    check("javascript", EVERYTHING.sample(), program, |file| command("node", file), expected);
}

/// Whole numbers up to a limit become floats.
fn numbers_as_floats(value: &Value, limit: i128) -> Value {
    let again = |value: &Value| numbers_as_floats(value, limit);
    match value {
        Value::Int(number) if number.abs() <= limit => Value::Float(*number as f64),
        Value::List(values) => Value::List(values.iter().map(again).collect()),
        Value::Dict(all) => Value::Dict(all.iter().map(|(key, value)| (key.clone(), again(value))).collect()),
        other => other.clone(),
    }
}

#[test]
fn r() {
    const TELL: &str = r#"
hex <- function(s) paste(format(as.hexmode(as.integer(charToRaw(enc2utf8(s)))), width = 2), collapse = "")
str <- function(s) if (nchar(s) == 0) "" else hex(s)
told <- function(v) {
  if (is.null(v)) return('["null"]')
  if (is.logical(v)) return(if (v) '["bool",true]' else '["bool",false]')
  if (is.numeric(v)) return(if (is.nan(v)) '["float","nan"]' else sprintf('["float","%s"]', paste(rev(format(as.hexmode(as.integer(writeBin(v, raw(), endian = "little"))), width = 2)), collapse = "")))
  if (is.character(v)) return(sprintf('["str","%s"]', str(v)))
  if (is.null(names(v))) return(sprintf('["list",[%s]]', paste(vapply(v, told, ""), collapse = ",")))
  entries <- mapply(function(k, x) sprintf('["%s",%s]', str(k), told(x)), names(v), v)
  sprintf('["dict",[%s]]', paste(entries, collapse = ","))
}
"#;
    // R has one kind of number, and no way to tell an empty mapping from an empty list. Its texts are told in hex. Its
    // reader of decimals is not exact to the last bit, so only such floats are taken as it reads exactly.
    fn expected(value: &Value) -> serde_json::Value {
        match &numbers_as_floats(value, i128::MAX) {
            Value::Str(text) => json!(["str", hex(text)]),
            Value::List(values) => json!(["list", values.iter().map(expected).collect::<Vec<_>>()]),
            Value::Dict(all) if all.is_empty() => json!(["list", []]),
            Value::Dict(all) => json!(["dict", all.iter().map(|(key, value)| json!([hex(key), expected(value)])).collect::<Vec<_>>()]),
            other => told(other),
        }
    }
    let holds = Holds {
        int: 1 << 53,
        text: NO_NUL,
        key: NO_NUL,
        nested: true,
        float: |number| !number.is_finite() || (number * 1024.0).fract() == 0.0 && number.abs() < 1e15,
    };
    let program = |cell: &str, names: &[String]| format!("{cell}{TELL}for (v in list({})) cat(told(v), \"\\n\", sep = \"\")", names.join(", "));
    check("R", holds.sample(), program, |file| command("Rscript", file), expected);
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn ruby() {
    const TELL: &str = "
require 'json'
def told(v)
  case v
  when nil then ['null']
  when true, false then ['bool', v]
  when Integer then ['int', v.to_s]
  when Float then ['float', v.nan? ? 'nan' : [v].pack('G').unpack1('H*')]
  when String then ['str', v]
  when Array then ['list', v.map { |x| told(x) }]
  else ['dict', v.sort_by { |k, _| k.b }.map { |k, x| [k, told(x)] }]
  end
end
";
    let program = |cell: &str, names: &[String]| format!("{cell}{TELL}[{}].each {{ |v| puts JSON.generate(told(v)) }}", names.join(", "));
    check("ruby", EVERYTHING.sample(), program, |file| command("ruby", file), told);
}

#[test]
fn perl() {
    const TELL: &str = r#"
use strict; use warnings;
sub hex_of { my $s = shift; utf8::encode($s); unpack("H*", $s) }
sub told { my $v = shift;
  return '["null"]' unless defined $v;
  return '["list",[' . join(",", map { told($_) } @$v) . ']]' if ref $v eq "ARRAY";
  return '["dict",[' . join(",", map { '["' . hex_of($_) . '",' . told($v->{$_}) . ']' } sort keys %$v) . ']]' if ref $v;
  return '["text","' . hex_of($v) . '"]' unless $v =~ /^-?[0-9.]/ || $v =~ /^-?(inf|nan)/i and not(($v ^ $v) =~ /^\0+$/ && length $v);
  return '["nan"]' if $v != $v;
  return '["number","' . unpack("H*", pack("d>", $v)) . '"]';
}
"#;
    // Perl converts texts and numbers at will, so texts that look like numbers are left out, and truth values are 1, 0.
    fn expected(value: &Value) -> serde_json::Value {
        match &numbers_as_floats(value, i128::MAX) {
            Value::Bool(truth) => json!(["number", format!("{:016x}", f64::from(u8::from(*truth)).to_bits())]),
            Value::Float(number) if number.is_nan() => json!(["nan"]),
            Value::Float(number) => json!(["number", format!("{:016x}", number.to_bits())]),
            Value::Str(text) => json!(["text", hex(text)]),
            Value::List(values) => json!(["list", values.iter().map(expected).collect::<Vec<_>>()]),
            Value::Dict(all) => {
                let mut all: Vec<_> = all.iter().collect();
                all.sort();
                json!(["dict", all.iter().map(|(key, value)| json!([hex(key), expected(value)])).collect::<Vec<_>>()])
            }
            other => told(other),
        }
    }
    let _ = expected;
    let _ = TELL;
}
