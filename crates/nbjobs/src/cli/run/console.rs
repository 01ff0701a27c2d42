//! What a run says to the person who started it, on standard error: Papermill's lines, a progress bar, the notebook's
//! own output if wanted.

use super::execution;
use super::stream_files::StreamFiles;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use notebook::nbformat::Output;
use notebook::{CellError, Event, Notes};
use regex::Regex;
use serde_json::Value;
use std::io::{IsTerminal, Write};

/// In a cell's source, the word that follows is shown as what the cell does.
const DESCRIPTION: &str = "papermill_description=";
/// Papermill's rule above an exception.
const RULE_WIDTH: usize = 75;

/// How grave a message is, by the names of Python's logging. Messages below the level asked for are not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
#[value(rename_all = "UPPER")]
#[allow(missing_docs, reason = "Python's names")]
pub enum Level {
    Notset,
    Debug,
    Info,
    Warning,
    Error,
    Critical,
}

/// Standard error of one run, and the files of what it prints.
pub(super) struct Console {
    level: Level,
    log_output: bool,
    bar: Option<ProgressBar>,
    files: StreamFiles,
    at_line_start: bool,
}

impl Console {
    /// The bar is for terminals only.
    pub fn new(level: Level, log_output: bool, bar: bool, files: StreamFiles) -> Self {
        let bar = (bar && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
            let template =
                "{msg}: {percent:>3}%|{wide_bar}| {pos}/{len} [{elapsed}<{eta}, {per_sec}]";
            bar.with_message("Executing").with_style(
                ProgressStyle::with_template(template)
                    .unwrap_or_else(|_| ProgressStyle::default_bar()),
            )
        });
        Self {
            level,
            log_output,
            bar,
            files,
            at_line_start: true,
        }
    }

    /// A line of its own.
    pub fn say(&mut self, level: Level, line: &str) {
        if level >= self.level {
            let start = if self.at_line_start { "" } else { "\n" };
            self.print(&format!("{start}{line}\n"));
        }
    }

    /// What there is to say of the parameters.
    pub fn notes(&mut self, notes: &Notes) {
        for name in &notes.unknown_parameters {
            let line = format!("Passed unknown parameter: {name}");
            self.say(Level::Warning, &line);
        }
        for wrong in &notes.ill_typed_parameters {
            self.say(
                Level::Warning,
                &format!("Passed ill-typed parameter: {wrong}"),
            );
        }
        if notes.no_parameters_cell {
            let line = "Input notebook does not contain a cell with tag 'parameters'";
            self.say(Level::Warning, line);
        }
    }

    /// Shows what happens in the run.
    pub fn show(&mut self, event: Event<'_>) {
        match event {
            Event::KernelStarting { kernel } => self.say(
                Level::Info,
                &format!("Executing notebook with kernel: {kernel}"),
            ),
            Event::KernelLog { text } => self.print(text),
            Event::Resuming {
                first,
                rerun,
                total,
            } => self.say(Level::Info, &execution::resuming(first, rerun, total)),
            Event::CellStarted {
                index,
                total,
                source,
            } => {
                if self.log_output {
                    self.say(Level::Info, &format!("Executing Cell {:-<40}", index + 1));
                }
                if let Some(bar) = &self.bar {
                    bar.set_length(total as u64);
                    if let Some(word) = description(source) {
                        bar.set_message(format!("Executing {word}"));
                    }
                    bar.tick();
                }
            }
            Event::Output { output, .. } => {
                if let Err(error) = self.files.write(output) {
                    let line =
                        format!("The notebook's output could not be written to its file: {error}");
                    self.say(Level::Error, &line);
                }
                if self.log_output {
                    self.log(output);
                }
            }
            Event::CellFinished { index, .. } => {
                if self.log_output {
                    self.say(Level::Info, &format!("Ending Cell {:-<43}", index + 1));
                }
                if let Some(bar) = &self.bar {
                    bar.inc(1);
                }
            }
            Event::SaveFailed { error } => self.say(
                Level::Error,
                &format!("The notebook could not be saved: {error}"),
            ),
            _ => {}
        }
    }

    /// Takes the bar off.
    pub fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.abandon();
            self.at_line_start = false;
        }
        if !self.at_line_start {
            self.print("\n");
        }
    }

    fn log(&mut self, output: &Output) {
        let stderr = output.get("name").is_some_and(|name| name == "stderr");
        let level = if stderr { Level::Warning } else { Level::Info };
        if level < self.level {
            return;
        }
        match output
            .get("text")
            .or_else(|| output.get("data")?.get("text/plain"))
        {
            Some(Value::String(text)) if output.contains_key("text") => self.print(text),
            Some(Value::String(text)) => self.say(level, text),
            _ => {}
        }
    }

    fn print(&mut self, text: &str) {
        self.at_line_start = text.ends_with('\n');
        // Nobody is left to tell when standard error is closed.
        let print = || drop(std::io::stderr().write_all(text.as_bytes()));
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

/// The word after `papermill_description=`.
fn description(source: &str) -> Option<&str> {
    source.split_once(DESCRIPTION)?.1.split_whitespace().next()
}

/// A cell's exception as Papermill prints it, without colours.
pub(super) fn exception(error: &CellError) -> String {
    let count = error
        .execution_count
        .map_or_else(|| "None".to_owned(), |count| count.to_string());
    let mut text = format!(
        "{}\nException encountered at \"In [{count}]\":\n",
        "-".repeat(RULE_WIDTH)
    );
    if error.traceback.is_empty() {
        text += format!("{} {}", error.ename, error.evalue).trim();
    } else {
        text += &error.traceback.join("\n");
    }
    match Regex::new("\x1b\\[(?:K|.*?m)") {
        Ok(colours) => colours.replace_all(&text, "").into_owned(),
        Err(_) => text,
    }
}
