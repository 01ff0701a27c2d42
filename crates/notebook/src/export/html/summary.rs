//! The page's head: what ran, when, how it ended, with which parameters.

use super::cell::duration;
use crate::nbformat::{Notebook, Object};
use maud::{Markup, html};
use serde_json::Value;

/// Longer parameter values are cut.
const VALUE_CHARS_MAX: usize = 200;
/// More parameters are left to the notebook's own cell.
const PARAMETERS_MAX: usize = 50;

/// How a run ended, as `metadata.papermill` tells it.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Completed,
    Failed,
    Unfinished,
}

/// Title, outcome, facts and parameters.
pub(super) fn header(notebook: &Notebook, title: &str) -> Markup {
    let empty = Object::new();
    let papermill = notebook
        .metadata
        .get("papermill")
        .and_then(Value::as_object)
        .unwrap_or(&empty);
    let parameters = papermill
        .get("parameters")
        .and_then(Value::as_object)
        .filter(|parameters| !parameters.is_empty());
    let facts = facts(notebook, papermill);
    html! {
        header.nb-header {
            div.nb-title {
                h1 { (title) }
                @match outcome(papermill) {
                    Some(Outcome::Completed) => span.nb-badge.nb-completed { "Completed" },
                    Some(Outcome::Failed) => a.nb-badge.nb-failure href="#papermill-error-cell" { "Failed" },
                    Some(Outcome::Unfinished) => span.nb-badge { "Not finished" },
                    None => "",
                }
            }
            @if !facts.is_empty() {
                dl.nb-facts { @for (name, value) in facts { div { dt { (name) } dd { (value) } } } }
            }
            @if let Some(parameters) = parameters {
                dl.nb-parameters aria-label="Parameters" {
                    @for (name, value) in parameters.iter().take(PARAMETERS_MAX) {
                        div { dt { (cut(name)) } dd { (cut(value.to_string())) } }
                    }
                }
            }
        }
    }
}

fn outcome(papermill: &Object) -> Option<Outcome> {
    let set = |key: &str| papermill.get(key).and_then(Value::as_str).is_some();
    match papermill.get("exception").and_then(Value::as_bool) {
        Some(true) => Some(Outcome::Failed),
        _ if set("end_time") => Some(Outcome::Completed),
        _ if set("start_time") => Some(Outcome::Unfinished),
        _ => None,
    }
}

fn facts(notebook: &Notebook, papermill: &Object) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    let text = |value: Option<&Value>| {
        value
            .and_then(Value::as_str)
            .map(cut)
            .filter(|text| !text.is_empty())
    };
    if let Some(start) = text(papermill.get("start_time")) {
        facts.push(("Started", moment(&start)));
    }
    if let Some(seconds) = papermill.get("duration").and_then(Value::as_f64) {
        facts.push(("Duration", duration(seconds)));
    }
    let kernel = notebook.metadata.get("kernelspec");
    let kernel = kernel
        .and_then(|kernel| text(kernel.get("display_name")).or_else(|| text(kernel.get("name"))));
    if let Some(kernel) = kernel {
        facts.push(("Kernel", kernel));
    }
    let version = notebook
        .metadata
        .get("language_info")
        .and_then(|info| text(info.get("version")));
    if let (Some(language), Some(version)) = (notebook.language(), version) {
        facts.push(("Language", format!("{} {version}", capitalised(language))));
    }
    facts
}

/// "2026-11-23 15:59:02 UTC" for an ISO 8601 moment; anything else as it is.
fn moment(text: &str) -> String {
    match text.parse::<jiff::Timestamp>() {
        Ok(moment) => moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Err(_) => text
            .replace('T', " ")
            .split('.')
            .next()
            .unwrap_or(text)
            .to_owned(),
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

fn cut(text: impl AsRef<str>) -> String {
    let text = text.as_ref();
    let mut cut: String = text.chars().take(VALUE_CHARS_MAX).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_outcome_is_what_the_run_wrote() {
        for (papermill, expected) in [
            (json!({}), None),
            (
                json!({"start_time": "x", "end_time": "y", "exception": null}),
                Some(Outcome::Completed),
            ),
            (
                json!({"start_time": "x", "end_time": "y", "exception": true}),
                Some(Outcome::Failed),
            ),
            (
                json!({"start_time": "x", "end_time": null}),
                Some(Outcome::Unfinished),
            ),
            (json!({"start_time": 3, "exception": "odd"}), None),
        ] {
            assert_eq!(
                outcome(papermill.as_object().unwrap()),
                expected,
                "{papermill}"
            );
        }
    }

    #[test]
    fn moments_are_read_easily() {
        assert_eq!(
            moment("2026-11-23T15:59:02.123456+00:00"),
            "2026-11-23 15:59:02 UTC"
        );
        assert_eq!(moment("2019-01-01T00:00:00.5"), "2019-01-01 00:00:00");
    }
}
