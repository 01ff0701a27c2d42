//! Puts what a kernel publishes into the cells that it belongs to: streams, displays, results, errors, `clear_output`,
//! updates by display id. Knows no kernel process and no files.

use super::Event;
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
}

impl Outputs {
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
        match message.kind() {
            "stream" => self.stream(&message, index, cells, events),
            "display_data" => self.display("display_data", message.content, index, cells, events),
            "execute_result" => {
                cells[index].set_execution_count(
                    message
                        .content
                        .get("execution_count")
                        .and_then(Value::as_i64),
                );
                self.display("execute_result", message.content, index, cells, events);
            }
            "update_display_data" => {
                let Some(id) = display_id(&message.content) else {
                    return false;
                };
                self.update(&id, &message.content, cells, events);
            }
            "error" => {
                let error = error_output(
                    message.text("ename"),
                    message.text("evalue"),
                    message.content.get("traceback"),
                );
                self.push(error, index, cells, events);
            }
            "clear_output" => {
                if message.content.get("wait").and_then(Value::as_bool) == Some(true) {
                    self.to_clear.insert(index);
                } else {
                    self.clear(index, cells, events);
                }
            }
            "execute_input" => {
                cells[index].set_execution_count(
                    message
                        .content
                        .get("execution_count")
                        .and_then(Value::as_i64),
                );
                stamp(&mut cells[index], "iopub.execute_input", &message);
            }
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
        message: &Message,
        index: usize,
        cells: &mut [Cell],
        events: &mut dyn FnMut(Event<'_>),
    ) {
        let (name, text) = (message.text("name"), message.text("text"));
        let output = object(json!({"output_type": "stream", "name": name, "text": text}));
        let last = cells[index].outputs.last_mut().filter(|last| {
            !self.to_clear.contains(&index)
                && last.get("output_type") == output.get("output_type")
                && last.get("name") == output.get("name")
        });
        match last.and_then(|last| last.get_mut("text")) {
            Some(Value::String(so_far)) => {
                so_far.push_str(text);
                events(Event::Output {
                    index,
                    output: &output,
                });
            }
            _ => self.push(output, index, cells, events),
        }
    }

    fn display(
        &mut self,
        kind: &str,
        content: Value,
        index: usize,
        cells: &mut [Cell],
        events: &mut dyn FnMut(Event<'_>),
    ) {
        let id = display_id(&content);
        if let Some(id) = &id {
            self.update(id, &content, cells, events);
        }
        let (data, metadata) = data_and_metadata(&content);
        let mut output = object(json!({"output_type": kind, "data": data, "metadata": metadata}));
        if kind == "execute_result" {
            output.insert(
                "execution_count".to_owned(),
                json!(cells[index].execution_count()),
            );
        }
        self.push(output, index, cells, events);
        if let Some(id) = id {
            self.displays
                .entry(id)
                .or_default()
                .push((index, cells[index].outputs.len() - 1));
        }
    }

    /// Rewrites every output with this display id, in earlier cells, too.
    fn update(
        &mut self,
        id: &str,
        content: &Value,
        cells: &mut [Cell],
        events: &mut dyn FnMut(Event<'_>),
    ) {
        let (data, metadata) = data_and_metadata(content);
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
