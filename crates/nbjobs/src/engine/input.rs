//! Fills a run's folder: its channels from the buckets, its parameters and its environment.

use crate::app::{App, Error, objects};
use crate::model::arn::Resource;
use crate::model::job::{Channel, HEADLESS_CHANNEL_PREFIX, Job, split_s3_uri};
use crate::rundir::{Order, RunDir};
use anyhow::Context;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio_util::io::StreamReader;

/// Objects of one channel.
const CHANNEL_OBJECTS_MAX: usize = 100_000;

/// Prepares the folder in this `boot` of the machine and hands it over. The inner error is the caller's: what is missing or cannot be a file.
pub(super) async fn fill(
    app: &App,
    job: &Job,
    run: &RunDir,
    boot: u64,
) -> anyhow::Result<Result<(), String>> {
    run.create()?;
    for channel in &job.spec.input_data_config {
        if let Err(problem) = download(app, channel, run).await? {
            return Ok(Err(problem));
        }
    }
    let parameters = serde_json::to_vec(&job.spec.hyper_parameters)?;
    std::fs::write(run.hyperparameters(), parameters)?;
    run.hand_over(&order(app, job, run, boot))?;
    Ok(Ok(()))
}

fn order(app: &App, job: &Job, run: &RunDir, boot: u64) -> Order {
    let channel = notebook_channel(job);
    let arn = app
        .scope
        .arn(Resource::TrainingJob(job.name.clone()))
        .to_string();
    let mut environment: BTreeMap<String, String> = job.spec.environment.clone();
    environment.extend([
        ("TRAINING_JOB_NAME".to_owned(), job.name.clone()),
        ("TRAINING_JOB_ARN".to_owned(), arn),
        ("AWS_REGION".to_owned(), app.scope.region.clone()),
        // The path in the request is a container's; here the folder has its own.
        (
            "SM_EXECUTION_INPUT_PATH".to_owned(),
            run.channel(&channel).display().to_string(),
        ),
    ]);
    Order {
        job: job.name.clone(),
        environment,
        notebook_channel: channel,
        is_network_isolated: job.spec.enable_network_isolation,
        boot,
    }
}

/// The channel that `SM_EXECUTION_INPUT_PATH` names, else the first with a headless driver's name.
fn notebook_channel(job: &Job) -> String {
    let channels = &job.spec.input_data_config;
    let named = job
        .spec
        .environment
        .get("SM_EXECUTION_INPUT_PATH")
        .and_then(|path| path.rsplit('/').next())
        .and_then(|name| channels.iter().find(|channel| channel.channel_name == name));
    named
        .or_else(|| {
            channels
                .iter()
                .find(|channel| channel.channel_name.starts_with(HEADLESS_CHANNEL_PREFIX))
        })
        .map(|channel| channel.channel_name.clone())
        .unwrap_or_default()
}

/// Downloads what lies under the channel's S3 prefix. Like a folder's name the prefix ends at a slash:
/// `…/input` does not reach `…/input2/x`.
async fn download(
    app: &App,
    channel: &Channel,
    run: &RunDir,
) -> anyhow::Result<Result<(), String>> {
    let uri = &channel.data_source.s3_data_source.s3_uri;
    let name = &channel.channel_name;
    let (bucket, prefix) = split_s3_uri(uri).map_err(anyhow::Error::msg)?;
    std::fs::create_dir_all(run.channel(name))?;
    let keys = match objects::keys_under(app, bucket, prefix, CHANNEL_OBJECTS_MAX).await {
        Ok(keys) => keys,
        Err(Error::Invalid(problem) | Error::NotFound(problem) | Error::Limit(problem)) => {
            return Ok(Err(problem));
        }
        Err(error) => return Err(error.into()),
    };
    for key in keys {
        let relative = relative(&key, prefix);
        let file = match run.channel_file(name, relative) {
            Ok(file) => file,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let object = match app.objects.get(bucket, &key).await {
            Ok(object) => object,
            Err(error) => return Ok(Err(format!("s3://{bucket}/{key} cannot be read: {error}"))),
        };
        let mut bytes = StreamReader::new(object.stream(0..object.info.size));
        let mut file = match create(&file).await {
            Ok(file) => file,
            Err(error) if is_about_the_name(&error) => {
                return Ok(Err(format!(
                    "s3://{bucket}/{key} cannot be a file beside the other objects: {error}"
                )));
            }
            Err(error) => {
                return Err(error).with_context(|| format!("cannot make {}", file.display()));
            }
        };
        tokio::io::copy(&mut bytes, &mut file)
            .await
            .with_context(|| format!("cannot download s3://{bucket}/{key}"))?;
        file.flush().await?;
    }
    Ok(Ok(()))
}

/// Makes an empty file and the folders that it is in.
async fn create(path: &Path) -> io::Result<File> {
    if let Some(dir) = path.parent() {
        tokio::fs::create_dir_all(dir).await?;
    }
    File::create(path).await
}

/// Whether a file cannot be made for its name: it is too long, or another object is a folder or a file of that name.
fn is_about_the_name(error: &io::Error) -> bool {
    use io::ErrorKind::{AlreadyExists, InvalidFilename, IsADirectory, NotADirectory};
    matches!(
        error.kind(),
        AlreadyExists | InvalidFilename | IsADirectory | NotADirectory
    )
}

/// An object's name below its channel: what follows the prefix and its slash, or the last part of a key that
/// is the prefix itself.
fn relative<'a>(key: &'a str, prefix: &str) -> &'a str {
    match key
        .strip_prefix(prefix)
        .map(|rest| rest.trim_start_matches('/'))
    {
        Some(rest) if !rest.is_empty() => rest,
        _ => key.rsplit('/').next().unwrap_or(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_below_a_channel() {
        for (key, prefix, want) in [
            ("j/input/a.ipynb", "j/input", "a.ipynb"),
            ("j/input/d/b", "j/input/", "d/b"),
            ("j/a.ipynb", "j/a.ipynb", "a.ipynb"),
            ("a.ipynb", "", "a.ipynb"),
        ] {
            assert_eq!(relative(key, prefix), want);
        }
    }
}
