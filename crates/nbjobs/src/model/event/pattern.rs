//! Event patterns: EventBridge's language for which events a rule is for, read and checked. How one is matched is in
//! [`super::matching`]. No crate has this language whole: those there are have no `$or`, or other words.

use serde_json::{Map, Value};
use std::net::IpAddr;

/// Longest pattern, in characters (`EventPattern` in EventBridge's service model).
pub const PATTERN_LEN_MAX: usize = 4096;
/// How deep a pattern nests. EventBridge's is not documented; JSON readers stop at 128.
const DEPTH_MAX: usize = 100;
/// The largest magnitude of a number in a `numeric` filter, as EventBridge has it.
const NUMBER_MAX: f64 = 5.0e9;

/// A pattern that has been read. Every field that it names must match.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern(pub(super) Fields);

/// What an object must be like.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Fields {
    /// Every one of these must match.
    pub all: Vec<(String, Node)>,
    /// Of each of these lists (`$or`), one must match.
    pub any: Vec<Vec<Fields>>,
}

/// What a field must be like.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// An object.
    Fields(Fields),
    /// A value that one of these filters takes.
    Filters(Vec<Filter>),
}

/// One filter of a field's value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    /// A string, number, boolean or null.
    Exact(Value),
    Text(Text),
    /// None of these values.
    NotExact(Vec<Value>),
    /// A string that none of these takes.
    NotText(Vec<Text>),
    Numeric(Vec<(Comparison, f64)>),
    Exists(bool),
    Cidr(Cidr),
}

/// A filter of strings.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Text {
    Prefix(String),
    Suffix(String),
    /// Lower case.
    PrefixIgnoreCase(String),
    /// Lower case.
    SuffixIgnoreCase(String),
    /// Lower case.
    EqualsIgnoreCase(String),
    /// The parts between the asterisks.
    Wildcard(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A network: its first address, and how many bits are the same in all of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cidr {
    pub address: IpAddr,
    pub bits: u32,
}

/// A pattern that EventBridge refuses. Shown, it is EventBridge's message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Event pattern is not valid. Reason: {0}")]
pub struct InvalidPattern(pub String);

type Parsed<T> = Result<T, InvalidPattern>;

fn refuse<T>(reason: impl Into<String>) -> Parsed<T> {
    Err(InvalidPattern(reason.into()))
}

impl Pattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Parsed<Self> {
        if text.chars().count() > PATTERN_LEN_MAX {
            return refuse(format!("it is longer than {PATTERN_LEN_MAX} characters"));
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(map)) if map.is_empty() => refuse("Empty pattern is not allowed"),
            Ok(Value::Object(map)) => Ok(Self(fields(&map, 0)?)),
            Ok(_) => refuse("Filter is not an object"),
            Err(error) => refuse(format!("it is not JSON: {error}")),
        }
    }
}

fn fields(map: &Map<String, Value>, depth: usize) -> Parsed<Fields> {
    if depth > DEPTH_MAX {
        return refuse(format!("it nests deeper than {DEPTH_MAX}"));
    }
    let mut fields = Fields::default();
    for (name, value) in map {
        if let ("$or", Value::Array(alternatives)) = (name.as_str(), value) {
            fields.any.push(any_of(alternatives, depth)?);
            continue;
        }
        let node = match value {
            Value::Object(map) if map.is_empty() => {
                return refuse(format!("Empty objects are not allowed: \"{name}\""));
            }
            Value::Object(map) => Node::Fields(self::fields(map, depth + 1)?),
            Value::Array(filters) if filters.is_empty() => {
                return refuse(format!("Empty arrays are not allowed: \"{name}\""));
            }
            Value::Array(filters) => {
                Node::Filters(filters.iter().map(filter).collect::<Parsed<_>>()?)
            }
            _ => return refuse(format!("\"{name}\" must be an object or an array")),
        };
        fields.all.push((name.clone(), node));
    }
    Ok(fields)
}

fn any_of(alternatives: &[Value], depth: usize) -> Parsed<Vec<Fields>> {
    if alternatives.len() < 2 {
        return refuse("There must have at least 2 Objects in \"$or\" relationship.");
    }
    let object = |value: &Value| match value {
        Value::Object(map) if !map.is_empty() => fields(map, depth + 1),
        _ => refuse("\"$or\" must be an array of objects that are not empty"),
    };
    alternatives.iter().map(object).collect()
}

fn filter(value: &Value) -> Parsed<Filter> {
    match value {
        Value::Object(map) => {
            let mut words = map.iter();
            match (words.next(), words.next()) {
                (Some((word, argument)), None) => match_expression(word, argument),
                _ => refuse("Only one key allowed in match expression"),
            }
        }
        Value::Array(_) => refuse("Match value must be String, number, true, false, or null"),
        exact => Ok(Filter::Exact(exact.clone())),
    }
}

fn match_expression(word: &str, argument: &Value) -> Parsed<Filter> {
    Ok(match word {
        "prefix" | "suffix" | "equals-ignore-case" | "wildcard" => {
            Filter::Text(text(word, argument)?)
        }
        "anything-but" => anything_but(argument)?,
        "numeric" => Filter::Numeric(numeric(argument)?),
        "exists" => match argument {
            Value::Bool(exists) => Filter::Exists(*exists),
            _ => return refuse("exists match pattern must be either true or false."),
        },
        "cidr" => match argument.as_str().and_then(cidr) {
            Some(cidr) => Filter::Cidr(cidr),
            None => {
                return refuse(format!(
                    "Malformed CIDR {argument}; it must look like \"10.0.0.0/24\" or \"2001:db8::/56\""
                ));
            }
        },
        other => return refuse(format!("Unrecognized match type {other}")),
    })
}

/// A filter of strings: `{word: argument}`.
fn text(word: &str, argument: &Value) -> Parsed<Text> {
    if let ("prefix" | "suffix", Value::Object(map)) = (word, argument) {
        let inner = map.get("equals-ignore-case").and_then(Value::as_str);
        return match inner {
            Some(inner) if map.len() == 1 => Ok(match word {
                "prefix" => Text::PrefixIgnoreCase(inner.to_lowercase()),
                _ => Text::SuffixIgnoreCase(inner.to_lowercase()),
            }),
            _ => refuse(format!(
                "{word} match pattern must be a string, or an object with equals-ignore-case"
            )),
        };
    }
    let Some(given) = argument.as_str() else {
        return refuse(format!("{word} match pattern must be a string"));
    };
    Ok(match word {
        "prefix" => Text::Prefix(given.to_owned()),
        "suffix" => Text::Suffix(given.to_owned()),
        "equals-ignore-case" => Text::EqualsIgnoreCase(given.to_lowercase()),
        _ => Text::Wildcard(wildcard(given)?),
    })
}

/// The parts between the asterisks of a wildcard. `\*` is an asterisk, `\\` a backslash.
fn wildcard(given: &str) -> Parsed<Vec<String>> {
    let mut parts = vec![String::new()];
    let mut after_asterisk = false;
    let mut chars = given.chars();
    while let Some(c) = chars.next() {
        let literal = match c {
            '*' if after_asterisk => {
                return refuse(format!("Consecutive wildcard characters in {given:?}"));
            }
            '*' => None,
            '\\' => match chars.next() {
                Some(escaped @ ('*' | '\\')) => Some(escaped),
                _ => return refuse(format!("Invalid escape character in {given:?}")),
            },
            plain => Some(plain),
        };
        after_asterisk = literal.is_none();
        match (literal, parts.last_mut()) {
            (Some(literal), Some(part)) => part.push(literal),
            _ => parts.push(String::new()),
        }
    }
    Ok(parts)
}

fn anything_but(argument: &Value) -> Parsed<Filter> {
    if let Value::Object(map) = argument {
        let mut words = map.iter();
        let (Some((word, inner)), None) = (words.next(), words.next()) else {
            return refuse("Only one key allowed in match expression");
        };
        if !matches!(
            word.as_str(),
            "prefix" | "suffix" | "equals-ignore-case" | "wildcard"
        ) {
            return refuse(format!("Unsupported anything-but pattern: {word}"));
        }
        let texts = match inner {
            Value::Array(list) if list.is_empty() => {
                return refuse("Empty arrays are not allowed in anything-but");
            }
            Value::Array(list) => list
                .iter()
                .map(|one| text(word, one))
                .collect::<Parsed<_>>()?,
            one => vec![text(word, one)?],
        };
        return Ok(Filter::NotText(texts));
    }
    let values = match argument {
        Value::Array(list) => list.clone(),
        one => vec![one.clone()],
    };
    let of_one_kind = !values.is_empty()
        && (values.iter().all(Value::is_string) || values.iter().all(Value::is_number));
    if of_one_kind {
        Ok(Filter::NotExact(values))
    } else {
        refuse(
            "Inside anything but list, either all values are number or string, mixed type is not supported",
        )
    }
}

fn numeric(argument: &Value) -> Parsed<Vec<(Comparison, f64)>> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    let Some(list) = argument.as_array() else {
        return refuse("Value of numeric must be an array.");
    };
    let mut comparisons = Vec::new();
    for pair in list.chunks(2) {
        let [Value::String(operator), Value::Number(number)] = pair else {
            return refuse(
                "numeric takes pairs of an operator (\"=\", \"<\", \"<=\", \">\", \">=\") and a number",
            );
        };
        let operator = match operator.as_str() {
            "=" => Equal,
            "<" => Less,
            "<=" => LessOrEqual,
            ">" => Greater,
            ">=" => GreaterOrEqual,
            other => return refuse(format!("Unrecognized numeric range operator: {other}")),
        };
        let number = number.as_f64().unwrap_or(f64::INFINITY);
        if number.abs() > NUMBER_MAX {
            return refuse("Value of numeric must be between -5.0e9 and +5.0e9, inclusive");
        }
        comparisons.push((operator, number));
    }
    match comparisons.as_slice() {
        [_] => Ok(comparisons),
        [(Greater | GreaterOrEqual, low), (Less | LessOrEqual, high)] if low < high => {
            Ok(comparisons)
        }
        [(Greater | GreaterOrEqual, _), (Less | LessOrEqual, _)] => {
            refuse("Bottom must be less than top")
        }
        _ => refuse(
            "numeric takes one comparison, or a range: \">\" or \">=\" first, then \"<\" or \"<=\"",
        ),
    }
}

fn cidr(text: &str) -> Option<Cidr> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let bits_max = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.unwrap_or(bits_max);
    (bits <= bits_max).then_some(Cidr { address, bits })
}
