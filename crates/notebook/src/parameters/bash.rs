//! Parameters in Bash: words quoted as Python's `shlex.quote` does, lists as arrays.

use super::{Language, Value};
use crate::number::python_repr;

pub(super) const LANGUAGE: Language = Language {
    name: "Bash",
    keys: &["bash"],
    comment: "# Parameters",
    is_name,
    assign: |name, value| Ok(format!("{name}={}", render(value)?)),
    defined: None,
};

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || character == '_')
}

fn render(value: &Value) -> Result<String, &'static str> {
    match value {
        Value::Null => Ok(String::new()),
        Value::List(values) => Ok(format!(
            "({})",
            values
                .iter()
                .map(word)
                .collect::<Result<Vec<_>, _>>()?
                .join(" ")
        )),
        other => word(other),
    }
}

/// One word: what an element of an array can be, too.
fn word(value: &Value) -> Result<String, &'static str> {
    match value {
        Value::Null => Ok("''".to_owned()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Int(value) => Ok(value.to_string()),
        Value::Float(value) => Ok(python_repr(*value)),
        Value::Str(text) if text.contains('\0') => Err("a text with a NUL character"),
        Value::Str(text) => Ok(quote(text)),
        Value::List(_) => Err("a list in a list"),
        Value::Dict(_) => Err("a mapping"),
    }
}

fn quote(text: &str) -> String {
    let safe =
        |character: char| character.is_ascii_alphanumeric() || "_@%+=:,./-".contains(character);
    if !text.is_empty() && text.chars().all(safe) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\"'\"'"))
}
