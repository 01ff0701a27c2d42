//! A notebook as Markdown, laid out as nbconvert's `markdown` exporter does: text cells as they are, code in fences,
//! outputs indented, images as files beside it. Between blocks stands one empty line where nbconvert leaves several.

use super::display;
use super::tags::{self, Shown};
use super::{Options, terminal};
use crate::nbformat::{Cell, Notebook, Object, Output};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

/// Markdown and the images that it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Markdown {
    /// The text.
    pub text: String,
    /// The images by name (`output_3_0.png`); the text names them as `FOLDER/NAME`.
    pub files: Vec<(String, Vec<u8>)>,
}

/// The notebook as Markdown. Images become files in `folder`, a URL relative to the text, unless the options embed
/// them.
pub fn markdown(notebook: &Notebook, options: &Options, folder: &str) -> Markdown {
    let mut writer = Writer {
        embed: options.embed_images,
        folder,
        text: String::new(),
        files: Vec::new(),
    };
    let language = notebook.language().unwrap_or_default();
    for (index, cell) in notebook.cells.iter().enumerate() {
        let Some((source, outputs)) = tags::shown(cell) else {
            continue;
        };
        match cell.cell_type.as_str() {
            "code" => {
                if source != Shown::Removed && !options.no_input {
                    writer.code(&cell.source, language);
                }
                if outputs != Shown::Removed {
                    for (number, output) in cell.outputs.iter().enumerate() {
                        writer.output(&output, &format!("output_{index}_{number}"));
                    }
                }
            }
            "markdown" if source != Shown::Removed => writer.text_cell(cell),
            "raw" => match cell.metadata.get("raw_mimetype").and_then(Value::as_str) {
                None | Some("" | "text/markdown" | "text/x-markdown" | "text/html") => {
                    writer.block(&cell.source)
                }
                Some(_) => {}
            },
            _ => {}
        }
    }
    Markdown {
        text: writer.text,
        files: writer.files,
    }
}

struct Writer<'folder> {
    embed: bool,
    folder: &'folder str,
    text: String,
    files: Vec<(String, Vec<u8>)>,
}

impl Writer<'_> {
    /// A paragraph's worth of text; an empty line stands before all but the first.
    fn block(&mut self, text: &str) {
        let text = text.trim_end().trim_start_matches('\n');
        if text.is_empty() {
            return;
        }
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn code(&mut self, source: &str, language: &str) {
        // A fence is longer than any within.
        let longest = source
            .split(|char| char != '`')
            .map(str::len)
            .max()
            .unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        self.block(&format!("{fence}{language}\n{source}\n{fence}"));
    }

    /// A text cell, with its attachments inside.
    fn text_cell(&mut self, cell: &Cell) {
        let mut text = cell.source.clone();
        for (name, bundle) in cell.attachments().into_iter().flatten() {
            let image = bundle
                .as_object()
                .and_then(|bundle| bundle.iter().find(|(mime, _)| mime.starts_with("image/")));
            if let Some((mime, Value::String(data))) = image {
                let data: String = data.split_whitespace().collect();
                text = text.replace(
                    &format!("(attachment:{name})"),
                    &format!("(data:{mime};base64,{data})"),
                );
            }
        }
        self.block(&text);
    }

    fn output(&mut self, output: &Output, name: &str) {
        let text = |key: &str| output.get(key).and_then(Value::as_str).unwrap_or_default();
        match text("output_type") {
            "stream" => self.indented(&terminal::folded(text("text"))),
            "error" => self.indented(&display::traceback(output)),
            _ => {
                if let Some(data) = display::object(output, "data") {
                    self.bundle(data, name);
                }
            }
        }
    }

    fn indented(&mut self, text: &str) {
        let text = terminal::stripped(text);
        let lines: Vec<String> = text
            .lines()
            .map(|line| format!("    {line}").trim_end().to_owned())
            .collect();
        self.block(&lines.join("\n"));
    }

    /// The first form in nbconvert's order of preference.
    fn bundle(&mut self, data: &Object, name: &str) {
        for mime in ["text/html", "text/markdown"] {
            if let Some(text) = display::text(data, mime) {
                return self.block(text);
            }
        }
        for (mime, alt, extension) in [
            ("image/svg+xml", "svg", "svg"),
            ("image/png", "png", "png"),
            ("image/jpeg", "jpeg", "jpeg"),
            ("image/gif", "gif", "gif"),
            ("image/webp", "webp", "webp"),
        ] {
            if display::text(data, mime)
                .is_some_and(|image| self.image(mime, image, alt, &format!("{name}.{extension}")))
            {
                return;
            }
        }
        if let Some(latex) = display::text(data, "text/latex") {
            return self.block(latex);
        }
        if let Some(text) = display::text(data, "text/plain") {
            self.indented(text);
        }
    }

    /// Whether the image could be read.
    fn image(&mut self, mime: &str, data: &str, alt: &str, name: &str) -> bool {
        let bytes = if mime == "image/svg+xml" {
            data.as_bytes().to_vec()
        } else {
            let base64: String = data.split_whitespace().collect();
            match BASE64_STANDARD.decode(base64) {
                Ok(bytes) => bytes,
                Err(_) => return false,
            }
        };
        if self.embed {
            self.block(&format!(
                "![{alt}](data:{mime};base64,{})",
                BASE64_STANDARD.encode(bytes)
            ));
        } else {
            let folder = self.folder;
            self.block(&format!("![{alt}]({folder}/{name})"));
            self.files.push((name.to_owned(), bytes));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rendered(cells: Value, options: &Options) -> Markdown {
        let file = json!({"nbformat": 4, "nbformat_minor": 4, "metadata": {"language_info": {"name": "python"}}, "cells": cells});
        markdown(
            &Notebook::from_slice(file.to_string().as_bytes()).unwrap(),
            options,
            "files",
        )
    }

    fn code(source: &str, data: Value) -> Value {
        json!({"cell_type": "code", "metadata": {}, "source": source, "outputs": [{"output_type": "display_data", "data": data}]})
    }

    #[test]
    fn images_are_files_or_inside() {
        let cells = json!([code("1", json!({"image/png": "AA==", "text/plain": "x"}))]);
        let beside = rendered(cells.clone(), &Options::default());
        assert_eq!(
            beside.text,
            "```python\n1\n```\n\n![png](files/output_0_0.png)\n"
        );
        assert_eq!(beside.files, [("output_0_0.png".to_owned(), vec![0])]);
        let embed_images = true;
        let inside = rendered(
            cells,
            &Options {
                embed_images,
                no_input: true,
                title: None,
            },
        );
        assert_eq!(inside.text, "![png](data:image/png;base64,AA==)\n");
        assert!(inside.files.is_empty());
    }

    #[test]
    fn a_broken_image_gives_way_to_text() {
        let cells = json!([code(
            "",
            json!({"image/png": "<svg>", "text/plain": "\u{1b}[1mx\u{1b}[0m"})
        )]);
        assert_eq!(
            rendered(cells, &Options::default()).text,
            "```python\n\n```\n\n    x\n"
        );
    }

    #[test]
    fn a_fence_is_longer_than_any_within() {
        let cells = json!([code("'````'", json!({}))]);
        assert_eq!(
            rendered(cells, &Options::default()).text,
            "`````python\n'````'\n`````\n"
        );
    }
}
