//! The bytes of a notebook, as Python's `nbformat.writes` makes them. Nothing is copied on the way: texts are split
//! into lines while they are written. Serde writes all but the outer objects, whose outputs may be bytes in a file.

use super::{Cell, Notebook, Object, Output, Outputs};
use crate::json::Python;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Result, Write};

/// How deep in the file an output is.
const OUTPUT_DEPTH: usize = 4;

pub(super) fn write(notebook: &Notebook, to: &mut dyn Write) -> Result<()> {
    let mut fields = fields(&notebook.rest);
    fields.insert("cells", Field::Cells(&notebook.cells));
    fields.insert("metadata", Field::Part(Part::Object(&notebook.metadata)));
    object(&fields, 0, to)
}

/// An output's bytes, the first indent not among them.
pub(super) fn output(output: &Output, to: &mut dyn Write) -> Result<()> {
    value(&Part::Output(output), OUTPUT_DEPTH, to)
}

/// The beginning of a stream's output; its lines and its end follow.
pub(super) fn stream_start(name: &str, to: &mut dyn Write) -> Result<()> {
    to.write_all(b"{")?;
    for (key, text) in [("name", name), ("output_type", "stream")] {
        new_line(OUTPUT_DEPTH + 1, to)?;
        write!(to, "\"{key}\": ")?;
        value(&text, OUTPUT_DEPTH + 1, to)?;
        to.write_all(b",")?;
    }
    new_line(OUTPUT_DEPTH + 1, to)?;
    to.write_all(b"\"text\": [")
}

/// Lines of a stream's output; the first of all has no comma before it.
pub(super) fn stream_lines(text: &str, first: bool, to: &mut dyn Write) -> Result<()> {
    for (number, line) in lines(text).enumerate() {
        if !first || number > 0 {
            to.write_all(b",")?;
        }
        new_line(OUTPUT_DEPTH + 2, to)?;
        value(&line, OUTPUT_DEPTH + 2, to)?;
    }
    Ok(())
}

/// The end of a stream's output that has lines.
pub(super) fn stream_end(to: &mut dyn Write) -> Result<()> {
    new_line(OUTPUT_DEPTH + 1, to)?;
    to.write_all(b"]")?;
    new_line(OUTPUT_DEPTH, to)?;
    to.write_all(b"}")
}

/// A field of the notebook or of a cell.
enum Field<'a> {
    Part(Part<'a>),
    Cells(&'a [Cell]),
    Outputs(&'a Outputs),
}

fn object(fields: &BTreeMap<&str, Field<'_>>, depth: usize, to: &mut dyn Write) -> Result<()> {
    let mut items = Items::begin(b"{", depth, to)?;
    for (key, field) in fields {
        items.next(to)?;
        let mut serializer = serde_json::Serializer::with_formatter(&mut *to, Python::of_key());
        key.serialize(&mut serializer)?;
        to.write_all(b": ")?;
        match field {
            Field::Part(part) => value(part, depth + 1, to)?,
            Field::Cells(cells) => {
                let mut items = Items::begin(b"[", depth + 1, to)?;
                for cell in *cells {
                    items.next(to)?;
                    object(&cell_fields(cell), depth + 2, to)?;
                }
                items.end(b"]", to)?;
            }
            Field::Outputs(outputs) => {
                let mut items = Items::begin(b"[", depth + 1, to)?;
                outputs.write(to, |to| items.next(to))?;
                items.end(b"]", to)?;
            }
        }
    }
    items.end(b"}", to)
}

/// What is between the items of an object or list.
struct Items {
    depth: usize,
    any: bool,
}

impl Items {
    fn begin(bracket: &[u8], depth: usize, to: &mut dyn Write) -> Result<Self> {
        to.write_all(bracket)?;
        Ok(Self { depth, any: false })
    }

    fn next(&mut self, to: &mut dyn Write) -> Result<()> {
        if std::mem::replace(&mut self.any, true) {
            to.write_all(b",")?;
        }
        new_line(self.depth + 1, to)
    }

    fn end(self, bracket: &[u8], to: &mut dyn Write) -> Result<()> {
        if self.any {
            new_line(self.depth, to)?;
        }
        to.write_all(bracket)
    }
}

fn new_line(depth: usize, to: &mut dyn Write) -> Result<()> {
    write!(to, "\n{:depth$}", "")
}

fn value(value: &impl Serialize, depth: usize, to: &mut dyn Write) -> Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(to, Python::at(depth));
    Ok(value.serialize(&mut serializer)?)
}

fn cell_fields(cell: &Cell) -> BTreeMap<&str, Field<'_>> {
    let mut fields = fields(&cell.rest);
    let own = [
        ("cell_type", Part::Text(&cell.cell_type)),
        ("id", Part::Text(&cell.id)),
        ("metadata", Part::Object(&cell.metadata)),
        ("source", Part::Lines(&cell.source)),
    ];
    fields.extend(own.map(|(key, part)| (key, Field::Part(part))));
    if let Some(Value::Object(attachments)) = cell.rest.get("attachments") {
        let part = Field::Part(Part::Attachments(attachments));
        fields.insert("attachments", part);
    }
    if cell.is_code() {
        fields.insert("outputs", Field::Outputs(&cell.outputs));
    }
    fields
}

fn fields(object: &Object) -> BTreeMap<&str, Field<'_>> {
    plain(object)
        .map(|(key, part)| (key, Field::Part(part)))
        .collect()
}

/// What serde writes.
enum Part<'a> {
    Value(&'a Value),
    Object(&'a Object),
    Text(&'a str),
    Lines(&'a str),
    Output(&'a Output),
    Attachments(&'a Object),
    Bundle(&'a Object),
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Part::Value(value) => value.serialize(serializer),
            Part::Object(object) => object.serialize(serializer),
            Part::Text(text) => serializer.serialize_str(text),
            Part::Lines(text) => serializer.collect_seq(lines(text)),
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
    let mut parts: BTreeMap<_, _> = plain(output).collect();
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

fn plain(object: &Object) -> impl Iterator<Item = (&str, Part<'_>)> {
    object
        .iter()
        .map(|(key, value)| (key.as_str(), Part::Value(value)))
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

/// How much of a text is whole lines.
pub(super) fn last_line_end(text: &str) -> usize {
    let end = text.rfind(is_line_end);
    let end = end.and_then(|at| Some(at + text[at..].chars().next()?.len_utf8()));
    end.unwrap_or(0)
}

fn is_line_end(character: char) -> bool {
    matches!(
        character,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}
