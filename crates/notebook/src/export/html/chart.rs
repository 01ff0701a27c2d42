//! Plotly's and Vega's figures as their data: the libraries that draw them are not part of the notebook.

use super::{json, text};
use maud::{Markup, html};
use serde_json::{Map, Value};

/// How many traces or rows are listed.
const ROWS_MAX: usize = 20;
/// How many columns are listed.
const COLUMNS_MAX: usize = 12;

/// A figure that the page can't draw, if the type is one of a known library's.
pub(super) fn figure(mime: &str, figure: &Value) -> Option<Markup> {
    let (library, table) = match mime {
        "application/vnd.plotly.v1+json" => ("Plotly", plotly(figure)),
        _ if mime.starts_with("application/vnd.vegalite.") => ("Vega-Lite", vega(figure)),
        _ if mime.starts_with("application/vnd.vega.") => ("Vega", vega(figure)),
        _ => return None,
    };
    Some(html! {
        div.nb-chart {
            p.nb-note {
                "A " (library) " figure. The library that draws it is not part of the notebook; this is its data. "
                "An image beside it (" (advice(library)) ") would be shown here."
            }
            (table)
            details { summary { "The whole figure as JSON" } (json::tree(figure, true)) }
        }
    })
}

/// How to make the library write an image into the notebook.
fn advice(library: &str) -> &'static str {
    match library {
        "Plotly" => "pio.renderers.default = \"png\"",
        _ => "alt.renderers.enable(\"png\")",
    }
}

/// One line per trace.
fn plotly(figure: &Value) -> Markup {
    let title = &figure["layout"]["title"];
    let title = title["text"].as_str().or_else(|| title.as_str());
    let traces = figure["data"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let points = |trace: &Value| {
        let lists = ["y", "x", "z", "values", "lat", "labels", "locations"].into_iter();
        lists
            .filter_map(|key| trace[key].as_array())
            .map(Vec::len)
            .max()
    };
    html! {
        table {
            @if let Some(title) = title { caption { (title) } }
            thead { tr { th { "Trace" } th { "Type" } th { "Points" } } }
            tbody {
                @for (index, trace) in traces.iter().take(ROWS_MAX).enumerate() {
                    tr {
                        td { (trace["name"].as_str().filter(|name| !name.is_empty()).unwrap_or(&format!("trace {index}"))) }
                        td { (trace["type"].as_str().unwrap_or("scatter")) }
                        td { @if let Some(points) = points(trace) { (points) } @else { "–" } }
                    }
                }
            }
        }
        (left_out(traces.len(), "trace"))
    }
}

/// The first rows of the first data set.
fn vega(figure: &Value) -> Markup {
    let named = figure["datasets"]
        .as_object()
        .and_then(|sets| sets.values().next());
    let inline = || {
        figure
            .pointer("/data/values")
            .or_else(|| figure.pointer("/data/0/values"))
    };
    let rows = named
        .or_else(inline)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let rows: Vec<&Map<String, Value>> = rows.iter().filter_map(Value::as_object).collect();
    let columns: Vec<&String> = rows
        .first()
        .map(|row| row.keys().take(COLUMNS_MAX).collect())
        .unwrap_or_default();
    let title = figure["title"]
        .as_str()
        .or_else(|| figure["title"]["text"].as_str());
    html! {
        @if !rows.is_empty() {
            table {
                @if let Some(title) = title { caption { (title) } }
                thead { tr { @for column in &columns { th { (column) } } } }
                tbody {
                    @for row in rows.iter().take(ROWS_MAX) {
                        tr { @for column in &columns { td { (cell(row.get(*column))) } } }
                    }
                }
            }
            (left_out(rows.len(), "row"))
        }
    }
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.chars().take(200).collect(),
        Some(value @ (Value::Array(_) | Value::Object(_))) => {
            value.to_string().chars().take(200).collect()
        }
        Some(value) => value.to_string(),
    }
}

fn left_out(number: usize, noun: &str) -> Markup {
    html! {
        @if number > ROWS_MAX {
            p.nb-note { "The first " (ROWS_MAX) " of " (text::count(number, noun)) "." }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_plotly_figure_lists_its_traces() {
        let value = json!({"data": [{"type": "bar", "name": "<a>", "x": [1, 2], "y": [3, 4]}, {}], "layout": {"title": {"text": "T"}}});
        let html = figure("application/vnd.plotly.v1+json", &value).unwrap().0;
        assert!(html.contains("<caption>T</caption>"));
        assert!(html.contains("<tr><td>&lt;a&gt;</td><td>bar</td><td>2</td></tr><tr><td>trace 1</td><td>scatter</td><td>–</td></tr>"));
    }

    #[test]
    fn a_vega_figure_shows_its_first_rows() {
        let rows: Vec<Value> = (0..30).map(|n| json!({"a": n, "b": "x"})).collect();
        let html = figure(
            "application/vnd.vegalite.v5+json",
            &json!({"datasets": {"d": rows}, "mark": "bar"}),
        )
        .unwrap()
        .0;
        assert!(html.contains("<tr><td>0</td><td>x</td></tr>"));
        assert!(html.contains("The first 20 of 30 rows."));
    }

    #[test]
    fn odd_figures_are_taken() {
        for value in [
            json!(null),
            json!([]),
            json!({"data": 3, "datasets": [1], "layout": "x", "title": []}),
        ] {
            assert!(figure("application/vnd.plotly.v1+json", &value).is_some());
            assert!(figure("application/vnd.vega.v5+json", &value).is_some());
        }
    }
}
