//! Multipart uploads: parts come in any order and become one object without being copied. Must not know protocols.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::checksum::{self, Checksum, ChecksumAlgorithm, ChecksumType};
use super::error::{Error, Result};
use super::record::{Condition, Metadata, ObjectInfo};
use super::staged::Staged;
use super::{Inner, Objects, blobs, disk, names};

/// The highest number of a part, as in S3.
pub const PART_NUMBER_MAX: u16 = 10_000;
/// Fewest bytes of a part that is not the last, as in S3: 5 MiB.
pub const PART_BYTES_MIN: u64 = 5 << 20;

/// A multipart upload that is neither complete nor aborted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// The key of the object to be.
    pub key: String,
    /// When it was created.
    pub initiated: Timestamp,
    /// The checksum that every part and the object shall have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<(ChecksumAlgorithm, ChecksumType)>,
    /// The metadata of the object to be.
    #[serde(default)]
    pub metadata: Metadata,
}

/// A part that was uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Size in bytes.
    pub size: u64,
    /// The MD5 in hexadecimal.
    pub etag: String,
    /// When it was uploaded.
    pub modified: Timestamp,
    /// The checksum that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Checksum>,
    /// The file in the upload's folder that has the bytes.
    file: String,
}

/// A part as the caller names it when the upload is completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletedPart {
    /// Its number.
    pub number: u16,
    /// Its ETag, without quotes.
    pub etag: String,
    /// Its checksum's value, if the caller checks it.
    pub checksum: Option<String>,
}

impl Objects {
    /// Starts a multipart upload and gives its id.
    pub async fn create_upload(&self, bucket: &str, upload: Upload) -> Result<String> {
        names::check_bucket(bucket)?;
        names::check_key(&upload.key)?;
        let bucket = bucket.to_owned();
        self.run(move |inner| {
            inner.bucket(&bucket)?;
            let id = disk::new_id();
            let staged = inner.layout.new_staging();
            fs::create_dir(&staged)?;
            disk::write_file(
                &staged.join("upload.json"),
                &serde_json::to_vec(&upload).map_err(std::io::Error::from)?,
            )?;
            disk::sync_folder(&staged)?;
            let uploads = inner.layout.uploads(&bucket);
            fs::rename(&staged, uploads.join(&id))?;
            disk::sync_folder(&uploads)?;
            Ok(id)
        })
        .await
    }

    /// What is known of an upload.
    pub async fn head_upload(&self, bucket: &str, key: &str, id: &str) -> Result<Upload> {
        let (bucket, key, id) = owned(bucket, key, id)?;
        self.run(move |inner| Ok(inner.upload(&bucket, &key, &id)?.1))
            .await
    }

    /// All uploads of a bucket with their ids, in the order of keys and then of time.
    pub async fn list_uploads(&self, bucket: &str) -> Result<Vec<(String, Upload)>> {
        names::check_bucket(bucket)?;
        let bucket = bucket.to_owned();
        self.run(move |inner| {
            inner.bucket(&bucket)?;
            let folder = inner.layout.uploads(&bucket);
            let mut uploads: Vec<(String, Upload)> = Vec::new();
            for id in disk::names_in(&folder)?.unwrap_or_default() {
                let upload = disk::read_json(&folder.join(&id).join("upload.json"))?;
                uploads.extend(upload.map(|upload| (id, upload)));
            }
            uploads.sort_by(|(_, a), (_, b)| (&a.key, a.initiated).cmp(&(&b.key, b.initiated)));
            Ok(uploads)
        })
        .await
    }

    /// Makes staged bytes a part, replacing one of the same number.
    pub async fn put_part(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        number: u16,
        staged: Staged,
        now: Timestamp,
    ) -> Result<Part> {
        let (bucket, key, id) = owned(bucket, key, id)?;
        check_number(number)?;
        self.run(move |inner| inner.put_part(&bucket, &key, &id, number, &staged, now))
            .await
    }

    /// The parts that were uploaded, by number.
    pub async fn list_parts(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
    ) -> Result<BTreeMap<u16, Part>> {
        let (bucket, key, id) = owned(bucket, key, id)?;
        self.run(move |inner| {
            let (folder, _) = inner.upload(&bucket, &key, &id)?;
            let mut parts = BTreeMap::new();
            for name in disk::names_in(&folder)?.unwrap_or_default() {
                let Some(number) = name
                    .strip_suffix(".json")
                    .and_then(|number| number.parse().ok())
                else {
                    continue;
                };
                parts.extend(disk::read_json(&folder.join(&name))?.map(|part| (number, part)));
            }
            Ok(parts)
        })
        .await
    }

    /// Makes the named parts the object. `checksum` is that of the whole object, if the caller checks it.
    #[allow(clippy::too_many_arguments)] // one request with all its parts
    pub async fn complete_upload(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        parts: Vec<CompletedPart>,
        checksum: Option<String>,
        condition: Condition,
        now: Timestamp,
    ) -> Result<ObjectInfo> {
        let (bucket, key, id) = owned(bucket, key, id)?;
        self.run(move |inner| {
            let (folder, upload) = inner.upload(&bucket, &key, &id)?;
            let parts = chosen_parts(&folder, &parts)?;
            let info = object_of(&upload, &parts, now);
            if checksum.is_some_and(|checksum| {
                info.checksum
                    .as_ref()
                    .is_none_or(|actual| actual.value != checksum)
            }) {
                return Err(Error::ChecksumMismatch);
            }
            // The parts get second names, so that a crash in between leaves the upload as it was.
            let staged = inner.layout.new_staging();
            let info = link_parts(&folder, &parts, &staged)
                .and_then(|()| inner.commit(&bucket, &key, &staged, info, &condition));
            if info.is_err() {
                let _ = disk::remove(&staged); // the first error is the one to tell
            }
            let info = info?;
            inner.remove_upload(&bucket, &id)?;
            Ok(info)
        })
        .await
    }

    /// Gives up an upload and removes its parts.
    pub async fn abort_upload(&self, bucket: &str, key: &str, id: &str) -> Result<()> {
        let (bucket, key, id) = owned(bucket, key, id)?;
        self.run(move |inner| {
            inner.upload(&bucket, &key, &id)?;
            inner.remove_upload(&bucket, &id)
        })
        .await
    }
}

impl Inner {
    /// The folder of an upload, and the upload.
    fn upload(&self, bucket: &str, key: &str, id: &str) -> Result<(PathBuf, Upload)> {
        self.bucket(bucket)?;
        let folder = self.layout.uploads(bucket).join(id);
        let upload: Option<Upload> = disk::read_json(&folder.join("upload.json"))?;
        match upload.filter(|upload| upload.key == key) {
            Some(upload) => Ok((folder, upload)),
            None => Err(Error::NoSuchUpload(id.to_owned())),
        }
    }

    fn put_part(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        number: u16,
        staged: &Staged,
        now: Timestamp,
    ) -> Result<Part> {
        let (folder, _) = self.upload(bucket, key, id)?;
        let part = Part {
            size: staged.size,
            etag: staged.md5.clone(),
            modified: now,
            checksum: staged.checksum.clone(),
            file: disk::new_id(),
        };
        let path = part_path(&folder, number);
        let _index = self.lock_index();
        let old: Option<Part> = disk::read_json(&path)?;
        let placed = fs::rename(&staged.path, folder.join(&part.file))
            .and_then(|()| disk::replace_json(&self.layout, &path, &part));
        if let Err(error) = placed {
            let gone = error.kind() == std::io::ErrorKind::NotFound;
            let _ = fs::remove_file(folder.join(&part.file)); // the first error is the one to tell
            return Err(if gone {
                Error::NoSuchUpload(id.to_owned())
            } else {
                error.into()
            });
        }
        if let Some(old) = old {
            disk::remove(&folder.join(old.file))?;
        }
        Ok(part)
    }

    fn remove_upload(&self, bucket: &str, id: &str) -> Result<()> {
        let doomed = self.layout.new_staging();
        let uploads = self.layout.uploads(bucket);
        match fs::rename(uploads.join(id), &doomed) {
            Ok(()) => {
                disk::sync_folder(&uploads)?;
                Ok(disk::remove(&doomed)?)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()), // someone else was quicker
            Err(error) => Err(error.into()),
        }
    }
}

fn owned(bucket: &str, key: &str, id: &str) -> Result<(String, String, String)> {
    names::check_bucket(bucket)?;
    names::check_key(key)?;
    // An id becomes a file name, so it has to be one of ours.
    if uuid::Uuid::try_parse(id).is_err() || id.len() != 32 {
        return Err(Error::NoSuchUpload(id.to_owned()));
    }
    Ok((bucket.to_owned(), key.to_owned(), id.to_owned()))
}

/// Refuses a number that no part has.
pub fn check_number(number: impl Into<i64>) -> Result<u16> {
    let number = number.into();
    match u16::try_from(number) {
        Ok(valid @ 1..=PART_NUMBER_MAX) => Ok(valid),
        _ => Err(Error::InvalidPartNumber(number)),
    }
}

fn part_path(folder: &Path, number: u16) -> PathBuf {
    folder.join(format!("{number:05}.json"))
}

/// The parts that the caller names, after a look whether they are what the caller takes them for.
fn chosen_parts(folder: &Path, named: &[CompletedPart]) -> Result<Vec<Part>> {
    if !named.is_sorted_by(|a, b| a.number < b.number) {
        return Err(Error::InvalidPartOrder);
    }
    let mut parts = Vec::with_capacity(named.len());
    for (
        index,
        CompletedPart {
            number,
            etag,
            checksum,
        },
    ) in named.iter().enumerate()
    {
        let part: Option<Part> = disk::read_json(&part_path(folder, *number))?;
        let actual = |part: &Part| {
            part.checksum
                .as_ref()
                .map(|checksum| checksum.value.clone())
        };
        let same =
            |part: &Part| part.etag == *etag && (checksum.is_none() || actual(part) == *checksum);
        let part = part.filter(same).ok_or(Error::InvalidPart(*number))?;
        if part.size < PART_BYTES_MIN && index + 1 < named.len() {
            return Err(Error::PartTooSmall {
                number: *number,
                size: part.size,
            });
        }
        parts.push(part);
    }
    if parts.is_empty() {
        Err(Error::InvalidPart(1))
    } else {
        Ok(parts)
    }
}

fn object_of(upload: &Upload, parts: &[Part], now: Timestamp) -> ObjectInfo {
    let sums = parts.iter().map(|part| (part.size, part.checksum.as_ref()));
    ObjectInfo {
        size: parts.iter().map(|part| part.size).sum(),
        etag: checksum::etag_of_parts(parts.iter().map(|part| part.etag.as_str())),
        modified: now,
        checksum: upload
            .checksum
            .and_then(|(algorithm, of)| checksum::checksum_of_parts(algorithm, of, sums)),
        part_sizes: parts.iter().map(|part| part.size).collect(),
        metadata: upload.metadata.clone(),
    }
}

fn link_parts(folder: &Path, parts: &[Part], staged: &Path) -> Result<()> {
    fs::create_dir(staged)?;
    for (index, part) in parts.iter().enumerate() {
        disk::link_or_copy(
            &folder.join(&part.file),
            &staged.join(blobs::part_name(index)),
        )?;
    }
    Ok(disk::sync_folder(staged)?)
}
