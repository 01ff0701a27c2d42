//! A file without a name, for what need not stay in memory. It goes with the last one who has it open, however that
//! ends.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

/// How much is read at once.
const CHUNK_BYTES: usize = 128 * 1024;

/// The writer of such a file. It is made when there is something to write.
#[derive(Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
    file: Option<Arc<File>>,
    end: u64,
}

impl Spool {
    /// The file will be in this folder.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            file: None,
            end: 0,
        }
    }

    /// Adds bytes; the file, and where in it they begin. Bytes that could not be written whole are not there.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<(Arc<File>, u64)> {
        let file = match &self.file {
            Some(file) => file.clone(),
            None => self
                .file
                .insert(Arc::new(tempfile::tempfile_in(&self.folder)?))
                .clone(),
        };
        let start = self.end;
        if let Err(error) = file.write_all_at(bytes, start) {
            // A full disk needs the room of the bytes that went through.
            file.set_len(start)?;
            return Err(error);
        }
        self.end += bytes.len() as u64;
        Ok((file, start))
    }

    /// Takes the place of bytes that nobody needs any more for what comes next, if they are the last ones.
    pub fn release(&mut self, range: &Range<u64>) {
        if range.end == self.end {
            self.end = range.start;
        }
    }
}

/// Copies a part of a file.
pub(super) fn copy(file: &File, range: &Range<u64>, to: &mut dyn Write) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK_BYTES.min(length(range))];
    let mut at = range.start;
    while at < range.end {
        let rest = length(&(at..range.end));
        let part = chunk.get_mut(..CHUNK_BYTES.min(rest)).unwrap_or_default();
        match file.read_at(part, at) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                to.write_all(&part[..read])?;
                at += read as u64;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// How many bytes a part of a file has.
pub(super) fn length(range: &Range<u64>) -> usize {
    usize::try_from(range.end - range.start).unwrap_or(usize::MAX)
}
