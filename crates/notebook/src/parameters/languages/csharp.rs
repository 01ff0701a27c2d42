//! Parameters in C#. Unlike Papermill's, there is null, lists may mix types, and texts are C#'s own.

use crate::parameters::render::{Rendered, entries, float, hidden_as_u4, is_name, list, quote};
use crate::parameters::{Assignment, Language, Value, inspect};

pub(super) const LANGUAGE: Language = Language {
    name: "C#",
    keys: &[".net-csharp", "C#", "csharp"],
    kernels: &[],
    frame: ["// Parameters\n", "\n", "\n"],
    is_name: |name| is_name(name, KEYWORDS),
    assign,
    inspect: Some(|source| inspect::lines(source, &SYNTAX)),
};

const SYNTAX: inspect::Syntax = inspect::Syntax {
    keywords: &["var", "const", "static", "public", "private", "readonly"],
    comment: "//",
    assigns: &["="],
    literals: inspect::Literals::TwoNumbers,
};

const KEYWORDS: &str = "\
    abstract as base bool break byte case catch char checked class const continue decimal \
    default delegate do double else enum event explicit extern false finally fixed float for \
    foreach goto if implicit in int interface internal is lock long namespace new null \
    object operator out override params private protected public readonly ref return sbyte \
    sealed short sizeof stackalloc static string struct switch this throw true try typeof \
    uint ulong unchecked unsafe ushort using virtual void volatile while";

fn assign(set: Assignment<'_>) -> Rendered {
    let declared = match set.value {
        Value::Null => "object",
        _ => "var",
    };
    Ok(format!("{declared} {} = {};", set.name, render(set.value)?))
}

fn render(value: &Value) -> Rendered {
    Ok(match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) if i32::try_from(*value).is_ok() => value.to_string(),
        Value::Int(value) if i64::try_from(*value).is_ok() => format!("{value}L"),
        Value::Int(value) => format!("System.Numerics.BigInteger.Parse(\"{value}\")"),
        Value::Float(value) => float(
            *value,
            "double.PositiveInfinity",
            "double.NegativeInfinity",
            "double.NaN",
        ),
        Value::Str(text) => quote(text, hidden_as_u4),
        Value::List(values) => {
            let element = if element_type(values).is_some() {
                ""
            } else {
                "object"
            };
            format!("new {element}[] {{ {} }}", list(values, render)?)
        }
        Value::Dict(all) => {
            let all = entries(all, |key, value| {
                let key = quote(key, hidden_as_u4);
                Ok(format!("{{ {key} , {} }}", render(value)?))
            });
            format!("new Dictionary<string,Object>{{ {} }}", all?)
        }
    })
}

/// The one type of a list's elements, which the compiler then finds by itself.
fn element_type(values: &[Value]) -> Option<String> {
    let mut types = values.iter().map(type_name);
    let first = types.next()??;
    types
        .all(|other| other.as_ref() == Some(&first))
        .then_some(first)
}

fn type_name(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(_) => "bool".to_owned(),
        // An int among longs becomes one; a BigInteger is of its own type.
        Value::Int(value) if i64::try_from(*value).is_ok() => "long".to_owned(),
        Value::Int(_) => "BigInteger".to_owned(),
        Value::Float(_) => "double".to_owned(),
        Value::Str(_) => "string".to_owned(),
        Value::List(values) => {
            let int =
                |value: &Value| matches!(value, Value::Int(value) if i32::try_from(*value).is_ok());
            let element = match element_type(values) {
                Some(_) if values.iter().all(int) => "int".to_owned(),
                Some(element) => element,
                None => "object".to_owned(),
            };
            element + "[]"
        }
        Value::Dict(_) => "Dictionary".to_owned(),
    })
}
