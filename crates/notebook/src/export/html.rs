//! A notebook as one web page: self-contained, readable on paper and phone, in light and dark, and safe to open
//! whoever wrote the notebook. Three walls stand between a hostile notebook and the page's origin: everything is
//! escaped or sanitised; what must run gets a frame of its own with an opaque origin; and the page's content security
//! policy allows no script without a nonce, and no load from anywhere.

mod active;
mod cell;
mod chart;
mod depth;
mod highlight;
mod image;
mod json;
mod markdown;
mod math;
mod mathtext;
mod output;
mod sanitise;
mod summary;
mod text;

use super::Options;
use crate::nbformat::Notebook;
use maud::{DOCTYPE, PreEscaped, html as markup};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::cell::OnceCell;

const PAGE_STYLE: &str = include_str!("html/page.css");
const TABLE_STYLE: &str = include_str!("html/table.css");
const PAGE_SCRIPT: &str = include_str!("html/page.js");

/// The page as it is being written.
struct Page<'notebook> {
    notebook: &'notebook Notebook,
    options: &'notebook Options,
    language: Option<&'notebook str>,
    /// Whether the run stopped before its end.
    failed: bool,
    /// Set by the first frame; a page without frames has no scripts at all.
    nonce: OnceCell<String>,
}

/// The notebook as a web page. The same notebook gives the same page.
pub fn html(notebook: &Notebook, options: &Options) -> String {
    let exception = notebook
        .metadata
        .get("papermill")
        .and_then(|papermill| papermill.get("exception")?.as_bool());
    let mut page = Page {
        notebook,
        options,
        language: notebook.language(),
        failed: exception == Some(true),
        nonce: OnceCell::new(),
    };
    let cells = markup! {
        @for (index, cell) in notebook.cells.iter().enumerate() { (page.cell(index, cell)) }
    };
    let title = options
        .title
        .as_deref()
        .or_else(|| notebook.metadata.get("title").and_then(Value::as_str));
    let title = title
        .filter(|title| !title.trim().is_empty())
        .unwrap_or("Notebook");
    let nonce = page.nonce.get();
    let document = markup! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy(nonce));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content="nbjobs";
                meta name="referrer" content="no-referrer";
                title { (title) }
                style { (PreEscaped(PAGE_STYLE)) (PreEscaped(TABLE_STYLE)) }
                @if let Some(nonce) = nonce { script nonce=(nonce) { (PreEscaped(PAGE_SCRIPT)) } }
            }
            body {
                (summary::header(notebook, title))
                main { (cells) }
            }
        }
    };
    document.into_string()
}

impl Page<'_> {
    /// The secret that lets the frames' scripts run: no notebook can hold its own digest.
    fn nonce(&self) -> &str {
        self.nonce.get_or_init(|| match self.notebook.to_vec() {
            Ok(bytes) => hex::encode(&Sha256::digest(bytes)[..16]),
            Err(_) => uuid::Uuid::new_v4().simple().to_string(),
        })
    }
}

/// The page's content security policy. Frames with `srcdoc` inherit it.
fn policy(nonce: Option<&String>) -> String {
    let mut policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; media-src data: blob:; \
                      font-src data:; base-uri 'none'; form-action 'none'"
        .to_owned();
    if let Some(nonce) = nonce {
        // Plotly and Vega compile expressions; in the page itself nothing runs that could.
        policy.push_str(&format!(
            "; script-src 'nonce-{nonce}' 'unsafe-eval'; worker-src blob:"
        ));
    }
    policy
}

#[cfg(test)]
mod tests;
