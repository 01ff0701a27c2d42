//! Puts what a kernel publishes into the cells that it belongs to: streams, displays, results, errors, `clear_output`,
//! updates by display id. Knows no kernel process and no files.

use super::Event;
use super::stream::append_folded;
use crate::clock;
use crate::kernel::Message;
use crate::nbformat::{Cell, Object, Output};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

/// Where outputs of a run go.
#[derive(Default)]
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
}

impl Outputs {
    /// With `fold`, text of streams that a carriage return or a backspace overwrites is dropped.
    pub fn new(fold: bool) -> Self {
        Self {
            fold,
            ..Self::default()
        }
    }

    /// From now on, messages with this parent belong to a cell.
    pub fn expect(&mut self, request: &str, cell: usize) {
        self.cells_by_request.insert(request.to_owned(), cell);
        self.current = Some(cell);
    }

    /// Applies a message to the cells; whether it changed one.
    pub fn apply(
        &mut self,
        message: Message,
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
                let Some(output) = output_of(&message) else {
                    return false;
                };
                match display_id(&message.content) {
                    _ if message.kind() == "stream" => self.stream(output, index, cells, events),
                    Some(id) => self.display(id, output, index, cells, events),
                    None => self.push(output, index, cells, events),
                }
            }
            "update_display_data" => {
                let Some(id) = display_id(&message.content) else {
                    return false;
                };
                let (data, metadata) = data_and_metadata(&message.content);
                self.update(&id, &data, &metadata, cells, events);
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
        let last = cells[index].outputs.last_mut().filter(|last| {
            !self.to_clear.contains(&index)
                && last.get("output_type") == output.get("output_type")
                && last.get("name") == output.get("name")
        });
        let piece = output.get("text").and_then(Value::as_str).unwrap_or("");
        let Some(Value::String(so_far)) = last.and_then(|last| last.get_mut("text")) else {
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
            self.update(&id, data, metadata, cells, events);
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
        data: &Value,
        metadata: &Value,
        cells: &mut [Cell],
        events: &mut dyn FnMut(Event<'_>),
    ) {
        for (index, position) in self.displays.get(id).into_iter().flatten().copied() {
            let Some(output) = cells
                .get_mut(index)
                .and_then(|cell| cell.outputs.get_mut(position))
            else {
                continue;
            };
            output.insert("data".to_owned(), data.clone());
            output.insert("metadata".to_owned(), metadata.clone());
            events(Event::OutputUpdated {
                index,
                position,
                output,
            });
        }
    }

    fn clear(&mut self, index: usize, cells: &mut [Cell], events: &mut dyn FnMut(Event<'_>)) {
        cells[index].outputs.clear();
        for places in self.displays.values_mut() {
            places.retain(|(cell, _)| *cell != index);
        }
        events(Event::OutputsCleared { index });
    }
}

/// The output in a message, as nbformat has it; none when the message is of another kind.
pub(super) fn output_of(message: &Message) -> Option<Output> {
    let kind = message.kind();
    let output = match kind {
        "stream" => {
            json!({"output_type": kind, "name": message.text("name"), "text": message.text("text")})
        }
        "display_data" | "execute_result" => {
            let (data, metadata) = data_and_metadata(&message.content);
            let mut output = json!({"output_type": kind, "data": data, "metadata": metadata});
            if kind == "execute_result" {
                let count = message.content.get("execution_count");
                output["execution_count"] = count.cloned().unwrap_or(Value::Null);
            }
            output
        }
        "error" => {
            return Some(error_output(
                message.text("ename"),
                message.text("evalue"),
                message.content.get("traceback"),
            ));
        }
        _ => return None,
    };
    Some(object(output))
}

/// An output of type `error`.
pub(super) fn error_output(ename: &str, evalue: &str, traceback: Option<&Value>) -> Output {
    let traceback = traceback
        .filter(|traceback| traceback.is_array())
        .cloned()
        .unwrap_or_else(|| json!([]));
    object(
        json!({"output_type": "error", "ename": ename, "evalue": evalue, "traceback": traceback}),
    )
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

fn data_and_metadata(content: &Value) -> (Value, Value) {
    let field = |name: &str| {
        content
            .get(name)
            .filter(|value| value.is_object())
            .cloned()
            .unwrap_or_else(|| json!({}))
    };
    (field("data"), field("metadata"))
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}
