//! Replacing a file as a whole. Knows no notebooks.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// The mode of a new file, before the process's umask.
const NEW_FILE_MODE: u32 = 0o666;
/// How much is gathered before the system is called.
const BUFFER_BYTES: usize = 128 * 1024;

/// Content that is written, but neither durable nor in its place yet. Dropping it leaves the old file.
pub(crate) enum Staged {
    /// A temporary file beside its place.
    File {
        temporary: NamedTempFile,
        folder: PathBuf,
        target: PathBuf,
    },
    /// A device or pipe has it already.
    Written,
}

/// What is done about a link, a device or a pipe that stands in a file's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Special {
    /// It is the user's: a link is followed, a device or pipe is written to as it is.
    Follow,
    /// It may be a stranger's: the file takes its place.
    Replace,
}

/// Puts bytes at `path`: a reader finds the old content or the new, never a part, also after a crash. An existing file
/// keeps its mode.
pub(crate) fn replace(
    path: &Path,
    special: Special,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    stage(path, special, write)?.commit()
}

/// The first half of [`replace`]: writes the content beside its place.
pub(crate) fn stage(
    path: &Path,
    special: Special,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<Staged> {
    let (target, found) = match special {
        Special::Follow => {
            let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
            let found = fs::metadata(&target);
            (target, found)
        }
        Special::Replace => (path.to_owned(), fs::symlink_metadata(path)),
    };
    let existing = match found {
        Ok(metadata) if metadata.is_file() => Some(metadata.permissions()),
        Ok(metadata) if metadata.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(_) if special == Special::Follow => {
            buffered(File::options().write(true).open(&target)?, write)?;
            return Ok(Staged::Written);
        }
        _ => None,
    };
    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut temporary = tempfile::Builder::new()
        .prefix(".nbjobs-")
        .suffix(".tmp")
        .permissions(Permissions::from_mode(NEW_FILE_MODE))
        .tempfile_in(&folder)?;
    buffered(temporary.as_file_mut(), write)?;
    if let Some(permissions) = existing {
        temporary.as_file().set_permissions(permissions)?;
    }
    Ok(Staged::File {
        temporary,
        folder,
        target,
    })
}

fn buffered(
    file: impl Write,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut writer = BufWriter::with_capacity(BUFFER_BYTES, file);
    write(&mut writer)?;
    writer.flush()
}

impl Staged {
    /// How many bytes wait to be put in their place.
    pub fn len(&self) -> u64 {
        match self {
            Self::File { temporary, .. } => {
                let metadata = temporary.as_file().metadata();
                metadata.map_or(0, |metadata| metadata.len())
            }
            Self::Written => 0,
        }
    }

    /// The second half of [`replace`]: makes the content durable, then puts it in its place.
    pub fn commit(self) -> io::Result<()> {
        let Self::File {
            temporary,
            folder,
            target,
        } = self
        else {
            return Ok(());
        };
        temporary.as_file().sync_all()?;
        temporary.persist(&target)?;
        File::open(&folder)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_link_or_pipe_is_replaced_and_a_users_link_followed() {
        let dir = tempfile::tempdir().expect("a folder");
        let (link, target) = (dir.path().join("link"), dir.path().join("target"));
        let pipe = dir.path().join("pipe");
        fs::write(&target, "before").expect("a file");
        std::os::unix::fs::symlink(&target, &link).expect("a link");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        let put = |path: &Path, special| {
            replace(path, special, |writer| writer.write_all(b"after")).expect("a write");
        };
        put(&link, Special::Replace);
        put(&pipe, Special::Replace);
        assert_eq!(fs::read_to_string(&target).expect("a file"), "before");
        for path in [&link, &pipe] {
            assert!(fs::symlink_metadata(path).expect("a file").is_file());
            assert_eq!(fs::read_to_string(path).expect("a file"), "after");
        }
        fs::remove_file(&link).expect("no link");
        std::os::unix::fs::symlink(&target, &link).expect("a link");
        put(&link, Special::Follow);
        assert_eq!(fs::read_to_string(&target).expect("a file"), "after");
    }
}
