//! Parameters in PowerShell. Unlike Papermill's, nothing in a text is run (`$(...)`), and lists of one list stay so.

use crate::parameters::render::{Rendered, float, is_ascii_name, list};
use crate::parameters::{Language, Value, inspect};

pub(super) const LANGUAGE: Language = Language {
    name: "PowerShell",
    keys: &[".net-powershell", "powershell", "pwsh"],
    kernels: &[],
    frame: ["# Parameters\n", "\n", "\n"],
    is_name: |name| is_ascii_name(&name.to_ascii_lowercase(), CONSTANTS),
    assign: |set| Ok(format!("${} = {}", set.name, render(set.value)?)),
    inspect: Some(|source| inspect::lines(source, &SYNTAX)),
};

const SYNTAX: inspect::Syntax = inspect::Syntax {
    keywords: &[],
    comment: "#",
    assigns: &["="],
    literals: inspect::Literals::TwoNumbers,
};

/// Variables that can't be set, or that the shell sets itself.
const CONSTANTS: &str = "\
    _ args error executioncontext false home host input null pid pshome this true";

fn render(value: &Value) -> Rendered {
    Ok(match value {
        Value::Null => "$Null".to_owned(),
        Value::Bool(true) => "$True".to_owned(),
        Value::Bool(false) => "$False".to_owned(),
        Value::Int(value) if i64::try_from(*value).is_ok() => value.to_string(),
        Value::Int(value) => format!("([bigint]\"{value}\")"),
        Value::Float(value) => float(
            *value,
            "[double]::PositiveInfinity",
            "[double]::NegativeInfinity",
            "[double]::NaN",
        ),
        Value::Str(text) => quote(text),
        // `@(@(1, 2))` is `@(1, 2)`; the comma keeps the inner list.
        Value::List(values) if matches!(values.as_slice(), [Value::List(_)]) => {
            format!("@(, {})", render(&values[0])?)
        }
        Value::List(values) => format!("@({})", list(values, render)?),
        Value::Dict(all) => {
            let mut keys: Vec<_> = all.iter().map(|(key, _)| key.to_lowercase()).collect();
            keys.sort();
            if keys.windows(2).any(|pair| pair[0] == pair[1]) {
                return Err("keys that differ only in case");
            }
            let entry =
                |(key, value): &(String, Value)| Ok(format!("{} = {}", quote(key), render(value)?));
            let all: Result<Vec<_>, &str> = all.iter().map(entry).collect();
            format!("@{{{}}}", all?.join("\n "))
        }
    })
}

/// In double quotes. PowerShell takes curly quotation marks for straight ones, and `$` for a variable or command.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '\n' => quoted += "`n",
            '\r' => quoted += "`r",
            '\t' => quoted += "`t",
            '\0' => quoted += "`0",
            '"' | '`' | '$' | '\u{201c}' | '\u{201d}' | '\u{201e}' => {
                quoted.extend(['`', character]);
            }
            other => quoted.push(other),
        }
    }
    quoted + "\""
}
