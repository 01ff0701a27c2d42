//! The last of a cell's outputs, for a notebook that must be small. Reads no more than it gives.

use super::{Entry, Outputs, Stream, stream_of};
use serde_json::json;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

impl Outputs {
    /// The last outputs, of so many bytes together, when there are more than that. A stream that is too long gives its
    /// last lines.
    pub(crate) fn tail(&self, bytes_max: usize) -> io::Result<Option<Self>> {
        let mut rest = bytes_max;
        let mut kept = Vec::new();
        for entry in self.entries.iter().rev() {
            let bytes = self.entry_bytes(entry)?;
            if bytes <= rest {
                rest -= bytes;
                kept.push(self.read(entry).into_owned());
                continue;
            }
            if let Some((name, text)) = self.last_lines(entry, rest)? {
                let stream = json!({"output_type": "stream", "name": name, "text": text});
                kept.extend(stream.as_object().cloned());
            }
            return Ok(Some(kept.into_iter().rev().collect()));
        }
        Ok(None)
    }

    /// How much of a notebook this output takes.
    fn entry_bytes(&self, entry: &Entry) -> io::Result<usize> {
        match entry {
            Entry::Held(output) => Ok(serde_json::to_vec(output)?.len()),
            Entry::Stored(range) => Ok(super::spool::length(range)),
            Entry::Stream(stream) => {
                let parts = stream.parts.iter().map(super::spool::length);
                Ok(parts.sum::<usize>() + stream.tail.len())
            }
        }
    }

    /// If this is a stream: its name, and the last of its lines.
    fn last_lines<'a>(
        &self,
        entry: &'a Entry,
        bytes_max: usize,
    ) -> io::Result<Option<(&'a str, String)>> {
        Ok(match (entry, &self.file) {
            (Entry::Held(output), _) => {
                stream_of(output).map(|(name, text)| (name, last_part(text, bytes_max).to_owned()))
            }
            (Entry::Stream(stream), Some(file)) if stream.tail.len() < bytes_max => {
                let before = stored_lines(stream, file, bytes_max - stream.tail.len())?;
                Some((&stream.name, before + &stream.tail))
            }
            (Entry::Stream(stream), _) => {
                Some((&stream.name, last_part(&stream.tail, bytes_max).to_owned()))
            }
            (Entry::Stored(_), _) => None,
        })
    }
}

/// The last whole lines of a stream that are in the file.
fn stored_lines(stream: &Stream, file: &File, bytes_max: usize) -> io::Result<String> {
    let Some(part) = stream.parts.last() else {
        return Ok(String::new());
    };
    let mut bytes = vec![0; bytes_max.min(super::spool::length(part))];
    let start = part.end - bytes.len() as u64;
    file.read_exact_at(&mut bytes, start)?;
    // One line of the file is one line of the stream, as JSON; what stands before the first line break is not whole.
    let lines = bytes.split(|byte| *byte == b'\n').skip(1);
    let lines = lines.filter_map(|line| {
        let line = line.strip_suffix(b",").unwrap_or(line);
        serde_json::from_slice::<String>(line).ok()
    });
    Ok(lines.collect())
}

/// The last bytes of a text, from the beginning of a line if one begins there.
fn last_part(text: &str, bytes_max: usize) -> &str {
    let from = text.len().saturating_sub(bytes_max);
    let from = (from..=text.len()).find(|at| text.is_char_boundary(*at));
    let part = &text[from.unwrap_or(text.len())..];
    match part.find('\n') {
        Some(at) if at + 1 < part.len() => &part[at + 1..],
        _ => part,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{LastLine, spool::Spool};
    use super::*;

    fn print(text: &str) -> super::super::Output {
        let output = json!({"output_type": "stream", "name": "stdout", "text": text});
        output.as_object().cloned().unwrap()
    }

    fn texts(outputs: &Outputs) -> Vec<String> {
        let texts = outputs.iter();
        texts
            .map(|output| output["text"].as_str().unwrap().to_owned())
            .collect()
    }

    fn spilled(outputs: &mut Outputs) {
        let mut bytes = Vec::new();
        let staged = outputs.stage(LastLine::MayGrow, &mut bytes).unwrap();
        let (file, start) = Spool::new(std::env::temp_dir()).append(&bytes).unwrap();
        outputs.store(staged, &file, start);
    }

    #[test]
    fn the_last_outputs_are_kept_wherever_they_are() {
        let few = Outputs::from_iter([print("a\n")]);
        assert!(few.tail(1_000).unwrap().is_none());

        let lines: String = (0..1_000).map(|line| format!("line {line}\n")).collect();
        for spill in [false, true] {
            let mut outputs = Outputs::from_iter([print("é\n"), print(&lines)]);
            if spill {
                spilled(&mut outputs);
            }
            outputs
                .stream_mut("stdout")
                .unwrap()
                .push_str("the \"end\"");
            let kept = texts(&outputs.tail(1_000).unwrap().unwrap());
            assert_eq!(kept.len(), 1);
            assert!(kept[0].starts_with("line "), "{kept:?}");
            assert!(kept[0].ends_with("\nline 999\nthe \"end\""), "{kept:?}");
            assert!((400..=1_000).contains(&kept[0].len()), "{kept:?}");
        }
        let mut outputs = Outputs::from_iter([print(&lines), print("last\n")]);
        spilled(&mut outputs);
        outputs.push(print("held\n"));
        let kept = texts(&outputs.tail(300).unwrap().unwrap());
        assert_eq!(kept[kept.len() - 2..], ["last\n", "held\n"]);
        assert_eq!(last_part("éé", 3), "é");
    }
}
