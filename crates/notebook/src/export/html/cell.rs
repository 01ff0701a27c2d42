//! One cell: its number, code or text, and outputs.

use super::{Page, active, highlight, image, markdown};
use crate::execute::ERROR_CELL_TAG;
use crate::export::tags::{self, Shown};
use crate::nbformat::{Cell, Outputs};
use maud::{Markup, html};
use serde_json::Value;

/// Cells that took at least this long say so.
const NOTABLE_SECONDS: f64 = 1.0;
/// Tags that a reader of results wants to see.
const LABELS: [(&str, &str); 2] = [
    ("injected-parameters", "Injected parameters"),
    ("parameters", "Parameters"),
];

impl Page<'_> {
    /// The cell as HTML; nothing if its tags say so. `index` counts from 0.
    pub(super) fn cell(&mut self, index: usize, cell: &Cell) -> Markup {
        let Some((source, outputs)) = tags::shown(cell) else {
            return html! {};
        };
        let scope = (index + 1).to_string();
        match cell.cell_type.as_str() {
            "code" => self.code_cell(cell, source, outputs, &scope),
            "markdown" if cell.has_tag(ERROR_CELL_TAG) => html! {
                div.nb-banner role="alert" { (markdown::markdown(&cell.source, None, &scope)) }
            },
            "markdown" if source == Shown::Removed => html! {},
            "markdown" => {
                let text = markdown::markdown(&cell.source, cell.attachments(), &scope);
                html! {
                    section.nb-cell.nb-text-cell id={ "cell-" (scope) } {
                        div.nb-body.nb-markdown { (collapsible(source, "Show text", html! { (text) })) }
                    }
                }
            }
            _ => self.raw_cell(cell, &scope),
        }
    }

    fn code_cell(&mut self, cell: &Cell, source: Shown, outputs: Shown, scope: &str) -> Markup {
        let source = if self.options.no_input {
            Shown::Removed
        } else {
            source
        };
        let has_source = source != Shown::Removed && !cell.source.trim().is_empty();
        let has_outputs = outputs != Shown::Removed && !cell.outputs.is_empty();
        if !has_source && !has_outputs {
            return html! {};
        }
        let status = cell
            .metadata
            .get("papermill")
            .and_then(|papermill| papermill.get("status")?.as_str());
        let label = LABELS
            .into_iter()
            .find(|(tag, _)| cell.has_tag(tag))
            .map(|(_, label)| label);
        let count = cell.execution_count();
        html! {
            section.nb-cell.nb-code-cell.nb-failed[status == Some("failed")] id={ "cell-" (scope) } {
                @if has_source {
                    div.nb-prompt {
                        "In [" (count.map_or(" ".to_owned(), |count| count.to_string())) "]"
                        @if let Some(seconds) = seconds(cell) { div.nb-duration title="Duration" { (duration(seconds)) } }
                    }
                    div.nb-body {
                        @if let Some(label) = label { div.nb-label { (label) } }
                        @if status == Some("pending") && self.failed { div.nb-label.nb-pending { "Not run" } }
                        (collapsible(source, "Show code", html! {
                            pre.nb-source tabindex="0" { code { (highlight::highlight(&cell.source, self.language)) } }
                        }))
                    }
                }
                @if has_outputs {
                    (self.outputs(&cell.outputs, outputs, scope))
                }
            }
        }
    }

    fn outputs(&mut self, outputs: &Outputs, shown: Shown, scope: &str) -> Markup {
        let number = outputs
            .iter()
            .find_map(|output| output.get("execution_count")?.as_i64());
        html! {
            div.nb-prompt.nb-out-prompt { @if let Some(number) = number { "Out [" (number) "]" } }
            div.nb-body.nb-outputs {
                (collapsible(shown, "Show output", html! {
                    @for output in outputs.iter() { (self.output(&output, scope)) }
                }))
            }
        }
    }

    /// A raw cell in the format that it says it is in.
    fn raw_cell(&mut self, cell: &Cell, scope: &str) -> Markup {
        let mime = ["raw_mimetype", "format"]
            .into_iter()
            .find_map(|key| cell.metadata.get(key)?.as_str());
        let body = match mime {
            Some("text/html") => self.html(&cell.source, active::needs(&cell.source)),
            Some("text/markdown") => {
                html! { div.nb-markdown { (markdown::markdown(&cell.source, cell.attachments(), scope)) } }
            }
            Some(mime) if image::MIMES.contains(&mime) => {
                image::image(mime, &cell.source, &cell.metadata, "").unwrap_or_default()
            }
            _ => html! { pre.nb-text { (cell.source) } },
        };
        html! { section.nb-cell.nb-raw-cell id={ "cell-" (scope) } { div.nb-body { (body) } } }
    }
}

fn collapsible(shown: Shown, label: &str, content: Markup) -> Markup {
    match shown {
        Shown::Open => content,
        Shown::Collapsed => html! { details.nb-collapsed { summary { (label) } (content) } },
        Shown::Removed => html! {},
    }
}

/// How long the cell took, if that is worth saying.
fn seconds(cell: &Cell) -> Option<f64> {
    let seconds = cell
        .metadata
        .get("papermill")?
        .get("duration")
        .and_then(Value::as_f64)?;
    (seconds.is_finite() && seconds >= NOTABLE_SECONDS).then_some(seconds)
}

/// "0.3 s", "12 s", "3 min 5 s", "2 h 14 min".
pub(super) fn duration(seconds: f64) -> String {
    let whole = seconds.round().clamp(0.0, 1e12) as u64;
    match whole {
        _ if seconds < 9.95 => format!("{:.1} s", seconds.max(0.0)),
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_easily() {
        for (seconds, expected) in [
            (0.31, "0.3 s"),
            (9.96, "10 s"),
            (59.4, "59 s"),
            (185.0, "3 min 5 s"),
            (8040.0, "2 h 14 min"),
            (-1.0, "0.0 s"),
            (f64::INFINITY, "277777777 h 46 min"),
        ] {
            assert_eq!(duration(seconds), expected);
        }
    }
}
