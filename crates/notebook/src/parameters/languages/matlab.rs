//! Parameters in MATLAB. Its strings know no escapes, so control characters stand beside them as `char(10)`.

use crate::parameters::render::{Rendered, entries, float, is_ascii_name, list};
use crate::parameters::{Language, Value, inspect};

pub(super) const LANGUAGE: Language = Language {
    name: "MATLAB",
    keys: &["matlab"],
    kernels: &["imatlab", "jupyter_matlab_kernel"],
    frame: ["% Parameters\n", "\n", "\n"],
    is_name,
    assign: |set| Ok(format!("{} = {};", set.name, render(set.value)?)),
    inspect: Some(|source| inspect::lines(source, &SYNTAX)),
};

pub(super) const SYNTAX: inspect::Syntax = inspect::Syntax {
    keywords: &[],
    comment: "%",
    assigns: &["="],
    literals: inspect::Literals::OneNumber,
};

/// The longest name that MATLAB takes (`namelengthmax`).
const NAME_CHARS_MAX: usize = 63;

const KEYWORDS: &str = "\
    break case catch classdef continue else elseif end for function global if otherwise \
    parfor persistent return spmd switch try while";

fn is_name(name: &str) -> bool {
    !name.starts_with('_') && name.len() <= NAME_CHARS_MAX && is_ascii_name(name, KEYWORDS)
}

fn render(value: &Value) -> Rendered {
    Ok(match value {
        Value::Null => "NaN".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => float(*value, "inf", "-inf", "nan"),
        Value::Str(text) => string(text),
        Value::List(values) => format!("{{{}}}", list(values, render)?),
        Value::Dict(all) if all.is_empty() => "containers.Map()".to_owned(),
        Value::Dict(all) => format!(
            "containers.Map({{{}}}, {{{}}})",
            entries(all, |key, _| Ok(characters(key)))?,
            entries(all, |_, value| render(value))?
        ),
    })
}

/// A string: `"a""b"`, with control characters added: `("a" + char(10) + "b")`.
fn string(text: &str) -> String {
    let parts = parts(text, '"');
    match parts.as_slice() {
        [one] if one.starts_with('"') => one.clone(),
        _ => format!("(\"\" + {})", parts.join(" + ")),
    }
}

/// A row of characters: `'it''s'`, with control characters joined in: `['a' char(10) 'b']`.
fn characters(text: &str) -> String {
    let parts = parts(text, '\'');
    match parts.as_slice() {
        [one] => one.clone(),
        _ => format!("[{}]", parts.join(" ")),
    }
}

/// The literals and `char(N)` that make up a text; at least one.
fn parts(text: &str, mark: char) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.find(char::is_control).unwrap_or(rest.len());
        let (plain, after) = rest.split_at(end);
        if !plain.is_empty() || text.is_empty() {
            let doubled = plain.replace(mark, &format!("{mark}{mark}"));
            parts.push(format!("{mark}{doubled}{mark}"));
        }
        let Some(control) = after.chars().next() else {
            return parts;
        };
        parts.push(format!("char({})", control as u32));
        rest = &after[control.len_utf8()..];
    }
}
