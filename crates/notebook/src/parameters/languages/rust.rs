//! Parameters in Rust. A list or mapping of several types holds `Box<dyn Any>`.

use crate::parameters::render::{Rendered, entries, float, is_name, list};
use crate::parameters::{Assignment, Language, Value, inspect};

pub(super) const LANGUAGE: Language = Language {
    name: "Rust",
    keys: &["rust"],
    kernels: &["evcxr", "evcxr_jupyter"],
    frame: ["// Parameters\n", "\n", "\n"],
    is_name: |name| name != "_" && is_name(name, KEYWORDS),
    assign,
    inspect: Some(|source| inspect::lines(source, &SYNTAX)),
};

const SYNTAX: inspect::Syntax = inspect::Syntax {
    keywords: &["let", "mut", "const", "static", "pub"],
    comment: "//",
    assigns: &["="],
    literals: inspect::Literals::TwoNumbers,
};

const KEYWORDS: &str = "\
    Self abstract as async await become box break const continue crate do dyn else enum \
    extern false final fn for gen if impl in let loop macro match mod move mut override priv \
    pub ref return self static struct super trait true try type typeof unsafe unsized use \
    virtual where while yield";

/// A new variable of the name, of the type that the tagged cell tells.
/// What holds a value among values of other types.
const ANY: &str = "Box<dyn std::any::Any>";

fn assign(set: Assignment<'_>) -> Rendered {
    let declared = set.definition.and_then(|known| known.type_name.as_deref());
    let literal = set
        .definition
        .is_some_and(|known| known.default.starts_with('"'));
    let value = match (set.value, declared) {
        (Value::Str(text), _) if literal => format!("{text:?}"),
        (Value::Int(value), Some("f32" | "f64")) => format!("{value}.0"),
        (Value::Int(value), Some(_)) => value.to_string(),
        (Value::Null, Some(_)) => "None".to_owned(),
        (value, _) => render(value)?,
    };
    Ok(match declared {
        Some(name) => format!("let {}: {name} = {value};", set.name),
        None => format!("let {} = {value};", set.name),
    })
}

fn render(value: &Value) -> Rendered {
    Ok(match value {
        Value::Null => "None::<String>".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) if i32::try_from(*value).is_ok() => value.to_string(),
        Value::Int(value) if i64::try_from(*value).is_ok() => format!("{value}_i64"),
        Value::Int(value) => format!("{value}_i128"),
        Value::Float(value) => float(*value, "f64::INFINITY", "f64::NEG_INFINITY", "f64::NAN"),
        Value::Str(text) => string(text),
        Value::List(values) if values.is_empty() => "Vec::<String>::new()".to_owned(),
        Value::List(values) => match one_type(values.iter()) {
            Some(_) => format!("vec![{}]", list(values, render)?),
            None => format!("vec![{}]", list(values, any)?),
        },
        Value::Dict(all) if all.is_empty() => {
            "std::collections::BTreeMap::<String, String>::new()".to_owned()
        }
        Value::Dict(all) => {
            let render = match one_type(all.iter().map(|(_, value)| value)) {
                Some(_) => render,
                None => any,
            };
            map(all, render)?
        }
    })
}

fn map(all: &[(String, Value)], render: fn(&Value) -> Rendered) -> Rendered {
    let all = entries(all, |key, value| {
        Ok(format!("({}, {})", string(key), render(value)?))
    });
    Ok(format!("std::collections::BTreeMap::from([{}])", all?))
}

/// A value among values of other types. It is a `bool`, `i64`, `i128`, `f64`, `String`, `None::<String>`, or a list or
/// mapping of such boxes.
fn any(value: &Value) -> Rendered {
    let value = match value {
        Value::Int(value) if i64::try_from(*value).is_ok() => format!("{value}_i64"),
        Value::List(values) if values.is_empty() => format!("Vec::<{ANY}>::new()"),
        Value::List(values) => format!("vec![{}]", list(values, any)?),
        Value::Dict(all) if all.is_empty() => {
            format!("std::collections::BTreeMap::<String, {ANY}>::new()")
        }
        Value::Dict(all) => map(all, any)?,
        other => render(other)?,
    };
    Ok(format!("Box::new({value}) as {ANY}"))
}

fn string(text: &str) -> String {
    format!("String::from({text:?})")
}

/// The name of the type of all values, if it is one.
fn one_type<'a>(values: impl Iterator<Item = &'a Value>) -> Option<String> {
    let mut types = values.map(type_name);
    let first = types.next().unwrap_or_else(|| "String".to_owned());
    types.all(|other| other == first).then_some(first)
}

fn type_name(value: &Value) -> String {
    let any = || ANY.to_owned();
    match value {
        Value::Null => "Option".to_owned(),
        Value::Bool(_) => "bool".to_owned(),
        // A literal without suffix takes the type of those beside it.
        Value::Int(value) if i64::try_from(*value).is_ok() => "i64".to_owned(),
        Value::Int(_) => "i128".to_owned(),
        Value::Float(_) => "f64".to_owned(),
        Value::Str(_) => "String".to_owned(),
        Value::List(values) => {
            format!("Vec<{}>", one_type(values.iter()).unwrap_or_else(any))
        }
        Value::Dict(all) => {
            let values = all.iter().map(|(_, value)| value);
            format!("Map<{}>", one_type(values).unwrap_or_else(any))
        }
    }
}
