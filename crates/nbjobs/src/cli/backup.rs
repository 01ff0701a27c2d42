//! `nbjobs backup`: a copy of a data folder, whether its service runs or not, that is a data folder itself.

use super::DataDir;
use super::report::Usage;
use crate::model::job::{JobStatus, split_s3_uri};
use crate::objects::backup::Copied;
use crate::objects::check::Folder;
use crate::store::{self, Store};
use anyhow::{Context, bail};
use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// In a data folder that is a backup, until a service has started on it.
pub(super) const MARK: &str = "backup";

/// How often the rows are copied again because outputs that they name were deleted meanwhile.
const ROUNDS_MAX: usize = 5;

/// Options of `nbjobs backup`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    data_dir: DataDir,
    /// Where the copy goes: a folder that is not there yet
    #[arg(value_name = "DIR")]
    target: PathBuf,
}

/// Makes the copy. It is there as a whole or not at all.
pub(super) fn main(args: &Args) -> anyhow::Result<()> {
    let data_dir = args.data_dir.path();
    let database = data_dir.join(store::FILE);
    if !database.is_file() {
        bail!(
            "{} is no data folder: it has no {}; name another with --data-dir",
            data_dir.display(),
            store::FILE
        );
    }
    let target = &args.target;
    if target.exists() {
        let problem = format!("{} is there already; name a new folder", target.display());
        return Err(Usage::new(problem).into());
    }
    let mut partial = target.clone().into_os_string();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    DirBuilder::new()
        .mode(0o700)
        .create(&partial)
        .with_context(|| format!("cannot make {}", partial.display()))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let copied = runtime.block_on(copy(&data_dir, &partial));
    let (copied, missing) = match copied {
        Ok(copied) => copied,
        Err(error) => {
            let _ = fs::remove_dir_all(&partial); // the first error is the one to tell
            return Err(error);
        }
    };
    fs::rename(&partial, target)?;
    let parent = target
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
    for job in &missing {
        eprintln!(
            "nbjobs: the output of job {job} is not in the service either: deleted by somebody, or lost"
        );
    }
    println!(
        "{} objects of {} bytes and the database are in {}; to restore it: nbjobs serve --data-dir {2}",
        copied.objects,
        copied.bytes,
        target.display()
    );
    Ok(())
}

/// Copies objects, then rows, then what objects have come meanwhile: so each row's objects are there. One that was
/// deleted in between was deleted with its row, unless somebody deleted it by hand: then the rows of a later moment say
/// so. Answers the jobs whose outputs are nowhere.
async fn copy(data_dir: &Path, target: &Path) -> anyhow::Result<(Copied, BTreeSet<String>)> {
    let store = Store::open_existing(&data_dir.join(store::FILE)).await?;
    let from = Folder::new(&data_dir.join("objects"));
    let to = Folder::new(&target.join("objects"));
    let rows = target.join(store::FILE);
    let mut copied = from.copy_to(&to)?;
    let mut missing = BTreeSet::new();
    for _ in 0..ROUNDS_MAX {
        store.copy_to(&rows).await?;
        let more = from.copy_to(&to)?;
        copied.objects += more.objects;
        copied.bytes += more.bytes;
        let now_missing = without_output(&rows, &to).await?;
        let as_before = now_missing == missing;
        missing = now_missing;
        if as_before {
            break;
        }
    }
    store.close().await;
    File::create_new(target.join(MARK))?.sync_all()?;
    File::open(target)?.sync_all()?;
    Ok((copied, missing))
}

/// The completed jobs whose output is not in the copy.
async fn without_output(rows: &Path, objects: &Folder) -> anyhow::Result<BTreeSet<String>> {
    let store = Store::open_existing(rows).await?;
    let mut missing = BTreeSet::new();
    let mut after = String::new();
    loop {
        let page = store.jobs_to_check(&after).await?;
        let Some((last, _)) = page.last() else {
            break;
        };
        after.clone_from(last);
        for (name, job) in page {
            let job = job.with_context(|| format!("the row of job {name}"))?;
            let uri = job.artifact_uri();
            let (bucket, key) = split_s3_uri(&uri).map_err(anyhow::Error::msg)?;
            if job.status == JobStatus::Completed && objects.open(bucket, key)?.is_none() {
                missing.insert(name);
            }
        }
    }
    store.close().await;
    Ok(missing)
}
