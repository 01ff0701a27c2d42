//! The bytes of a notebook, as Python's `nbformat.writes` makes them. Nothing is copied on the way: texts are split
//! into lines while they are written.

use super::{Cell, Notebook, Object, Output};
use crate::json::Python;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Result, Write};

pub(super) fn write(notebook: &Notebook, writer: impl Write) -> Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(writer, Python::new());
    Ok(notebook.serialize(&mut serializer)?)
}

/// A part of a notebook, and how it is written there.
enum Part<'a> {
    Value(&'a Value),
    Object(&'a Object),
    Text(&'a str),
    Lines(&'a str),
    Cells(&'a [Cell]),
    Outputs(&'a [Output]),
    Output(&'a Output),
    Attachments(&'a Object),
    Bundle(&'a Object),
}

impl Serialize for Notebook {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut parts = plain(&self.rest);
        parts.insert("cells", Part::Cells(&self.cells));
        parts.insert("metadata", Part::Object(&self.metadata));
        parts.serialize(serializer)
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut parts = plain(&self.rest);
        parts.insert("cell_type", Part::Text(&self.cell_type));
        parts.insert("id", Part::Text(&self.id));
        parts.insert("metadata", Part::Object(&self.metadata));
        parts.insert("source", Part::Lines(&self.source));
        if self.is_code() {
            parts.insert("outputs", Part::Outputs(&self.outputs));
        }
        if let Some(Value::Object(attachments)) = self.rest.get("attachments") {
            parts.insert("attachments", Part::Attachments(attachments));
        }
        parts.serialize(serializer)
    }
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Part::Value(value) => value.serialize(serializer),
            Part::Object(object) => object.serialize(serializer),
            Part::Text(text) => serializer.serialize_str(text),
            Part::Lines(text) => serializer.collect_seq(lines(text)),
            Part::Cells(cells) => serializer.collect_seq(cells.iter()),
            Part::Outputs(outputs) => serializer.collect_seq(outputs.iter().map(Part::Output)),
            Part::Output(output) => output_parts(output).serialize(serializer),
            Part::Attachments(attachments) => {
                let mut map = serializer.serialize_map(Some(attachments.len()))?;
                for (name, bundle) in *attachments {
                    match bundle {
                        Value::Object(bundle) => {
                            map.serialize_entry(name, &Part::Bundle(bundle))?
                        }
                        other => map.serialize_entry(name, other)?,
                    }
                }
                map.end()
            }
            Part::Bundle(bundle) => {
                let mut map = serializer.serialize_map(Some(bundle.len()))?;
                for (mime, data) in *bundle {
                    match data {
                        Value::String(text) if is_split(mime) => {
                            map.serialize_entry(mime, &Part::Lines(text))?
                        }
                        other => map.serialize_entry(mime, other)?,
                    }
                }
                map.end()
            }
        }
    }
}

fn output_parts(output: &Output) -> BTreeMap<&str, Part<'_>> {
    let mut parts = plain(output);
    match output.get("output_type").and_then(Value::as_str) {
        Some("execute_result" | "display_data") => {
            if let Some(Value::Object(data)) = output.get("data") {
                parts.insert("data", Part::Bundle(data));
            }
        }
        Some("stream") => {
            if let Some(Value::String(text)) = output.get("text") {
                parts.insert("text", Part::Lines(text));
            }
        }
        _ => {}
    }
    parts
}

fn plain(object: &Object) -> BTreeMap<&str, Part<'_>> {
    object
        .iter()
        .map(|(key, value)| (key.as_str(), Part::Value(value)))
        .collect()
}

/// The MIME types whose text is stored as a list of lines.
fn is_split(mime: &str) -> bool {
    mime.starts_with("text/") || mime == "application/javascript" || mime == "image/svg+xml"
}

/// Python's `str.splitlines(True)`: lines with their ends.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest
            .char_indices()
            .find(|(_, character)| is_line_end(*character));
        let length = match end {
            None => rest.len(),
            Some((at, '\r')) if rest[at + 1..].starts_with('\n') => at + 2,
            Some((at, character)) => at + character.len_utf8(),
        };
        let (line, after) = rest.split_at(length);
        rest = after;
        Some(line)
    })
}

fn is_line_end(character: char) -> bool {
    matches!(
        character,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}
