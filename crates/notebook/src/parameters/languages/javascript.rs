//! Parameters in JavaScript and TypeScript.

use crate::parameters::render::{Rendered, entries, float, hidden_as_u4, is_name, list, quote};
use crate::parameters::{Assignment, Language, Value, inspect};

pub(super) const LANGUAGE: Language = Language {
    name: "JavaScript",
    keys: &["javascript", "typescript"],
    kernels: &["deno", "jslab", "tslab", "xjavascript", "nodejs"],
    frame: ["// Parameters\n", "\n", "\n"],
    is_name: |name| is_name(name, KEYWORDS),
    assign,
    inspect: Some(|source| inspect::lines(source, &SYNTAX)),
};

const SYNTAX: inspect::Syntax = inspect::Syntax {
    keywords: &["var", "let", "const", "export"],
    comment: "//",
    assigns: &["="],
    literals: inspect::Literals::OneNumber,
};

const KEYWORDS: &str = "\
    Infinity NaN arguments await break case catch class const continue debugger default \
    delete do else enum eval export extends false finally for function if implements import \
    in instanceof interface let new null package private protected public return static \
    super switch this throw true try typeof undefined var void while with yield async";

/// The largest whole number that a Number holds with all below it.
const SAFE_INTEGER_MAX: u128 = (1 << 53) - 1;

/// A variable of the tagged cell is set, since no kernel lets `var` follow `let`; a constant can only be declared
/// again, which the kernels that keep constants between cells allow.
fn assign(set: Assignment<'_>) -> Rendered {
    let keyword = match set.definition {
        Some(known) if known.keywords.iter().any(|word| word == "const") => "const ",
        Some(_) => "",
        None => "var ",
    };
    Ok(format!("{keyword}{} = {};", set.name, render(set.value)?))
}

fn render(value: &Value) -> Rendered {
    Ok(match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) if value.unsigned_abs() <= SAFE_INTEGER_MAX => value.to_string(),
        Value::Int(value) => format!("{value}n"),
        Value::Float(value) => float(*value, "Infinity", "-Infinity", "NaN"),
        Value::Str(text) => quote(text, hidden_as_u4),
        Value::List(values) => format!("[{}]", list(values, render)?),
        Value::Dict(all) => {
            let all = entries(all, |key, value| {
                let quoted = quote(key, hidden_as_u4);
                // As a plain key it would set the prototype.
                let key = if key == "__proto__" {
                    format!("[{quoted}]")
                } else {
                    quoted
                };
                Ok(format!("{key}: {}", render(value)?))
            });
            format!("{{{}}}", all?)
        }
    })
}
