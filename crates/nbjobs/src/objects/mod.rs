//! Objects: bytes by bucket and key, with S3's meaning, in a local folder. Must not know rows, jobs or HTTP.
//!
//! An object is a *blob* (its bytes, which never change) and a *record* (a small JSON file at a path that its key
//! determines, see [`names`]). The record names the blob; renaming a new record over the old one replaces bytes and
//! metadata at once. A reader that has found a blob keeps it until it is done.
//!
//! Before a blob is put in place or taken away, a *note* says whose it is. A crash leaves notes behind, as many as
//! there were writers; at open each is settled: the blob stays if the record names it and goes if not. So nothing is
//! ever scanned, and nothing is lost or left over.
//!
//! Everything is durable (fsync of file and folder) before an operation answers.

pub mod backup;
mod blobs;
mod buckets;
pub mod check;
pub mod checksum;
mod disk;
pub mod error;
pub mod list;
pub mod names;
mod notes;
mod probe;
pub mod read;
pub mod record;
pub mod staged;
pub mod uploads;
mod write;

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod model;

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use buckets::Bucket;

use blobs::Readers;
use disk::Layout;
use error::{Error, Result};
use record::Record;

/// The object store. Clones are the same store.
#[derive(Debug, Clone)]
pub struct Objects {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    layout: Layout,
    /// Held while the index changes, which takes one rename and the fsync of one folder. With one writer at a time, a
    /// condition, the removal of empty folders and the deletion of a bucket need no further care.
    index_lock: Mutex<()>,
    /// Blobs that are being read, by id.
    readers: Mutex<HashMap<String, Readers>>,
    /// Keeps other processes out, as long as it is open.
    _lock: File,
}

impl Objects {
    /// Opens the store in a folder, which is created if it isn't there, and finishes what a crash has interrupted.
    pub async fn open(root: &Path) -> Result<Self> {
        let layout = Layout::new(root);
        let inner = spawn(move || Inner::open(layout)).await?;
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Runs a blocking operation on a thread that may block. It finishes even when the caller stops waiting.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Arc<Inner>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let inner = self.inner.clone();
        spawn(move || work(&inner)).await
    }
}

async fn spawn<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::Io(error.into())),
    }
}

impl Inner {
    fn open(layout: Layout) -> Result<Self> {
        // What is in it is nobody's but its user's, whatever the mode of the folder around it.
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(layout.root())?;
        let lock = File::create(layout.lock())?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::InUse),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        for folder in [
            layout.staging(),
            layout.notes(),
            layout.blobs(),
            layout.buckets(),
        ] {
            disk::create_folders(layout.root(), &folder)?;
        }
        disk::sync_parent(layout.root())?;
        let inner = Self {
            layout,
            index_lock: Mutex::default(),
            readers: Mutex::default(),
            _lock: lock,
        };
        inner.settle_notes()?;
        for name in disk::names_in(&inner.layout.staging())?.unwrap_or_default() {
            disk::remove(&inner.layout.staging().join(name))?;
        }
        Ok(inner)
    }

    fn lock_index(&self) -> MutexGuard<'_, ()> {
        self.index_lock
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, bucket: &str, key: &str) -> Result<Option<Record>> {
        Ok(disk::read_json(&self.layout.record(bucket, key))?)
    }
}
