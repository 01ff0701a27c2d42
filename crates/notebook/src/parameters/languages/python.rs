//! Parameters in Python, byte for byte as Papermill writes them (without the optional Black).

use crate::number::python_repr;
use crate::parameters::render::is_name;
use crate::parameters::{Language, Value, inspect};

pub(super) const LANGUAGE: Language = Language {
    name: "Python",
    keys: &["python", "pysparkkernel", "ipython"],
    kernels: &["python3", "python2", "xpython"],
    frame: ["# Parameters\n", "\n", "\n"],
    is_name: |name| is_name(name, KEYWORDS),
    assign: |set| Ok(format!("{} = {}", set.name, render(set.value))),
    inspect: Some(inspect::python),
};

const KEYWORDS: &str = "\
    False None True and as assert async await break class continue def del elif else except \
    finally for from global if import in is lambda nonlocal not or pass raise return try \
    while with yield";

fn render(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) if value.is_finite() => python_repr(*value),
        Value::Float(value) => format!("float('{}')", python_repr(*value)),
        Value::Str(text) => quote(text),
        Value::List(values) => format!(
            "[{}]",
            values.iter().map(render).collect::<Vec<_>>().join(", ")
        ),
        Value::Dict(entries) => {
            let entries = entries
                .iter()
                .map(|(key, value)| format!("{}: {}", quote(key), render(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Python's `unicode_escape`, in double quotes.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '\n' => quoted += "\\n",
            '\r' => quoted += "\\r",
            '\t' => quoted += "\\t",
            '\\' => quoted += "\\\\",
            '"' => quoted += "\\\"",
            ' '..='~' => quoted.push(character),
            '\0'..='\u{ff}' => quoted += &format!("\\x{:02x}", character as u32),
            '\u{100}'..='\u{ffff}' => quoted += &format!("\\u{:04x}", character as u32),
            _ => quoted += &format!("\\U{:08x}", character as u32),
        }
    }
    quoted + "\""
}
