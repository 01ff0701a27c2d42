//! Parameters from the command line's five sources. Precedence, whatever their order on the line:
//! `--inject-*` < `-b` < `-f` < `-y` < `-p` < `-r`; within one kind the later wins.

use super::place::Place;
use super::{Args, yaml};
use anyhow::{Context, bail};
use base64::Engine;
use notebook::{Parameters, Value};

/// All parameters of a command line. The paths are as given, before anything is filled in.
pub(super) fn gather(args: &Args, input: &str, output: &str) -> anyhow::Result<Parameters> {
    let mut parameters = Parameters::default();
    if args.inject_input_path || args.inject_paths {
        parameters.set("PAPERMILL_INPUT_PATH", Value::Str(input.to_owned()));
    }
    if args.inject_output_path || args.inject_paths {
        parameters.set("PAPERMILL_OUTPUT_PATH", Value::Str(output.to_owned()));
    }
    for text in &args.parameters_base64 {
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(text.trim())
            .context("-b is not base64")?;
        let text = String::from_utf8(bytes).context("-b is not UTF-8")?;
        add(&mut parameters, &text).context("-b")?;
    }
    for path in &args.parameters_file {
        let at = || format!("-f {path}");
        let bytes = Place::parse(path).and_then(|place| place.read());
        let text = String::from_utf8(bytes.with_context(at)?).with_context(at)?;
        add(&mut parameters, &text).with_context(at)?;
    }
    for text in &args.parameters_yaml {
        add(&mut parameters, text).context("-y")?;
    }
    for pair in args.parameters.chunks_exact(2) {
        parameters.set(
            &pair[0],
            resolve(&pair[1]).with_context(|| format!("-p {}", pair[0]))?,
        );
    }
    for pair in args.parameters_raw.chunks_exact(2) {
        parameters.set(&pair[0], Value::Str(pair[1].clone()));
    }
    Ok(parameters)
}

fn add(parameters: &mut Parameters, text: &str) -> anyhow::Result<()> {
    match yaml::read(text)? {
        Value::Null => Ok(()),
        Value::Dict(entries) => {
            entries
                .into_iter()
                .for_each(|(name, value)| parameters.set(name, value));
            Ok(())
        }
        _ => bail!("the YAML is not a mapping of names to values"),
    }
}

/// The value of `-p`: exactly `True`, `False` or `None`, else what Python's `int()` takes, else what `float()` takes,
/// else text.
fn resolve(text: &str) -> anyhow::Result<Value> {
    match text {
        "True" => return Ok(Value::Bool(true)),
        "False" => return Ok(Value::Bool(false)),
        "None" => return Ok(Value::Null),
        _ => {}
    }
    let Some(number) = ascii_number(text) else {
        return Ok(Value::Str(text.to_owned()));
    };
    let digits = number.strip_prefix(['+', '-']).unwrap_or(&number);
    if !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return number
            .parse()
            .map(Value::Int)
            .context("the whole number is too large, at most 38 digits are taken");
    }
    Ok(number
        .parse()
        .map_or_else(|_| Value::Str(text.to_owned()), Value::Float))
}

/// A number as Python reads it, in plain ASCII: surrounding space is dropped, digits of any script count, single `_`
/// may stand between digits. None when an `_` stands elsewhere.
fn ascii_number(text: &str) -> Option<String> {
    let digits: String = text
        .trim()
        .chars()
        .map(|character| ascii_digit(character).unwrap_or(character))
        .collect();
    let parts: Vec<&str> = digits.split('_').collect();
    let joints = parts.windows(2).all(|pair| {
        pair[0].ends_with(|last: char| last.is_ascii_digit())
            && pair[1].starts_with(|first: char| first.is_ascii_digit())
    });
    joints.then(|| parts.concat())
}

/// The zeros of all scripts with decimal digits (Unicode category Nd); nine digits follow each.
const ZEROS: [u32; 68] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66,
    0xde6, 0xe50, 0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90,
    0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
    0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650,
    0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16a60, 0x16ac0,
    0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e950,
    0x1fbf0,
];

fn ascii_digit(character: char) -> Option<char> {
    let code = character as u32;
    let zero = ZEROS[..ZEROS.partition_point(|zero| *zero <= code)].last()?;
    char::from_digit(code - zero, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_typed_as_python_types_them() {
        let int = |value| Value::Int(value);
        let text = |value: &str| Value::Str(value.to_owned());
        let cases = [
            ("True", Value::Bool(true)),
            ("False", Value::Bool(false)),
            ("None", Value::Null),
            ("true", text("true")),
            ("null", text("null")),
            ("1_000", int(1000)),
            (" 12 ", int(12)),
            ("٣", int(3)),
            ("１２", int(12)),
            ("007", int(7)),
            ("+5", int(5)),
            ("-5", int(-5)),
            ("1e3", Value::Float(1000.0)),
            ("1.", Value::Float(1.0)),
            (".5", Value::Float(0.5)),
            ("1_0.5_0", Value::Float(10.5)),
            ("inf", Value::Float(f64::INFINITY)),
            ("-Infinity", Value::Float(f64::NEG_INFINITY)),
            ("1e400", Value::Float(f64::INFINITY)),
            ("0x10", text("0x10")),
            ("1__0", text("1__0")),
            ("_1", text("_1")),
            ("1_", text("1_")),
            ("1_e5", text("1_e5")),
            (".", text(".")),
            ("e5", text("e5")),
            ("", text("")),
            ("-", text("-")),
            ("+-5", text("+-5")),
            ("²", text("²")),
        ];
        for (given, value) in cases {
            assert_eq!(resolve(given).unwrap(), value, "{given:?}");
        }
        assert!(matches!(resolve("NaN").unwrap(), Value::Float(number) if number.is_nan()));
        assert!(resolve(&"9".repeat(60)).is_err());
    }
}
