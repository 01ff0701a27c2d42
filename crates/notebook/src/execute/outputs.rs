//! Puts what a kernel publishes into the cells that it belongs to: streams, displays, results, errors, `clear_output`,
//! updates by display id. Knows no kernel process and no files.

use super::Event;
use super::spill::Spill;
use super::stream::append_folded;
use crate::clock;
use crate::kernel::Message;
use crate::nbformat::{Cell, Output};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

/// Where outputs of a run go.
pub(super) struct Outputs {
    /// The cell of each request, for the life of the kernel: some kernels and threads publish late.
    cells_by_request: HashMap<String, usize>,
    /// The outputs that carry a display id: cell and position.
    displays: HashMap<String, Vec<(usize, usize)>>,
    /// Cells to be emptied before their next output (`clear_output(wait=True)`).
    to_clear: HashSet<usize>,
    /// The cell sent last; messages without a parent belong to it.
    current: Option<usize>,
    /// Keep of a line only what a terminal would show.
    fold: bool,
    /// Where a terminal's cursor would be in the last line of a cell's last stream, if not at its end.
    cursors: HashMap<usize, usize>,
    /// The last error output of the current cell.
    error: Option<Output>,
    spill: Spill,
}

impl Outputs {
    /// With `fold`, text of streams that a carriage return or a backspace overwrites is dropped. What need not be in
    /// memory is put into a file in `folder`.
    pub fn new(fold: bool, folder: PathBuf) -> Self {
        Self {
            cells_by_request: HashMap::new(),
            displays: HashMap::new(),
            to_clear: HashSet::new(),
            current: None,
            fold,
            cursors: HashMap::new(),
            error: None,
            spill: Spill::new(folder, fold),
        }
    }

    /// From now on, messages with this parent belong to a cell.
    pub fn expect(&mut self, request: &str, cell: usize) {
        self.cells_by_request.insert(request.to_owned(), cell);
        self.current = Some(cell);
        self.error = None;
    }

    /// The outputs of a cell that keeps them need not be in memory.
    pub fn keep(&mut self, index: usize, cells: &mut [Cell]) {
        if cells
            .get(index)
            .is_some_and(|cell| !cell.outputs.is_empty())
        {
            self.spill.keep(index);
            self.spill.relieve(cells, None);
        }
    }

    /// The last error that the current cell has put out and not cleared.
    pub fn error(&self) -> Option<&Output> {
        self.error.as_ref()
    }

    /// Applies a message to the cells; whether it changed one.
    pub fn apply(
        &mut self,
        mut message: Message,
        cells: &mut [Cell],
        events: &mut dyn FnMut(Event<'_>),
    ) -> bool {
        let parent = &message.parent.msg_id;
        let index = if parent.is_empty() {
            self.current
        } else {
            self.cells_by_request.get(parent).copied()
        };
        let Some(index) = index.filter(|index| *index < cells.len()) else {
            return false;
        };
        if let Some(count) = message
            .content
            .get("execution_count")
            .and_then(Value::as_i64)
        {
            cells[index].set_execution_count(Some(count));
        }
        match message.kind() {
            "stream" | "display_data" | "execute_result" | "error" => {
                let id = display_id(&message.content);
                let Some(output) = output_of(&mut message) else {
                    return false;
                };
                self.spill.hold(index, message.content_length);
                match id {
                    _ if message.kind() == "stream" => self.stream(output, index, cells, events),
                    Some(id) => self.display(id, output, index, cells, events),
                    None => self.push(output, index, cells, events),
                }
                self.spill.relieve(cells, self.current);
            }
            "update_display_data" => {
                let Some(id) = display_id(&message.content) else {
                    return false;
                };
                let (data, metadata) = data_and_metadata(&mut message);
                let size = message.content_length;
                self.update(&id, size, &data, &metadata, cells, events);
                self.spill.relieve(cells, self.current);
            }
            "clear_output" => {
                if message.content.get("wait").and_then(Value::as_bool) == Some(true) {
                    self.to_clear.insert(index);
                } else {
                    self.clear(index, cells, events);
                }
            }
            "execute_input" => stamp(&mut cells[index], "iopub.execute_input", &message),
            "status" => match message.text("execution_state") {
                "busy" => stamp(&mut cells[index], "iopub.status.busy", &message),
                "idle" => stamp(&mut cells[index], "iopub.status.idle", &message),
                _ => return false,
            },
            _ => return false,
        }
        true
    }

    /// Adds an output that no kernel published, such as the error of a kernel's death.
    pub fn push(
        &mut self,
        output: Output,
        index: usize,
        cells: &mut [Cell],
        events: &mut dyn FnMut(Event<'_>),
    ) {
        if self.to_clear.remove(&index) {
            self.clear(index, cells, events);
        }
        events(Event::Output {
            index,
            output: &output,
        });
        if self.current == Some(index) && is_error(&output) {
            self.error = Some(output.clone());
        }
        cells[index].outputs.push(output);
    }

    /// Adjacent pieces of one stream become one output, as in JupyterLab: 100,000 flushed lines stay one text.
    fn stream(
        &mut self,
        mut output: Output,
        index: usize,
        cells: &mut [Cell],
        events: &mut dyn FnMut(Event<'_>),
    ) {
        let field = |name: &str| output.get(name).and_then(Value::as_str).unwrap_or("");
        let piece = field("text");
        let so_far = match self.to_clear.contains(&index) {
            true => None,
            false => cells[index].outputs.stream_mut(field("name")),
        };
        let Some(so_far) = so_far else {
            self.cursors.remove(&index);
            if self.fold {
                let text = self.folded(index, String::new(), piece);
                output.insert("text".to_owned(), Value::String(text));
            }
            return self.push(output, index, cells, events);
        };
        if self.fold {
            *so_far = self.folded(index, std::mem::take(so_far), piece);
        } else {
            so_far.push_str(piece);
        }
        events(Event::Output {
            index,
            output: &output,
        });
    }

    /// A cell's stream with one more piece.
    fn folded(&mut self, index: usize, mut text: String, piece: &str) -> String {
        let mut cursor = self.cursors.remove(&index);
        append_folded(&mut text, &mut cursor, piece);
        self.cursors.extend(cursor.map(|cursor| (index, cursor)));
        text
    }

    fn display(
        &mut self,
        id: String,
        output: Output,
        index: usize,
        cells: &mut [Cell],
        events: &mut dyn FnMut(Event<'_>),
    ) {
        if let (Some(data), Some(metadata)) = (output.get("data"), output.get("metadata")) {
            self.update(&id, 0, data, metadata, cells, events);
        }
        self.push(output, index, cells, events);
        self.displays
            .entry(id)
            .or_default()
            .push((index, cells[index].outputs.len() - 1));
    }

    /// Rewrites every output with this display id, in earlier cells, too.
    fn update(
        &mut self,
        id: &str,
        size: usize,
        data: &Value,
        metadata: &Value,
        cells: &mut [Cell],
        events: &mut dyn FnMut(Event<'_>),
    ) {
        for (index, position) in self.displays.get(id).into_iter().flatten().copied() {
            let Some(cell) = cells.get_mut(index) else {
                continue;
            };
            let Some(mut output) = cell.outputs.get(position).map(Cow::into_owned) else {
                continue;
            };
            output.insert("data".to_owned(), data.clone());
            output.insert("metadata".to_owned(), metadata.clone());
            events(Event::OutputUpdated {
                index,
                position,
                output: &output,
            });
            self.spill.hold(index, size);
            self.spill.release(&cell.outputs.replace(position, output));
        }
    }

    fn clear(&mut self, index: usize, cells: &mut [Cell], events: &mut dyn FnMut(Event<'_>)) {
        self.spill.release(&cells[index].outputs.clear());
        if self.current == Some(index) {
            self.error = None;
        }
        for places in self.displays.values_mut() {
            places.retain(|(cell, _)| *cell != index);
        }
        events(Event::OutputsCleared { index });
    }
}

/// The output in a message, as nbformat has it, taken out of it; none when the message is of another kind.
pub(super) fn output_of(message: &mut Message) -> Option<Output> {
    match message.kind() {
        "stream" => {
            let [name, text] = ["name", "text"].map(|field| match message.take(field) {
                text @ Value::String(_) => text,
                _ => Value::from(""),
            });
            Some(output("stream", [("name", name), ("text", text)]))
        }
        "display_data" => {
            let (data, metadata) = data_and_metadata(message);
            Some(output(
                "display_data",
                [("data", data), ("metadata", metadata)],
            ))
        }
        "execute_result" => {
            let (data, metadata) = data_and_metadata(message);
            let count = message.take("execution_count");
            let fields = [
                ("data", data),
                ("metadata", metadata),
                ("execution_count", count),
            ];
            Some(output("execute_result", fields))
        }
        "error" => {
            let traceback = message.take("traceback");
            let (ename, evalue) = (message.text("ename"), message.text("evalue"));
            Some(error_output(ename, evalue, traceback))
        }
        _ => None,
    }
}

/// An output of type `error`.
pub(super) fn error_output(ename: &str, evalue: &str, traceback: Value) -> Output {
    let traceback = if traceback.is_array() {
        traceback
    } else {
        json!([])
    };
    let fields = [
        ("ename", Value::from(ename)),
        ("evalue", Value::from(evalue)),
        ("traceback", traceback),
    ];
    output("error", fields)
}

/// An output with these fields. They are moved: `json!` would copy them.
fn output<const N: usize>(kind: &str, fields: [(&str, Value); N]) -> Output {
    let kind = [("output_type", Value::from(kind))];
    let fields = kind.into_iter().chain(fields);
    fields.map(|(key, value)| (key.to_owned(), value)).collect()
}

fn is_error(output: &Output) -> bool {
    output
        .get("output_type")
        .is_some_and(|kind| kind == "error")
}

/// Writes a message's date into `metadata.execution`, as nbclient does for JupyterLab's timing extension.
pub(super) fn stamp(cell: &mut Cell, key: &str, message: &Message) {
    if let Value::Object(execution) = cell
        .metadata
        .entry("execution")
        .or_insert_with(|| json!({}))
    {
        execution.insert(
            key.to_owned(),
            json!(clock::header_date(&message.header.date)),
        );
    }
}

fn display_id(content: &Value) -> Option<String> {
    content
        .get("transient")?
        .get("display_id")?
        .as_str()
        .map(str::to_owned)
}

fn data_and_metadata(message: &mut Message) -> (Value, Value) {
    let mut field = |name| match message.take(name) {
        object @ Value::Object(_) => object,
        _ => json!({}),
    };
    (field("data"), field("metadata"))
}
