//! nbformat 3 to 4, as Python's `nbformat.v4.upgrade` does it. Works on the raw file, before it is typed.

use super::{Error, Object};
use serde_json::{Value, json};

/// The short names of version 3 and the MIME types that they stand for.
const MIME_TYPES: [(&str, &str); 8] = [
    ("text", "text/plain"),
    ("html", "text/html"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("jpeg", "image/jpeg"),
    ("latex", "text/latex"),
    ("json", "application/json"),
    ("javascript", "application/javascript"),
];

/// Rewrites a whole file in place: worksheets become one list of cells.
pub(super) fn from_v3(file: &mut Object) -> Result<(), Error> {
    let Some(Value::Array(worksheets)) = file.remove("worksheets") else {
        return Err(Error::Shape(
            "nbformat 3, but it has no list of \"worksheets\"".to_owned(),
        ));
    };
    let mut cells = Vec::new();
    for mut worksheet in worksheets {
        match worksheet.get_mut("cells").map(Value::take) {
            Some(Value::Array(sheet)) => cells.extend(sheet),
            _ => {
                return Err(Error::Shape(
                    "a worksheet has no list of \"cells\"".to_owned(),
                ));
            }
        }
    }
    for cell in &mut cells {
        if let Value::Object(cell) = cell {
            upgrade_cell(cell);
        }
    }
    file.insert("cells".to_owned(), Value::Array(cells));
    file.insert("nbformat".to_owned(), json!(4));
    file.insert("nbformat_minor".to_owned(), json!(5));
    file.remove("orig_nbformat");
    file.remove("orig_nbformat_minor");
    if let Some(Value::Object(metadata)) = file.get_mut("metadata") {
        metadata.remove("name");
    }
    Ok(())
}

fn upgrade_cell(cell: &mut Object) {
    cell.remove("trusted");
    if let Some(source) = cell.get_mut("source") {
        *source = joined(source.take());
    }
    match cell.get("cell_type").and_then(Value::as_str) {
        Some("code") => upgrade_code(cell),
        Some("heading") => {
            let level = cell
                .remove("level")
                .and_then(|level| level.as_u64())
                .unwrap_or(1)
                .clamp(1, 6) as usize;
            let text = cell.get("source").and_then(Value::as_str).unwrap_or("");
            let line = text.lines().collect::<Vec<_>>().join(" ");
            cell.insert(
                "source".to_owned(),
                json!(format!("{} {line}", "#".repeat(level))),
            );
            cell.insert("cell_type".to_owned(), json!("markdown"));
        }
        Some("html") => {
            cell.insert("cell_type".to_owned(), json!("markdown"));
        }
        _ => {}
    }
}

fn upgrade_code(cell: &mut Object) {
    cell.remove("language");
    let input = cell.remove("input").unwrap_or_else(|| json!(""));
    cell.insert("source".to_owned(), joined(input));
    let count = cell.remove("prompt_number").unwrap_or(Value::Null);
    cell.insert("execution_count".to_owned(), count);
    if let Some(collapsed) = cell.remove("collapsed")
        && let Value::Object(metadata) = cell.entry("metadata").or_insert_with(|| json!({}))
    {
        metadata.insert("collapsed".to_owned(), collapsed);
    }
    if let Some(Value::Array(outputs)) = cell.get_mut("outputs") {
        for output in outputs {
            if let Value::Object(output) = output {
                upgrade_output(output);
            }
        }
    }
}

fn upgrade_output(output: &mut Object) {
    for (short, _) in MIME_TYPES {
        if let Some(text) = output.get_mut(short) {
            *text = joined(text.take());
        }
    }
    match output.get("output_type").and_then(Value::as_str) {
        Some("pyerr") => {
            output.insert("output_type".to_owned(), json!("error"));
        }
        Some("stream") => {
            let name = output.remove("stream").unwrap_or_else(|| json!("stdout"));
            output.insert("name".to_owned(), name);
        }
        Some("pyout") => {
            let count = output.remove("prompt_number").unwrap_or(Value::Null);
            upgrade_data(output);
            output.insert("output_type".to_owned(), json!("execute_result"));
            output.insert("execution_count".to_owned(), count);
        }
        Some("display_data") => upgrade_data(output),
        _ => {}
    }
}

/// Gathers what is not a field of the output itself under `data`, by MIME type.
fn upgrade_data(output: &mut Object) {
    let kind = output.remove("output_type").unwrap_or(Value::Null);
    let mut metadata = output.remove("metadata").unwrap_or_else(|| json!({}));
    let mut data = std::mem::take(output);
    to_mime_types(&mut data);
    if let Some(text) = data.get("application/json").and_then(Value::as_str)
        && let Ok(value) = serde_json::from_str::<Value>(text)
    {
        data.insert("application/json".to_owned(), value);
    }
    if let Value::Object(metadata) = &mut metadata {
        to_mime_types(metadata);
    }
    output.insert("output_type".to_owned(), kind);
    output.insert("metadata".to_owned(), metadata);
    output.insert("data".to_owned(), Value::Object(data));
}

fn to_mime_types(bundle: &mut Object) {
    for (short, mime) in MIME_TYPES {
        if let Some(data) = bundle.remove(short) {
            bundle.insert(mime.to_owned(), data);
        }
    }
}

/// Version 3 lists hold lines with their ends, or (older) without them.
fn joined(value: Value) -> Value {
    let Value::Array(lines) = &value else {
        return value;
    };
    let Some(lines) = lines.iter().map(Value::as_str).collect::<Option<Vec<_>>>() else {
        return value;
    };
    let with_ends = lines
        .first()
        .is_some_and(|line| line.ends_with(['\n', '\r']));
    Value::String(lines.join(if with_ends { "" } else { "\n" }))
}
