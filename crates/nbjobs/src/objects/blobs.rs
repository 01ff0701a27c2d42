//! Blobs: bytes that never change. They stay while someone reads them. Must not know keys.

use std::collections::hash_map::Entry;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use super::error::Result;
use super::{Inner, disk};

/// Who reads a blob.
#[derive(Debug, Default)]
pub(super) struct Readers {
    count: usize,
    /// The blob belongs to nobody any more; the last reader takes it away.
    discarded: bool,
}

/// The right to read a blob: it stays until this is dropped.
#[derive(Debug)]
pub(super) struct BlobLease {
    inner: Arc<Inner>,
    id: String,
}

impl BlobLease {
    /// Takes the lease. The caller then looks whether the blob is still there.
    pub fn new(inner: &Arc<Inner>, id: &str) -> Self {
        let mut readers = inner.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.entry(id.to_owned()).or_default().count += 1;
        Self {
            inner: inner.clone(),
            id: id.to_owned(),
        }
    }

    /// The blob's file, or its folder of parts.
    pub fn path(&self) -> PathBuf {
        self.inner.layout.blob(&self.id)
    }
}

impl Drop for BlobLease {
    fn drop(&mut self) {
        let mut readers = self
            .inner
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Entry::Occupied(mut entry) = readers.entry(self.id.clone()) else {
            return;
        };
        entry.get_mut().count -= 1;
        if entry.get().count > 0 {
            return;
        }
        let discarded = entry.remove().discarded;
        drop(readers);
        if discarded && let Err(error) = self.inner.discard_blob(&self.id) {
            // Its note is still there, so the next start tries again.
            tracing::warn!(blob = %self.id, %error, "could not remove the bytes of a replaced object");
        }
    }
}

/// The file of a part in a blob's folder.
pub(super) fn part_name(index: usize) -> String {
    format!("{index:05}")
}

impl Inner {
    /// Takes away a blob that belongs to nobody, and its note; when it is being read, the last reader does it.
    pub(super) fn discard_blob(&self, id: &str) -> Result<()> {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(readers) = readers.get_mut(id) {
            readers.discarded = true;
            return Ok(());
        }
        // Out of place while the lock is held: a reader that comes now finds nothing, rather than half of it.
        let doomed = self.layout.new_staging();
        let moved = fs::rename(self.layout.blob(id), &doomed);
        drop(readers);
        match moved {
            Ok(()) => disk::remove(&doomed)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {} // it never got there
            Err(error) => return Err(error.into()),
        }
        self.remove_note(id)
    }

    /// Puts a staged file or folder in place as a blob, durably.
    pub(super) fn place_blob(&self, staged: &Path, id: &str) -> Result<()> {
        let path = self.layout.blob(id);
        #[cfg(test)]
        crate::faults::at(&path, crate::faults::When::Before).map_err(io::Error::from)?;
        fs::rename(staged, &path)?;
        disk::sync_parent(&path)?;
        #[cfg(test)]
        crate::faults::at(&path, crate::faults::When::After).map_err(io::Error::from)?;
        Ok(())
    }
}
