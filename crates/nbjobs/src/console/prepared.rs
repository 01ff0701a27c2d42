//! What has to be made of a job's output before people can look at it: the list of its files, the executed notebook as a
//! web page, the cell that failed. It is made once, at the first look, away from the request; a page that comes too early
//! says so and comes again.

use crate::app::{App, output};
use crate::model::job::Job;
use crate::model::naming;
use anyhow::Context;
use notebook::Notebook;
use notebook::export::{self, Options, stripped};
use std::collections::HashMap;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tracing::warn;

/// The largest notebook that is made a page; larger ones can be downloaded.
const NOTEBOOK_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// The most files that are listed.
const FILES_MAX: usize = 1000;
/// How many jobs' pages are kept.
const KEPT_MAX: usize = 500;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    /// Path and size of each file, [`FILES_MAX`] at most.
    pub files: Vec<(String, u64)>,
    /// The executed notebook's path in the archive.
    pub notebook: Option<String>,
    /// The file with its page.
    pub page: Option<PathBuf>,
    /// Where it failed.
    pub failure: Option<CellFailure>,
    /// Why there is no page.
    pub problem: Option<String>,
}

/// The cell that ended a run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CellFailure {
    /// Which one, from 1, and of how many.
    pub place: (usize, usize),
    /// Its text.
    pub source: String,
    /// The exception's class and text.
    pub error: String,
    /// Without colours.
    pub traceback: String,
}

type Slot = watch::Receiver<Option<Arc<Prepared>>>;

/// Makes them, one at a time.
pub(super) struct Preparations {
    folder: PathBuf,
    slots: Mutex<HashMap<String, Slot>>,
    turn: Arc<Semaphore>,
}

impl Preparations {
    /// Keeps pages in `folder`, which it empties: they can be made again.
    pub(super) fn new(folder: PathBuf) -> anyhow::Result<Self> {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self {
            folder,
            slots: Mutex::default(),
            turn: Arc::new(Semaphore::new(1)),
        })
    }

    /// What is made of the output of a job that has ended; none if that is not done within `patience`.
    pub(super) async fn of(
        &self,
        app: &App,
        job: &Job,
        patience: Duration,
    ) -> Option<Arc<Prepared>> {
        let mut slot = self.slot(app, job);
        let made = tokio::time::timeout(patience, slot.wait_for(Option::is_some)).await;
        made.ok()?.ok()?.clone()
    }

    fn slot(&self, app: &App, job: &Job) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(&job.name) {
            return slot.clone();
        }
        if slots.len() >= KEPT_MAX {
            // Any will do: it is made again when somebody looks.
            let one = slots.keys().next().cloned().unwrap_or_default();
            slots.remove(&one);
            let _ = std::fs::remove_file(self.folder.join(&one));
        }
        let (tell, slot) = watch::channel(None);
        slots.insert(job.name.clone(), slot.clone());
        let (app, job, turn) = (app.clone(), job.clone(), self.turn.clone());
        let file = self.folder.join(&job.name);
        tokio::spawn(async move {
            let _turn = turn.acquire_owned().await;
            let prepared = prepare(&app, &job, file).await.unwrap_or_else(|error| {
                warn!(
                    job = job.name,
                    error = format!("{error:#}"),
                    "an output cannot be shown"
                );
                Prepared {
                    problem: Some("The output cannot be read.".into()),
                    ..Prepared::default()
                }
            });
            tell.send_replace(Some(Arc::new(prepared)));
        });
        slot
    }
}

async fn prepare(app: &App, job: &Job, file: PathBuf) -> anyhow::Result<Prepared> {
    let archive = match output::archive(app, job).await {
        Ok(archive) => archive,
        Err(crate::app::Error::NotFound(_)) => {
            return Ok(Prepared {
                problem: Some("The run has left no output, or it was deleted.".into()),
                ..Prepared::default()
            });
        }
        Err(error) => return Err(error.into_cause()),
    };
    let wanted = job.spec.environment.get("SM_OUTPUT_NOTEBOOK_NAME");
    let wanted = wanted
        .map(|name| naming::output_file(name))
        .unwrap_or_default();
    let made = Arc::new(Mutex::new(Prepared::default()));
    let making = made.clone();
    let done = output::visit(&archive, move |name, size, bytes| {
        let mut made = making.lock().unwrap_or_else(PoisonError::into_inner);
        if made.files.len() == FILES_MAX {
            return Ok(ControlFlow::Break(()));
        }
        made.files.push((name.to_owned(), size));
        if name == wanted {
            made.notebook = Some(name.to_owned());
            show(&mut made, name, size, bytes, &file)?;
        }
        Ok(ControlFlow::Continue(()))
    });
    done.await.map_err(crate::app::Error::into_cause)?;
    let mut prepared = std::mem::take(&mut *made.lock().unwrap_or_else(PoisonError::into_inner));
    if prepared.notebook.is_none() {
        prepared.problem = Some("The run ended before it had an executed notebook.".into());
    }
    Ok(prepared)
}

/// Makes the page of the executed notebook.
fn show(
    made: &mut Prepared,
    name: &str,
    size: u64,
    bytes: &mut dyn Read,
    file: &Path,
) -> anyhow::Result<()> {
    if size > NOTEBOOK_BYTES_MAX {
        made.problem = Some(format!(
            "The notebook has {size} bytes, too many to be shown; download it instead."
        ));
        return Ok(());
    }
    let mut text = Vec::new();
    bytes.read_to_end(&mut text)?;
    let notebook = match Notebook::from_slice(&text) {
        Ok(notebook) => notebook,
        Err(error) => {
            made.problem = Some(format!("The notebook cannot be read: {error}"));
            return Ok(());
        }
    };
    drop(text);
    made.failure = failure(&notebook);
    let options = Options {
        title: Some(name.trim_end_matches(".ipynb").to_owned()),
        no_input: false,
        embed_images: true,
    };
    std::fs::write(file, export::html(&notebook, &options))
        .with_context(|| format!("cannot write {}", file.display()))?;
    made.page = Some(file.to_owned());
    Ok(())
}

/// The last error among the outputs of a run that failed: later cells have none, earlier ones were allowed to fail.
fn failure(notebook: &Notebook) -> Option<CellFailure> {
    let papermill = notebook.metadata.get("papermill");
    let failed = papermill.and_then(|papermill| papermill.get("exception")?.as_bool());
    if failed != Some(true) {
        return None;
    }
    // A failed run's notebook has banners, which are no cells of its own.
    let is_own = |cell: &&notebook::nbformat::Cell| !cell.has_tag("papermill-error-cell-tag");
    let own: Vec<_> = notebook.cells.iter().filter(is_own).collect();
    let text = |value: Option<&serde_json::Value>| -> String {
        let text = value.and_then(|value| value.as_str()).unwrap_or_default();
        stripped(text).into_owned()
    };
    own.iter().enumerate().rev().find_map(|(index, cell)| {
        let mut outputs = cell.outputs.iter().rev();
        let error =
            outputs.find(|output| output.get("output_type").is_some_and(|t| t == "error"))?;
        let lines = error.get("traceback").and_then(|lines| lines.as_array());
        let lines: Vec<String> = lines
            .into_iter()
            .flatten()
            .map(|line| text(Some(line)))
            .collect();
        Some(CellFailure {
            place: (index + 1, own.len()),
            source: cell.source.clone(),
            error: format!(
                "{}: {}",
                text(error.get("ename")),
                text(error.get("evalue"))
            ),
            traceback: lines.join("\n"),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cell_that_failed_is_found() {
        let error = |name: &str| {
            serde_json::json!([{"output_type": "error", "ename": name, "evalue": "v",
                "traceback": ["\u{1b}[31mred\u{1b}[0m", "line"]}])
        };
        let cell = |source: &str, outputs: serde_json::Value| {
            serde_json::json!({"cell_type": "code", "id": source, "metadata": {}, "source": source,
                "execution_count": 1, "outputs": outputs})
        };
        let mut banner = cell("banner", serde_json::json!([]));
        banner["metadata"]["tags"] = serde_json::json!(["papermill-error-cell-tag"]);
        let cells = [
            banner,
            cell("a", error("Allowed")),
            cell("b", error("Fatal")),
            cell("c", serde_json::json!([])),
        ];
        let notebook = |exception: bool| {
            let text = serde_json::json!({"nbformat": 4, "nbformat_minor": 5, "cells": cells,
                "metadata": {"papermill": {"exception": exception}}});
            Notebook::from_slice(text.to_string().as_bytes()).expect("a notebook")
        };
        assert_eq!(failure(&notebook(false)), None);
        let found = failure(&notebook(true)).expect("a failure");
        assert_eq!((found.place, found.source.as_str()), ((2, 3), "b"));
        assert_eq!(
            (found.error.as_str(), found.traceback.as_str()),
            ("Fatal: v", "red\nline")
        );
    }
}
