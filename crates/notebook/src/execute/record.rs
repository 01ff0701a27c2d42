//! What a run writes about itself into the notebook: `metadata.papermill` of notebook and cells, and the banners of a
//! failed run. In Papermill's layout, but always true: what failed is `failed`, what never ran stays `pending`.

use super::plan::{Plan, Turn};
use crate::clock;
use crate::nbformat::{Cell, Notebook, Object};
use jiff::Timestamp;
use serde_json::{Value, json};

/// The tag of the banner cells.
pub(crate) const ERROR_CELL_TAG: &str = "papermill-error-cell-tag";
const STYLE: &str =
    "style=\"color:red; font-family:Helvetica Neue, Helvetica, Arial, sans-serif; font-size:2em;\"";

/// `metadata.papermill.status` of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellStatus {
    /// It ran, or there was nothing to run.
    Completed,
    /// The run stopped in it.
    Failed,
}

/// Clears what earlier runs left: outputs, counts, timing; every cell is `pending`, but for those that are kept as they
/// are. Where there are such, `metadata.papermill.resumed` says so.
pub(super) fn start(notebook: &mut Notebook, plan: &Plan, now: Timestamp) {
    let resumed = resumed(notebook, plan, now);
    let papermill = papermill(&mut notebook.metadata);
    match resumed {
        Some(resumed) => drop(papermill.insert("resumed".to_owned(), resumed)),
        None => drop(papermill.remove("resumed")),
    }
    papermill.insert("start_time".to_owned(), json!(clock::iso(now)));
    for key in ["end_time", "duration", "exception"] {
        papermill.insert(key.to_owned(), Value::Null);
    }
    for (cell, turn) in notebook.cells.iter_mut().zip(&plan.turns) {
        let told = cell.metadata.get("papermill");
        if *turn == Turn::Keep && told.is_some_and(|papermill| papermill.get("status").is_some()) {
            continue;
        }
        let pending = json!({"duration": null, "end_time": null, "exception": null, "start_time": null, "status": "pending"});
        cell.metadata.insert("papermill".to_owned(), pending);
        if cell.is_code() && *turn != Turn::Keep {
            cell.outputs.clear();
            cell.set_execution_count(None);
            cell.metadata.remove("execution");
        }
    }
}

/// What a run that begins later in the notebook says about that: the ids of the first cell, of those that were executed
/// again before it, and how many were not.
fn resumed(notebook: &Notebook, plan: &Plan, now: Timestamp) -> Option<Value> {
    let id = |index: usize| notebook.cells.get(index).map(|cell| cell.id.as_str());
    let setup = plan.setup();
    let rerun: Vec<_> = setup.iter().filter_map(|index| id(*index)).collect();
    (plan.first > 0).then(|| {
        json!({"time": clock::iso(now), "first_cell": id(plan.first), "rerun_cells": rerun, "kept_cells": plan.first - setup.len()})
    })
}

/// A cell's turn has come.
pub(super) fn cell_start(cell: &mut Cell, now: Timestamp) {
    let papermill = papermill(&mut cell.metadata);
    papermill.insert("start_time".to_owned(), json!(clock::iso(now)));
    papermill.insert("status".to_owned(), json!("running"));
    papermill.insert("exception".to_owned(), json!(false));
}

/// A cell's turn is over.
pub(super) fn cell_end(cell: &mut Cell, status: CellStatus, start: Timestamp, end: Timestamp) {
    let papermill = papermill(&mut cell.metadata);
    papermill.insert("end_time".to_owned(), json!(clock::iso(end)));
    papermill.insert(
        "duration".to_owned(),
        json!(clock::seconds_between(start, end)),
    );
    set_status(cell, status);
}

/// What became of a cell, without its times.
pub(super) fn set_status(cell: &mut Cell, status: CellStatus) {
    let papermill = papermill(&mut cell.metadata);
    let failed = status == CellStatus::Failed;
    papermill.insert("exception".to_owned(), json!(failed));
    papermill.insert(
        "status".to_owned(),
        json!(if failed { "failed" } else { "completed" }),
    );
}

/// The run is over; `exception` says whether it stopped before its end.
pub(super) fn end(notebook: &mut Notebook, exception: bool, start: Timestamp, end: Timestamp) {
    let papermill = papermill(&mut notebook.metadata);
    papermill.insert("end_time".to_owned(), json!(clock::iso(end)));
    papermill.insert(
        "duration".to_owned(),
        json!(clock::seconds_between(start, end)),
    );
    if exception {
        set_exception(notebook);
    }
}

/// The run did not reach its end.
pub(super) fn set_exception(notebook: &mut Notebook) {
    papermill(&mut notebook.metadata).insert("exception".to_owned(), json!(true));
}

/// Puts Papermill's two banners in: one on top, one right before the cell that failed.
pub(super) fn add_banners(notebook: &mut Notebook, failed: usize) {
    let count = notebook.cells.get(failed).and_then(Cell::execution_count);
    let count = count.map_or_else(|| "None".to_owned(), |count| count.to_string());
    let top = format!(
        "<span {STYLE}>An Exception was encountered at '<a href=\"#papermill-error-cell\">In [{count}]</a>'.</span>"
    );
    let anchor = format!(
        "<span id=\"papermill-error-cell\" {STYLE}>Execution using papermill encountered an exception here and stopped:</span>"
    );
    for (index, text) in [(failed, anchor), (0, top)] {
        let mut banner = Cell::markdown(text);
        banner
            .metadata
            .insert("tags".to_owned(), json!([ERROR_CELL_TAG]));
        notebook
            .cells
            .insert(index.min(notebook.cells.len()), banner);
    }
}

/// `metadata.papermill`, made when it is missing.
fn papermill(metadata: &mut Object) -> &mut Object {
    crate::prepare::object_entry(metadata, "papermill")
}
