//! Tells in the run's folder how the notebook goes on, a line of JSON for each thing that happens. Whoever follows the
//! file sees cells and outputs as they come. That it cannot be written must not stop the run.

use crate::model::progress::Progress;
use notebook::nbformat::Output;
use notebook::{CellStatus, Event};
use serde_json::{Map, Value, json};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// How much of a cell's text is told, in characters.
const SOURCE_CHARS_MAX: usize = 2000;
/// The largest text or image of an output that is told, in bytes; larger ones are in the notebook.
const OUTPUT_BYTES_MAX: usize = 256 * 1024;
/// How much is told of all outputs together; then only cells are.
const ALL_BYTES_MAX: usize = 8 * 1024 * 1024;
/// What of an output's data can be shown at once.
const SHOWN: [&str; 3] = ["image/png", "image/jpeg", "text/plain"];

/// The file, and what was told so far.
pub(super) struct Teller {
    file: Option<File>,
    begun: Instant,
    output_bytes: usize,
}

impl Teller {
    /// Appends to `path`.
    pub(super) fn new(path: &Path) -> Self {
        Self {
            file: OpenOptions::new().append(true).create(true).open(path).ok(),
            begun: Instant::now(),
            output_bytes: 0,
        }
    }

    /// Tells what is worth it.
    pub(super) fn tell(&mut self, event: &Event<'_>) {
        let ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let told = match event {
            Event::CellStarted {
                index,
                total,
                source,
            } => Progress::Started {
                cell: *index,
                total: *total,
                source: source.chars().take(SOURCE_CHARS_MAX).collect(),
                ms,
            },
            Event::Output { index, output } => {
                let Some(output) = self.shown(output) else {
                    return;
                };
                Progress::Output {
                    cell: *index,
                    output,
                }
            }
            Event::OutputsCleared { index } => Progress::Cleared { cell: *index },
            Event::CellFinished { index, status, .. } => Progress::Finished {
                cell: *index,
                ok: *status != CellStatus::Failed,
                ms,
            },
            _ => return,
        };
        let (Some(file), Ok(mut line)) = (&mut self.file, serde_json::to_vec(&told)) else {
            return;
        };
        line.push(b'\n');
        if file.write_all(&line).is_err() {
            self.file = None;
        }
    }

    /// The part of an output that can be shown at once; none when that is too large, or nothing.
    fn shown(&mut self, output: &Output) -> Option<Value> {
        let kind = output.get("output_type")?.as_str()?;
        let part = match kind {
            "stream" => {
                json!({"output_type": kind, "name": output.get("name"), "text": output.get("text")})
            }
            "error" => json!({"output_type": kind, "traceback": output.get("traceback")}),
            _ => {
                let data = output.get("data")?.as_object()?;
                let best = SHOWN
                    .iter()
                    .find_map(|mime| Some((*mime, data.get(*mime)?)));
                let (mime, value) = best?;
                let data: Map<_, _> = [(mime.to_owned(), value.clone())].into_iter().collect();
                json!({"output_type": kind, "data": data})
            }
        };
        let bytes = part.to_string().len();
        if bytes > OUTPUT_BYTES_MAX || self.output_bytes + bytes > ALL_BYTES_MAX {
            return None;
        }
        self.output_bytes += bytes;
        Some(part)
    }
}
