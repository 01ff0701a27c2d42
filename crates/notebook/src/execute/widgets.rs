//! The state of Jupyter widgets, as a front end would hold it: what models there are, and what was put out inside
//! `Output` widgets. Knows no kernel and no cells.

use super::outputs::output_of;
use crate::kernel::{Header, Message};
use crate::nbformat::{Object, Output};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// The key of `metadata.widgets`.
const STATE_MIME: &str = "application/vnd.jupyter.widget-state+json";
/// The comm target of widget models.
const TARGET: &str = "jupyter.widget";

/// All widget models of a run.
#[derive(Default)]
pub(super) struct Widgets {
    models: BTreeMap<String, Model>,
    /// The `Output` widgets that take what answers a request, innermost last.
    captures: HashMap<String, Vec<String>>,
    changed: bool,
}

#[derive(Default)]
struct Model {
    state: Object,
    /// By their paths in the state, as JSON.
    buffers: BTreeMap<String, Value>,
    output: Option<OutputWidget>,
}

/// The front end's half of an `Output` widget.
#[derive(Default)]
struct OutputWidget {
    outputs: Vec<Output>,
    /// Empty it before its next output.
    to_clear: bool,
    /// The request whose outputs it takes.
    msg_id: String,
    /// The kernel's half does not know `outputs` yet; the request to answer.
    unsent: Option<Header>,
}

impl Widgets {
    /// Takes in a `comm_…` message. Comms that are not closed and those that are keep their last state, as a page that
    /// was saved after the run would show it.
    pub fn comm(&mut self, message: &Message) {
        let id = message.text("comm_id");
        let data = message.content.get("data");
        let state = data
            .and_then(|data| data.get("state"))
            .and_then(Value::as_object);
        if let Some(state) = state {
            let model = self.models.entry(id.to_owned()).or_default();
            let fields = state.iter();
            model
                .state
                .extend(fields.map(|(name, value)| (name.clone(), value.clone())));
            let paths = data.and_then(|data| data.get("buffer_paths"));
            let paths = paths.and_then(Value::as_array).into_iter().flatten();
            for (path, bytes) in paths.zip(&message.buffers) {
                let buffer =
                    json!({"data": STANDARD.encode(bytes), "encoding": "base64", "path": path});
                model.buffers.insert(path.to_string(), buffer);
            }
            self.changed = true;
        }
        if message.kind() == "comm_open" && message.text("target_name") == TARGET {
            self.open_output(id);
        }
        if let Some(msg_id) = state
            .and_then(|state| state.get("msg_id"))
            .and_then(Value::as_str)
        {
            self.capture(id, msg_id);
        }
    }

    fn open_output(&mut self, id: &str) {
        let Some(model) = self.models.get_mut(id) else {
            return;
        };
        let field = |name: &str| model.state.get(name).and_then(Value::as_str);
        if field("_model_module") == Some("@jupyter-widgets/output")
            && field("_model_name") == Some("OutputModel")
        {
            let outputs = model.state.get("outputs").and_then(Value::as_array);
            let outputs = outputs.into_iter().flatten();
            model.output = Some(OutputWidget {
                outputs: outputs
                    .filter_map(|output| output.as_object().cloned())
                    .collect(),
                ..OutputWidget::default()
            });
        }
    }

    /// The kernel says whose outputs an `Output` widget takes; an empty id is nobody's.
    fn capture(&mut self, id: &str, msg_id: &str) {
        let Some(output) = self
            .models
            .get_mut(id)
            .and_then(|model| model.output.as_mut())
        else {
            return;
        };
        let before = std::mem::replace(&mut output.msg_id, msg_id.to_owned());
        if let Some(stack) = self.captures.get_mut(&before)
            && let Some(at) = stack.iter().rposition(|widget| widget == id)
        {
            stack.remove(at);
        }
        if !msg_id.is_empty() {
            let stack = self.captures.entry(msg_id.to_owned()).or_default();
            stack.push(id.to_owned());
        }
    }

    /// Takes an output, or a `clear_output`, that belongs into an `Output` widget; whether it did.
    pub fn take(&mut self, message: &mut Message) -> bool {
        let widget = self.captures.get(&message.parent.msg_id);
        let Some(id) = widget.and_then(|stack| stack.last()) else {
            return false;
        };
        let Some(Model {
            state,
            output: Some(widget),
            ..
        }) = self.models.get_mut(id)
        else {
            return false;
        };
        if message.kind() == "clear_output" {
            if message.content.get("wait").and_then(Value::as_bool) == Some(true) {
                widget.to_clear = true;
                return true;
            }
            widget.outputs.clear();
        } else {
            let Some(output) = output_of(message) else {
                return false;
            };
            if std::mem::take(&mut widget.to_clear) {
                widget.outputs.clear();
            }
            widget.push(output);
        }
        widget.unsent = Some(message.parent.clone());
        state.remove("outputs");
        self.changed = true;
        true
    }

    /// The messages that tell the kernel what its `Output` widgets show: parent and content of a `comm_msg` each. A
    /// kernel reads its shell channel between two cells, so it is enough to send these before the next cell.
    pub fn unsent(&mut self) -> Vec<(Header, Value)> {
        let mut messages = Vec::new();
        for (id, model) in &mut self.models {
            if let Some(widget) = &mut model.output
                && let Some(parent) = widget.unsent.take()
            {
                let data = json!({"method": "update", "state": {"outputs": widget.outputs}, "buffer_paths": []});
                messages.push((parent, json!({"comm_id": id, "data": data})));
            }
        }
        messages
    }

    /// Writes the state of all widgets into the notebook's metadata if it has changed since the last time. Models of
    /// an earlier run are kept if `kept` cells may still show them.
    pub fn record(&mut self, metadata: &mut Object, kept: bool) {
        if !std::mem::take(&mut self.changed) {
            return;
        }
        let earlier = metadata
            .get_mut("widgets")
            .and_then(|widgets| widgets.get_mut(STATE_MIME))
            .and_then(|widgets| widgets.get_mut("state"));
        let mut states = match earlier {
            Some(Value::Object(earlier)) if kept => std::mem::take(earlier),
            _ => Object::new(),
        };
        for (id, model) in &self.models {
            if let Some(name) = model.state.get("_model_name") {
                states.insert(id.clone(), model.to_json(name));
            }
        }
        let widgets =
            json!({STATE_MIME: {"state": states, "version_major": 2, "version_minor": 0}});
        metadata.insert("widgets".to_owned(), widgets);
    }
}

impl Model {
    fn to_json(&self, name: &Value) -> Value {
        let mut state = self.state.clone();
        if let Some(widget) = &self.output {
            state.insert("outputs".to_owned(), json!(widget.outputs));
        }
        let mut model = json!({
            "model_name": name,
            "model_module": self.state.get("_model_module"),
            "model_module_version": self.state.get("_model_module_version"),
            "state": state,
        });
        if !self.buffers.is_empty() {
            model["buffers"] = self.buffers.values().cloned().collect();
        }
        model
    }
}

impl OutputWidget {
    /// Adjacent pieces of one stream are one output.
    fn push(&mut self, output: Output) {
        if let Some(last) = self.outputs.last_mut()
            && output.get("output_type") == Some(&json!("stream"))
            && last.get("name") == output.get("name")
            && let Some(Value::String(so_far)) = last.get_mut("text")
            && let Some(Value::String(more)) = output.get("text")
        {
            so_far.push_str(more);
        } else {
            self.outputs.push(output);
        }
    }
}
