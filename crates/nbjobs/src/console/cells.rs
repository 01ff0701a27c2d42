//! The cells of a run as they go: which one runs and for how long, and what each has put out so far. Outputs are a
//! stranger's: their texts are escaped, their images are data; what would have to run waits for the notebook's frame.

use super::{live, moment};
use crate::model::progress::Progress;
use jiff::SignedDuration;
use maud::{Markup, html};
use notebook::export::stripped;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// The part of the page while the job runs, with all that was told so far.
pub(super) fn section(told: &[Arc<Progress>]) -> Markup {
    let mut cells: Vec<(usize, &Progress)> = Vec::new();
    let mut outputs: HashMap<usize, Vec<&Value>> = HashMap::new();
    let mut ends: HashMap<usize, (bool, u64)> = HashMap::new();
    let mut total = 0;
    for told in told {
        match &**told {
            started @ Progress::Started {
                cell, total: all, ..
            } => {
                total = *all;
                cells.push((*cell, started));
            }
            Progress::Output { cell, output } => outputs.entry(*cell).or_default().push(output),
            Progress::Cleared { cell } => drop(outputs.remove(cell)),
            Progress::Finished { cell, ok, ms } => drop(ends.insert(*cell, (*ok, *ms))),
        }
    }
    html! {
        section.card aria-labelledby="cells-title" {
            div.title { h2 #cells-title { "Cells" } (bar(ends.len(), total)) }
            ol.cells #cells {
                @for (number, started) in cells {
                    (cell(started, ends.get(&number).copied(), outputs.get(&number).map_or(&[][..], Vec::as_slice)))
                }
            }
        }
    }
}

/// What a page that knows all before must change, in order.
pub(super) fn changes(
    told: &[Arc<Progress>],
    starts: &mut HashMap<usize, u64>,
    total: &mut usize,
) -> Markup {
    html! { @for told in told { @match &**told {
        started @ Progress::Started { cell: number, total: all, ms, .. } => {
            @let () = { starts.insert(*number, *ms); *total = *all; };
            (live::partial("#cells", "beforeend", &cell(started, None, &[])))
        }
        Progress::Output { cell, output: shown } => (live::partial(&format!("#out-{cell}"), "beforeend", &output(shown))),
        Progress::Cleared { cell } => (live::partial(&format!("#out-{cell}"), "innerHTML", &html! { span {} })),
        Progress::Finished { cell, ok, ms } => {
            @let start = starts.get(cell).copied().unwrap_or(*ms);
            (live::partial(&format!("#end-{cell}"), "outerHTML", &end(*cell, start, Some((*ok, *ms)))))
            (live::partial("#bar", "outerHTML", &bar(cell + 1, *total)))
        }
    } } }
}

fn bar(done: usize, total: usize) -> Markup {
    html! { span.bar-of #bar {
        progress max=(total.max(1)) value=(done.min(total)) aria-label="Cells done" {}
        span.soft.number { (done.min(total)) " of " (total) }
    } }
}

fn cell(started: &Progress, ended: Option<(bool, u64)>, outputs: &[&Value]) -> Markup {
    let Progress::Started {
        cell, source, ms, ..
    } = started
    else {
        return Markup::default();
    };
    html! {
        li {
            div.title { span.soft { "Cell " (cell + 1) } (end(*cell, *ms, ended)) }
            pre.source tabindex="0" aria-label=(format!("Cell {}", cell + 1)) { (source) }
            div.outputs id=(format!("out-{cell}")) { @for shown in outputs { (output(shown)) } }
        }
    }
}

/// How a cell stands.
fn end(cell: usize, start: u64, ended: Option<(bool, u64)>) -> Markup {
    let took = |ms: u64| {
        let ms = i64::try_from(ms.saturating_sub(start)).unwrap_or(i64::MAX);
        moment::duration(SignedDuration::from_millis(ms))
    };
    html! { span.number id=(format!("end-{cell}")) { @match ended {
        None => span.status data-status="InProgress" { "Running" },
        Some((true, ms)) => { "✓ " (took(ms)) },
        Some((false, ms)) => span.status data-status="Failed" { "✗ Failed after " (took(ms)) },
    } } }
}

fn output(shown: &Value) -> Markup {
    // A traceback is a list of lines without ends; every other list has them.
    let joint = if shown.get("traceback").is_some() {
        "\n"
    } else {
        ""
    };
    let text = |value: &Value| match value {
        Value::Array(lines) => lines
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(joint),
        other => other.as_str().unwrap_or_default().to_owned(),
    };
    if let Some(data) = shown.get("data").and_then(Value::as_object) {
        return html! { @for (mime, value) in data { @match mime.as_str() {
            "image/png" | "image/jpeg" => {
                @let bytes: String = text(value).chars().filter(|c| !c.is_whitespace()).collect();
                img src=(format!("data:{mime};base64,{bytes}")) alt="A figure that the cell has made";
            }
            _ => pre { (stripped(&text(value))) },
        } } };
    }
    let said = shown.get("text").or(shown.get("traceback"));
    html! { @if let Some(said) = said { pre { (stripped(&text(said))) } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cell_puts_out_is_text_or_an_image() {
        let hostile = "<script>alert(1)</script>";
        let shown = |value: Value| output(&value).into_string();
        let stream = shown(serde_json::json!({"output_type": "stream", "text": hostile}));
        assert_eq!(stream, "<pre>&lt;script&gt;alert(1)&lt;/script&gt;</pre>");
        let image = shown(serde_json::json!({"data": {"image/png": "\"><script>"}}));
        assert!(!image.contains("<script>"), "{image}");
        let other = shown(serde_json::json!({"data": {"text/html": hostile}}));
        assert!(!other.contains("<script>"), "{other}");
    }
}
