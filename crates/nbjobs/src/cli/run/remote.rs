//! A notebook that is saved somewhere far away: the run saves it in a temporary file, which is carried there once a
//! minute if it has changed, and at the end.

use super::place::Place;
use anyhow::Context;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;

/// The time between two copies while the notebook runs.
const INTERVAL: Duration = Duration::from_secs(60);

/// A file here that is copied there.
pub(super) struct Remote {
    folder: TempDir,
    place: Place,
    end: Sender<()>,
    copying: JoinHandle<()>,
}

impl Remote {
    /// Copies from now on.
    pub fn new(place: Place) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let (end, ended) = mpsc::channel();
        let (file, there) = (file_in(&folder), place.clone());
        let copy = move || {
            let mut copied = None;
            while ended.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                let changed = fs::metadata(&file).and_then(|file| file.modified()).ok();
                if changed == copied {
                    continue;
                }
                match fs::read(&file)
                    .map_err(Into::into)
                    .and_then(|bytes| there.write(&bytes))
                {
                    Ok(()) => copied = changed,
                    Err(error) => eprintln!("The notebook could not be saved for now: {error:#}"),
                }
            }
        };
        let copying = std::thread::Builder::new()
            .name("copy".to_owned())
            .spawn(copy)?;
        Ok(Self {
            folder,
            place,
            end,
            copying,
        })
    }

    /// The file here.
    pub fn file(&self) -> PathBuf {
        file_in(&self.folder)
    }

    /// Copies for the last time.
    pub fn finish(self) -> anyhow::Result<()> {
        drop(self.end);
        // The thread ends when it sees that; if it has died, the copy below still tells whether all is well.
        drop(self.copying.join());
        self.place.write(&fs::read(file_in(&self.folder))?)
    }
}

fn file_in(folder: &TempDir) -> PathBuf {
    Path::new(folder.path()).join("notebook.ipynb")
}
