//! Keeps the memory of a run small: when more than a megabyte of outputs is held, their bytes go into a file without
//! name beside the notebook, from which checkpoints copy them. Each byte goes there once.

use crate::nbformat::spool::Spool;
use crate::nbformat::{Cell, LastLine};
use std::collections::BTreeSet;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

/// How much is held in memory, in bytes of what the kernel sent.
const HELD_BYTES_MAX: usize = 1_000_000;

pub(super) struct Spill {
    spool: Spool,
    /// The cells that hold outputs in memory.
    cells: BTreeSet<usize>,
    held: usize,
    limit: usize,
    folded: bool,
}

impl Spill {
    /// With a folder for the file. `folded`: an unfinished line of a stream may still change.
    pub fn new(folder: PathBuf, folded: bool) -> Self {
        Self {
            spool: Spool::new(folder),
            cells: BTreeSet::new(),
            held: 0,
            limit: HELD_BYTES_MAX,
            folded,
        }
    }

    /// A cell holds so many bytes more.
    pub fn hold(&mut self, cell: usize, bytes: usize) {
        self.cells.insert(cell);
        self.held += bytes;
    }

    /// A cell holds outputs of an earlier run, of any size.
    pub fn keep(&mut self, cell: usize) {
        self.hold(cell, HELD_BYTES_MAX);
    }

    /// What is in these parts of the file is not needed any more.
    pub fn release(&mut self, parts: &[Range<u64>]) {
        parts.iter().for_each(|part| self.spool.release(part));
    }

    /// Puts what is held into the file, if that is too much. What can't be put there stays in memory. Streams of the
    /// `current` cell are expected to grow.
    pub fn relieve(&mut self, cells: &mut [Cell], current: Option<usize>) {
        if self.held < self.limit {
            return;
        }
        match self.store(cells, current) {
            Ok(()) => {
                self.held = 0;
                self.limit = HELD_BYTES_MAX;
                self.cells.retain(|cell| Some(*cell) == current);
            }
            Err(error) => {
                tracing::warn!(%error, "outputs stay in memory");
                // The more there is, the more it costs to try again.
                self.limit = self.held * 2;
            }
        }
    }

    fn store(&mut self, cells: &mut [Cell], current: Option<usize>) -> io::Result<()> {
        let mut bytes = Vec::new();
        let mut staged = Vec::new();
        for index in &self.cells {
            if let Some(cell) = cells.get(*index) {
                let last_line = match self.folded {
                    true => LastLine::MayChange,
                    false if Some(*index) == current => LastLine::MayGrow,
                    false => LastLine::Ended,
                };
                staged.push((*index, cell.outputs.stage(last_line, &mut bytes)?));
            }
        }
        let (file, start) = self.spool.append(&bytes)?;
        for (index, staged) in staged {
            cells[index].outputs.store(staged, &file, start);
        }
        Ok(())
    }
}
