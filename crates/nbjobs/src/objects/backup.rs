//! Copies a store's folder while another process works in it. Must not know what an object is for.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use super::check::Folder;
use super::disk;
use super::names::{self, Kind};
use super::record::Record;

/// How often an object is looked at again that is replaced while it is copied.
const LOOKS_MAX: u32 = 100;

/// What was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Objects, those that were there already not counted.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Folder {
    /// Copies every object into another folder, durably. What is there stays, and what is replaced here meanwhile is
    /// copied as it was or as it is, never half. Multipart uploads that are not complete are left out.
    pub fn copy_to(&self, to: &Folder) -> io::Result<Copied> {
        let mut copied = Copied::default();
        for folder in [to.layout.blobs(), to.layout.buckets()] {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)?;
        }
        for bucket in disk::names_in(&self.layout.buckets())?.unwrap_or_default() {
            let (from_bucket, to_bucket) = (self.layout.bucket(&bucket), to.layout.bucket(&bucket));
            fs::create_dir_all(to_bucket.join("uploads"))?;
            let settings = fs::copy(
                from_bucket.join("bucket.json"),
                to_bucket.join("bucket.json"),
            );
            match settings {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    fs::remove_dir_all(&to_bucket)?; // deleted meanwhile
                    continue;
                }
                settings => settings?,
            };
            let index = (self.layout.index(&bucket), to.layout.index(&bucket));
            self.copy_index(&index.0, &index.1, to, &mut copied)?;
        }
        nix::unistd::syncfs(File::open(to.layout.root())?)?;
        Ok(copied)
    }

    fn copy_index(
        &self,
        from: &Path,
        into: &Path,
        to: &Folder,
        copied: &mut Copied,
    ) -> io::Result<()> {
        fs::create_dir_all(into)?;
        for name in disk::names_in(from)?.unwrap_or_default() {
            match names::decode(&name) {
                Some((_, Kind::Record)) => {
                    self.copy_object(&from.join(&name), &into.join(&name), to, copied)?;
                }
                Some(_) => {
                    let below = into.join(&name);
                    self.copy_index(&from.join(&name), &below, to, copied)?;
                    let _ = fs::remove_dir(below); // when its objects were deleted meanwhile
                }
                None => {} // not ours
            }
        }
        Ok(())
    }

    fn copy_object(
        &self,
        from: &Path,
        into: &Path,
        to: &Folder,
        copied: &mut Copied,
    ) -> io::Result<()> {
        for _ in 0..LOOKS_MAX {
            let Some(record) = disk::read_json::<Record>(from)? else {
                return Ok(()); // deleted meanwhile
            };
            let before = disk::read_json::<Record>(into)?;
            if before
                .as_ref()
                .is_some_and(|before| before.blob == record.blob)
            {
                return Ok(());
            }
            match copy_blob(
                &self.layout.blob(&record.blob),
                &to.layout.blob(&record.blob),
            ) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    disk::remove(&to.layout.blob(&record.blob))?;
                    continue;
                }
                result => result?,
            }
            fs::write(into, serde_json::to_vec(&record)?)?;
            if let Some(before) = before {
                disk::remove(&to.layout.blob(&before.blob))?;
            }
            copied.objects += 1;
            copied.bytes += record.info.size;
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("the bytes of the object in {} are missing", from.display()),
        ))
    }
}

/// Copies a blob: a file, or a folder of parts.
fn copy_blob(from: &Path, to: &Path) -> io::Result<()> {
    if !fs::metadata(from)?.is_dir() {
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir_all(to)?;
    fs::set_permissions(to, Permissions::from_mode(0o700))?;
    for name in disk::names_in(from)?.ok_or(io::ErrorKind::NotFound)? {
        fs::copy(from.join(&name), to.join(&name))?;
    }
    Ok(())
}
