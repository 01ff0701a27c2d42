//! Parameters in Scala. Unlike Papermill's, non-ASCII text and infinite numbers are Scala's own.

use super::{Language, Value, is_plain_name};
use crate::number::python_repr;

pub(super) const LANGUAGE: Language = Language {
    name: "Scala",
    keys: &["scala", "sparkkernel"],
    comment: "// Parameters",
    is_name: |name| is_plain_name(name, &KEYWORDS),
    assign: |name, value| Ok(format!("val {name} = {}", render(value))),
    defined: None,
};

const KEYWORDS: [&str; 45] = [
    "_",
    "abstract",
    "case",
    "catch",
    "class",
    "def",
    "do",
    "else",
    "enum",
    "export",
    "extends",
    "false",
    "final",
    "finally",
    "for",
    "forSome",
    "given",
    "if",
    "implicit",
    "import",
    "lazy",
    "macro",
    "match",
    "new",
    "null",
    "object",
    "override",
    "package",
    "private",
    "protected",
    "return",
    "sealed",
    "super",
    "then",
    "this",
    "throw",
    "trait",
    "true",
    "try",
    "type",
    "val",
    "var",
    "while",
    "with",
    "yield",
];

fn render(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) if i32::try_from(*value).is_ok() => value.to_string(),
        Value::Int(value) if i64::try_from(*value).is_ok() => format!("{value}L"),
        Value::Int(value) => format!("BigInt(\"{value}\")"),
        Value::Float(value) if value.is_nan() => "Double.NaN".to_owned(),
        Value::Float(value) if value.is_infinite() => if *value > 0.0 {
            "Double.PositiveInfinity"
        } else {
            "Double.NegativeInfinity"
        }
        .to_owned(),
        Value::Float(value) => python_repr(*value),
        Value::Str(text) => quote(text),
        Value::List(values) => format!(
            "Seq({})",
            values.iter().map(render).collect::<Vec<_>>().join(", ")
        ),
        Value::Dict(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| format!("{} -> {}", quote(key), render(value)));
            format!("Map({})", entries.collect::<Vec<_>>().join(", "))
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
            '\\' => quoted += "\\\\",
            '"' => quoted += "\\\"",
            control if control.is_control() => quoted += &format!("\\u{:04x}", control as u32),
            other => quoted.push(other),
        }
    }
    quoted + "\""
}
