//! Bytes that have come in but belong to no object yet: written, hashed, and gone again unless they are put somewhere.
//! Must not know where they go.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};

use super::checksum::{Checksum, ChecksumAlgorithm, Digests};
use super::error::{Error, Result};
use super::{Inner, Objects, spawn};

/// Bytes that are gathered before they are hashed and written: enough that the switch to another thread costs little.
const WRITE_BYTES: usize = 1 << 20;

/// Bytes on disk, durable, with their digests. Dropping it removes them.
#[derive(Debug)]
pub struct Staged {
    /// Size in bytes.
    pub size: u64,
    /// The MD5 in hexadecimal.
    pub md5: String,
    /// The checksum that was asked for.
    pub checksum: Option<Checksum>,
    pub(super) path: PathBuf,
    /// Keeps other processes out of the store, which would take this for litter.
    _inner: Arc<Inner>,
}

impl Drop for Staged {
    fn drop(&mut self) {
        // When it was put in its place it is no longer here.
        let _ = fs::remove_file(&self.path);
    }
}

/// A file that is being written.
struct Writer {
    file: File,
    digests: Digests,
    size: u64,
    /// Removes the file when writing fails.
    staged: Staged,
}

impl Writer {
    fn write(mut self, bytes: &[u8]) -> Result<Self> {
        self.digests.update(bytes);
        self.file.write_all(bytes)?;
        self.size += bytes.len() as u64;
        Ok(self)
    }

    fn finish(mut self) -> Result<Staged> {
        self.file.sync_all()?;
        (self.staged.md5, self.staged.checksum) = self.digests.finish();
        self.staged.size = self.size;
        Ok(self.staged)
    }
}

impl Objects {
    /// Takes in a stream of bytes, with at most a few megabytes of it in memory.
    pub async fn stage<S>(&self, body: S, algorithm: Option<ChecksumAlgorithm>) -> Result<Staged>
    where
        S: Stream<Item = io::Result<Bytes>> + Send,
    {
        let mut body = pin!(body);
        let mut writer = self.run(move |inner| Writer::new(inner, algorithm)).await?;
        let mut gathered = BytesMut::new();
        while let Some(bytes) = body.next().await {
            gathered.extend_from_slice(&bytes.map_err(Error::Body)?);
            if gathered.len() >= WRITE_BYTES {
                let full = std::mem::take(&mut gathered);
                writer = spawn(move || writer.write(&full)).await?;
            }
        }
        spawn(move || writer.write(&gathered)?.finish()).await
    }
}

impl Writer {
    fn new(inner: &Arc<Inner>, algorithm: Option<ChecksumAlgorithm>) -> Result<Self> {
        let path = inner.layout.new_staging();
        let file = File::create_new(&path)?;
        let staged = Staged {
            size: 0,
            md5: String::new(),
            checksum: None,
            path,
            _inner: inner.clone(),
        };
        Ok(Self {
            file,
            digests: Digests::new(algorithm),
            size: 0,
            staged,
        })
    }
}
