//! Putting, copying and deleting objects. Must not know how bytes are read back.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures::Stream;
use jiff::Timestamp;

use super::blobs::BlobLease;
use super::error::{Error, Result};
use super::read::Object;
use super::record::{Condition, Metadata, ObjectInfo, Record};
use super::staged::Staged;
use super::{Inner, Objects, blobs, disk, names};

impl Objects {
    /// Puts an object: takes in the stream, then makes it the object, replacing the one that is there.
    pub async fn put<S>(
        &self,
        bucket: &str,
        key: &str,
        body: S,
        metadata: Metadata,
        now: Timestamp,
    ) -> Result<ObjectInfo>
    where
        S: Stream<Item = io::Result<Bytes>> + Send,
    {
        names::check_key(key)?;
        self.head_bucket(bucket).await?;
        let staged = self.stage(body, None).await?;
        self.put_staged(bucket, key, staged, metadata, Condition::Always, now)
            .await
    }

    /// Makes staged bytes the object, if the condition holds.
    pub async fn put_staged(
        &self,
        bucket: &str,
        key: &str,
        staged: Staged,
        metadata: Metadata,
        condition: Condition,
        now: Timestamp,
    ) -> Result<ObjectInfo> {
        names::check_bucket(bucket)?;
        names::check_key(key)?;
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        self.run(move |inner| {
            let info = ObjectInfo {
                size: staged.size,
                etag: staged.md5.clone(),
                modified: now,
                checksum: staged.checksum.clone(),
                part_sizes: Vec::new(),
                metadata,
            };
            inner.commit(&bucket, &key, &staged.path, info, &condition)
        })
        .await
    }

    /// Copies an object, sharing its bytes where the file system can. `metadata` replaces the source's.
    pub async fn copy(
        &self,
        source: &Object,
        to: (&str, &str),
        metadata: Option<Metadata>,
        condition: Condition,
        now: Timestamp,
    ) -> Result<ObjectInfo> {
        names::check_bucket(to.0)?;
        names::check_key(to.1)?;
        let source = source.clone();
        let (bucket, key) = (to.0.to_owned(), to.1.to_owned());
        self.run(move |inner| {
            let staged = inner.layout.new_staging();
            let info = ObjectInfo {
                modified: now,
                metadata: metadata.unwrap_or_else(|| source.info.metadata.clone()),
                ..source.info.clone()
            };
            let copied = inner
                .stage_copy(&source.blob, source.info.part_sizes.len(), &staged)
                .and_then(|()| inner.commit(&bucket, &key, &staged, info, &condition));
            if copied.is_err() {
                let _ = disk::remove(&staged); // the first error is the one to tell
            }
            copied
        })
        .await
    }

    /// Replaces an object's tags.
    pub async fn set_tags(
        &self,
        bucket: &str,
        key: &str,
        tags: BTreeMap<String, String>,
    ) -> Result<()> {
        names::check_bucket(bucket)?;
        names::check_key(key)?;
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        self.run(move |inner| {
            let _index = inner.lock_index();
            inner.bucket(&bucket)?;
            let record = inner.record(&bucket, &key)?;
            let mut record = record.ok_or_else(|| Error::NoSuchKey(key.clone()))?;
            record.info.metadata.tags = tags;
            Ok(disk::replace_json(
                &inner.layout,
                &inner.layout.record(&bucket, &key),
                &record,
            )?)
        })
        .await
    }

    /// Deletes an object, if the condition holds. One that isn't there is deleted already.
    pub async fn delete(&self, bucket: &str, key: &str, condition: Condition) -> Result<()> {
        names::check_bucket(bucket)?;
        names::check_key(key)?;
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        self.run(move |inner| inner.delete(&bucket, &key, &condition))
            .await
    }
}

impl Inner {
    /// Makes a staged file, or folder of parts, the object. On an error the staged bytes may be gone, but the object is
    /// as it was.
    pub(super) fn commit(
        &self,
        bucket: &str,
        key: &str,
        staged: &Path,
        info: ObjectInfo,
        condition: &Condition,
    ) -> Result<ObjectInfo> {
        self.bucket(bucket)?;
        let record = Record {
            blob: disk::new_id(),
            info,
        };
        self.write_note(&record.blob, bucket, key)?;
        let replaced = self
            .place_blob(staged, &record.blob)
            .and_then(|()| self.replace_record(bucket, key, &record, condition));
        match replaced {
            Ok(old) => {
                self.remove_note(&record.blob)?;
                if let Some(old) = old {
                    self.discard_blob(&old)?;
                }
                Ok(record.info)
            }
            Err(error) => {
                if let Err(error) = self.settle_note(&record.blob) {
                    tracing::warn!(blob = %record.blob, %error, "could not remove the bytes of a failed upload");
                }
                Err(error)
            }
        }
    }

    /// The moment of truth: renames the record into its place. Gives the id of the blob that nobody names any more; its
    /// note is written.
    fn replace_record(
        &self,
        bucket: &str,
        key: &str,
        record: &Record,
        condition: &Condition,
    ) -> Result<Option<String>> {
        let path = self.layout.record(bucket, key);
        let _index = self.lock_index();
        self.bucket(bucket)?;
        let old = self.record(bucket, key)?;
        if !condition.holds(old.as_ref().map(|old| &old.info)) {
            return Err(match (condition, old) {
                (Condition::Etag(_) | Condition::Present, None) => Error::NoSuchKey(key.to_owned()),
                _ => Error::PreconditionFailed,
            });
        }
        let old = old.map(|old| old.blob);
        if let Some(old) = &old {
            self.write_note(old, bucket, key)?;
        }
        let index = self.layout.index(bucket);
        let folder = path.parent().unwrap_or(&index);
        let replaced = disk::create_folders(&index, folder)
            .and_then(|()| disk::replace_json(&self.layout, &path, record));
        if let Err(error) = replaced {
            disk::remove_empty_folders(&index, folder);
            if let Some(old) = &old {
                self.settle_note(old)?;
            }
            return Err(error.into());
        }
        Ok(old)
    }

    fn delete(&self, bucket: &str, key: &str, condition: &Condition) -> Result<()> {
        let index = self.lock_index();
        self.bucket(bucket)?;
        let Some(old) = self.record(bucket, key)? else {
            return match condition {
                Condition::Always => Ok(()),
                _ => Err(Error::NoSuchKey(key.to_owned())),
            };
        };
        if !condition.holds(Some(&old.info)) {
            return Err(Error::PreconditionFailed);
        }
        self.write_note(&old.blob, bucket, key)?;
        let path = self.layout.record(bucket, key);
        fs::remove_file(&path)?;
        disk::sync_parent(&path)?;
        if let Some(folder) = path.parent() {
            disk::remove_empty_folders(&self.layout.index(bucket), folder);
        }
        drop(index);
        self.discard_blob(&old.blob)
    }

    fn stage_copy(&self, blob: &Arc<BlobLease>, parts: usize, staged: &Path) -> Result<()> {
        if parts == 0 {
            return Ok(disk::link_or_copy(&blob.path(), staged)?);
        }
        fs::create_dir(staged)?;
        for part in (0..parts).map(blobs::part_name) {
            disk::link_or_copy(&blob.path().join(&part), &staged.join(&part))?;
        }
        Ok(disk::sync_folder(staged)?)
    }
}
