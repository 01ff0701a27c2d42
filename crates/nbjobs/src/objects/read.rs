//! Reading objects back. Must not know how they came.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, stream};

use super::blobs::{BlobLease, part_name};
use super::error::{Error, Result};
use super::record::ObjectInfo;
use super::{Inner, Objects, names, spawn};

/// Bytes that are read at a time: enough that the switch to another thread costs little.
const READ_BYTES: u64 = 512 * 1024;

/// How often a record is read again because its blob was replaced between the two looks. Each time means that another
/// writer was done in between, so a few are plenty.
const LOOKS_MAX: u32 = 100;

/// An object that is held: replacing or deleting it does not change what is read here.
#[derive(Debug, Clone)]
pub struct Object {
    /// What is known of it.
    pub info: ObjectInfo,
    pub(super) blob: Arc<BlobLease>,
}

impl Objects {
    /// What is known of an object.
    pub async fn head(&self, bucket: &str, key: &str) -> Result<ObjectInfo> {
        names::check_bucket(bucket)?;
        names::check_key(key)?;
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        self.run(move |inner| {
            inner.bucket(&bucket)?;
            let record = inner.record(&bucket, &key)?;
            record
                .map(|record| record.info)
                .ok_or(Error::NoSuchKey(key))
        })
        .await
    }

    /// An object, held for reading.
    pub async fn get(&self, bucket: &str, key: &str) -> Result<Object> {
        names::check_bucket(bucket)?;
        names::check_key(key)?;
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        self.run(move |inner| hold(inner, &bucket, &key)).await
    }
}

fn hold(inner: &Arc<Inner>, bucket: &str, key: &str) -> Result<Object> {
    inner.bucket(bucket)?;
    for _ in 0..LOOKS_MAX {
        let Some(record) = inner.record(bucket, key)? else {
            return Err(Error::NoSuchKey(key.to_owned()));
        };
        let blob = BlobLease::new(inner, &record.blob);
        if blob.path().try_exists()? {
            return Ok(Object {
                info: record.info,
                blob: Arc::new(blob),
            });
        }
    }
    Err(Error::Io(io::Error::new(
        io::ErrorKind::NotFound,
        format!("the bytes of object '{key}' are missing"),
    )))
}

impl Object {
    /// All bytes, if they are at most `size_max`.
    pub async fn bytes(&self, size_max: u64) -> Result<Bytes> {
        let size = self.info.size;
        if size > size_max {
            return Err(Error::TooLarge { size, size_max });
        }
        let mut bytes = BytesMut::new();
        let mut stream = self.stream(0..size);
        while let Some(chunk) = stream.next().await {
            bytes.extend_from_slice(&chunk.map_err(Error::from)?);
        }
        Ok(bytes.freeze())
    }

    /// The bytes of a range as a stream of large pieces. A range beyond the end ends with the object.
    pub fn stream(
        &self,
        range: Range<u64>,
    ) -> impl Stream<Item = io::Result<Bytes>> + Send + Sync + Unpin + 'static {
        let reader = Reader {
            spans: self.spans(&range),
            file: None,
            blob: self.blob.clone(),
        };
        Box::pin(stream::try_unfold(reader, |reader| async move {
            // A stream must be Sync for some takers, so the step runs on its own and only its result is kept.
            spawn(move || reader.next().map_err(Error::Io))
                .await
                .map_err(io::Error::other)
        }))
    }

    /// Where the bytes of a range are, last one first.
    fn spans(&self, range: &Range<u64>) -> Vec<Span> {
        let whole = [self.info.size];
        let parts = &self.info.part_sizes;
        let sizes = if parts.is_empty() { &whole[..] } else { parts };
        let mut spans = Vec::new();
        let mut start = 0;
        for (index, size) in sizes.iter().enumerate() {
            let (from, to) = (range.start.max(start), range.end.min(start + size));
            if from < to {
                let part = (!parts.is_empty()).then(|| part_name(index));
                spans.push(Span {
                    part,
                    range: from - start..to - start,
                });
            }
            start += size;
        }
        spans.reverse();
        spans
    }
}

/// Bytes in one file.
struct Span {
    /// The part's file in the blob's folder; none when the blob is a file.
    part: Option<String>,
    range: Range<u64>,
}

struct Reader {
    /// What is still to be read, last one first.
    spans: Vec<Span>,
    /// The open file of the next span.
    file: Option<File>,
    blob: Arc<BlobLease>,
}

impl Reader {
    fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        let Some(mut span) = self.spans.pop() else {
            return Ok(None);
        };
        let file = match self.file.take() {
            Some(file) => file,
            None => {
                let path = self.blob.path();
                File::open(
                    span.part
                        .as_ref()
                        .map_or_else(|| path.clone(), |part| path.join(part)),
                )?
            }
        };
        let length = READ_BYTES.min(span.range.end - span.range.start);
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        file.read_exact_at(&mut bytes, span.range.start)?;
        span.range.start += length;
        if !span.range.is_empty() {
            self.spans.push(span);
            self.file = Some(file);
        }
        Ok(Some((Bytes::from(bytes), self)))
    }
}
