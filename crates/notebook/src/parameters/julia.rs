//! Parameters in Julia. Unlike Papermill's, `$` is no interpolation, and non-ASCII text and infinite numbers are
//! Julia's own.

use super::{Language, Value, is_plain_name};
use crate::number::python_repr;

pub(super) const LANGUAGE: Language = Language {
    name: "Julia",
    keys: &["julia"],
    comment: "# Parameters",
    is_name: |name| is_plain_name(name, &KEYWORDS),
    assign: |name, value| Ok(format!("{name} = {}", render(value))),
    defined: None,
};

const KEYWORDS: [&str; 29] = [
    "baremodule",
    "begin",
    "break",
    "catch",
    "const",
    "continue",
    "do",
    "else",
    "elseif",
    "end",
    "export",
    "false",
    "finally",
    "for",
    "function",
    "global",
    "if",
    "import",
    "let",
    "local",
    "macro",
    "module",
    "quote",
    "return",
    "struct",
    "true",
    "try",
    "using",
    "while",
];

fn render(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) if value.is_nan() => "NaN".to_owned(),
        Value::Float(value) if value.is_infinite() => {
            if *value > 0.0 { "Inf" } else { "-Inf" }.to_owned()
        }
        Value::Float(value) => python_repr(*value),
        Value::Str(text) => quote(text),
        Value::List(values) => format!(
            "[{}]",
            values.iter().map(render).collect::<Vec<_>>().join(", ")
        ),
        Value::Dict(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| format!("{} => {}", quote(key), render(value)));
            format!("Dict({})", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '\n' => quoted += "\\n",
            '\r' => quoted += "\\r",
            '\t' => quoted += "\\t",
            '\\' | '"' | '$' => quoted.extend(['\\', character]),
            control if control.is_control() => quoted += &format!("\\u{:04x}", control as u32),
            other => quoted.push(other),
        }
    }
    quoted + "\""
}
