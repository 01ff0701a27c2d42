//! Keeps others out of a data folder: one service has one data folder.

use crate::clock::Clock;
use anyhow::Context;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Another process has the folder.
#[derive(Debug, thiserror::Error)]
#[error(
    "the data folder {} is held by another nbjobs, {holder}; stop it first, or name another folder with --data-dir",
    data_dir.display()
)]
pub(super) struct Held {
    data_dir: PathBuf,
    /// What it left in the lock's file.
    holder: String,
}

/// Makes the folder and keeps others out of it, as long as the answer lives. The error is [`Held`] if another process
/// has it.
pub(super) fn take(data_dir: &Path) -> anyhow::Result<Flock<File>> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data_dir)
        .with_context(|| format!("cannot make the data folder {}", data_dir.display()))?;
    let path = data_dir.join("lock");
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    let mut lock = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => lock,
        Err((_, Errno::EWOULDBLOCK)) => {
            let holder = fs::read_to_string(&path).unwrap_or_default();
            return Err(Held {
                data_dir: data_dir.to_owned(),
                holder: holder.trim().to_owned(),
            }
            .into());
        }
        Err((_, error)) => return Err(error).context("cannot lock the data folder"),
    };
    lock.set_len(0)?;
    let (process, now) = (std::process::id(), Clock::machine_now());
    writeln!(lock, "process {process}, since {now:.0}")?;
    Ok(lock)
}
