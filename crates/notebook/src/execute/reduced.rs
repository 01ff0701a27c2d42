//! What is saved of a run whose notebook the disk has no room for: what became of each cell, and the last of what it put
//! out. The checkpoint that is in the file may be from long before the end.

use super::record::{self, CellStatus};
use crate::nbformat::{Cell, Notebook, Output};
use serde_json::json;
use std::io::{self, ErrorKind};

/// How much a cell keeps of its outputs, in bytes.
const KEPT_BYTES_MAX: usize = 16 * 1024;

/// The notebook with less in it, if that is what makes it fit: cells that lose outputs have failed, so that a run which
/// is resumed executes them again, and say why.
pub(super) fn of(notebook: &Notebook, error: &io::Error) -> Option<Notebook> {
    let full = [
        ErrorKind::StorageFull,
        ErrorKind::QuotaExceeded,
        ErrorKind::FileTooLarge,
    ];
    if !full.contains(&error.kind()) {
        return None;
    }
    let mut reduced = notebook.clone();
    let mut lost = None;
    for (index, cell) in reduced.cells.iter_mut().enumerate() {
        if lose(cell, error) {
            lost.get_or_insert(index);
        }
    }
    let first = lost?;
    record::set_exception(&mut reduced);
    if !reduced
        .cells
        .iter()
        .any(|cell| cell.has_tag(record::ERROR_CELL_TAG))
    {
        record::add_banners(&mut reduced, first);
    }
    Some(reduced)
}

/// Takes outputs from a cell that has too many; whether it had.
fn lose(cell: &mut Cell, error: &io::Error) -> bool {
    let kept = match cell.outputs.tail(KEPT_BYTES_MAX) {
        Ok(None) => return false,
        Ok(Some(kept)) => kept,
        Err(error) => {
            tracing::warn!(%error, "a cell's outputs can't be read back");
            Default::default()
        }
    };
    cell.outputs = kept;
    cell.outputs.push(no_space_left(error));
    record::set_status(cell, CellStatus::Failed);
    true
}

fn no_space_left(error: &io::Error) -> Output {
    let told = format!(
        "The notebook could not be saved whole ({error}): of this cell's outputs, only the last are left."
    );
    let fields = [
        ("output_type", json!("error")),
        ("ename", json!("NoSpaceLeft")),
        ("evalue", json!(told)),
        ("traceback", json!([told])),
    ];
    let fields = fields.into_iter();
    fields.map(|(key, value)| (key.to_owned(), value)).collect()
}
