//! The step that saves the executed notebook in the other formats that `SM_OUTPUT_FORMATS` names, beside it and under
//! nbconvert's names. HTML, Markdown and scripts are made here; others by the kernel's environment's own nbconvert.

use super::Attempt;
use super::report::{Failure, say};
use super::script;
use anyhow::Context;
use notebook::export::{self, Options};
use notebook::{Environment, Notebook};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use tokio_util::sync::CancellationToken;

const STEP: &str = "saving notebook output in other formats";

pub(super) async fn save(
    attempt: &Attempt<'_>,
    environment: &Environment,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let formats = attempt
        .variable("SM_OUTPUT_FORMATS")
        .split(',')
        .map(str::trim);
    for format in formats.filter(|format| !matches!(*format, "" | "ipynb")) {
        say(format_args!("Converting output notebook to {format}"));
        let output = attempt.output();
        let ours = convert(format, &output)
            .map_err(|error| Failure::new(STEP, format!("{format}: {error:#}")))?;
        if !ours {
            script::convert(format, &output, environment, stop)
                .await
                .map_err(|end| Failure::script(STEP, Path::new("jupyter nbconvert"), end))?;
        }
    }
    Ok(())
}

/// Writes the notebook in a format that we make ourselves; `false` for one that we don't.
fn convert(format: &str, output: &Path) -> anyhow::Result<bool> {
    if !matches!(format, "html" | "markdown" | "script" | "python") {
        return Ok(false);
    }
    let bytes = fs::read(output).context("cannot read the executed notebook")?;
    let notebook = Notebook::from_slice(&bytes)?;
    let options = Options {
        title: output
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned()),
        no_input: false,
        embed_images: true,
    };
    let (extension, text) = match format {
        "html" => ("html".to_owned(), export::html(&notebook, &options)),
        "markdown" => (
            "md".to_owned(),
            export::markdown(&notebook, &options, "").text,
        ),
        _ => {
            let script = export::script(&notebook);
            (
                script.extension.trim_start_matches('.').to_owned(),
                script.text,
            )
        }
    };
    write(&output.with_extension(extension), &text).context("cannot write it")?;
    Ok(true)
}

/// Writes a file in place of whatever the notebook put there: no link is followed, and no FIFO waited for.
fn write(path: &Path, text: &str) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    File::create_new(path)?.write_all(text.as_bytes())
}
