//! A cell's outputs. Those of a run need not be in memory: what will hardly change is in a file, as the bytes that a
//! notebook holds for it, and is copied from there when the notebook is written.

mod tail;

use super::{Output, spool, write};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

/// A line of a stream that grows longer than this is two items of the list of lines, so that it need not be held.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// What may yet happen to the last line of a cell's last stream.
#[derive(Clone, Copy)]
pub(crate) enum LastLine {
    /// Probably nothing; text that comes is a line of its own in the list of lines.
    Ended,
    /// More text may follow.
    MayGrow,
    /// A carriage return may have it overwritten.
    MayChange,
}

/// The outputs of one cell, in order.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    entries: Vec<Entry>,
    /// Where the stored ones are.
    file: Option<Arc<File>>,
}

#[derive(Clone, Debug)]
enum Entry {
    /// In memory.
    Held(Output),
    /// Its bytes are in the file.
    Stored(Range<u64>),
    /// A stream whose first lines are in the file.
    Stream(Box<Stream>),
}

#[derive(Clone, Debug)]
struct Stream {
    /// `stdout` or `stderr`.
    name: String,
    /// The beginning of the output with its first lines, at least one; parts that follow each other are one.
    parts: Vec<Range<u64>>,
    /// The text that follows.
    tail: String,
}

/// An output whose bytes go into the file.
pub(crate) struct Staged {
    position: usize,
    /// Where in the bytes that were given.
    range: Range<usize>,
    /// Of a stream that may yet grow: the text that is not among the bytes.
    tail: Option<String>,
}

impl Outputs {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds one.
    pub fn push(&mut self, output: Output) {
        self.entries.push(Entry::Held(output));
    }

    /// All of them. One that can't be read back from its file is an output of the type `error` that says so.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Cow<'_, Output>> {
        self.entries.iter().map(|entry| self.read(entry))
    }

    /// The one at a position, if there are so many; as [`Outputs::iter`] gives it.
    pub fn get(&self, position: usize) -> Option<Cow<'_, Output>> {
        self.entries.get(position).map(|entry| self.read(entry))
    }

    fn read<'a>(&self, entry: &'a Entry) -> Cow<'a, Output> {
        if let Entry::Held(output) = entry {
            return Cow::Borrowed(output);
        }
        let mut bytes = Vec::new();
        let read = self.write_entry(entry, &mut bytes).and_then(|()| {
            let value = crate::json::from_slice(&bytes)?;
            super::read_output(value).ok_or_else(|| io::ErrorKind::InvalidData.into())
        });
        Cow::Owned(read.unwrap_or_else(|error| unreadable(&error)))
    }

    /// Takes all of them out; the parts of the file that nobody needs any more, the last one first.
    pub(crate) fn clear(&mut self) -> Vec<Range<u64>> {
        let parts = self.entries.drain(..).rev().flat_map(Entry::into_parts);
        parts.collect()
    }

    /// Puts another in the place of one; the parts of the file that nobody needs any more.
    pub(crate) fn replace(&mut self, position: usize, output: Output) -> Vec<Range<u64>> {
        let Some(entry) = self.entries.get_mut(position) else {
            return Vec::new();
        };
        std::mem::replace(entry, Entry::Held(output)).into_parts()
    }

    /// The text that more of a stream can be added to, if the last output is of this stream. It need not be all of the
    /// stream's text, but its last line is there.
    pub(crate) fn stream_mut(&mut self, name: &str) -> Option<&mut String> {
        match self.entries.last_mut()? {
            Entry::Stream(stream) if stream.name == name => Some(&mut stream.tail),
            Entry::Held(output)
                if output
                    .get("output_type")
                    .is_some_and(|kind| kind == "stream")
                    && output.get("name").is_some_and(|own| own == name) =>
            {
                match output.get_mut("text") {
                    Some(Value::String(text)) => Some(text),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Adds the bytes of what is in memory to `bytes`; of a stream that is the last output not necessarily all.
    pub(crate) fn stage(
        &self,
        last_line: LastLine,
        bytes: &mut Vec<u8>,
    ) -> io::Result<Vec<Staged>> {
        let mut staged = Vec::new();
        for (position, entry) in self.entries.iter().enumerate() {
            let is_last = position + 1 == self.entries.len();
            let start = bytes.len();
            let mut rest = None;
            match entry {
                Entry::Stored(_) => continue,
                Entry::Stream(stream) => {
                    let length = settled(&stream.tail, is_last, last_line);
                    write::stream_lines(&stream.tail[..length], false, bytes)?;
                    rest = stream.tail.get(length..);
                }
                Entry::Held(output) => match stream_of(output).filter(|_| is_last) {
                    Some((name, text)) => {
                        let length = settled(text, is_last, last_line);
                        if length > 0 {
                            write::stream_start(name, bytes)?;
                            write::stream_lines(&text[..length], true, bytes)?;
                            rest = text.get(length..);
                        }
                    }
                    None => write::output(output, bytes)?,
                },
            }
            if bytes.len() > start {
                staged.push(Staged {
                    position,
                    range: start..bytes.len(),
                    tail: rest.map(str::to_owned),
                });
            }
        }
        Ok(staged)
    }

    /// The bytes of what was staged are in a file, from `start` on: they are needed in memory no more.
    pub(crate) fn store(&mut self, staged: Vec<Staged>, file: &Arc<File>, start: u64) {
        self.file = Some(file.clone());
        for Staged {
            position,
            range,
            tail,
        } in staged
        {
            let range = start + range.start as u64..start + range.end as u64;
            let entry = &mut self.entries[position];
            match (&mut *entry, tail) {
                (Entry::Stream(stream), tail) => {
                    stream.tail = tail.unwrap_or_default();
                    match stream.parts.last_mut() {
                        Some(last) if last.end == range.start => last.end = range.end,
                        _ => stream.parts.push(range),
                    }
                }
                (Entry::Held(output), Some(tail)) => {
                    let name = stream_of(output).map_or("", |(name, _)| name).to_owned();
                    let parts = vec![range];
                    *entry = Entry::Stream(Box::new(Stream { name, parts, tail }));
                }
                (_, _) => *entry = Entry::Stored(range),
            }
        }
    }

    /// Writes each as it is in a notebook; `between` comes before each.
    pub(super) fn write(
        &self,
        to: &mut dyn Write,
        mut between: impl FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        for entry in &self.entries {
            between(to)?;
            self.write_entry(entry, to)?;
        }
        Ok(())
    }

    fn write_entry(&self, entry: &Entry, to: &mut dyn Write) -> io::Result<()> {
        let copy = |range: &Range<u64>, to: &mut dyn Write| match &self.file {
            Some(file) => spool::copy(file, range, to),
            None => Err(io::ErrorKind::NotFound.into()),
        };
        match entry {
            Entry::Held(output) => write::output(output, to),
            Entry::Stored(range) => copy(range, to),
            Entry::Stream(stream) => {
                stream.parts.iter().try_for_each(|part| copy(part, to))?;
                write::stream_lines(&stream.tail, false, to)?;
                write::stream_end(to)
            }
        }
    }
}

impl Entry {
    fn into_parts(self) -> Vec<Range<u64>> {
        match self {
            Self::Held(_) => Vec::new(),
            Self::Stored(range) => vec![range],
            Self::Stream(stream) => stream.parts.into_iter().rev().collect(),
        }
    }
}

impl PartialEq for Outputs {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl FromIterator<Output> for Outputs {
    fn from_iter<I: IntoIterator<Item = Output>>(outputs: I) -> Self {
        Self {
            entries: outputs.into_iter().map(Entry::Held).collect(),
            file: None,
        }
    }
}

/// Name and text, if this is a stream and nothing but that.
fn stream_of(output: &Output) -> Option<(&str, &str)> {
    let field = |key: &str| output.get(key)?.as_str();
    (field("output_type")? == "stream" && output.len() == 3)
        .then_some((field("name")?, field("text")?))
}

/// How much of a stream's text is put into the file.
fn settled(text: &str, is_last: bool, line: LastLine) -> usize {
    match line {
        _ if !is_last => text.len(),
        LastLine::Ended => text.len(),
        LastLine::MayChange => text.rfind('\n').map_or(0, |at| at + 1),
        LastLine::MayGrow => {
            // A line feed may follow a carriage return.
            let end = write::last_line_end(text.strip_suffix('\r').unwrap_or(text));
            if text.len() - end > LINE_BYTES_MAX {
                text.len()
            } else {
                end
            }
        }
    }
}

fn unreadable(error: &io::Error) -> Output {
    tracing::error!(%error, "an output could not be read back");
    let told = format!("this output could not be read back: {error}");
    let fields = [
        ("output_type", json!("error")),
        ("ename", json!("OSError")),
        ("evalue", json!(told)),
        ("traceback", json!([told])),
    ];
    let fields = fields.into_iter();
    fields.map(|(key, value)| (key.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Cell, Notebook, spool::Spool};
    use super::*;
    use proptest::prelude::*;

    /// What a run does to a cell's outputs.
    #[derive(Clone, Debug)]
    enum Step {
        Print(&'static str, String),
        Display(String),
        Replace(usize, String),
        Clear,
        Spill,
    }

    fn output(kind: &str, fields: Value) -> Output {
        let mut output = fields.as_object().cloned().unwrap_or_default();
        output.insert("output_type".to_owned(), json!(kind));
        output
    }

    fn display(text: &str) -> Output {
        output(
            "display_data",
            json!({"data": {"text/plain": text}, "metadata": {}}),
        )
    }

    fn take(step: &Step, outputs: &mut Outputs) -> Vec<Range<u64>> {
        match step {
            Step::Print(name, text) => match outputs.stream_mut(name) {
                Some(so_far) => so_far.push_str(text),
                None => outputs.push(output("stream", json!({"name": name, "text": text}))),
            },
            Step::Display(text) => outputs.push(display(text)),
            Step::Replace(position, text) => return outputs.replace(*position, display(text)),
            Step::Clear => return outputs.clear(),
            Step::Spill => {}
        }
        Vec::new()
    }

    fn written(outputs: Outputs) -> String {
        let mut cell = Cell::code("1");
        cell.id = "a".to_owned();
        cell.outputs = outputs;
        let file = br#"{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}"#;
        let mut notebook = Notebook::from_slice(file).unwrap();
        notebook.cells.push(cell);
        String::from_utf8(notebook.to_vec().unwrap()).unwrap()
    }

    fn step() -> impl Strategy<Value = Step> {
        let text = "[ab\"é\u{2028}\r\n]{0,6}";
        prop_oneof![
            4 => (prop::sample::select(vec!["stdout", "stderr"]), text).prop_map(|(name, text)| Step::Print(name, text)),
            1 => text.prop_map(Step::Display),
            1 => (0usize..4, text).prop_map(|(position, text)| Step::Replace(position, text)),
            1 => Just(Step::Clear),
            4 => Just(Step::Spill),
        ]
    }

    proptest! {
        #[test]
        fn the_file_has_what_memory_would_have(steps in prop::collection::vec(step(), 0..24), folded in any::<bool>()) {
            let mut spool = Spool::new(std::env::temp_dir());
            let (mut held, mut spilled) = (Outputs::default(), Outputs::default());
            let line = if folded { LastLine::MayChange } else { LastLine::MayGrow };
            for step in &steps {
                take(step, &mut held);
                take(step, &mut spilled).iter().for_each(|part| spool.release(part));
                if let Step::Spill = step {
                    let mut bytes = Vec::new();
                    let staged = spilled.stage(line, &mut bytes).unwrap();
                    let (file, start) = spool.append(&bytes).unwrap();
                    spilled.store(staged, &file, start);
                }
            }
            prop_assert_eq!(&spilled, &held);
            prop_assert_eq!(written(spilled), written(held));
        }
    }

    #[test]
    fn an_endless_line_is_not_held() {
        let mut outputs = Outputs::default();
        take(
            &Step::Print("stdout", "x".repeat(LINE_BYTES_MAX + 1)),
            &mut outputs,
        );
        let mut bytes = Vec::new();
        let staged = outputs.stage(LastLine::MayGrow, &mut bytes).unwrap();
        let (file, start) = Spool::new(std::env::temp_dir()).append(&bytes).unwrap();
        outputs.store(staged, &file, start);
        assert_eq!(outputs.stream_mut("stdout").unwrap(), "");
        take(&Step::Print("stdout", "y\n".to_owned()), &mut outputs);
        let text = outputs.get(0).unwrap()["text"].as_str().unwrap().to_owned();
        assert_eq!(text, "x".repeat(LINE_BYTES_MAX + 1) + "y\n");
    }

    #[test]
    fn an_output_that_is_gone_says_so() {
        let outputs = Outputs {
            entries: vec![Entry::Stored(0..9)],
            file: None,
        };
        assert_eq!(outputs.get(0).unwrap()["ename"], "OSError");
        let mut cell = Cell::code("1");
        cell.outputs = outputs;
        let file = br#"{"nbformat": 4, "metadata": {}, "cells": []}"#;
        let mut notebook = Notebook::from_slice(file).unwrap();
        notebook.cells.push(cell);
        assert!(notebook.to_vec().is_err());
    }
}
