//! Whole pages, and what no notebook can make of them.

use super::*;
use crate::export;
use proptest::prelude::*;
use serde_json::json;

fn notebook(cells: Value, metadata: Value) -> Notebook {
    let file = json!({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells});
    Notebook::from_slice(file.to_string().as_bytes()).unwrap()
}

fn code(source: &str, outputs: Value) -> Value {
    json!({"cell_type": "code", "id": "a", "metadata": {}, "execution_count": 1, "source": source, "outputs": outputs})
}

fn main_of(page: &str) -> &str {
    let (_, main) = page.split_once("<main>").unwrap();
    main.split_once("</main>").unwrap().0
}

#[test]
fn a_page_is_what_it_says() {
    let papermill = json!({"start_time": "2026-11-23T15:59:02+00:00", "end_time": "x", "duration": 61.2, "exception": null, "parameters": {"n": "<5>"}});
    let cells = json!([code(
        "x < 1",
        json!([{"output_type": "stream", "name": "stdout", "text": "<hi>\n"}])
    )]);
    let metadata = json!({"papermill": papermill, "kernelspec": {"display_name": "Py & 3", "name": "python3", "language": "python"}});
    let page = html(
        &notebook(cells, metadata),
        &Options {
            title: Some("<T>".to_owned()),
            ..Options::default()
        },
    );
    assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "));
    assert!(page.contains("<title>&lt;T&gt;</title>"));
    assert!(page.contains(
        "<header class=\"nb-header\"><div class=\"nb-title\"><h1>&lt;T&gt;</h1><span class=\"nb-badge nb-completed\">Completed</span></div>\
         <dl class=\"nb-facts\"><div><dt>Started</dt><dd>2026-11-23 15:59:02 UTC</dd></div><div><dt>Duration</dt><dd>1 min 1 s</dd></div>\
         <div><dt>Kernel</dt><dd>Py &amp; 3</dd></div></dl>\
         <dl class=\"nb-parameters\" aria-label=\"Parameters\"><div><dt>n</dt><dd>&quot;&lt;5&gt;&quot;</dd></div></dl></header>"
    ), "{page}");
    assert_eq!(
        main_of(&page),
        "<section class=\"nb-cell nb-code-cell\" id=\"cell-1\"><div class=\"nb-prompt\">In [1]</div>\
         <div class=\"nb-body\"><pre class=\"nb-source\" tabindex=\"0\"><code>x <span class=\"hl-o\">&lt; </span><span class=\"hl-n\">1</span></code></pre></div>\
         <div class=\"nb-prompt nb-out-prompt\"></div><div class=\"nb-body nb-outputs\"><pre class=\"nb-text\">&lt;hi&gt;\n</pre></div></section>"
    );
    assert!(
        !page.contains("<script"),
        "a page without frames has no scripts"
    );
}

#[test]
fn the_same_notebook_gives_the_same_page() {
    let outputs = json!([{"output_type": "display_data", "metadata": {}, "data": {"text/html": "<script>1</script>"}}]);
    let markdown = json!({"cell_type": "markdown", "id": "b", "metadata": {}, "source": "- [x] a <td width=1 bgcolor=red align=left id=x>[b](c)"});
    let notebook = notebook(json!([code("1", outputs), markdown]), json!({}));
    let page = html(&notebook, &Options::default());
    assert!((0..20).all(|_| html(&notebook, &Options::default()) == page));
    let nonce = page
        .split("'nonce-")
        .nth(1)
        .and_then(|rest| rest.split('\'').next())
        .unwrap();
    assert_eq!(
        page.matches(nonce).count(),
        3,
        "in the policy, the page's script and the frame's"
    );
}

#[test]
fn a_frame_stays_shut_to_text_that_guesses() {
    let guess = "<script nonce=\"guess\">alert(1)</script>";
    let outputs = json!([{"output_type": "display_data", "metadata": {}, "data": {"application/javascript": guess}}]);
    let page = html(
        &notebook(
            json!([code(guess, outputs), {"cell_type": "markdown", "id": "b", "metadata": {}, "source": guess}]),
            json!({}),
        ),
        &Options::default(),
    );
    assert!(!main_of(&page).contains("<script"));
}

fn any_json() -> impl Strategy<Value = Value> {
    let text = "(<script>|</|\\$|```|\u{1b}\\[3[0-9;]{0,3}m|\\\\begin\\{align\\}|<img src=x onerror=y>|[\\r\\n\"'>#*|-]|\\PC){0,12}";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("data|name|[a-z]{1,4}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn any_cell() -> impl Strategy<Value = Value> {
    let mime = prop::sample::select(vec![
        "text/html",
        "text/markdown",
        "text/plain",
        "text/latex",
        "image/png",
        "image/svg+xml",
        "application/json",
        "application/javascript",
        "application/vnd.plotly.v1+json",
        "application/vnd.vegalite.v5+json",
        "x",
    ]);
    let output = (
        prop::sample::select(vec!["stream", "display_data", "error", "odd"]),
        prop::collection::btree_map(mime, any_json(), 0..3),
        any_json(),
    );
    let output = output.prop_map(|(kind, data, text)| json!({"output_type": kind, "data": data, "metadata": text, "text": text, "traceback": text}));
    let kind = prop::sample::select(vec!["code", "markdown", "raw", "odd"]);
    let metadata =
        prop::collection::btree_map("tags|papermill|jupyter|raw_mimetype", any_json(), 0..3);
    (kind, "(<script>|%%?[a-z]{1,3} |[!?$`\n'\"(]|\\PC){0,20}", metadata, prop::collection::vec(output, 0..3), any_json()).prop_map(
        |(kind, source, metadata, outputs, attachments)| {
            json!({"cell_type": kind, "source": source, "metadata": metadata, "outputs": outputs, "attachments": attachments})
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_notebook_becomes_a_page_without_scripts_of_its_own(
        cells in prop::collection::vec(any_cell(), 0..4),
        metadata in prop::collection::btree_map("papermill|kernelspec|language_info|title", any_json(), 0..4),
    ) {
        let notebook = notebook(json!(cells), json!(metadata));
        let page = html(&notebook, &Options::default());
        let body = page.split_once("<body>").unwrap().1;
        prop_assert!(!body.contains("<script") && !body.contains("<img src=\"x\""));
        export::markdown(&notebook, &Options::default(), "files");
        export::script(&notebook);
    }
}
