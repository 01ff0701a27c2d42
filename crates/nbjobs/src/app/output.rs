//! What a job has left: the archive of its output, and the files in it.

use super::{App, Error, Result};
use crate::model::job::{Job, split_s3_uri};
use crate::objects::read::Object;
use anyhow::Context;
use bytes::{Buf, Bytes};
use flate2::read::GzDecoder;
use futures::{Stream, StreamExt};
use std::io::{self, Read};
use std::ops::ControlFlow;
use tar::EntryType;
use tokio::runtime::Handle;

/// The archive of a job that has ended, held for reading.
pub async fn archive(app: &App, job: &Job) -> Result<Object> {
    let uri = job.artifact_uri();
    let (bucket, key) = split_s3_uri(&uri).map_err(Error::Invalid)?;
    Ok(app.objects.get(bucket, key).await?)
}

/// Shows `visit` each file of an archive, its path, its size and its bytes, on a thread that may block, until it breaks
/// with an answer. The archive is as the run left it: names and sizes are a stranger's.
pub async fn visit<T: Send + 'static>(
    archive: &Object,
    mut visit: impl FnMut(&str, u64, &mut dyn Read) -> anyhow::Result<ControlFlow<T>> + Send + 'static,
) -> Result<Option<T>> {
    let bytes = Pull {
        stream: archive.stream(0..archive.info.size),
        piece: Bytes::new(),
        runtime: Handle::current(),
    };
    let work = move || -> anyhow::Result<Option<T>> {
        let mut tar = tar::Archive::new(GzDecoder::new(bytes));
        for entry in tar.entries()? {
            let mut entry = entry?;
            if entry.header().entry_type() != EntryType::Regular {
                continue;
            }
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let size = entry.size();
            if let ControlFlow::Break(answer) = visit(&name, size, &mut entry)? {
                return Ok(Some(answer));
            }
        }
        Ok(None)
    };
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.context("an archive could not be read")??)
}

/// Reads a stream from a thread that may block.
struct Pull<S> {
    stream: S,
    piece: Bytes,
    runtime: Handle,
}

impl<S: Stream<Item = io::Result<Bytes>> + Unpin> Read for Pull<S> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.runtime.block_on(self.stream.next()) {
                Some(piece) => self.piece = piece?,
                None => return Ok(0),
            }
        }
        let count = into.len().min(self.piece.len());
        self.piece.copy_to_slice(&mut into[..count]);
        Ok(count)
    }
}
