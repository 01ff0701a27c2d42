//! Reading MIME bundles: the outputs' `data` and `metadata`.

use crate::nbformat::{Object, Output};
use serde_json::Value;

/// The text of a MIME bundle under this type.
pub(super) fn text<'output>(data: &'output Object, mime: &str) -> Option<&'output str> {
    data.get(mime)?.as_str()
}

/// An object of an output: `data`, `metadata`.
pub(super) fn object<'output>(output: &'output Output, key: &str) -> Option<&'output Object> {
    output.get(key)?.as_object()
}

/// The traceback of an `error` output, else its name and value.
pub(super) fn traceback(output: &Output) -> String {
    let lines: Vec<&str> = match output.get("traceback") {
        Some(Value::Array(lines)) => lines.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if lines.iter().any(|line| !line.trim().is_empty()) {
        return lines.join("\n");
    }
    let text = |key: &str| output.get(key).and_then(Value::as_str).unwrap_or_default();
    match (text("ename"), text("evalue")) {
        ("", value) => value.to_owned(),
        (name, "") => name.to_owned(),
        (name, value) => format!("{name}: {value}"),
    }
}
