//! `--stdout-file` and `--stderr-file`: what a notebook prints, in files, as it comes.

use super::place::STANDARD_STREAM;
use anyhow::Context;
use notebook::nbformat::Output;
use serde_json::Value;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// The files of one run.
pub(super) struct StreamFiles {
    stdout: Option<Box<dyn Write>>,
    stderr: Option<Box<dyn Write>>,
}

impl StreamFiles {
    /// Makes or empties the files.
    pub fn open(stdout: Option<&Path>, stderr: Option<&Path>) -> anyhow::Result<Self> {
        let open = |path: &Path| -> anyhow::Result<Box<dyn Write>> {
            if path == Path::new(STANDARD_STREAM) {
                return Ok(Box::new(io::stdout()));
            }
            let file = File::create(path);
            Ok(Box::new(file.with_context(|| {
                format!("cannot write {}", path.display())
            })?))
        };
        Ok(Self {
            stdout: stdout.map(open).transpose()?,
            stderr: stderr.map(open).transpose()?,
        })
    }

    /// Writes an output, if it is of a stream that has a file. A file that can't be written to is given up.
    pub fn write(&mut self, output: &Output) -> io::Result<()> {
        let text = |key: &str| output.get(key).and_then(Value::as_str);
        let file = match text("name") {
            Some("stdout") => &mut self.stdout,
            Some("stderr") => &mut self.stderr,
            _ => return Ok(()),
        };
        let (Some(open), Some(text)) = (file.as_mut(), text("text")) else {
            return Ok(());
        };
        let written = open.write_all(text.as_bytes()).and_then(|()| open.flush());
        if written.is_err() {
            *file = None;
        }
        written
    }
}
