//! YAML 1.1 as Papermill reads parameters (PyYAML's safe loader, with timestamps left as text). The parser is a crate's;
//! what plain scalars mean is here, since crates speak YAML 1.2.

use anyhow::{Context, bail};
use notebook::Value;
use regex::Regex;
use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use std::borrow::Cow;
use std::collections::HashMap;

/// How deep lists and mappings may be nested.
const DEPTH_MAX: usize = 100;
/// How many values a document may hold, those repeated by aliases counted each time.
const VALUES_MAX: usize = 1_000_000;

const FLOAT: &str =
    r"^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?)$";
const SIXTIES: &str = r"^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$";
const INT: &str = r"^[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)$";

/// The one document of a text; nothing at all is null.
pub(super) fn read(text: &str) -> anyhow::Result<Value> {
    let mut reader = Reader {
        events: Parser::new_from_str(text),
        anchors: HashMap::new(),
        values: 0,
        float: Regex::new(FLOAT)?,
        sixties: Regex::new(SIXTIES)?,
        int: Regex::new(INT)?,
    };
    let mut document = Value::Null;
    loop {
        match reader.next()? {
            Event::StreamEnd => return Ok(document),
            Event::DocumentStart(_) => {
                let event = reader.next()?;
                document = reader.node(event, 0)?;
                if !matches!(reader.next()?, Event::DocumentEnd)
                    || matches!(reader.next()?, Event::DocumentStart(_))
                {
                    bail!("the YAML holds more than one document");
                }
                return Ok(document);
            }
            _ => {}
        }
    }
}

struct Reader<'a> {
    events: Parser<'a, saphyr_parser::StrInput<'a>>,
    anchors: HashMap<usize, Value>,
    values: usize,
    float: Regex,
    sixties: Regex,
    int: Regex,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> anyhow::Result<Event<'a>> {
        let (event, _) = self
            .events
            .next_event()
            .context("the YAML ends too early")??;
        Ok(event)
    }

    fn node(&mut self, event: Event<'a>, depth: usize) -> anyhow::Result<Value> {
        self.count(1)?;
        if depth > DEPTH_MAX {
            bail!("the YAML is nested more than {DEPTH_MAX} levels deep");
        }
        let (anchor, value) = match event {
            Event::Alias(anchor) => {
                let value = self
                    .anchors
                    .get(&anchor)
                    .context("an alias stands inside its own anchor")?
                    .clone();
                self.count(size(&value))?;
                return Ok(value);
            }
            Event::Scalar(text, style, anchor, tag) => {
                (anchor, self.scalar(&text, style, tag.as_deref())?)
            }
            Event::SequenceStart(anchor, tag) => {
                only("seq", tag)?;
                let mut values = Vec::new();
                loop {
                    match self.next()? {
                        Event::SequenceEnd => break,
                        event => values.push(self.node(event, depth + 1)?),
                    }
                }
                (anchor, Value::List(values))
            }
            Event::MappingStart(anchor, tag) => {
                only("map", tag)?;
                (anchor, self.mapping(depth)?)
            }
            other => bail!("unexpected YAML: {other:?}"),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    /// A mapping; what `<<` merges in yields to the mapping's own keys. A key set again keeps its place.
    fn mapping(&mut self, depth: usize) -> anyhow::Result<Value> {
        let mut own = notebook::Parameters::default();
        let mut merged = notebook::Parameters::default();
        loop {
            let key = match self.next()? {
                Event::MappingEnd => break,
                Event::Scalar(text, ScalarStyle::Plain, 0, None) if text == "<<" => None,
                event => Some(self.node(event, depth + 1)?),
            };
            let event = self.next()?;
            let value = self.node(event, depth + 1)?;
            match key {
                Some(key) => own.set(key_text(key)?, value),
                None => merge(&mut merged, value)?,
            }
        }
        let mut all = merged;
        own.iter()
            .for_each(|(key, value)| all.set(key, value.clone()));
        Ok(Value::Dict(
            all.iter()
                .map(|(key, value)| (key.to_owned(), value.clone()))
                .collect(),
        ))
    }

    fn scalar(&self, text: &str, style: ScalarStyle, tag: Option<&Tag>) -> anyhow::Result<Value> {
        let string = || Value::Str(text.to_owned());
        match tag.map(|tag| (tag.is_yaml_core_schema(), tag.suffix.as_str())) {
            None if style == ScalarStyle::Plain => self.plain(text),
            None | Some((true, "str" | "timestamp")) => Ok(string()),
            Some((false, "!")) => Ok(string()),
            Some((true, "null" | "bool" | "int" | "float")) => self.plain(text),
            _ => bail!(
                "the YAML tag {} is not supported",
                tag.map(Tag::to_string).unwrap_or_default()
            ),
        }
    }

    /// What a scalar without quotes means in YAML 1.1.
    fn plain(&self, text: &str) -> anyhow::Result<Value> {
        Ok(match text {
            "" | "~" | "null" | "Null" | "NULL" => Value::Null,
            "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
                Value::Bool(true)
            }
            "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
                Value::Bool(false)
            }
            ".nan" | ".NaN" | ".NAN" => Value::Float(f64::NAN),
            ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Value::Float(f64::INFINITY),
            "-.inf" | "-.Inf" | "-.INF" => Value::Float(f64::NEG_INFINITY),
            _ if self.int.is_match(text) => Value::Int(whole(text)?),
            _ if self.float.is_match(text) => match text.replace('_', "").parse() {
                Ok(number) => Value::Float(number),
                Err(_) => Value::Str(text.to_owned()),
            },
            _ if self.sixties.is_match(text) => base_60(&text.replace('_', ""))?,
            _ => Value::Str(text.to_owned()),
        })
    }

    fn count(&mut self, more: usize) -> anyhow::Result<()> {
        self.values += more;
        if self.values > VALUES_MAX {
            bail!("the YAML holds more than {VALUES_MAX} values");
        }
        Ok(())
    }
}

/// A whole number: `0b` binary, `0x` hexadecimal, a leading `0` octal, else decimal.
fn whole(text: &str) -> anyhow::Result<i128> {
    let plain = text.replace('_', "");
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let (digits, radix) = match digits {
        _ if digits.starts_with("0b") => (&digits[2..], 2),
        _ if digits.starts_with("0x") => (&digits[2..], 16),
        _ if digits.starts_with('0') && digits.len() > 1 => (&digits[1..], 8),
        _ => (digits, 10),
    };
    let number = i128::from_str_radix(digits, radix)
        .with_context(|| format!("the number {text} can't be read"))?;
    Ok(sign * number)
}

/// Numbers to the base of 60, such as `1:30` for 90.
fn base_60(text: &str) -> anyhow::Result<Value> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let total = digits.split(':').try_fold(0.0, |total: f64, part| {
        Ok::<_, std::num::ParseFloatError>(total * 60.0 + part.parse::<f64>()?)
    });
    let total = total.with_context(|| format!("the number {text} can't be read"))?;
    let total = if negative { -total } else { total };
    Ok(if text.contains('.') {
        Value::Float(total)
    } else {
        Value::Int(total as i128)
    })
}

fn merge(into: &mut notebook::Parameters, value: Value) -> anyhow::Result<()> {
    match value {
        Value::Dict(entries) => {
            for (key, value) in entries {
                if into.get(&key).is_none() {
                    into.set(key, value);
                }
            }
            Ok(())
        }
        Value::List(values) => values.into_iter().try_for_each(|value| merge(into, value)),
        _ => bail!("'<<' merges mappings only"),
    }
}

/// A key as text, as it is written into the notebook.
fn key_text(key: Value) -> anyhow::Result<String> {
    Ok(match key {
        Value::Str(text) => text,
        Value::Int(number) => number.to_string(),
        Value::Float(number) => notebook::parameters::python_float(number),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Null => "None".to_owned(),
        Value::List(_) | Value::Dict(_) => bail!("a list or mapping can't be a key"),
    })
}

fn only(kind: &str, tag: Option<Cow<'_, Tag>>) -> anyhow::Result<()> {
    match tag {
        Some(tag) if !(tag.is_yaml_core_schema() && tag.suffix == kind) => {
            bail!("the YAML tag {tag} is not supported")
        }
        _ => Ok(()),
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::List(values) => 1 + values.iter().map(size).sum::<usize>(),
        Value::Dict(entries) => 1 + entries.iter().map(|(_, value)| size(value)).sum::<usize>(),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_mean_what_yaml_1_1_says() {
        let text = |value: &str| Value::Str(value.to_owned());
        let cases = [
            ("yes", Value::Bool(true)),
            ("Off", Value::Bool(false)),
            ("TRUE", Value::Bool(true)),
            ("y", text("y")),
            ("n", text("n")),
            ("tRUE", text("tRUE")),
            ("010", Value::Int(8)),
            ("0o14", text("0o14")),
            ("08", text("08")),
            ("0x1F", Value::Int(31)),
            ("0b101", Value::Int(5)),
            ("-0x10", Value::Int(-16)),
            ("1:30", Value::Int(90)),
            ("-1:30:00", Value::Int(-5400)),
            ("1:30.5", Value::Float(90.5)),
            ("1_000", Value::Int(1000)),
            ("1e3", text("1e3")),
            ("1.0e+3", Value::Float(1000.0)),
            ("1.0e3", text("1.0e3")),
            ("1.5", Value::Float(1.5)),
            ("-.inf", Value::Float(f64::NEG_INFINITY)),
            (".INF", Value::Float(f64::INFINITY)),
            ("~", Value::Null),
            ("", Value::Null),
            ("2024-01-01", text("2024-01-01")),
            ("'yes'", text("yes")),
            ("\"1\"", text("1")),
            ("!!str 1", text("1")),
            ("! 1", text("1")),
        ];
        for (yaml, value) in cases {
            assert_eq!(read(yaml).unwrap(), value, "{yaml:?}");
        }
    }

    #[test]
    fn mappings_keep_their_order_and_merge() {
        let merged = read("base: &b {x: 1, y: 2}\nz: {<<: *b, y: 3}\n1: one\nbase2: [*b]").unwrap();
        let one = || Value::Int(1);
        let base = || Value::Dict(vec![("x".into(), one()), ("y".into(), Value::Int(2))]);
        let expected = Value::Dict(vec![
            ("base".into(), base()),
            (
                "z".into(),
                Value::Dict(vec![("x".into(), one()), ("y".into(), Value::Int(3))]),
            ),
            ("1".into(), Value::Str("one".into())),
            ("base2".into(), Value::List(vec![base()])),
        ]);
        assert_eq!(merged, expected);
        assert_eq!(
            read("a: 1\na: 2").unwrap(),
            Value::Dict(vec![("a".into(), Value::Int(2))])
        );
    }

    #[test]
    fn what_is_not_safe_or_not_yaml_is_refused() {
        let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n\
                    d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n\
                    f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f,*f]";
        let deep = "[".repeat(10_000);
        let cases = [
            "!!python/object/apply:os.system [ls]",
            "a: [",
            "{a: b",
            "a\n---\nb",
            "*x",
            "? [a]\n: b",
            bomb,
            &deep,
        ];
        for yaml in cases {
            assert!(read(yaml).is_err(), "{yaml:.60}");
        }
    }
}
