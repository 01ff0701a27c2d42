//! Parameters in F#. Unlike Papermill's, lists may mix types, and non-ASCII text and infinite numbers are F#'s own.

use crate::parameters::render::{Rendered, float, hidden_as_u4, is_name, quote};
use crate::parameters::{Language, Value, inspect};

pub(super) const LANGUAGE: Language = Language {
    name: "F#",
    keys: &[".net-fsharp", "F#", "fsharp"],
    kernels: &["ifsharp"],
    frame: ["(* Parameters *)\n", "\n", "\n"],
    is_name: |name| is_name(name, KEYWORDS),
    assign: |set| {
        let value = match set.value {
            Value::Null => "None".to_owned(),
            value => render(value)?,
        };
        Ok(format!("let {} = {value}", set.name))
    },
    inspect: Some(|source| inspect::lines(source, &SYNTAX)),
};

const SYNTAX: inspect::Syntax = inspect::Syntax {
    keywords: &["let", "mutable"],
    comment: "//",
    assigns: &["="],
    literals: inspect::Literals::TwoNumbers,
};

const KEYWORDS: &str = "\
    _ abstract and as assert base begin class const default delegate do done downcast downto \
    elif else end exception extern false finally fixed for fun function global if in inherit \
    inline interface internal lazy let match member module mutable namespace new not null of \
    open or override private public rec return select static struct then to true try type \
    upcast use void when while";

fn render(value: &Value) -> Rendered {
    Ok(match value {
        Value::Null => "(None : obj option)".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) if i32::try_from(*value).is_ok() => value.to_string(),
        Value::Int(value) if i64::try_from(*value).is_ok() => format!("{value}L"),
        Value::Int(value) => format!("{value}I"),
        Value::Float(value) => float(*value, "infinity", "-infinity", "nan"),
        Value::Str(text) => quote(text, hidden_as_u4),
        Value::List(values) => {
            let shape = values.first().and_then(shape);
            let alike = shape.is_some() && values.iter().all(|value| self::shape(value) == shape);
            let element = |value: &Value| match (alike, render(value)?) {
                (true, value) => Ok(value),
                (false, value) => Ok(format!("box ({value})")),
            };
            let values: Result<Vec<_>, &str> = values.iter().map(element).collect();
            format!("[ {} ]", values?.join("; "))
        }
        Value::Dict(all) => {
            let entry = |(key, value): &(String, Value)| {
                let key = quote(key, hidden_as_u4);
                Ok(format!("({key}, {} :> IComparable)", render(value)?))
            };
            let all: Result<Vec<_>, &str> = all.iter().map(entry).collect();
            format!("[ {} ] |> Map.ofList", all?.join("; "))
        }
    })
}

/// The type of a plain value; lists of lists are boxed, which is always right.
fn shape(value: &Value) -> Option<&'static str> {
    match value {
        Value::Bool(_) => Some("bool"),
        Value::Int(value) if i32::try_from(*value).is_ok() => Some("int"),
        Value::Int(value) if i64::try_from(*value).is_ok() => Some("int64"),
        Value::Int(_) => Some("bigint"),
        Value::Float(_) => Some("float"),
        Value::Str(_) => Some("string"),
        Value::Null | Value::List(_) | Value::Dict(_) => None,
    }
}
