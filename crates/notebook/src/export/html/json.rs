//! JSON values as a tree to open and close, without a script.

use super::{highlight, text};
use maud::{Markup, html};
use serde_json::Value;

/// Values beyond this number are left out, and the tree says so.
const NODES_MAX: usize = 5_000;
/// Longer strings are cut.
const STRING_BYTES_MAX: usize = 2_000;
/// Objects and lists with at most this many members are open from the start, at the top.
const OPEN_MEMBERS_MAX: usize = 12;

/// The value as a tree; `open` shows its first level.
pub(super) fn tree(value: &Value, open: bool) -> Markup {
    let mut left = NODES_MAX;
    html! {
        div.nb-json {
            (node(None, value, open, &mut left))
            @if left == 0 {
                p.nb-note { "Only the first " (text::count(NODES_MAX, "value")) " are shown; the notebook has all." }
            }
        }
    }
}

fn node(key: Option<&str>, value: &Value, open: bool, left: &mut usize) -> Markup {
    if *left == 0 {
        return html! {};
    }
    *left -= 1;
    let (members, brackets): (Vec<(Option<&str>, &Value)>, _) = match value {
        Value::Object(object) if !object.is_empty() => (
            object
                .iter()
                .take(*left)
                .map(|(key, value)| (Some(key.as_str()), value))
                .collect(),
            ("{", "}"),
        ),
        Value::Array(list) if !list.is_empty() => (
            list.iter().take(*left).map(|value| (None, value)).collect(),
            ("[", "]"),
        ),
        other => return html! { div.nb-leaf { (name(key)) (scalar(other)) } },
    };
    let size = match value {
        Value::Object(object) => text::count(object.len(), "key"),
        Value::Array(list) => text::count(list.len(), "item"),
        _ => String::new(),
    };
    html! {
        details open[open && members.len() <= OPEN_MEMBERS_MAX] {
            summary { (name(key)) (brackets.0) span.nb-size { (size) } (brackets.1) }
            @for (key, value) in members { (node(key, value, false, left)) }
        }
    }
}

fn name(key: Option<&str>) -> Markup {
    html! { @if let Some(key) = key { span.hl-v { (cut(key)) } ": " } }
}

fn scalar(value: &Value) -> Markup {
    let class = match value {
        Value::String(_) => "hl-s",
        Value::Number(_) => "hl-n",
        _ => "hl-l",
    };
    let text = match value {
        Value::String(text) => format!("\"{}\"", cut(text)),
        other => other.to_string(),
    };
    let mut escaped = String::new();
    highlight::escape(&text, &mut escaped);
    html! { span class=(class) { (maud::PreEscaped(escaped)) } }
}

fn cut(text: &str) -> String {
    if text.len() <= STRING_BYTES_MAX {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(STRING_BYTES_MAX)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_tree_has_keys_sizes_and_escaped_values() {
        let html = tree(&json!({"a": [1, null], "<b>": "<i>"}), true).0;
        assert_eq!(
            html,
            "<div class=\"nb-json\"><details open><summary>{<span class=\"nb-size\">2 keys</span>}</summary>\
             <div class=\"nb-leaf\"><span class=\"hl-v\">&lt;b&gt;</span>: <span class=\"hl-s\">&quot;&lt;i&gt;&quot;</span></div>\
             <details><summary><span class=\"hl-v\">a</span>: [<span class=\"nb-size\">2 items</span>]</summary>\
             <div class=\"nb-leaf\"><span class=\"hl-n\">1</span></div><div class=\"nb-leaf\"><span class=\"hl-l\">null</span></div>\
             </details></details></div>"
        );
    }

    #[test]
    fn big_values_are_cut() {
        let html = tree(&json!([vec![7; 100_000], "漢".repeat(10_000)]), true).0;
        assert!(html.contains("Only the first 5,000 values are shown"));
        assert!(html.len() < 400_000);
    }
}
