//! Types of parameters, as the tagged cell tells them: which values fit, and what a text means as one. Knows no
//! language's grammar, only the names and literals that languages share.

use super::inspect::Literals;
use super::{Definition, Parameters, Value};

/// What values a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int,
    /// Whole numbers, too.
    Float,
    /// A whole number if it can be one.
    Number,
    Str,
    List,
    Dict,
}

/// A parameter whose value is not of the type that the cell tagged `parameters` tells.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "parameter {name:?} should be {expected}, as the cell tagged 'parameters' says, not {value}"
)]
pub struct IllTyped {
    /// The parameter.
    pub name: String,
    /// What it should be.
    pub expected: String,
    /// What was passed, as JSON, shortened.
    pub value: String,
}

/// The longest value that a message shows, in characters.
const SHOWN_CHARS_MAX: usize = 80;

/// Gives texts the type of their definition, where they can be read as such; with `is_json`, others the type that they
/// have as JSON.
pub(super) fn convert(
    parameters: &Parameters,
    definitions: &[Definition],
    is_json: bool,
) -> Parameters {
    let typed = parameters.iter().map(|(name, value)| {
        let known = of(name, definitions).and_then(|known| Some((known.kind?, known.optional)));
        let typed = match (value, known) {
            (Value::Str(text), Some((kind, optional))) => {
                read(text, kind, optional).or_else(|| quoted(text).filter(|_| is_json))
            }
            (Value::Str(text), None) if is_json => literal(text),
            _ => None,
        };
        (name, typed.unwrap_or_else(|| value.clone()))
    });
    typed.collect()
}

/// The parameters that don't fit their definition.
pub(super) fn check(parameters: &Parameters, definitions: &[Definition]) -> Vec<IllTyped> {
    let wrong = parameters.iter().filter_map(|(name, value)| {
        let known = of(name, definitions)?;
        let kind = known.kind?;
        (!fits(value, kind, known.optional)).then(|| IllTyped {
            name: name.to_owned(),
            expected: known
                .type_name
                .clone()
                .unwrap_or_else(|| format!("{} like its default {}", kind.name(), known.default)),
            value: shown(value),
        })
    });
    wrong.collect()
}

/// The definition that is in force: the last one.
fn of<'a>(name: &str, definitions: &'a [Definition]) -> Option<&'a Definition> {
    definitions.iter().rev().find(|known| known.name == name)
}

fn shown(value: &Value) -> String {
    let text = value.to_json().to_string();
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Bool => "a truth value",
            Kind::Int => "a whole number",
            Kind::Float | Kind::Number => "a number",
            Kind::Str => "a text",
            Kind::List => "a list",
            Kind::Dict => "a mapping",
        }
    }
}

fn fits(value: &Value, kind: Kind, optional: bool) -> bool {
    match (value, kind) {
        (Value::Null, _) => optional,
        (Value::Bool(_), Kind::Bool)
        | (Value::Int(_), Kind::Int | Kind::Float | Kind::Number)
        | (Value::Float(_), Kind::Float | Kind::Number)
        | (Value::Str(_), Kind::Str)
        | (Value::List(_), Kind::List)
        | (Value::Dict(_), Kind::Dict) => true,
        _ => false,
    }
}

/// A text as a value of a kind.
fn read(text: &str, kind: Kind, optional: bool) -> Option<Value> {
    let plain = text.trim();
    if optional && matches!(plain, "None" | "null" | "NULL" | "nil") {
        return Some(Value::Null);
    }
    let int = || plain.parse().ok().map(Value::Int);
    let float = || plain.parse().ok().map(Value::Float);
    match kind {
        Kind::Str => None,
        Kind::Int => int(),
        Kind::Float => float(),
        Kind::Number => int().or_else(float),
        Kind::Bool => match plain.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(Value::Bool(true)),
            "false" | "no" | "off" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        Kind::List | Kind::Dict => {
            let value: serde_json::Value = serde_json::from_str(plain).ok()?;
            Some(Value::from(value)).filter(|value| fits(value, kind, false))
        }
    }
}

/// A text that stands in quotes: JSON's, or Python's without anything to escape.
fn quoted(text: &str) -> Option<Value> {
    let plain = text.trim();
    let inner = plain
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''));
    let inner = inner.filter(|inner| !inner.contains(['\'', '\\']));
    let inner = inner.map(str::to_owned);
    inner
        .or_else(|| serde_json::from_str(plain).ok())
        .map(Value::Str)
}

/// A text as the value that it is as JSON. Python's words for JSON's three are taken, too.
fn literal(text: &str) -> Option<Value> {
    match text.trim() {
        "True" => Some(Value::Bool(true)),
        "False" => Some(Value::Bool(false)),
        "None" => Some(Value::Null),
        plain => {
            let value: Option<serde_json::Value> = serde_json::from_str(plain).ok();
            value.map(Value::from).or_else(|| quoted(plain))
        }
    }
}

/// What a type's name tells, and whether no value is of the type, too. Unknown types and unions tell nothing.
pub(super) fn of_type(name: &str) -> (Option<Kind>, bool) {
    let mut optional = false;
    let mut one = None;
    for part in name.split('|').map(str::trim) {
        if matches!(part, "None" | "null" | "undefined" | "nil" | "NoneType") {
            optional = true;
        } else if one.replace(part).is_some() {
            return (None, optional);
        }
    }
    let Some(name) = one else {
        return (None, optional);
    };
    for (before, after) in [("Optional[", ']'), ("Option[", ']'), ("Option<", '>')] {
        let inner = name.rsplit_once(before).map(|(_, inner)| inner);
        if let Some(inner) = inner.and_then(|inner| inner.strip_suffix(after)) {
            return (of_type(inner).0, true);
        }
    }
    match name.strip_suffix('?') {
        Some(inner) => (of_plain_type(inner), true),
        None => (of_plain_type(name), optional),
    }
}

fn of_plain_type(name: &str) -> Option<Kind> {
    if name.ends_with("[]") || name.starts_with("[]") {
        return Some(Kind::List);
    }
    let base = name.split(['[', '<']).next().unwrap_or(name);
    let base = base.trim_start_matches('&').trim_start_matches("'static");
    let base = base.rsplit(['.', ':']).next().unwrap_or(base).trim();
    Some(match base.to_ascii_lowercase().as_str() {
        "bool" | "boolean" | "logical" => Kind::Bool,
        "int" | "integer" | "int8" | "int16" | "int32" | "int64" | "uint" | "uint8" | "uint16"
        | "uint32" | "uint64" | "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "u8" | "u16"
        | "u32" | "u64" | "u128" | "usize" | "long" | "long long" | "unsigned" | "unsigned int"
        | "unsigned long" | "short" | "bigint" | "biginteger" => Kind::Int,
        "float" | "double" | "float32" | "float64" | "f32" | "f64" | "single" => Kind::Float,
        "number" | "numeric" => Kind::Number,
        "str" | "string" | "character" => Kind::Str,
        "list" | "vec" | "vector" | "array" | "seq" | "sequence" => Kind::List,
        "dict" | "map" | "hashmap" | "btreemap" | "dictionary" | "mapping" | "record" => Kind::Dict,
        _ => return None,
    })
}

/// What a default tells. A whole number may be meant as any number.
pub(super) fn of_literal(default: &str, literals: Literals) -> Option<Kind> {
    if literals == Literals::None {
        return None;
    }
    let within = |open: &str, close: &str| default.starts_with(open) && default.ends_with(close);
    if matches!(
        default,
        "True"
            | "true"
            | "TRUE"
            | "False"
            | "false"
            | "FALSE"
            | "$True"
            | "$False"
            | "$true"
            | "$false"
    ) {
        return Some(Kind::Bool);
    }
    let string = default.trim_start_matches(['f', 'r', 'F', 'R']);
    if ["\"", "'", "`"]
        .iter()
        .any(|mark| string.len() > 1 && string.starts_with(mark) && string.ends_with(mark))
        || within("String::from(\"", ")")
    {
        return Some(Kind::Str);
    }
    if within("[", "]") || within("vec![", "]") || within("Seq(", ")") || within("List(", ")") {
        return Some(Kind::List);
    }
    let pairs = default == "{}" || default.contains(':') || default.contains("=>");
    if within("{", "}") && pairs
        || within("dict(", ")")
        || within("Dict(", ")")
        || within("Map(", ")")
    {
        return Some(Kind::Dict);
    }
    of_number(default, literals)
}

fn of_number(default: &str, literals: Literals) -> Option<Kind> {
    let digits = default.trim_start_matches(['-', '+']);
    if !digits.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return None;
    }
    let plain = digits
        .trim_end_matches(['L', 'l', 'n', 'u', 'U'])
        .replace('_', "");
    let whole = plain.bytes().all(|digit| digit.is_ascii_digit()) || plain.starts_with("0x");
    match whole || plain.parse::<f64>().is_ok() {
        false => None,
        true if whole || literals == Literals::OneNumber => Some(Kind::Number),
        true => Some(Kind::Float),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::inspect::python;

    #[test]
    fn texts_take_the_type_of_their_definition() {
        let source = "\
i: int = 1
f: float = 1
n = 1
x = 0.5
b = True
s = 'x'
l = [1]
d = {}
o: Optional[int] = None
u: int | str = 1
c = None  # type: int
z = None";
        let definitions = python(source);
        let text = |text: &str| Value::Str(text.to_owned());
        let int = |number: i128| Value::Int(number);
        let cases = [
            ("i", " 7 ", int(7)),
            ("i", "7.5", text("7.5")),
            ("f", "7", Value::Float(7.0)),
            ("n", "7", int(7)),
            ("n", "7.5", Value::Float(7.5)),
            ("n", "seven", text("seven")),
            ("x", "7", Value::Float(7.0)),
            ("b", "false", Value::Bool(false)),
            ("b", "1", Value::Bool(true)),
            ("b", "maybe", text("maybe")),
            ("s", "7", text("7")),
            ("s", "None", Value::Null),
            ("l", "[1, \"a\"]", Value::List(vec![int(1), text("a")])),
            ("l", "{}", text("{}")),
            (
                "d",
                "{\"a\": 1}",
                Value::Dict(vec![("a".to_owned(), int(1))]),
            ),
            ("o", "7", int(7)),
            ("o", "None", Value::Null),
            ("i", "None", text("None")),
            ("u", "7", text("7")),
            ("c", "7", int(7)),
            ("z", "7", text("7")),
            ("unknown", "7", text("7")),
        ];
        for (name, given, expected) in cases {
            let given = Parameters::from_iter([(name, text(given))]);
            let converted = convert(&given, &definitions, false);
            assert_eq!(converted.get(name), Some(&expected), "{name} {given:?}");
        }
    }

    #[test]
    fn texts_without_a_type_are_values_of_json_if_asked() {
        let definitions = python("zip: str = ''\nn = 1");
        for (name, text, expected) in [
            ("x", "5", Value::Int(5)),
            ("x", "1.5", Value::Float(1.5)),
            ("x", "true", Value::Bool(true)),
            ("x", "True", Value::Bool(true)),
            ("x", "None", Value::Null),
            (
                "x",
                "[1, 2]",
                Value::List(vec![Value::Int(1), Value::Int(2)]),
            ),
            ("x", "\"5\"", Value::Str("5".into())),
            ("x", "'a b'", Value::Str("a b".into())),
            ("x", "it's", Value::Str("it's".into())),
            (
                "x",
                "__import__('os')",
                Value::Str("__import__('os')".into()),
            ),
            ("zip", "12345", Value::Str("12345".into())),
            ("zip", "\"12345\"", Value::Str("12345".into())),
            ("n", "7", Value::Int(7)),
            ("n", "\"7\"", Value::Str("7".into())),
        ] {
            let given = Parameters::from_iter([(name, Value::Str(text.to_owned()))]);
            let converted = convert(&given, &definitions, true);
            assert_eq!(converted.get(name), Some(&expected), "{name} {text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let definitions =
            python("i: int = 1\nn = 1\nx = 0.5\ns = 'a'\no: Optional[str] = None\nz = f()");
        let fits = [
            ("i", Value::Int(1)),
            ("n", Value::Float(0.5)),
            ("n", Value::Null),
            ("x", Value::Int(1)),
            ("o", Value::Null),
            ("z", Value::List(vec![])),
            ("unknown", Value::Null),
        ];
        for (name, value) in fits {
            assert_eq!(
                check(&Parameters::from_iter([(name, value)]), &definitions),
                []
            );
        }
        let wrong = [
            (
                "i",
                Value::Float(1.0),
                "parameter \"i\" should be int, as the cell tagged 'parameters' says, not 1.0",
            ),
            (
                "i",
                Value::Null,
                "parameter \"i\" should be int, as the cell tagged 'parameters' says, not null",
            ),
            (
                "n",
                Value::Str("a".into()),
                "parameter \"n\" should be a number like its default 1, as the cell tagged 'parameters' says, not \"a\"",
            ),
            (
                "s",
                Value::Int(5),
                "parameter \"s\" should be a text like its default 'a', as the cell tagged 'parameters' says, not 5",
            ),
        ];
        for (name, value, message) in wrong {
            let told = check(&Parameters::from_iter([(name, value)]), &definitions);
            assert_eq!(
                told.iter().map(ToString::to_string).collect::<Vec<_>>(),
                [message]
            );
        }
    }
}
