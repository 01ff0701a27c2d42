//! Which cells a run executes: all, those from or until a tagged cell, or those that an earlier run did not finish.
//! Pure; knows no kernel.

use super::{Error, Options};
use crate::nbformat::{Cell, Notebook};
use serde_json::Value;

/// Cells with one of these tags are executed again in the fresh kernel of a run that begins later in the notebook.
const SETUP_TAGS: [&str; 3] = ["setup", "parameters", "injected-parameters"];

/// What a run does with a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Executes it.
    Run,
    /// Leaves it as it is.
    Keep,
    /// Never reaches it.
    Pending,
}

/// What a run does, cell by cell.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub turns: Vec<Turn>,
    /// The cell at which it begins; those before it are kept, or executed again as setup.
    pub first: usize,
}

impl Plan {
    /// The plan for a prepared notebook.
    pub fn new(notebook: &Notebook, options: &Options) -> Result<Self, Error> {
        let cells = &notebook.cells;
        let first = match &options.from {
            _ if options.resume => first_unfinished(cells)?,
            Some(tag) => find(cells, 0, tag)?,
            None => 0,
        };
        let end = match &options.until {
            Some(tag) => find(cells, first, tag)? + 1,
            None => cells.len(),
        };
        let turn = |(index, cell): (usize, &Cell)| match index {
            _ if index >= end => Turn::Pending,
            _ if index >= first => Turn::Run,
            _ if cell.is_code() && SETUP_TAGS.iter().any(|tag| cell.has_tag(tag)) => Turn::Run,
            _ => Turn::Keep,
        };
        let turns = cells.iter().enumerate().map(turn).collect();
        Ok(Self { turns, first })
    }

    /// Whether there is nothing left to do: all cells are finished.
    pub fn is_done(&self) -> bool {
        self.first > 0 && self.first == self.turns.len()
    }

    /// The cells that are executed again before the first one.
    pub fn setup(&self) -> Vec<usize> {
        let before = self.turns.iter().take(self.first).enumerate();
        before
            .filter(|(_, turn)| **turn == Turn::Run)
            .map(|(index, _)| index)
            .collect()
    }
}

fn find(cells: &[Cell], start: usize, tag: &str) -> Result<usize, Error> {
    let found = cells.iter().skip(start).position(|cell| cell.has_tag(tag));
    found
        .map(|offset| start + offset)
        .ok_or_else(|| Error::NoTaggedCell {
            tag: tag.to_owned(),
            start,
        })
}

/// The first cell that the earlier run did not complete; the number of cells when it completed all.
fn first_unfinished(cells: &[Cell]) -> Result<usize, Error> {
    let status = |cell: &Cell| {
        let status = cell.metadata.get("papermill")?.get("status");
        status.and_then(Value::as_str).map(str::to_owned)
    };
    if cells.iter().all(|cell| status(cell).is_none()) {
        return Err(Error::NothingToResume);
    }
    let unfinished = cells
        .iter()
        .position(|cell| status(cell).as_deref() != Some("completed"));
    Ok(unfinished.unwrap_or(cells.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Environment;
    use serde_json::json;

    /// Cells as `tag:status`, either of which may be empty.
    fn notebook(cells: &[&str]) -> Notebook {
        let cells = cells.iter().map(|cell| {
            let (tag, status) = cell.split_once(':').unwrap();
            let papermill = if status.is_empty() { json!({}) } else { json!({"status": status}) };
            json!({"cell_type": "code", "source": "1", "metadata": {"tags": [tag], "papermill": papermill}})
        });
        let file =
            json!({"nbformat": 4, "metadata": {}, "cells": cells.collect::<Vec<_>>()}).to_string();
        Notebook::from_slice(file.as_bytes()).unwrap()
    }

    /// The turns as letters: Run, Keep, Pending.
    fn turns(cells: &[&str], from: &str, until: &str, resume: bool) -> Result<String, Error> {
        let tag = |tag: &str| Some(tag.to_owned()).filter(|tag| !tag.is_empty());
        let options = Options {
            from: tag(from),
            until: tag(until),
            resume,
            ..Options::new(Environment::default())
        };
        let plan = Plan::new(&notebook(cells), &options)?;
        let letter = |turn: &Turn| match turn {
            Turn::Run => 'R',
            Turn::Keep => 'K',
            Turn::Pending => 'P',
        };
        Ok(plan.turns.iter().map(letter).collect())
    }

    #[test]
    fn which_cells_have_a_turn() {
        let fresh = ["setup:", "parameters:", ":", "a:", "b:", "a:"];
        assert_eq!(turns(&fresh, "", "", false).unwrap(), "RRRRRR");
        assert_eq!(turns(&fresh, "a", "", false).unwrap(), "RRKRRR");
        assert_eq!(turns(&fresh, "", "a", false).unwrap(), "RRRRPP");
        assert_eq!(turns(&fresh, "b", "a", false).unwrap(), "RRKKRR");
        let stopped = [
            "setup:completed",
            ":completed",
            ":failed",
            ":pending",
            "end:pending",
        ];
        assert_eq!(turns(&stopped, "", "", true).unwrap(), "RKRRR");
        assert_eq!(turns(&stopped, "", "end", true).unwrap(), "RKRRR");
        let killed = [":completed", ":running", "x:pending"];
        assert_eq!(turns(&killed, "", "", true).unwrap(), "KRR");
        assert_eq!(turns(&[":completed"], "", "", true).unwrap(), "K");
        assert!(matches!(
            turns(&fresh, "", "", true),
            Err(Error::NothingToResume)
        ));
        assert!(matches!(
            turns(&fresh, "b", "setup", false),
            Err(Error::NoTaggedCell { start: 4, .. })
        ));
    }
}
