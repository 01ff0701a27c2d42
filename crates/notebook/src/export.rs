//! A notebook in other forms: one safe web page, Markdown, a script. The words and the layout of Markdown and scripts
//! are nbconvert's. Knows no kernel, no files, no network: a notebook in, text out.

mod display;
mod html;
mod magics;
mod markdown;
mod script;
mod tags;
mod terminal;

pub use html::html;
pub use markdown::{Markdown, markdown};
pub use script::{Script, script};
pub use terminal::stripped;

/// What all exports can be told.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The page's title; without it the notebook's own (`metadata.title`), else "Notebook".
    pub title: Option<String>,
    /// Leave the code out (`--no-input`).
    pub no_input: bool,
    /// Keep images inside the Markdown text as `data:` URIs, not as files beside it.
    pub embed_images: bool,
}
