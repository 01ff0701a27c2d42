//! Unpacks an archive that somebody else made: regular files only, inside the folder only, of bounded size, and all or
//! nothing.

use anyhow::Context;
use flate2::read::GzDecoder;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use tar::{Archive, EntryType};

/// What one archive may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Files.
    files: usize,
    /// Bytes of all files together, unpacked.
    bytes: u64,
}

/// What a job's output may hold: 10,000 files, 64 GiB.
pub(super) const LIMITS: Limits = Limits {
    files: 10_000,
    bytes: 64 << 30,
};
/// The most bytes between two files: headers with long names. The tar crate reads them into memory.
const HEADER_BYTES_MAX: u64 = 1 << 20;

/// Unpacks a gzipped tar into `folder`, which is made if it is missing. Answers the files' paths. A file that is there
/// already is an error unless `overwrite`. On an error the folder is as it was.
pub(super) fn unpack(
    archive: impl Read,
    folder: &Path,
    overwrite: bool,
    limits: Limits,
) -> anyhow::Result<Vec<PathBuf>> {
    let is_new = !folder.exists();
    let cannot_write = || format!("cannot write to the folder {}", folder.display());
    fs::create_dir_all(folder).with_context(cannot_write)?;
    let result = unpack_in(archive, folder, overwrite, limits);
    if result.is_err() && is_new {
        // Fails if somebody else put something there, which is then right.
        let _ = fs::remove_dir(folder);
    }
    result
}

fn unpack_in(
    archive: impl Read,
    folder: &Path,
    overwrite: bool,
    limits: Limits,
) -> anyhow::Result<Vec<PathBuf>> {
    // In the folder, so that the files can be moved into place.
    let staging = tempfile::Builder::new()
        .prefix(".download-")
        .tempdir_in(folder)
        .with_context(|| format!("cannot write to the folder {}", folder.display()))?;
    let names = extract(archive, staging.path(), limits)?;
    if !overwrite {
        for name in &names {
            let place = folder.join(name);
            let taken = place.symlink_metadata().is_ok();
            anyhow::ensure!(
                !taken,
                "{} is there already; name another folder or use --overwrite",
                place.display()
            );
        }
    }
    let mut files = Vec::with_capacity(names.len());
    for name in names {
        let place = folder.join(&name);
        let moved = || format!("cannot write {}", place.display());
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent).with_context(moved)?;
        }
        fs::rename(staging.path().join(&name), &place).with_context(moved)?;
        files.push(place);
    }
    Ok(files)
}

/// Writes the archive's files below `folder` and answers their paths relative to it.
fn extract(archive: impl Read, folder: &Path, limits: Limits) -> anyhow::Result<BTreeSet<PathBuf>> {
    let allowance = Cell::new(HEADER_BYTES_MAX);
    let mut archive = Archive::new(Limited {
        inner: GzDecoder::new(archive),
        allowance: &allowance,
    });
    let mut names = BTreeSet::new();
    let mut bytes_left = limits.bytes;
    for entry in archive.entries().context("it is not a tar archive")? {
        let mut entry = entry.context("it is not a whole tar archive")?;
        let shown = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if entry.header().entry_type() == EntryType::Directory {
            continue;
        }
        anyhow::ensure!(
            entry.header().entry_type() == EntryType::Regular,
            "'{shown}' in it is neither a regular file nor a folder"
        );
        let name = relative(&entry.path_bytes())
            .with_context(|| format!("'{shown}' in it is no path inside a folder"))?;
        bytes_left = bytes_left
            .checked_sub(entry.size())
            .with_context(|| format!("its files have more than {} bytes", limits.bytes))?;
        allowance.set(entry.size().saturating_add(HEADER_BYTES_MAX));
        let place = folder.join(&name);
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent).with_context(|| format!("cannot write '{shown}'"))?;
        }
        let mut file = File::create_new(&place)
            .with_context(|| format!("cannot write '{shown}', or it is in it twice"))?;
        let written =
            io::copy(&mut entry, &mut file).with_context(|| format!("cannot unpack '{shown}'"))?;
        anyhow::ensure!(
            written == entry.size(),
            "it ends in the middle of '{shown}'"
        );
        allowance.set(HEADER_BYTES_MAX);
        names.insert(name);
        anyhow::ensure!(
            names.len() <= limits.files,
            "it has more than {} files",
            limits.files
        );
    }
    Ok(names)
}

/// The path of an entry if it leads nowhere but down.
fn relative(bytes: &[u8]) -> Option<PathBuf> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut path = PathBuf::new();
    for component in Path::new(text).components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    let is_file = !path.as_os_str().is_empty() && !text.contains('\0');
    is_file.then_some(path)
}

/// A reader that gives no more than it is allowed to.
struct Limited<'a, R> {
    inner: R,
    allowance: &'a Cell<u64>,
}

impl<R: Read> Read for Limited<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.allowance.get();
        if left == 0 && !buffer.is_empty() {
            return Err(io::Error::other(format!(
                "a header of more than {HEADER_BYTES_MAX} bytes"
            )));
        }
        let len = buffer
            .len()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        let read = self.inner.read(&mut buffer[..len])?;
        self.allowance.set(left - read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
