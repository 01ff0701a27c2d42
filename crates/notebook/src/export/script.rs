//! A notebook as a script, laid out as nbconvert's `python` and `script` exporters do: Python with `# In[3]:` markers
//! and the text as comments; other languages as their code alone. Outputs are left out, and so are raw cells, which
//! nbconvert writes between the code, where they are no Python.

use super::{magics, tags};
use crate::export::tags::Shown;
use crate::nbformat::{Cell, Notebook};
use serde_json::Value;

/// A script and what its file is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The source code.
    pub text: String,
    /// The file's extension, with its dot: `.py`, `.r`, `.txt` if the notebook doesn't say.
    pub extension: String,
}

/// The notebook as a script in its own language. IPython's magics become calls (`get_ipython().run_line_magic(…)`), so
/// that the script is Python.
pub fn script(notebook: &Notebook) -> Script {
    let python = notebook
        .language()
        .is_none_or(|language| language.eq_ignore_ascii_case("python"));
    if python {
        return Script {
            text: as_python(notebook),
            extension: ".py".to_owned(),
        };
    }
    let mut text = String::new();
    for cell in shown(notebook).filter(|cell| cell.is_code()) {
        text.push_str(&cell.source);
        text.push_str("\n\n");
    }
    Script {
        text,
        extension: extension(notebook),
    }
}

/// `metadata.language_info.file_extension`, if it can be one.
fn extension(notebook: &Notebook) -> String {
    let info = notebook.metadata.get("language_info");
    let named = info
        .and_then(|info| info.get("file_extension"))
        .and_then(Value::as_str);
    let safe = |text: &&str| {
        let name = text.strip_prefix('.').unwrap_or_default();
        !name.is_empty()
            && name.len() <= 16
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    named.filter(safe).unwrap_or(".txt").to_owned()
}

fn as_python(notebook: &Notebook) -> String {
    let mut text = String::from("#!/usr/bin/env python\n# coding: utf-8\n");
    for cell in shown(notebook) {
        match cell.cell_type.as_str() {
            "code" => {
                let count = cell
                    .execution_count()
                    .map_or(" ".to_owned(), |count| count.to_string());
                text.push_str(&format!("\n# In[{count}]:\n\n\n"));
                text.push_str(&magics::as_python(&cell.source));
                text.push('\n');
            }
            "markdown" => {
                text.push('\n');
                for line in cell.source.split('\n') {
                    text.push_str("# ");
                    text.push_str(line);
                    text.push('\n');
                }
            }
            _ => {}
        }
    }
    text
}

fn shown(notebook: &Notebook) -> impl Iterator<Item = &Cell> {
    notebook
        .cells
        .iter()
        .filter(|cell| tags::shown(cell).is_some_and(|(source, _)| source != Shown::Removed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn notebook(language: &str, extension: &str) -> Notebook {
        let cell = |source: &str, tags: Value| json!({"cell_type": "code", "metadata": {"tags": tags}, "source": source, "outputs": []});
        let cells = [
            cell("a <- 1", json!([])),
            cell("secret", json!(["remove-cell"])),
            cell("b", json!(["remove-input"])),
        ];
        let info = json!({"name": language, "file_extension": extension});
        let file = json!({"nbformat": 4, "nbformat_minor": 4, "metadata": {"language_info": info}, "cells": cells});
        Notebook::from_slice(file.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn other_languages_give_their_code_alone() {
        let script = script(&notebook("R", ".r"));
        assert_eq!(
            (script.text.as_str(), script.extension.as_str()),
            ("a <- 1\n\n", ".r")
        );
    }

    #[test]
    fn an_extension_is_no_path() {
        for extension in ["/../../x", ".", "", "r", ".a/b", ".\u{0}"] {
            assert_eq!(
                script(&notebook("R", extension)).extension,
                ".txt",
                "{extension:?}"
            );
        }
    }
}
