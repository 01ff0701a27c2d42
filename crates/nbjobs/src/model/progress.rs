//! What a driver tells while its notebook runs.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One thing that happened. Cells count from 0 over the prepared notebook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Progress {
    /// A cell's turn has come.
    Started {
        /// The cell.
        cell: usize,
        /// How many there are.
        total: usize,
        /// Its text, cut.
        source: String,
        /// Milliseconds since the driver began.
        ms: u64,
    },
    /// A cell has put something out.
    Output {
        /// The cell.
        cell: usize,
        /// In nbformat's form; of its data only what can be shown at once.
        output: Value,
    },
    /// A cell's outputs are gone.
    Cleared {
        /// The cell.
        cell: usize,
    },
    /// A cell's turn is over.
    Finished {
        /// The cell.
        cell: usize,
        /// Whether it may be followed by the next.
        ok: bool,
        /// Milliseconds since the driver began.
        ms: u64,
    },
}
