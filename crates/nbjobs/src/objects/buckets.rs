//! Buckets. Must not know regions' names or what a setting means to clients.

use std::fs;
use std::io;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::{Error, Result};
use super::list::ListRequest;
use super::record::Encryption;
use super::{Inner, Objects, disk, names};

/// A bucket, and what is remembered of it for clients that ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// When it was created.
    pub created: Timestamp,
    /// The region that it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The status of versioning that was asked for: `Enabled` or `Suspended`. Versions are not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versioning: Option<String>,
    /// The default encryption that was asked for. Bytes are stored as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    /// Whether EventBridge is told of its objects.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub event_bridge: bool,
}

impl Objects {
    /// Creates an empty bucket.
    pub async fn create_bucket(&self, name: &str, bucket: Bucket) -> Result<()> {
        names::check_bucket(name)?;
        let name = name.to_owned();
        self.run(move |inner| inner.create_bucket(&name, &bucket))
            .await
    }

    /// What is known of a bucket.
    pub async fn head_bucket(&self, name: &str) -> Result<Bucket> {
        names::check_bucket(name)?;
        let name = name.to_owned();
        self.run(move |inner| inner.bucket(&name)).await
    }

    /// All buckets, in the order of their names.
    pub async fn list_buckets(&self) -> Result<Vec<(String, Bucket)>> {
        self.run(|inner| {
            let mut buckets = Vec::new();
            for name in disk::names_in(&inner.layout.buckets())?.unwrap_or_default() {
                match inner.bucket(&name) {
                    Ok(bucket) => buckets.push((name, bucket)),
                    Err(Error::NoSuchBucket(_)) => {} // deleted meanwhile
                    Err(error) => return Err(error),
                }
            }
            buckets.sort_by(|(a, _), (b, _)| a.cmp(b));
            Ok(buckets)
        })
        .await
    }

    /// Changes what is remembered of a bucket.
    pub async fn update_bucket(
        &self,
        name: &str,
        change: impl FnOnce(&mut Bucket) + Send + 'static,
    ) -> Result<()> {
        names::check_bucket(name)?;
        let name = name.to_owned();
        self.run(move |inner| {
            let _index = inner.lock_index();
            let mut bucket = inner.bucket(&name)?;
            change(&mut bucket);
            let path = inner.layout.bucket(&name).join("bucket.json");
            Ok(disk::replace_json(&inner.layout, &path, &bucket)?)
        })
        .await
    }

    /// Deletes a bucket that has no objects; its unfinished uploads go with it.
    pub async fn delete_bucket(&self, name: &str) -> Result<()> {
        names::check_bucket(name)?;
        let name = name.to_owned();
        self.run(move |inner| inner.delete_bucket(&name)).await
    }
}

impl Inner {
    pub(super) fn bucket(&self, name: &str) -> Result<Bucket> {
        let bucket = disk::read_json(&self.layout.bucket(name).join("bucket.json"))?;
        bucket.ok_or_else(|| Error::NoSuchBucket(name.to_owned()))
    }

    fn create_bucket(&self, name: &str, bucket: &Bucket) -> Result<()> {
        let staged = self.layout.new_staging();
        fs::create_dir(&staged)?;
        let place = || {
            fs::create_dir(staged.join("index"))?;
            fs::create_dir(staged.join("uploads"))?;
            disk::write_file(&staged.join("bucket.json"), &serde_json::to_vec(bucket)?)?;
            disk::sync_folder(&staged)?;
            fs::rename(&staged, self.layout.bucket(name))?;
            disk::sync_folder(&self.layout.buckets())
        };
        let _index = self.lock_index();
        let placed = place();
        if placed.is_err() {
            let _ = disk::remove(&staged); // the first error is the one to tell
        }
        match placed {
            Err(error) if is_taken(&error) => Err(Error::BucketExists(name.to_owned())),
            placed => Ok(placed?),
        }
    }

    fn delete_bucket(&self, name: &str) -> Result<()> {
        let _index = self.lock_index();
        self.bucket(name)?;
        let first = self.list(
            name,
            &ListRequest {
                max: 1,
                ..ListRequest::default()
            },
        )?;
        if !first.entries.is_empty() {
            return Err(Error::BucketNotEmpty(name.to_owned()));
        }
        let doomed = self.layout.new_staging();
        fs::rename(self.layout.bucket(name), &doomed)?;
        disk::sync_folder(&self.layout.buckets())?;
        Ok(disk::remove(&doomed)?)
    }
}

fn is_taken(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty
    )
}
