//! Makes a notebook ready for a run, in Papermill's order: its metadata, the parameters cell, the paths, report mode,
//! and no banners of an earlier run. All that `--prepare-only` does.

use crate::execute::ERROR_CELL_TAG;
use crate::nbformat::{Cell, Notebook, Object};
use crate::parameters::{self, IllTyped, Parameters};
use serde_json::{Value, json};

/// The Papermill whose layout of `metadata.papermill` is followed.
const PAPERMILL_VERSION: &str = "2.7.0";

/// What to prepare a notebook with.
#[derive(Clone, Debug, Default)]
pub struct Preparation {
    /// Nothing is injected when there are none.
    pub parameters: Parameters,
    /// The kernel that will run it, instead of the notebook's own.
    pub kernel_name: Option<String>,
    /// The language of the parameters, instead of the notebook's own.
    pub language: Option<String>,
    /// Written into `metadata.papermill.input_path`.
    pub input_path: Option<String>,
    /// Written into `metadata.papermill.output_path`.
    pub output_path: Option<String>,
    /// Hides the source of every code cell.
    pub report_mode: bool,
    /// Gives texts among the parameters the type that the cell tagged `parameters` tells of them. For callers that have
    /// only texts, such as SageMaker's hyperparameters.
    pub typed_parameters: bool,
    /// For callers whose texts stand for values of JSON: with `typed_parameters`, a text whose type nothing tells is read
    /// as JSON if it is JSON (`5`, `true`, `[1, 2]`, `"5"`), and a text in quotes is what the quotes hold.
    pub json_parameters: bool,
    /// Makes it an error to pass a parameter that the cell tagged `parameters` does not define, or defines with another
    /// type.
    pub strict_parameters: bool,
}

/// What a caller should tell its user about a prepared notebook.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Parameters that the cell tagged `parameters` does not define.
    pub unknown_parameters: Vec<String>,
    /// Parameters that are not of the type that the cell tagged `parameters` tells.
    pub ill_typed_parameters: Vec<IllTyped>,
    /// Parameters were given, but no cell is tagged `parameters`: they are set in a cell on top.
    pub no_parameters_cell: bool,
}

/// Makes a notebook ready for a run.
pub fn prepare(
    notebook: &mut Notebook,
    preparation: &Preparation,
) -> Result<Notes, parameters::Error> {
    notebook.metadata.entry("papermill").or_insert_with(|| {
        json!({
            "default_parameters": {},
            "environment_variables": {},
            "parameters": {},
            "version": PAPERMILL_VERSION,
        })
    });
    let papermill = object_entry(&mut notebook.metadata, "papermill");
    papermill.insert("input_path".to_owned(), json!(preparation.input_path));
    papermill.insert("output_path".to_owned(), json!(preparation.output_path));
    for cell in &mut notebook.cells {
        cell.metadata.entry("tags").or_insert_with(|| json!([]));
        cell.metadata
            .entry("papermill")
            .or_insert_with(|| json!({}));
    }
    let mut notes = Notes::default();
    if !preparation.parameters.is_empty() {
        let (parameters, told) = parameters::inject(notebook, preparation)?;
        notes = told;
        let papermill = object_entry(&mut notebook.metadata, "papermill");
        papermill.insert("parameters".to_owned(), parameters.to_json());
    }
    if preparation.report_mode {
        notebook
            .cells
            .iter_mut()
            .filter(|cell| cell.is_code())
            .for_each(hide_source);
    }
    notebook.cells.retain(|cell| !cell.has_tag(ERROR_CELL_TAG));
    Ok(notes)
}

/// Hides a cell's source, keeping what else `metadata.jupyter` says (Papermill loses it).
fn hide_source(cell: &mut Cell) {
    object_entry(&mut cell.metadata, "jupyter").insert("source_hidden".to_owned(), json!(true));
}

/// The object at a key, put there when there is none.
pub(crate) fn object_entry<'a>(parent: &'a mut Object, key: &str) -> &'a mut Object {
    if !parent.get(key).is_some_and(Value::is_object) {
        parent.insert(key.to_owned(), Value::Object(Object::new()));
    }
    match parent.get_mut(key) {
        Some(Value::Object(object)) => object,
        _ => unreachable!("the key was given an object above"),
    }
}
