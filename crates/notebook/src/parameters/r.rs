//! Parameters in R. Unlike Papermill's, non-ASCII text and infinite numbers are R's own.

use super::{Language, Value, is_plain_name};
use crate::number::python_repr;

const NUL: &str = "a text with a NUL character";

pub(super) const LANGUAGE: Language = Language {
    name: "R",
    keys: &["R", "ir", "sparkrkernel"],
    comment: "# Parameters",
    is_name,
    assign: |name, value| {
        Ok(format!(
            "{} = {}",
            name.trim_start_matches('_'),
            render(value)?
        ))
    },
    defined: None,
};

const KEYWORDS: [&str; 19] = [
    "FALSE",
    "Inf",
    "NA",
    "NA_character_",
    "NA_complex_",
    "NA_integer_",
    "NA_real_",
    "NULL",
    "NaN",
    "TRUE",
    "break",
    "else",
    "for",
    "function",
    "if",
    "in",
    "next",
    "repeat",
    "while",
];

/// Leading `_` are dropped, as Papermill does, since no name in R starts with one; dots are letters.
fn is_name(name: &str) -> bool {
    let name = name.trim_start_matches('_');
    let dot_then_digit =
        name.starts_with('.') && name[1..].starts_with(|second: char| second.is_ascii_digit());
    !dot_then_digit
        && name != "..."
        && is_plain_name(&name.replace('.', "a"), &[])
        && !KEYWORDS.contains(&name)
}

fn render(value: &Value) -> Result<String, &'static str> {
    Ok(match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(true) => "TRUE".to_owned(),
        Value::Bool(false) => "FALSE".to_owned(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) if value.is_nan() => "NaN".to_owned(),
        Value::Float(value) if value.is_infinite() => {
            if *value > 0.0 { "Inf" } else { "-Inf" }.to_owned()
        }
        Value::Float(value) => python_repr(*value),
        Value::Str(text) => quote(text)?,
        Value::List(values) => format!(
            "list({})",
            values
                .iter()
                .map(render)
                .collect::<Result<Vec<_>, _>>()?
                .join(", ")
        ),
        Value::Dict(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| Ok(format!("{} = {}", quote(key)?, render(value)?)));
            format!(
                "list({})",
                entries.collect::<Result<Vec<_>, &str>>()?.join(", ")
            )
        }
    })
}

fn quote(text: &str) -> Result<String, &'static str> {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '\0' => return Err(NUL),
            '\n' => quoted += "\\n",
            '\r' => quoted += "\\r",
            '\t' => quoted += "\\t",
            '\\' => quoted += "\\\\",
            '"' => quoted += "\\\"",
            control if control.is_control() => quoted += &format!("\\u{:04x}", control as u32),
            other => quoted.push(other),
        }
    }
    Ok(quoted + "\"")
}
