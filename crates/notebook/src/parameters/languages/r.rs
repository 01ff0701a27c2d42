//! Parameters in R. Unlike Papermill's, non-ASCII text and infinite numbers are R's own.

use crate::parameters::render::{
    NUL, Rendered, entries, float, hidden_as_u4, is_name, list, quote,
};
use crate::parameters::{Language, Value, inspect};

pub(super) const LANGUAGE: Language = Language {
    name: "R",
    keys: &["R", "sparkrkernel"],
    kernels: &["ir", "xr"],
    frame: [
        "# Parameters
",
        "
",
        "
",
    ],
    is_name: is_variable,
    assign: |set| {
        let name = set.name.trim_start_matches('_');
        Ok(format!("{name} = {}", render(set.value)?))
    },
    inspect: Some(|source| inspect::lines(source, &SYNTAX)),
};

const SYNTAX: inspect::Syntax = inspect::Syntax {
    keywords: &[],
    comment: "#",
    assigns: &["<-", "="],
    literals: inspect::Literals::OneNumber,
};

const KEYWORDS: &str = "\
    FALSE Inf NA NA_character_ NA_complex_ NA_integer_ NA_real_ NULL NaN TRUE break else for \
    function if in next repeat while";

/// Leading `_` are dropped, as Papermill does, since no name in R starts with one; dots are letters.
fn is_variable(name: &str) -> bool {
    let name = name.trim_start_matches('_');
    let dot_then_digit =
        name.starts_with('.') && name[1..].starts_with(|second: char| second.is_ascii_digit());
    !dot_then_digit
        && name != "..."
        && is_name(&name.replace('.', "a"), "")
        && !KEYWORDS.split(' ').any(|word| word == name)
}

fn render(value: &Value) -> Rendered {
    Ok(match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(true) => "TRUE".to_owned(),
        Value::Bool(false) => "FALSE".to_owned(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => float(*value, "Inf", "-Inf", "NaN"),
        Value::Str(value) => text(value)?,
        Value::List(values) => format!("list({})", list(values, render)?),
        // R takes no empty name from its parser.
        Value::Dict(all) if all.iter().any(|(key, _)| key.is_empty()) => format!(
            "setNames(list({}), c({}))",
            entries(all, |_, value| render(value))?,
            entries(all, |key, _| text(key))?
        ),
        Value::Dict(all) => {
            let all = entries(all, |key, value| {
                Ok(format!("{} = {}", text(key)?, render(value)?))
            });
            format!("list({})", all?)
        }
    })
}

fn text(text: &str) -> Rendered {
    if text.contains('\0') {
        return Err(NUL);
    }
    Ok(quote(text, hidden_as_u4))
}
