//! Objects as jobs name them: by bucket and prefix.

use super::{App, Error, Result};
use crate::model::job::split_s3_uri;
use crate::objects::error::Error as ObjectsError;
use crate::objects::list::{Entry, ListRequest, PAGE_MAX};
use crate::objects::read::Object;

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

/// The object at an S3 location, held for reading; none if it is not there.
pub async fn find(app: &App, uri: &str) -> Result<Option<Object>> {
    let (bucket, key) = split_s3_uri(uri).map_err(Error::Invalid)?;
    match app.objects.get(bucket, key).await {
        Ok(object) => Ok(Some(object)),
        Err(ObjectsError::NoSuchBucket(_) | ObjectsError::NoSuchKey(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
