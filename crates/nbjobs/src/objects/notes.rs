//! Notes on blobs that are on their way in or out, so that a crash leaves no litter. Must not know how blobs are read.

use serde::{Deserialize, Serialize};

use super::disk;
use super::error::Result;
use super::{Inner, names};

/// Whose a blob is, or was: when that object's record does not name the blob, it is litter.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Note {
    bucket: String,
    key: String,
}

impl Inner {
    /// Notes that a blob belongs to this object, now or until just now. Durable before the blob's fate is.
    pub(super) fn write_note(&self, blob: &str, bucket: &str, key: &str) -> Result<()> {
        let note = Note {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        };
        Ok(disk::replace_json(
            &self.layout,
            &self.layout.notes().join(blob),
            &note,
        )?)
    }

    /// Forgets the note of a blob that is in its place, or gone.
    pub(super) fn remove_note(&self, blob: &str) -> Result<()> {
        Ok(disk::remove(&self.layout.notes().join(blob))?)
    }

    /// Takes away the blob if its object does not name it, and the note in any case.
    pub(super) fn settle_note(&self, blob: &str) -> Result<()> {
        let Some(note) = disk::read_json::<Note>(&self.layout.notes().join(blob))? else {
            return Ok(());
        };
        let owned = names::check_bucket(&note.bucket)
            .and_then(|()| self.record(&note.bucket, &note.key))?;
        if owned.is_some_and(|record| record.blob == blob) {
            return self.remove_note(blob);
        }
        self.discard_blob(blob)
    }

    /// Settles what a crash has left.
    pub(super) fn settle_notes(&self) -> Result<()> {
        for blob in disk::names_in(&self.layout.notes())?.unwrap_or_default() {
            self.settle_note(&blob)?;
        }
        Ok(())
    }
}
