//! What every object store must do. Each test says one behaviour.

mod buckets;
mod crash;
mod objects;
mod races;
mod uploads;

use std::path::Path;

use bytes::Bytes;
use futures::stream;
use jiff::Timestamp;
use tempfile::TempDir;

use super::error::Result;
use super::list::{Entry, ListRequest};
use super::record::{Condition, Metadata, ObjectInfo};
use super::{Bucket, Objects, disk};

const BUCKET: &str = "bucket";

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

pub(super) fn new_bucket() -> Bucket {
    Bucket {
        created: at(1),
        region: None,
        versioning: None,
        encryption: None,
        event_bridge: false,
    }
}

pub(super) async fn store() -> (TempDir, Objects) {
    let folder = TempDir::new().unwrap();
    let objects = Objects::open(folder.path()).await.unwrap();
    objects.create_bucket(BUCKET, new_bucket()).await.unwrap();
    (folder, objects)
}

async fn put(objects: &Objects, key: &str, body: &[u8]) -> Result<ObjectInfo> {
    let body = stream::iter([Ok(Bytes::copy_from_slice(body))]);
    objects
        .put(BUCKET, key, body, Metadata::default(), at(2))
        .await
}

async fn get(objects: &Objects, key: &str) -> Result<Vec<u8>> {
    Ok(objects
        .get(BUCKET, key)
        .await?
        .bytes(u64::MAX)
        .await?
        .to_vec())
}

/// Copies within the bucket, with the source's metadata.
async fn copy(objects: &Objects, from: &str, to: &str) -> Result<ObjectInfo> {
    let source = objects.get(BUCKET, from).await?;
    objects
        .copy(&source, (BUCKET, to), None, Condition::Always, at(9))
        .await
}

async fn names(objects: &Objects, request: ListRequest) -> (Vec<String>, Option<String>) {
    let listing = objects.list(BUCKET, request).await.unwrap();
    let names = listing.entries.iter().map(|entry| match entry {
        Entry::Object(key, _) => key.clone(),
        Entry::Prefix(prefix) => format!("{prefix}…"),
    });
    (names.collect(), listing.next)
}

fn all() -> ListRequest {
    ListRequest {
        max: 1000,
        ..ListRequest::default()
    }
}

/// All files below a folder of the store.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for name in disk::names_in(folder).unwrap().unwrap_or_default() {
        let path = folder.join(&name);
        if path.is_dir() {
            found.extend(files(&path))
        } else {
            found.push(name)
        }
    }
    found
}

/// Whatever was done: as many blobs as objects, and nothing on its way.
fn assert_tidy(folder: &Path, blobs: usize) {
    assert_eq!(files(&folder.join("blobs")).len(), blobs, "blobs");
    assert_eq!(files(&folder.join("notes")), [""; 0], "notes");
    assert_eq!(
        disk::names_in(&folder.join("staging")).unwrap().unwrap(),
        [""; 0],
        "staging"
    );
}
