//! A run's output becomes `output.tar.gz`.

use crate::app::App;
use crate::model::job::{Job, split_s3_uri};
use crate::objects::{self, record::Metadata};
use crate::rundir::{LOG_NAME, RunDir};
use anyhow::Context;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use tokio_util::io::ReaderStream;

/// Packs `output/data` with the log and puts it where the job asked for. When this returns `Ok(Ok(()))` the
/// object is durable. The inner error is the caller's: its bucket is gone.
pub(super) async fn store(
    app: &App,
    job: &Job,
    run: &RunDir,
) -> anyhow::Result<Result<(), String>> {
    let is_empty =
        fs::read_dir(run.output_data()).map_or(true, |mut entries| entries.next().is_none());
    if is_empty && !run.log().exists() {
        return Ok(Err("the run left no output".into()));
    }
    let packed = {
        let run = run.clone();
        tokio::task::spawn_blocking(move || pack(&run)).await??
    };
    let uri = job.artifact_uri();
    let (bucket, key) = split_s3_uri(&uri).map_err(anyhow::Error::msg)?;
    let metadata = Metadata {
        content_type: Some("application/x-gzip".into()),
        ..Metadata::default()
    };
    let bytes = ReaderStream::new(tokio::fs::File::open(&packed).await?);
    match app
        .objects
        .put(bucket, key, bytes, metadata, app.clock.now())
        .await
    {
        Ok(_) => Ok(Ok(())),
        Err(
            error @ (objects::error::Error::NoSuchBucket(_)
            | objects::error::Error::InvalidKeyLength(_)),
        ) => Ok(Err(format!(
            "the output cannot be stored at {uri}: {error}"
        ))),
        Err(error) => Err(error).with_context(|| format!("cannot store {uri}")),
    }
}

/// Writes the archive beside the output. Only folders and regular files go in: no link leads out of the run.
fn pack(run: &RunDir) -> anyhow::Result<PathBuf> {
    let data = run.output_data();
    let log = data.join(LOG_NAME);
    if run.log().exists() && !log.exists() {
        fs::copy(run.log(), &log).context("cannot add the log to the output")?;
    }
    let path = run.path().join("output.tar.gz");
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut archive = tar::Builder::new(GzEncoder::new(file, Compression::default()));
    archive.follow_symlinks(false);
    append(&mut archive, &data, Path::new(""))?;
    archive.into_inner()?.finish()?.sync_all()?;
    Ok(path)
}

fn append(archive: &mut tar::Builder<impl Write>, from: &Path, to: &Path) -> anyhow::Result<()> {
    let mut entries = fs::read_dir(from)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type()?;
        let name = to.join(entry.file_name());
        if kind.is_dir() {
            archive.append_dir(&name, entry.path())?;
            append(archive, &entry.path(), &name)?;
        } else if kind.is_file() {
            archive.append_file(&name, &mut File::open(entry.path())?)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;

    #[test]
    fn links_stay_out_of_the_archive() {
        let dir = tempfile::tempdir().expect("a folder");
        let run = RunDir::new(dir.path().join("r"));
        run.create().expect("an empty run");
        fs::write(run.output_data().join("a.ipynb"), "{}").expect("a file");
        fs::create_dir(run.output_data().join("d")).expect("a folder");
        fs::write(run.output_data().join("d/b"), "b").expect("a file");
        fs::write(run.log(), "line\n").expect("a log");
        std::os::unix::fs::symlink("/etc/passwd", run.output_data().join("link")).expect("a link");
        let packed = pack(&run).expect("an archive");
        let mut archive =
            tar::Archive::new(GzDecoder::new(File::open(packed).expect("the archive")));
        let names: Vec<String> = archive
            .entries()
            .expect("entries")
            .map(|e| {
                e.expect("an entry")
                    .path()
                    .expect("a path")
                    .display()
                    .to_string()
            })
            .collect();
        assert_eq!(names, ["a.ipynb", "d", "d/b", LOG_NAME]);
    }
}
