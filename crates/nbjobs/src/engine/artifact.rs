//! A run's output becomes `output.tar.gz`.

use crate::app::App;
use crate::model::job::{Job, split_s3_uri};
use crate::objects::{self, record::Metadata};
use crate::rundir::{self, LOG_NAME, RunDir};
use anyhow::Context;
use flate2::Compression;
use flate2::write::GzEncoder;
use nix::errno::Errno;
use std::fs::{self, DirEntry, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use tokio_util::io::ReaderStream;

/// The most bytes of a run's output, before they are packed: what S3 takes in one upload.
const OUTPUT_BYTES_MAX: u64 = 5 << 30;

/// Packs `output/data` with the log and puts it where the job asked for. When this returns `Ok(Ok(()))` the
/// object is durable. The inner error is the caller's, and final: its bucket is gone, its output can't be read.
pub(super) async fn store(
    app: &App,
    job: &Job,
    run: &RunDir,
) -> anyhow::Result<Result<(), String>> {
    let packed = {
        let run = run.clone();
        match tokio::task::spawn_blocking(move || pack(&run)).await? {
            Ok(packed) => packed,
            Err(PackError::Output(problem)) => return Ok(Err(problem)),
            Err(PackError::Server(error)) => return Err(error),
        }
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
            | objects::error::Error::InvalidBucketName(_)
            | objects::error::Error::InvalidKeyLength(_)),
        ) => Ok(Err(format!(
            "the output cannot be stored at {uri}: {error}"
        ))),
        Err(error) => Err(error).with_context(|| format!("cannot store {uri}")),
    }
}

/// Why an output was not packed.
#[derive(Debug)]
enum PackError {
    /// For what the run left, which stays as it is.
    Output(String),
    /// For a fault of ours, which may pass.
    Server(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for PackError {
    fn from(error: E) -> Self {
        Self::Server(error.into())
    }
}

impl PackError {
    fn reading(path: &Path, error: io::Error) -> Self {
        let name = path.display();
        match Errno::try_from(error) {
            Ok(errno @ (Errno::EMFILE | Errno::ENFILE)) => {
                anyhow::anyhow!("cannot open {name}: {errno}").into()
            }
            Ok(errno) => Self::Output(format!("the output {name} cannot be read: {errno}")),
            Err(error) => Self::Output(format!("the output {name} cannot be read: {error}")),
        }
    }
}

/// Writes the archive beside the output. Only folders and regular files go in: no link leads out of the run. The log
/// takes the place of whatever the run left under its name.
fn pack(run: &RunDir) -> Result<PathBuf, PackError> {
    let data = run.output_data();
    let has_data = is_folder(&run.path().join("output"))? && is_folder(&data)?;
    let log = rundir::open_regular(&run.log()).ok();
    if log.is_none() && (!has_data || read_dir(&data)?.is_empty()) {
        return Err(PackError::Output("the run left no output".into()));
    }
    let path = run.path().join("output.tar.gz");
    // A file of its own: a server that was told to stop may still write to the one before.
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(PackError::reading(&path, error));
        }
        _ => {}
    }
    let file =
        File::create_new(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut archive = tar::Builder::new(GzEncoder::new(file, Compression::default()));
    let mut room = OUTPUT_BYTES_MAX;
    if has_data {
        append(&mut archive, &data, Path::new(""), &mut room)?;
    }
    if let Some(mut log) = log {
        take_room(&log, &mut room)?;
        archive.append_file(LOG_NAME, &mut log)?;
    }
    archive.into_inner()?.finish()?.sync_all()?;
    Ok(path)
}

/// Refuses a file that is larger than the room that is left, which may be a hole of a terabyte.
fn take_room(file: &File, room: &mut u64) -> Result<(), PackError> {
    *room = room.checked_sub(file.metadata()?.len()).ok_or_else(|| {
        PackError::Output(format!(
            "the output has more than {OUTPUT_BYTES_MAX} bytes; put large results into a bucket from the notebook"
        ))
    })?;
    Ok(())
}

fn append(
    archive: &mut tar::Builder<impl Write>,
    from: &Path,
    to: &Path,
    room: &mut u64,
) -> Result<(), PackError> {
    for entry in read_dir(from)? {
        let (path, name) = (entry.path(), to.join(entry.file_name()));
        let kind = entry
            .file_type()
            .map_err(|error| PackError::reading(&path, error))?;
        if name == Path::new(LOG_NAME) {
            continue;
        }
        if kind.is_dir() {
            archive.append_dir(&name, &path)?;
            append(archive, &path, &name, room)?;
        } else if kind.is_file() {
            let mut file =
                rundir::open_regular(&path).map_err(|error| PackError::reading(&path, error))?;
            take_room(&file, room)?;
            archive.append_file(&name, &mut file)?;
        }
    }
    Ok(())
}

/// What is in a folder, by name.
fn read_dir(path: &Path) -> Result<Vec<DirEntry>, PackError> {
    let mut entries = fs::read_dir(path)
        .and_then(Iterator::collect::<io::Result<Vec<_>>>)
        .map_err(|error| PackError::reading(path, error))?;
    entries.sort_by_key(DirEntry::file_name);
    Ok(entries)
}

/// Whether the run left the folder there; another thing in its place is an error.
fn is_folder(path: &Path) -> Result<bool, PackError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(true),
        Ok(_) => Err(PackError::reading(path, Errno::ENOTDIR.into())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(PackError::reading(path, error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;

    #[test]
    fn what_a_run_left_instead_of_its_output_is_its_failure() {
        let dir = tempfile::tempdir().expect("a folder");
        let run = RunDir::new(dir.path().join("r"));
        run.create().expect("an empty run");
        fs::write(run.log(), "line\n").expect("a log");
        fs::remove_dir_all(run.output_data()).expect("no output");
        pack(&run).expect("the log is packed");
        for output in [run.output_data(), run.path().join("output")] {
            let _ = fs::remove_dir_all(&output);
            std::os::unix::fs::symlink("/etc", &output).expect("a link");
            let error = pack(&run).expect_err("a link is no output");
            assert!(matches!(error, PackError::Output(_)), "{error:?}");
            fs::remove_file(&output).expect("no link");
        }
    }

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
