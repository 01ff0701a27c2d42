//! Parameters in Bash: words quoted as Python's `shlex.quote` does, lists as arrays, mappings as
//! associative arrays (which Papermill doesn't write).

use crate::number::python_repr;
use crate::parameters::render::{EMPTY_KEY, NUL, Rendered, is_ascii_name};
use crate::parameters::{Assignment, Language, Value, inspect};

pub(super) const LANGUAGE: Language = Language {
    name: "Bash",
    keys: &["bash"],
    kernels: &[],
    frame: ["# Parameters\n", "\n", "\n"],
    is_name: |name| is_ascii_name(name, ""),
    assign,
    inspect: Some(|source| inspect::lines(source, &SYNTAX)),
};

/// Bash has texts only, so no definition tells a type.
const SYNTAX: inspect::Syntax = inspect::Syntax {
    keywords: &["export", "declare", "local", "readonly", "typeset"],
    comment: "#",
    assigns: &["="],
    literals: inspect::Literals::None,
};

fn assign(set: Assignment<'_>) -> Rendered {
    let name = set.name;
    Ok(match set.value {
        Value::Null => format!("{name}="),
        Value::List(values) => {
            let words: Result<Vec<_>, _> = values.iter().map(word).collect();
            format!("{name}=({})", words?.join(" "))
        }
        Value::Dict(entries) => {
            let entries: Result<Vec<_>, &str> = entries
                .iter()
                .map(|(key, value)| Ok(format!("[{}]={}", subscript(key)?, word(value)?)))
                .collect();
            format!("declare -A {name}=({})", entries?.join(" "))
        }
        other => format!("{name}={}", word(other)?),
    })
}

/// One word: what an element of an array can be, too. What Bash can't nest is JSON.
fn word(value: &Value) -> Rendered {
    match value {
        Value::Null => Ok("''".to_owned()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Int(value) => Ok(value.to_string()),
        Value::Float(value) => Ok(python_repr(*value)),
        Value::Str(text) if text.contains('\0') => Err(NUL),
        Value::Str(text) => Ok(quote(text)),
        Value::List(_) | Value::Dict(_) => Ok(quote(&value.to_json().to_string())),
    }
}

/// A key of an associative array, always in quotes, so that no character of it means anything.
fn subscript(key: &str) -> Rendered {
    match key {
        "" => Err(EMPTY_KEY),
        key if key.contains('\0') => Err(NUL),
        key => Ok(format!("'{}'", key.replace('\'', "'\"'\"'"))),
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
