//! Parameters in Perl.

use crate::parameters::render::{Rendered, entries, float, int_64, is_ascii_name, list, quote};
use crate::parameters::{Assignment, Language, Value, inspect};

pub(super) const LANGUAGE: Language = Language {
    name: "Perl",
    keys: &["perl"],
    kernels: &["iperl"],
    frame: ["# Parameters\n", "\n", "\n"],
    is_name: |name| is_ascii_name(name, "_ a b"),
    assign,
    inspect: Some(|source| inspect::lines(source, &SYNTAX)),
};

const SYNTAX: inspect::Syntax = inspect::Syntax {
    keywords: &["my", "our", "local", "state"],
    comment: "#",
    assigns: &["="],
    literals: inspect::Literals::TwoNumbers,
};

/// What the tagged cell declares is only set; else it is declared for the whole package.
fn assign(set: Assignment<'_>) -> Rendered {
    let keyword = if set.definition.is_some() { "" } else { "our " };
    Ok(format!("{keyword}${} = {};", set.name, render(set.value)?))
}

fn render(value: &Value) -> Rendered {
    Ok(match value {
        Value::Null => "undef".to_owned(),
        Value::Bool(true) => "1".to_owned(),
        Value::Bool(false) => "0".to_owned(),
        Value::Int(value) if int_64(*value).is_ok() => value.to_string(),
        // A module of Perl's own; the number behaves as any other.
        Value::Int(value) => {
            format!("do {{ require Math::BigInt; Math::BigInt->new(\"{value}\") }}")
        }
        Value::Float(value) => float(*value, "9**9**9", "-9**9**9", "-sin(9**9**9)"),
        Value::Str(value) => text(value),
        Value::List(values) => format!("[{}]", list(values, render)?),
        Value::Dict(all) => {
            let all = entries(all, |key, value| {
                Ok(format!("{} => {}", text(key), render(value)?))
            });
            format!("{{{}}}", all?)
        }
    })
}

/// Non-ASCII by number, so that it is right with and without `use utf8`; `$` and `@` would name variables.
fn text(text: &str) -> String {
    quote(text, |character| match character {
        '$' | '@' => Some(format!("\\{character}")),
        ' '..='~' => None,
        other => Some(format!("\\x{{{:x}}}", other as u32)),
    })
}
