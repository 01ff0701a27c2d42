//! A notebook in memory: what the executor touches is typed, everything else is kept as it came. Reads nbformat 3 and
//! 4, writes 4.5 (or the newer 4.x it read) with the bytes that Python's nbformat writes. Knows no kernel.

mod outputs;
pub(crate) mod save;
pub(crate) mod spool;
mod upgrade;
mod write;

pub(crate) use outputs::LastLine;
pub use outputs::Outputs;

use serde_json::{Map, Value, json};
use std::collections::HashSet;
use std::path::Path;

/// A JSON object: notebook and cell metadata, outputs.
pub type Object = Map<String, Value>;

/// One output of a code cell: `{output_type, …}`, as in the file, multi-line text joined.
pub type Output = Object;

/// Why bytes are not a notebook that can be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes are not JSON.
    #[error("not a notebook: not valid JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// JSON, but without the shape of a notebook.
    #[error("not a notebook: {0}")]
    Shape(String),
}

/// A notebook of nbformat 4.
#[derive(Clone, Debug, PartialEq)]
pub struct Notebook {
    /// The cells, in order.
    pub cells: Vec<Cell>,
    /// `metadata`: `kernelspec`, `language_info`, `papermill`, anything else.
    pub metadata: Object,
    /// Every other key of the file, `nbformat` and `nbformat_minor` among them.
    rest: Object,
}

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// `code`, `markdown` or `raw`; a kind we don't know is kept.
    pub cell_type: String,
    /// Unique in its notebook.
    pub id: String,
    /// The text, lines joined. (Half a surrogate pair, which Rust's strings can't hold, is U+10FFFF and four hex digits.)
    pub source: String,
    /// `metadata`: `tags`, `papermill`, `execution`, anything else.
    pub metadata: Object,
    /// What the cell has put out; empty for all but code cells.
    pub outputs: Outputs,
    /// Every other key: `execution_count`, `attachments`, unknown ones.
    rest: Object,
}

impl Notebook {
    /// Reads the bytes of an `.ipynb` file of nbformat 3 or 4. Missing and doubled cell ids are replaced by fresh ones.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, Error> {
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        let Value::Object(mut file) = crate::json::from_slice(bytes)? else {
            return Err(Error::Shape("the file holds no JSON object".to_owned()));
        };
        match file.get("nbformat").and_then(Value::as_u64) {
            Some(4) => {}
            Some(3) => upgrade::from_v3(&mut file)?,
            Some(other) => {
                return Err(Error::Shape(format!(
                    "nbformat {other} is not supported, only 3 and 4 are"
                )));
            }
            None => return Err(Error::Shape("it has no \"nbformat\" number".to_owned())),
        }
        if file
            .get("nbformat_minor")
            .and_then(Value::as_u64)
            .is_none_or(|minor| minor < 5)
        {
            file.insert("nbformat_minor".to_owned(), json!(5));
        }
        let mut metadata = take_object(&mut file, "metadata", "the notebook")?;
        for transient in ["orig_nbformat", "orig_nbformat_minor", "signature"] {
            metadata.remove(transient);
        }
        let Some(Value::Array(cells)) = file.remove("cells") else {
            return Err(Error::Shape("it has no list of \"cells\"".to_owned()));
        };
        let cells = cells.into_iter().enumerate();
        let mut cells = cells
            .map(|(index, cell)| Cell::read(cell, index))
            .collect::<Result<Vec<_>, _>>()?;
        let mut seen = HashSet::new();
        for cell in &mut cells {
            while cell.id.is_empty() || !seen.insert(cell.id.clone()) {
                cell.id = fresh_id();
            }
        }
        Ok(Self {
            cells,
            metadata,
            rest: file,
        })
    }

    /// The bytes that Python's `nbformat.writes` gives for this notebook (keys sorted, one space of indent, texts as
    /// lists of lines, no trailing newline).
    ///
    /// Fails only when outputs of a run can't be read back from their file.
    pub fn to_vec(&self) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.write(&mut bytes)?;
        Ok(bytes)
    }

    /// Writes the bytes of [`Notebook::to_vec`] without holding them all.
    pub fn write(&self, mut writer: impl std::io::Write) -> std::io::Result<()> {
        write::write(self, &mut writer)
    }

    /// Writes the notebook so that a reader sees either the old file or the whole new one, also after a crash:
    /// a temporary file beside it, flushed to disk, renamed.
    pub fn save(&self, path: &Path) -> std::io::Result<()> {
        save::replace(path, save::Special::Follow, |writer| self.write(writer))
    }

    /// `metadata.kernelspec.name`.
    pub fn kernel_name(&self) -> Option<&str> {
        non_empty(self.metadata.get("kernelspec")?.get("name"))
    }

    /// `metadata.language_info.name`, else `metadata.kernelspec.language`, as Papermill reads it.
    pub fn language(&self) -> Option<&str> {
        let named = |key: &str, field: &str| non_empty(self.metadata.get(key)?.get(field));
        named("language_info", "name").or_else(|| named("kernelspec", "language"))
    }

    /// The index of the first cell with this tag.
    pub fn tagged_cell(&self, tag: &str) -> Option<usize> {
        self.cells.iter().position(|cell| cell.has_tag(tag))
    }
}

impl Cell {
    /// A new code cell without outputs.
    pub fn code(source: impl Into<String>) -> Self {
        let mut cell = Self::new("code", source.into());
        cell.set_execution_count(None);
        cell
    }

    /// A new Markdown cell.
    pub fn markdown(source: impl Into<String>) -> Self {
        Self::new("markdown", source.into())
    }

    fn new(cell_type: &str, source: String) -> Self {
        Self {
            cell_type: cell_type.to_owned(),
            id: fresh_id(),
            source,
            metadata: Object::new(),
            outputs: Outputs::default(),
            rest: Object::new(),
        }
    }

    /// Whether this is a code cell.
    pub fn is_code(&self) -> bool {
        self.cell_type == "code"
    }

    /// Whether `metadata.tags` holds this tag.
    pub fn has_tag(&self, tag: &str) -> bool {
        let tags = self.metadata.get("tags").and_then(Value::as_array);
        tags.is_some_and(|tags| tags.iter().any(|each| each == tag))
    }

    /// The `N` of `In [N]`.
    pub fn execution_count(&self) -> Option<i64> {
        self.rest.get("execution_count").and_then(Value::as_i64)
    }

    /// `attachments` of a Markdown or raw cell: MIME bundles by file name.
    pub fn attachments(&self) -> Option<&Object> {
        self.rest.get("attachments").and_then(Value::as_object)
    }

    /// Sets the `N` of `In [N]`.
    pub fn set_execution_count(&mut self, count: Option<i64>) {
        self.rest.insert("execution_count".to_owned(), json!(count));
    }

    /// The first line that says something, for messages.
    pub fn first_line(&self) -> &str {
        self.source
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty())
            .unwrap_or("")
    }

    fn read(cell: Value, index: usize) -> Result<Self, Error> {
        let at = format!("cell {}", index + 1);
        let Value::Object(mut rest) = cell else {
            return Err(Error::Shape(format!("{at} is not an object")));
        };
        let Some(Value::String(cell_type)) = rest.remove("cell_type") else {
            return Err(Error::Shape(format!("{at} has no \"cell_type\"")));
        };
        let source = match rest.remove("source").map(joined) {
            None => String::new(),
            Some(Value::String(source)) => source,
            Some(_) => {
                return Err(Error::Shape(format!(
                    "{at}: \"source\" is neither a string nor a list of strings"
                )));
            }
        };
        let id = match rest.remove("id") {
            Some(Value::String(id)) => id,
            _ => String::new(),
        };
        let mut metadata = take_object(&mut rest, "metadata", &at)?;
        metadata.remove("trusted");
        if let Some(Value::Object(attachments)) = rest.get_mut("attachments") {
            attachments.values_mut().for_each(join_bundle);
        }
        let outputs = if cell_type == "code" {
            take_outputs(&mut rest, &at)?
        } else {
            Outputs::default()
        };
        Ok(Self {
            cell_type,
            id,
            source,
            metadata,
            outputs,
            rest,
        })
    }
}

/// A fresh cell id, as `nbformat.v4.new_code_cell` makes them: eight hex digits.
fn fresh_id() -> String {
    let mut id = uuid::Uuid::new_v4().simple().to_string();
    id.truncate(8);
    id
}

fn non_empty(value: Option<&Value>) -> Option<&str> {
    value?.as_str().filter(|text| !text.is_empty())
}

fn take_object(from: &mut Object, key: &str, at: &str) -> Result<Object, Error> {
    match from.remove(key) {
        None => Ok(Object::new()),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(Error::Shape(format!("{at}: \"{key}\" is not an object"))),
    }
}

fn take_outputs(cell: &mut Object, at: &str) -> Result<Outputs, Error> {
    let outputs = match cell.remove("outputs") {
        None => return Ok(Outputs::default()),
        Some(Value::Array(outputs)) => outputs,
        Some(_) => return Err(Error::Shape(format!("{at}: \"outputs\" is not a list"))),
    };
    let outputs = outputs.into_iter().map(read_output);
    let outputs: Option<Outputs> = outputs.collect();
    outputs.ok_or_else(|| Error::Shape(format!("{at}: an output is not an object")))
}

/// An output as it is in memory: the lines of its texts joined. None when it is no object.
fn read_output(output: Value) -> Option<Output> {
    let Value::Object(mut output) = output else {
        return None;
    };
    match output.get("output_type").and_then(Value::as_str) {
        Some("execute_result" | "display_data") => {
            output.get_mut("data").into_iter().for_each(join_bundle);
        }
        _ => {
            if let Some(text) = output.get_mut("text") {
                *text = joined(text.take());
            }
        }
    }
    Some(output)
}

/// A list of strings as one string; anything else as it is.
fn joined(value: Value) -> Value {
    match value {
        Value::Array(lines) if lines.iter().all(Value::is_string) => {
            Value::String(lines.iter().filter_map(Value::as_str).collect())
        }
        other => other,
    }
}

/// Joins the lines of every text of a MIME bundle; JSON types stay what they are.
fn join_bundle(bundle: &mut Value) {
    let Value::Object(bundle) = bundle else {
        return;
    };
    for (mime, data) in bundle {
        let json = mime == "application/json"
            || (mime.starts_with("application/") && mime.ends_with("+json"));
        if !json {
            *data = joined(data.take());
        }
    }
}
