//! What a cell's tags and metadata say about showing it. JupyterLab's `metadata.jupyter.source_hidden` and
//! `outputs_hidden` collapse; of the tags, Jupyter Book's `hide-…` collapse and `remove-…` leave out, and the spelling
//! with `_` that nbconvert's documentation uses means the same.

use crate::nbformat::Cell;

/// How a part of a cell is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shown {
    /// As it is.
    Open,
    /// Behind something to click on.
    Collapsed,
    /// Not at all.
    Removed,
}

/// How the two parts of a cell are shown; `None` for a cell that is left out.
pub(super) fn shown(cell: &Cell) -> Option<(Shown, Shown)> {
    if tagged(cell, "remove", "cell") {
        return None;
    }
    let part = |name: &str, flag: &str| {
        if tagged(cell, "remove", name) {
            Shown::Removed
        } else if tagged(cell, "hide", name)
            || tagged(cell, "hide", "cell")
            || jupyter_flag(cell, flag)
        {
            Shown::Collapsed
        } else {
            Shown::Open
        }
    };
    let mut outputs = part("output", "outputs_hidden");
    // The notebook's own `collapsed` is older than JupyterLab's flag and speaks of outputs too.
    if cell
        .metadata
        .get("collapsed")
        .and_then(|flag| flag.as_bool())
        == Some(true)
    {
        outputs = outputs.max(Shown::Collapsed);
    }
    Some((part("input", "source_hidden"), outputs))
}

fn tagged(cell: &Cell, verb: &str, part: &str) -> bool {
    cell.has_tag(&format!("{verb}-{part}")) || cell.has_tag(&format!("{verb}_{part}"))
}

fn jupyter_flag(cell: &Cell, flag: &str) -> bool {
    let jupyter = cell.metadata.get("jupyter");
    jupyter.and_then(|jupyter| jupyter.get(flag)?.as_bool()) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tags_and_flags_say_how_a_cell_is_shown() {
        use Shown::{Collapsed, Open, Removed};
        let cases = [
            (json!({}), Some((Open, Open))),
            (json!({"tags": ["hide-input"]}), Some((Collapsed, Open))),
            (json!({"tags": ["hide_output"]}), Some((Open, Collapsed))),
            (json!({"tags": ["hide-cell"]}), Some((Collapsed, Collapsed))),
            (json!({"tags": ["remove_input"]}), Some((Removed, Open))),
            (
                json!({"tags": ["remove-output", "hide-output"]}),
                Some((Open, Removed)),
            ),
            (json!({"tags": ["remove-cell"]}), None),
            (
                json!({"jupyter": {"source_hidden": true}}),
                Some((Collapsed, Open)),
            ),
            (
                json!({"jupyter": {"outputs_hidden": true}}),
                Some((Open, Collapsed)),
            ),
            (json!({"collapsed": true}), Some((Open, Collapsed))),
            (
                json!({"jupyter": "odd", "tags": 3, "collapsed": "no"}),
                Some((Open, Open)),
            ),
        ];
        for (metadata, expected) in cases {
            let mut cell = Cell::code("1");
            cell.metadata = metadata.as_object().cloned().unwrap();
            assert_eq!(shown(&cell), expected, "{metadata}");
        }
    }
}
