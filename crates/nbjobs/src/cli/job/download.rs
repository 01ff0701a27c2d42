//! `nbjobs job download`: a job's `output.tar.gz` from S3, unpacked.

use super::{describe, unpack, wait};
use crate::cli::client::Client;
use crate::model::job::split_s3_uri;
use anyhow::Context;
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};

pub(super) fn run(
    client: &Client,
    name: &str,
    folder: Option<PathBuf>,
    overwrite: bool,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let job = describe(client, name)?;
    anyhow::ensure!(
        wait::has_ended(&job),
        "the job {name} is {}; its output is there when it has ended",
        job["TrainingJobStatus"].as_str().unwrap_or_default()
    );
    let uri = artifact_uri(&job);
    let (bucket, key) = split_s3_uri(&uri).map_err(anyhow::Error::msg)?;
    let artifact = client.get_object(bucket, key)?;
    let folder = folder.unwrap_or_else(|| Path::new(name).to_owned());
    let files = unpack::unpack(artifact, &folder, overwrite, unpack::LIMITS)
        .with_context(|| format!("cannot unpack {uri}"))?;
    for file in files {
        writeln!(out, "{}", file.display())?;
    }
    Ok(())
}

/// Where a described job's output is: as SageMaker says it, else where SageMaker puts it.
pub(super) fn artifact_uri(job: &Value) -> String {
    let said = job["ModelArtifacts"]["S3ModelArtifacts"].as_str();
    if let Some(uri) = said.filter(|uri| !uri.is_empty()) {
        return uri.to_owned();
    }
    let path = job["OutputDataConfig"]["S3OutputPath"]
        .as_str()
        .unwrap_or_default();
    crate::model::job::artifact_uri(path, job["TrainingJobName"].as_str().unwrap_or_default())
}
