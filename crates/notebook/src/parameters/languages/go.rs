//! Parameters in Go. Needs no imports, so that the cell stands alone.

use crate::parameters::render::{
    Rendered, entries, float, hidden_as_u4, int_64, is_name, list, quote,
};
use crate::parameters::{Assignment, Language, Value, inspect};

pub(super) const LANGUAGE: Language = Language {
    name: "Go",
    keys: &["go"],
    kernels: &["gonb", "gophernotes", "xgo"],
    frame: ["// Parameters\n", "\n", "\n"],
    is_name: |name| name != "_" && is_name(name, KEYWORDS),
    assign,
    inspect: Some(|source| inspect::lines(source, &SYNTAX)),
};

const SYNTAX: inspect::Syntax = inspect::Syntax {
    keywords: &["var", "const"],
    comment: "//",
    assigns: &[":=", "="],
    literals: inspect::Literals::TwoNumbers,
};

const KEYWORDS: &str = "\
    any break case chan const continue default defer else fallthrough false for func go goto \
    if import init interface iota main map nil package range return select struct switch \
    true type";

/// Declared again, with the type of the tagged cell if it tells one; Go's kernels let the last declaration win.
fn assign(set: Assignment<'_>) -> Rendered {
    let declared = set.definition.and_then(|known| known.type_name.as_deref());
    let declared = match (declared, set.value) {
        (Some(name), _) => format!("{} {name}", set.name),
        (None, Value::Null) => format!("{} interface{{}}", set.name),
        (None, _) => set.name.to_owned(),
    };
    Ok(format!("var {declared} = {}", render(set.value)?))
}

fn render(value: &Value) -> Rendered {
    Ok(match value {
        Value::Null => "nil".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => int_64(*value)?.to_string(),
        // Constants have no negative zero and can't be divided by zero; variables do and can.
        Value::Float(value) if *value == 0.0 && value.is_sign_negative() => {
            "func() float64 { var zero float64; return -zero }()".to_owned()
        }
        Value::Float(value) => float(
            *value,
            "func() float64 { var zero float64; return 1 / zero }()",
            "func() float64 { var zero float64; return -1 / zero }()",
            "func() float64 { var zero float64; return zero / zero }()",
        ),
        Value::Str(text) => quote(text, hidden_as_u4),
        Value::List(values) => {
            let element = element_type(values);
            format!("[]{element}{{{}}}", list(values, render)?)
        }
        Value::Dict(all) => {
            let all = entries(all, |key, value| {
                Ok(format!("{}: {}", quote(key, hidden_as_u4), render(value)?))
            });
            format!("map[string]interface{{}}{{{}}}", all?)
        }
    })
}

/// The type of all elements, or the one that takes any.
fn element_type(values: &[Value]) -> String {
    let mut types = values.iter().map(type_name);
    match types.next() {
        Some(first) if types.all(|other| other == first) => first,
        _ => "interface{}".to_owned(),
    }
}

fn type_name(value: &Value) -> String {
    match value {
        Value::Null => "interface{}".to_owned(),
        Value::Bool(_) => "bool".to_owned(),
        Value::Int(_) => "int".to_owned(),
        Value::Float(_) => "float64".to_owned(),
        Value::Str(_) => "string".to_owned(),
        Value::List(values) => format!("[]{}", element_type(values)),
        Value::Dict(_) => "map[string]interface{}".to_owned(),
    }
}
