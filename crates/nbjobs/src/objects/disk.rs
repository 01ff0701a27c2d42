//! Where things are in the object store's folder, and how they get there so that a crash leaves the old or the new.
//! Blocking; must not know what an object means.
//!
//! ```text
//! lock                          held by the process that works here
//! buckets/<bucket>/bucket.json  the bucket
//! buckets/<bucket>/index/…@     one record per object, see names.rs
//! buckets/<bucket>/uploads/<id>/  a multipart upload: upload.json, <number>.json, <part id>
//! blobs/<id>                    an object's bytes: a file, or a folder of its parts 00000, 00001, …
//! notes/<id>                    whose the blob is that is just being put in place or taken away
//! staging/                      what is being written or removed; emptied at open
//! ```

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::names;

/// The paths of the store.
#[derive(Debug)]
pub(super) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    pub fn staging(&self) -> PathBuf {
        self.root.join("staging")
    }

    pub fn notes(&self) -> PathBuf {
        self.root.join("notes")
    }

    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    pub fn buckets(&self) -> PathBuf {
        self.root.join("buckets")
    }

    pub fn blob(&self, id: &str) -> PathBuf {
        self.blobs().join(id)
    }

    pub fn bucket(&self, bucket: &str) -> PathBuf {
        self.buckets().join(bucket)
    }

    pub fn index(&self, bucket: &str) -> PathBuf {
        self.bucket(bucket).join("index")
    }

    pub fn record(&self, bucket: &str, key: &str) -> PathBuf {
        self.index(bucket).join(names::record_path(key))
    }

    pub fn uploads(&self, bucket: &str) -> PathBuf {
        self.bucket(bucket).join("uploads")
    }

    /// A path in staging that nobody else has.
    pub fn new_staging(&self) -> PathBuf {
        self.staging().join(new_id())
    }
}

/// A new random id, usable as a file name.
pub(super) fn new_id() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes durable the name of a file in its folder.
pub(super) fn sync_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), sync_folder)
}

/// Creates the folders of a path below `root`, each durably.
pub(super) fn create_folders(root: &Path, folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let below = folder.strip_prefix(root).map_err(io::Error::other)?;
    let mut path = root.to_owned();
    for name in below {
        let parent = path.clone();
        path.push(name);
        match fs::create_dir(&path) {
            Ok(()) => sync_folder(&parent)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Removes the empty folders from `folder` up to, but without, `root`.
pub(super) fn remove_empty_folders(root: &Path, folder: &Path) {
    let mut next = Some(folder);
    while let Some(folder) = next.filter(|folder| *folder != root && folder.starts_with(root)) {
        if fs::remove_dir(folder).is_err() {
            return; // not empty
        }
        next = folder.parent();
    }
}

/// Writes a new file durably, but for its name in the folder.
pub(super) fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(path); // the first error is the one to tell
    }
    written
}

/// Writes a value as JSON so that a reader sees the old file or the new one, whatever happens. Goes through staging.
pub(super) fn replace_json<T: Serialize>(
    layout: &Layout,
    path: &Path,
    value: &T,
) -> io::Result<()> {
    #[cfg(test)]
    crate::faults::at(path, crate::faults::When::Before)?;
    let staged = layout.new_staging();
    write_file(&staged, &serde_json::to_vec(value)?)?;
    let placed = fs::rename(&staged, path).and_then(|()| sync_parent(path));
    #[cfg(test)]
    crate::faults::at(path, crate::faults::When::After)?;
    if placed.is_err() {
        let _ = fs::remove_file(&staged);
    }
    placed
}

/// Reads a JSON file, or none when it isn't there.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{} is damaged: {error}", path.display()),
            )
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Gives the same bytes a second name; copies them where the file system has no links or no more for this file.
pub(super) fn link_or_copy(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            fs::copy(from, to)?;
            File::open(to)?.sync_all()
        }
        result => result,
    }
}

/// Removes a file or a folder with all that is in it. Nothing there is fine.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// The names in a folder that are UTF-8; ours all are. None when the folder isn't there.
pub(super) fn names_in(folder: &Path) -> io::Result<Option<Vec<String>>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().into_string());
    }
    Ok(Some(names))
}
