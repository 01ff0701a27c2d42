//! Parameters in PHP.

use crate::parameters::render::{
    Rendered, entries, float, hidden_as_u4, int_64, is_ascii_name, list, quote,
};
use crate::parameters::{Language, Value, inspect};

pub(super) const LANGUAGE: Language = Language {
    name: "PHP",
    keys: &["php"],
    kernels: &["jupyter-php"],
    frame: ["// Parameters\n", "\n", "\n"],
    is_name: |name| is_ascii_name(name, "this GLOBALS"),
    assign: |set| Ok(format!("${} = {};", set.name, render(set.value)?)),
    inspect: Some(|source| inspect::lines(source, &SYNTAX)),
};

const SYNTAX: inspect::Syntax = inspect::Syntax {
    keywords: &[],
    comment: "//",
    assigns: &["="],
    literals: inspect::Literals::TwoNumbers,
};

fn render(value: &Value) -> Rendered {
    Ok(match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        // PHP reads the digits before the sign, and they are one too many.
        Value::Int(value) if *value == i128::from(i64::MIN) => "PHP_INT_MIN".to_owned(),
        Value::Int(value) => int_64(*value)?.to_string(),
        Value::Float(value) => float(*value, "INF", "-INF", "NAN"),
        Value::Str(value) => text(value),
        Value::List(values) => format!("[{}]", list(values, render)?),
        Value::Dict(all) => {
            let all = entries(all, |key, value| {
                Ok(format!("{} => {}", text(key), render(value)?))
            });
            format!("[{}]", all?)
        }
    })
}

/// `$` would name a variable.
fn text(text: &str) -> String {
    quote(text, |character| match character {
        '$' => Some("\\$".to_owned()),
        other => hidden_as_u4(other).map(|_| format!("\\u{{{:x}}}", other as u32)),
    })
}
