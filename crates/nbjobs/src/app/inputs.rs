//! The files that a notebook job or a definition starts from: a caller brings them, they wait in the bucket, and the
//! job's or definition's own copy of them is its snapshot, which later edits don't change.

use super::{App, Error, Result, objects};
use crate::model::job::split_s3_uri;
use crate::model::naming::{self, is_resource_name};
use crate::objects::error::Error as ObjectsError;
use crate::objects::record::{Condition, Metadata};
use bytes::Bytes;
use futures::Stream;
use notebook::Notebook;
use std::io;

/// The largest notebook, in bytes.
pub const NOTEBOOK_BYTES_MAX: u64 = 256 << 20;
/// Most files that go with a notebook, itself included.
pub const FILES_MAX: usize = 10_000;
/// Longest id of a set of waiting files.
const ID_LEN_MAX: usize = 63;
/// Below this, files wait.
const WAITING: &str = "jupyter-inputs";

/// Takes in a file; `id` names the set that it belongs to, `path` the file below it. Answers where it is.
pub async fn put<S>(app: &App, id: &str, path: &str, body: S) -> Result<String>
where
    S: Stream<Item = io::Result<Bytes>> + Send,
{
    let (bucket, key) = (naming::default_bucket(&app.scope), key(id, path)?);
    let now = app.clock.now();
    match app
        .objects
        .put(&bucket, &key, body, Metadata::default(), now)
        .await
    {
        Ok(_) => Ok(format!("s3://{bucket}/{key}")),
        Err(ObjectsError::Body(error)) => Err(Error::Invalid(format!(
            "{path} did not arrive as a whole: {error}"
        ))),
        Err(error) => Err(error.into()),
    }
}

/// Drops a set of files. What is not there is dropped already.
pub async fn delete(app: &App, id: &str) -> Result<()> {
    let bucket = naming::default_bucket(&app.scope);
    let prefix = format!("{WAITING}/{}", checked_id(id)?);
    delete_under(app, &bucket, &prefix).await
}

fn key(id: &str, path: &str) -> Result<String> {
    let leads_down = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\0');
    if !path.split('/').all(leads_down) {
        return Err(Error::Invalid(format!(
            "{path:?} is not a file's path below a folder, such as data/a.csv"
        )));
    }
    Ok(format!("{WAITING}/{}/{path}", checked_id(id)?))
}

fn checked_id(id: &str) -> Result<&str> {
    if is_resource_name(id, ID_LEN_MAX) {
        return Ok(id);
    }
    Err(Error::Invalid(format!(
        "{id:?} cannot name a set of files; use letters, digits and hyphens, such as a UUID"
    )))
}

/// A snapshot that was taken.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// The notebook's file name.
    pub notebook: String,
    /// Where the files are, as a channel names it.
    pub uri: String,
    bucket: String,
    prefix: String,
}

impl Snapshot {
    /// Copies the notebook at `uri`, with its whole folder if that goes along, below `prefix` in the default bucket.
    /// `kernel` is the one that will run it; without one the notebook must name its own.
    pub(super) async fn take(
        app: &App,
        uri: &str,
        with_folder: bool,
        kernel: &str,
        prefix: String,
    ) -> Result<Self> {
        let (from, key) = split_s3_uri(uri).map_err(|problem| {
            Error::Invalid(format!(
                "input_uri: {problem} (or be a path of your own, where nbjobs-jupyter runs)"
            ))
        })?;
        let (folder, notebook) = key.rsplit_once('/').unwrap_or(("", key));
        check_notebook(app, from, key, kernel).await?;
        let keys = match with_folder {
            true => objects::keys_under(app, from, folder, FILES_MAX).await?,
            false => vec![key.to_owned()],
        };
        let bucket = naming::default_bucket(&app.scope);
        let snapshot = Self {
            notebook: notebook.to_owned(),
            uri: format!("s3://{bucket}/{prefix}"),
            bucket,
            prefix,
        };
        match snapshot.copy(app, from, folder, &keys).await {
            Ok(()) => Ok(snapshot),
            Err(error) => {
                snapshot.drop_copies(app).await;
                Err(error)
            }
        }
    }

    async fn copy(&self, app: &App, from: &str, folder: &str, keys: &[String]) -> Result<()> {
        for key in keys {
            let below = key.strip_prefix(folder).unwrap_or(key);
            let to = format!("{}/{}", self.prefix, below.trim_start_matches('/'));
            let source = app.objects.get(from, key).await?;
            let (to, now) = ((self.bucket.as_str(), to.as_str()), app.clock.now());
            app.objects
                .copy(&source, to, None, Condition::Always, now)
                .await?;
        }
        Ok(())
    }

    /// Drops the copies of what is not made after all. What cannot be dropped is litter, and the first error counts.
    pub(super) async fn drop_copies(&self, app: &App) {
        if let Err(error) = delete_under(app, &self.bucket, &self.prefix).await {
            tracing::warn!(error = %error.into_cause(), prefix = self.prefix, "copies of an input stay behind");
        }
    }
}

/// Refuses what is no notebook, or one that nothing could run.
async fn check_notebook(app: &App, bucket: &str, key: &str, kernel: &str) -> Result<()> {
    let shown = key.rsplit('/').next().unwrap_or(key);
    let bytes = app
        .objects
        .get(bucket, key)
        .await?
        .bytes(NOTEBOOK_BYTES_MAX)
        .await?;
    let parsed = tokio::task::spawn_blocking(move || {
        Notebook::from_slice(&bytes).map(|notebook| notebook.kernel_name().map(str::to_owned))
    });
    let parsed = parsed.await.map_err(anyhow::Error::from)?;
    match parsed {
        Ok(None) if kernel.is_empty() => Err(Error::Invalid(format!(
            "There is no kernel associated with the notebook {shown}. Open it, select a kernel and save it, or choose an environment"
        ))),
        Ok(_) => Ok(()),
        Err(error) => Err(Error::Invalid(format!(
            "{shown} is not a notebook: {error}"
        ))),
    }
}

async fn delete_under(app: &App, bucket: &str, prefix: &str) -> Result<()> {
    let keys = match objects::keys_under(app, bucket, prefix, FILES_MAX).await {
        Ok(keys) => keys,
        // There is nothing.
        Err(Error::Invalid(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    for key in keys {
        app.objects.delete(bucket, &key, Condition::Always).await?;
    }
    Ok(())
}
