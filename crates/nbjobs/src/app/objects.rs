//! Objects as jobs name them, by bucket and prefix, and what EventBridge is told of them.

use super::{App, Error, Result};
use crate::model::event::{Change, Created, ObjectChange};
use crate::model::job::split_s3_uri;
use crate::objects::error::Error as ObjectsError;
use crate::objects::list::{Entry, ListRequest, Listing, PAGE_MAX};
use crate::objects::read::Object;
use crate::objects::record::{Condition, ObjectInfo};

impl From<ObjectsError> for Error {
    fn from(error: ObjectsError) -> Self {
        match error {
            ObjectsError::NoSuchBucket(_) | ObjectsError::NoSuchKey(_) => {
                Self::NotFound(error.to_string())
            }
            ObjectsError::InvalidBucketName(_)
            | ObjectsError::InvalidKeyLength(_)
            | ObjectsError::TooLarge { .. } => Self::Invalid(error.to_string()),
            ObjectsError::StorageFull => Self::Full,
            other => Self::Internal(other.into()),
        }
    }
}

/// The keys of the objects that an `S3Prefix` data source names: the object with exactly this key, else all
/// below the prefix as a folder. More than `max`, or none, is an error in SageMaker's words.
pub async fn keys_under(app: &App, bucket: &str, prefix: &str, max: usize) -> Result<Vec<String>> {
    if !prefix.is_empty() && app.objects.head(bucket, prefix).await.is_ok() {
        return Ok(vec![prefix.to_owned()]);
    }
    let folder = match prefix {
        "" => String::new(),
        _ if prefix.ends_with('/') => prefix.to_owned(),
        _ => format!("{prefix}/"),
    };
    let mut keys = Vec::new();
    let mut after = String::new();
    loop {
        let request = ListRequest {
            prefix: folder.clone(),
            after,
            max: PAGE_MAX.min(max + 1 - keys.len()),
            ..ListRequest::default()
        };
        let page = app.objects.list(bucket, request).await?;
        keys.extend(page.entries.iter().filter_map(|entry| match entry {
            // A key that ends with a slash is how clients make a folder to look at.
            Entry::Object(key, _) if !key.ends_with('/') => Some(key.clone()),
            _ => None,
        }));
        match page.next {
            _ if keys.len() > max => {
                return Err(Error::Limit(format!(
                    "s3://{bucket}/{prefix} has more than {max} objects"
                )));
            }
            Some(next) => after = next,
            None => break,
        }
    }
    if keys.is_empty() {
        return Err(Error::Invalid(format!(
            "No S3 objects found under S3 URL \"s3://{bucket}/{prefix}\" given in input data source. Please ensure that the bucket exists and that objects exist under that prefix."
        )));
    }
    Ok(keys)
}

/// The bytes of all objects whose keys begin with `prefix`; none if there is no such bucket.
pub(super) async fn size_under(app: &App, bucket: &str, prefix: &str) -> Result<u64> {
    let mut bytes = 0;
    let mut after = String::new();
    while let Some(page) = page_under(app, bucket, prefix, after).await? {
        for entry in &page.entries {
            if let Entry::Object(_, info) = entry {
                bytes += info.size;
            }
        }
        let Some(next) = page.next else { break };
        after = next;
    }
    Ok(bytes)
}

/// Deletes all objects whose keys begin with `prefix`, and tells EventBridge if the bucket does.
pub(super) async fn delete_under(app: &App, bucket: &str, prefix: &str) -> Result<()> {
    while let Some(page) = page_under(app, bucket, prefix, String::new()).await? {
        if page.entries.is_empty() {
            break;
        }
        let is_told = app.objects.head_bucket(bucket).await?.event_bridge;
        for entry in &page.entries {
            let key = entry.name();
            app.objects.delete(bucket, key, Condition::Always).await?;
            if is_told {
                deleted(app, bucket, key, "Lifecycle Expiration").await?;
            }
        }
    }
    Ok(())
}

/// None if there is no such bucket.
async fn page_under(
    app: &App,
    bucket: &str,
    prefix: &str,
    after: String,
) -> Result<Option<Listing>> {
    let request = ListRequest {
        prefix: prefix.to_owned(),
        after,
        max: PAGE_MAX,
        ..ListRequest::default()
    };
    match app.objects.list(bucket, request).await {
        Ok(page) => Ok(Some(page)),
        Err(ObjectsError::NoSuchBucket(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The object at an S3 location, held for reading; none if it is not there.
pub async fn find(app: &App, uri: &str) -> Result<Option<Object>> {
    let (bucket, key) = split_s3_uri(uri).map_err(Error::Invalid)?;
    match app.objects.get(bucket, key).await {
        Ok(object) => Ok(Some(object)),
        Err(ObjectsError::NoSuchBucket(_) | ObjectsError::NoSuchKey(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Writes down that an object was created, if its bucket tells EventBridge. The object is durable already.
pub async fn created(
    app: &App,
    bucket: &str,
    key: &str,
    info: &ObjectInfo,
    reason: &str,
) -> anyhow::Result<()> {
    let created = Created {
        size: info.size,
        etag: info.etag.clone(),
    };
    match app.objects.head_bucket(bucket).await {
        Ok(bucket_now) if bucket_now.event_bridge => {
            tell(app, bucket, key, Some(created), reason).await
        }
        // A bucket that went meanwhile tells nobody.
        Ok(_) | Err(ObjectsError::NoSuchBucket(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Writes down that an object was deleted. The caller knows that its bucket tells EventBridge.
pub async fn deleted(app: &App, bucket: &str, key: &str, reason: &str) -> anyhow::Result<()> {
    tell(app, bucket, key, None, reason).await
}

async fn tell(
    app: &App,
    bucket: &str,
    key: &str,
    created: Option<Created>,
    reason: &str,
) -> anyhow::Result<()> {
    let change = Change::Object(ObjectChange {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        created,
        reason: reason.to_owned(),
    });
    let mut tx = app.store.tx().await?;
    tx.emit(&change, app.clock.now()).await?;
    tx.commit().await
}
