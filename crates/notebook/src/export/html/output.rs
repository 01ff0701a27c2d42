//! One output of a code cell: the richest of its forms that works in a saved page.

use super::active::{self, Needs};
use super::{Page, chart, image, json, markdown, math, sanitise, text};
use crate::export::display;
use crate::nbformat::{Object, Output};
use maud::{Markup, PreEscaped, html};
use serde_json::Value;

const WIDGET: &str = "application/vnd.jupyter.widget-view+json";
/// Style that a table with a style sheet of its own starts from; the page's style doesn't reach it.
const STYLED_BASE: &str = include_str!("table.css");

impl Page<'_> {
    /// The output as HTML. `scope` is unique to the cell.
    pub(super) fn output(&mut self, output: &Output, scope: &str) -> Markup {
        match output
            .get("output_type")
            .and_then(Value::as_str)
            .unwrap_or_default()
        {
            "stream" => {
                let stderr = output.get("name").and_then(Value::as_str) == Some("stderr");
                let of = output
                    .get("text")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                text::text(
                    of,
                    if stderr {
                        "nb-text nb-stderr"
                    } else {
                        "nb-text"
                    },
                )
            }
            "error" => text::text(&display::traceback(output), "nb-text nb-error"),
            "display_data" | "execute_result" => {
                let empty = Object::new();
                let data = display::object(output, "data").unwrap_or(&empty);
                let metadata = display::object(output, "metadata").unwrap_or(&empty);
                self.bundle(data, metadata, scope)
            }
            other => html! { p.nb-note { "An output of unknown type “" (other) "”." } },
        }
    }

    fn bundle(&mut self, data: &Object, metadata: &Object, scope: &str) -> Markup {
        let mut note = None;
        if let Some(of) = display::text(data, "text/html") {
            match active::needs(of) {
                Needs::Network(addresses) => note = Some(active::network_note(&addresses)),
                needs => return self.html(of, needs),
            }
        }
        if data.contains_key(WIDGET) {
            note =
                Some(html! { p.nb-note { "An interactive widget; a saved page shows its text." } });
        }
        html! {
            @if let Some(shown) = self.still(data, metadata, scope) {
                (note.unwrap_or_default())
                (shown)
            } @else if let Some(note) = note {
                (note)
            } @else if data.is_empty() {
                ""
            } @else {
                p.nb-note { "Nothing that a page can show: " (data.keys().take(10).cloned().collect::<Vec<_>>().join(", ")) "." }
            }
        }
    }

    /// The best form that doesn't depend on `text/html`.
    fn still(&mut self, data: &Object, metadata: &Object, scope: &str) -> Option<Markup> {
        let plain = display::text(data, "text/plain");
        if let Some(of) = display::text(data, "text/markdown") {
            return Some(html! { div.nb-markdown { (markdown::markdown(of, None, scope)) } });
        }
        if let Some(formula) = display::text(data, "text/latex").and_then(math::from_latex_output) {
            return Some(html! { div.nb-math { (formula) } });
        }
        let alt = plain
            .map_or("", |plain| plain.get(..200).unwrap_or(plain))
            .trim_matches(['<', '>']);
        let images = image::MIMES.into_iter();
        let shown = images
            .filter_map(|mime| image::image(mime, display::text(data, mime)?, metadata, alt))
            .next();
        if shown.is_some() {
            return shown;
        }
        if let Some(figure) = data
            .iter()
            .find_map(|(mime, value)| chart::figure(mime, value))
        {
            return Some(figure);
        }
        let script = ["application/javascript", "text/javascript"]
            .into_iter()
            .find_map(|mime| display::text(data, mime));
        if let Some(script) = script {
            return Some(active::script_frame(script, self.nonce()));
        }
        let is_json =
            |mime: &str| mime == "application/json" || (mime.ends_with("+json") && mime != WIDGET);
        match data.iter().find(|(mime, _)| is_json(mime)) {
            Some((mime, value)) if mime == "application/json" || plain.is_none() => {
                return Some(json::tree(value, true));
            }
            _ => {}
        }
        let plain = plain.or_else(|| display::text(data, "text/latex"));
        plain.map(|plain| text::text(plain, "nb-text"))
    }

    /// HTML as it may be shown.
    pub(super) fn html(&mut self, of: &str, needs: Needs) -> Markup {
        match needs {
            Needs::Nothing => html! { div.nb-html { (PreEscaped(sanitise::inline(of))) } },
            Needs::Style => html! {
                div.nb-html {
                    div { template shadowrootmode="open" {
                        style { (PreEscaped(STYLED_BASE)) }
                        (PreEscaped(sanitise::styled(of)))
                    } }
                }
            },
            Needs::Frame => active::frame(of, self.nonce()),
            Needs::Network(addresses) => active::network_note(&addresses),
        }
    }
}
