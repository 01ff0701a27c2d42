//! Parameters in Julia. Unlike Papermill's, `$` is no interpolation, and non-ASCII text and infinite numbers are
//! Julia's own.

use crate::parameters::render::{Rendered, entries, float, hidden_as_u4, is_name, list, quote};
use crate::parameters::{Language, Value, inspect};

pub(super) const LANGUAGE: Language = Language {
    name: "Julia",
    keys: &["julia"],
    kernels: &[],
    frame: ["# Parameters\n", "\n", "\n"],
    is_name: |name| is_name(name, KEYWORDS),
    assign: |set| Ok(format!("{} = {}", set.name, render(set.value)?)),
    inspect: Some(|source| inspect::lines(source, &SYNTAX)),
};

const SYNTAX: inspect::Syntax = inspect::Syntax {
    keywords: &["const", "global", "local"],
    comment: "#",
    assigns: &["="],
    literals: inspect::Literals::TwoNumbers,
};

const KEYWORDS: &str = "\
    baremodule begin break catch const continue do else elseif end export false finally for \
    function global if import let local macro module quote return struct true try using \
    while";

fn render(value: &Value) -> Rendered {
    Ok(match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => float(*value, "Inf", "-Inf", "NaN"),
        Value::Str(value) => text(value),
        // Julia makes one type of what it can: `[true, 2]` would be `[1, 2]`.
        Value::List(values) if converts(values) => format!("Any[{}]", list(values, render)?),
        Value::List(values) => format!("[{}]", list(values, render)?),
        Value::Dict(all) => {
            let all = entries(all, |key, value| {
                Ok(format!("{} => {}", text(key), render(value)?))
            });
            format!("Dict({})", all?)
        }
    })
}

/// Whether Julia would convert elements of `[...]`: numbers of different kinds, or lists and mappings, which may hold
/// such. Beside a text nothing is converted.
fn converts(values: &[Value]) -> bool {
    let kind = |value: &Value| std::mem::discriminant(value);
    let holds = |value: &&Value| matches!(value, Value::List(_) | Value::Dict(_));
    let plain = values.iter().filter(|value| **value != Value::Null);
    let mixed = plain
        .clone()
        .zip(plain.skip(1))
        .any(|(one, other)| kind(one) != kind(other));
    let text = values.iter().any(|value| matches!(value, Value::Str(_)));
    !text && (mixed || values.iter().filter(holds).count() > 1)
}

fn text(text: &str) -> String {
    quote(text, |character| match character {
        '$' => Some("\\$".to_owned()),
        other => hidden_as_u4(other),
    })
}
