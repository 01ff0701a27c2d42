//! Saves the notebook while it runs: soon after each change, yet so seldom that saving never takes more than a quarter
//! of the time and no more than a megabyte a second goes to the disk, however large the notebook is.

use crate::nbformat::{Notebook, save};
use save::Special;
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The least time between two checkpoints.
const INTERVAL_MIN: Duration = Duration::from_secs(1);
/// A checkpoint of a notebook of `n` bytes is followed by `n` divided by this of rest, in seconds, so that what is written
/// grows with the time a run takes and not with the square of what it puts out. The first megabyte is saved each second.
const BYTES_PER_SECOND: u64 = 1_000_000;
/// After a checkpoint that took a time `t`, the next one waits this many `t`: 25 % of the time goes into saving.
const REST_FACTOR: u32 = 3;

/// When a checkpoint is made of a cell that is still running. One at its start and one at its end are always made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Autosave {
    /// Soon after each output.
    Soon,
    /// After an output, when so much time has passed since the last checkpoint.
    Every(Duration),
    /// Never.
    Off,
}

/// The file of a run.
pub(super) struct Checkpoint {
    path: Option<PathBuf>,
    autosave: Autosave,
    special: Special,
    /// A cell has begun or ended.
    dirty: bool,
    /// A cell has put something out.
    output: bool,
    begun: Instant,
    due: Instant,
    writing: Option<JoinHandle<Written>>,
}

impl Checkpoint {
    /// Without a path nothing is ever saved.
    pub fn new(path: Option<PathBuf>, autosave: Autosave, special: Special) -> Self {
        Self {
            path,
            autosave,
            special,
            dirty: false,
            output: false,
            begun: Instant::now(),
            due: Instant::now(),
            writing: None,
        }
    }

    /// A cell has begun or ended.
    pub fn mark(&mut self) {
        self.dirty = true;
    }

    /// A cell has put something out.
    pub fn mark_output(&mut self) {
        self.output = true;
    }

    /// The moment of the next checkpoint, unless there is nothing to save.
    fn moment(&self) -> Option<Instant> {
        self.path.as_ref()?;
        match self.autosave {
            _ if self.dirty => Some(self.due),
            Autosave::Soon if self.output => Some(self.due),
            Autosave::Every(interval) if self.output => Some(self.due.max(self.begun + interval)),
            _ => None,
        }
    }

    /// Waits until it is time for a checkpoint; for ever while there is nothing to save.
    pub async fn due(&mut self) {
        match self.moment() {
            Some(moment) => tokio::time::sleep_until(moment).await,
            None => std::future::pending().await,
        }
    }

    /// Whether it is time for a checkpoint.
    pub fn is_due(&self) -> bool {
        self.moment().is_some_and(|moment| Instant::now() >= moment)
    }

    /// Saves if it is time. The file is written in the background; what became of the write before is returned, once
    /// it has ended.
    pub async fn save_if_due(&mut self, notebook: &Notebook) -> Option<io::Result<()>> {
        let now = Instant::now();
        if !self.is_due() {
            return None;
        }
        let path = self.path.clone()?;
        if self
            .writing
            .as_ref()
            .is_some_and(|writing| !writing.is_finished())
        {
            self.due = now + INTERVAL_MIN;
            return None;
        }
        let before = self.settle().await;
        if now < self.due {
            return before;
        }
        let staged = save::stage(&path, self.special, |writer| notebook.write(writer));
        self.commit(staged, now);
        before
    }

    /// Saves before anything runs. That the place can't be written to is known at once; that the file is durable, when
    /// [`Checkpoint::wait`] returns.
    pub fn start(&mut self, notebook: &Notebook) -> io::Result<()> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let begun = Instant::now();
        let staged = save::stage(path, self.special, |writer| notebook.write(writer))?;
        self.commit(Ok(staged), begun);
        Ok(())
    }

    /// The file cache has taken the bytes; waiting for the disk is done beside the run.
    fn commit(&mut self, staged: io::Result<save::Staged>, begun: Instant) {
        self.dirty = staged.is_err();
        self.output = false;
        self.begun = begun;
        let bytes = staged.as_ref().map_or(0, save::Staged::len);
        self.due = begun + INTERVAL_MIN.max(Duration::from_secs(bytes / BYTES_PER_SECOND));
        self.writing = Some(tokio::task::spawn_blocking(move || Written {
            result: staged.and_then(save::Staged::commit),
            ended: Instant::now(),
            took: begun.elapsed(),
        }));
    }

    /// Waits for the write that is under way.
    pub async fn wait(&mut self) -> io::Result<()> {
        self.settle().await.unwrap_or(Ok(()))
    }

    /// Saves now and waits until the file is durable.
    pub async fn save(&mut self, notebook: &Notebook) -> io::Result<()> {
        // Whatever an earlier write met, this one decides.
        drop(self.settle().await);
        let Some(path) = &self.path else {
            return Ok(());
        };
        let begun = Instant::now();
        save::replace(path, self.special, |writer| notebook.write(writer))?;
        (self.dirty, self.output) = (false, false);
        self.begun = begun;
        self.due = Instant::now() + INTERVAL_MIN.max(begun.elapsed() * REST_FACTOR);
        Ok(())
    }

    /// Waits for the write that is under way, and plans the rest after it.
    async fn settle(&mut self) -> Option<io::Result<()>> {
        let written = self.writing.take()?.await.ok()?;
        self.due = self.due.max(written.ended + written.took * REST_FACTOR);
        Some(written.result)
    }
}

/// A write in the background that has ended.
struct Written {
    result: io::Result<()>,
    ended: Instant,
    took: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn autosave_tells_when_output_is_saved() {
        let hour = Duration::from_secs(3600);
        let moment = |autosave| {
            let mut checkpoint =
                Checkpoint::new(Some(PathBuf::from("any")), autosave, Special::Follow);
            checkpoint.mark_output();
            checkpoint.moment().map(|moment| moment - checkpoint.begun)
        };
        assert!(moment(Autosave::Soon).is_some_and(|rest| rest < hour));
        assert_eq!(moment(Autosave::Every(hour)), Some(hour));
        assert_eq!(moment(Autosave::Off), None);
        let mut checkpoint =
            Checkpoint::new(Some(PathBuf::from("any")), Autosave::Off, Special::Follow);
        checkpoint.mark_output();
        checkpoint.mark();
        assert!(checkpoint.moment().is_some(), "the end of a cell is saved");
        assert!(
            Checkpoint::new(None, Autosave::Soon, Special::Follow)
                .moment()
                .is_none()
        );
    }
}
