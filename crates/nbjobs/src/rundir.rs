//! The folder that the server hands to a driver and takes back, shaped like SageMaker's `/opt/ml`:
//!
//! ```text
//! input/config/hyperparameters.json   the notebook's parameters, strings
//! input/data/<channel>/…              the objects of each input channel
//! output/data/…                       what becomes output.tar.gz
//! output/failure                      why the run failed, written by the driver
//! job.json                            the job as the driver needs it ([`Order`])
//! driver.json                         which process claimed the folder ([`Process`])
//! driver.log                          what the driver printed
//! progress.jsonl                      how the notebook goes on, told by the driver
//! exit.json                           how the driver ended ([`Exit`]); absent if it was killed
//! tmp/                                the run's TMPDIR
//! ```

use anyhow::{Context, bail};
use nix::fcntl::OFlag;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

/// The name of the log inside `output.tar.gz`; AWS's extension downloads it by this name.
pub const LOG_NAME: &str = "sagemaker_job_execution.log";

/// The most that is read of a file by which server and driver talk: more than the largest order, whose request has at
/// most 4 MiB.
const TOLD_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// The most that is read of a failure, in bytes: much more than a `FailureReason` shows.
const FAILURE_BYTES_MAX: u64 = 64 * 1024;

/// One run's folder. Cheap to clone; nothing is there until [`RunDir::create`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDir(PathBuf);

/// What the driver is to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The job's name, for the log.
    pub job: String,
    /// The environment of the job's scripts and kernel, SageMaker's variables among them.
    pub environment: BTreeMap<String, String>,
    /// The channel that holds the notebook.
    pub notebook_channel: String,
    /// Whether the run gets a network of its own, with nothing in it: `EnableNetworkIsolation`.
    #[serde(default)]
    pub is_network_isolated: bool,
    /// Which start of the machine the folder was filled in. Its files are not synced one by one, so after another one
    /// some may be missing.
    #[serde(default)]
    pub boot: u64,
}

/// A process that cannot be mistaken for a later one with the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// When it started, in clock ticks since the machine did.
    pub start_time: u64,
    /// Which start of the machine that was; 0 in what an earlier version wrote.
    #[serde(default)]
    pub boot: u64,
}

/// How the driver ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// 0 if the notebook ran to its end.
    pub code: i32,
}

impl RunDir {
    /// The folder at `path`.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Makes the empty folder, in place of whatever an interrupted preparation left.
    pub fn create(&self) -> anyhow::Result<()> {
        #[cfg(test)]
        crate::faults::at(&self.0, crate::faults::When::Before)?;
        self.remove()?;
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)
            .with_context(|| format!("cannot make {}", self.0.display()))?;
        for dir in [
            self.0.join("input/config"),
            self.0.join("input/data"),
            self.output_data(),
            self.tmp(),
        ] {
            fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        }
        // It is there from the beginning, so that it can be followed.
        write_whole(&self.progress(), b"")?;
        Ok(())
    }

    /// Deletes the folder; it may be gone already.
    pub fn remove(&self) -> anyhow::Result<()> {
        match fs::remove_dir_all(&self.0) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", self.0.display()))
            }
            _ => Ok(()),
        }
    }

    /// The folder of one input channel.
    pub fn channel(&self, name: &str) -> PathBuf {
        self.0.join("input/data").join(name)
    }

    /// The place of an object below a channel. Refuses names that are not plain relative paths.
    pub fn channel_file(&self, channel: &str, relative: &str) -> anyhow::Result<PathBuf> {
        let path = Path::new(relative);
        let plain = !relative.is_empty()
            && !relative.contains('\0')
            && !relative.ends_with('/')
            && path
                .components()
                .all(|part| matches!(part, Component::Normal(_)));
        if !plain {
            bail!("the object name '{relative}' cannot be a file in the channel {channel}");
        }
        Ok(self.channel(channel).join(path))
    }

    /// The notebook's parameters.
    pub fn hyperparameters(&self) -> PathBuf {
        self.0.join("input/config/hyperparameters.json")
    }

    /// What becomes `output.tar.gz`.
    pub fn output_data(&self) -> PathBuf {
        self.0.join("output/data")
    }

    /// Why the run failed.
    pub fn failure(&self) -> PathBuf {
        self.0.join("output/failure")
    }

    /// The text of [`RunDir::failure`], as far as a reason needs it; none if there is nothing to read.
    pub fn failure_text(&self) -> Option<String> {
        let mut bytes = Vec::new();
        open_regular(&self.failure())
            .and_then(|file| file.take(FAILURE_BYTES_MAX).read_to_end(&mut bytes))
            .ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// What the driver prints.
    pub fn log(&self) -> PathBuf {
        self.0.join("driver.log")
    }

    /// How the notebook goes on, a line of JSON for each thing that happens.
    pub fn progress(&self) -> PathBuf {
        self.0.join("progress.jsonl")
    }

    /// The run's own temporary folder.
    pub fn tmp(&self) -> PathBuf {
        self.0.join("tmp")
    }

    /// Completes the preparation: from here on the folder is the driver's.
    pub fn hand_over(&self, order: &Order) -> anyhow::Result<()> {
        write_whole(&self.0.join("job.json"), &serde_json::to_vec(order)?)
    }

    /// The order, if the preparation was completed.
    pub fn order(&self) -> anyhow::Result<Option<Order>> {
        read(&self.0.join("job.json"))
    }

    /// Claims the folder for a driver; `false` if another one was earlier.
    pub fn claim(&self, process: Process) -> anyhow::Result<bool> {
        let file = self.0.join("driver.json");
        let draft = self.0.join(format!("driver.json.{}", process.pid));
        write_whole(&draft, &serde_json::to_vec(&process)?)?;
        let claimed = fs::hard_link(&draft, &file);
        fs::remove_file(&draft)?;
        match claimed {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Who claimed the folder.
    pub fn driver(&self) -> anyhow::Result<Option<Process>> {
        read(&self.0.join("driver.json"))
    }

    /// Says how the driver ended; the last thing it does. The output is synced before, so that an end that survives a loss
    /// of power speaks of an output that does, too.
    pub fn write_exit(&self, exit: Exit) -> anyhow::Result<()> {
        sync_tree(&self.output_data());
        write_whole(&self.0.join("exit.json"), &serde_json::to_vec(&exit)?)
    }

    /// Notes that the run reached a time limit, so that a server that starts again knows why it ended.
    pub fn note_limit(&self, limit: TimeLimit) -> anyhow::Result<()> {
        write_whole(&self.0.join(limit.file()), b"")
    }

    /// The time limit that the run reached.
    pub fn reached_limit(&self) -> Option<TimeLimit> {
        let limits = [TimeLimit::Job, TimeLimit::Attempt];
        limits
            .into_iter()
            .find(|limit| self.0.join(limit.file()).is_file())
    }

    /// How the driver ended, if it could still say so.
    pub fn exit(&self) -> anyhow::Result<Option<Exit>> {
        read(&self.0.join("exit.json"))
    }
}

/// A time that a run may not exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeLimit {
    /// That of the job with all its attempts: `MaxRuntimeInSeconds`.
    Job,
    /// That of one attempt: the policy `nbjobs:attempt-timeout`.
    Attempt,
}

impl TimeLimit {
    fn file(self) -> &'static str {
        match self {
            Self::Job => "time_limit",
            Self::Attempt => "attempt_timeout",
        }
    }
}

/// Opens a file that the run's processes may have put another thing in place of: no link is followed, and no FIFO or
/// device holds the reader.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
        .open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(
            ErrorKind::InvalidInput,
            "it is not a regular file",
        ))
    }
}

/// Makes the files of a folder durable. What cannot be opened is the run's own doing; whoever packs it will say so.
fn sync_tree(root: &Path) {
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => {
                    let _ = open_regular(&entry.path()).and_then(|file| file.sync_all());
                }
                _ => {}
            }
        }
        let _ = File::open(&folder).and_then(|folder| folder.sync_all());
    }
}

/// Writes a file so that a reader sees all of it or none.
fn write_whole(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    #[cfg(test)]
    crate::faults::at(path, crate::faults::When::Before)?;
    // Added to the whole name: the drafts of two drivers that claim at the same time are two files.
    let mut draft = path.as_os_str().to_owned();
    draft.push(".draft");
    let draft = PathBuf::from(draft);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)
        .with_context(|| format!("cannot write {}", draft.display()))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    #[cfg(test)]
    crate::faults::at(path, crate::faults::When::After)?;
    Ok(())
}

fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Option<T>> {
    let mut bytes = Vec::new();
    match open_regular(path).and_then(|file| file.take(TOLD_BYTES_MAX).read_to_end(&mut bytes)) {
        Ok(_) => {
            Ok(Some(serde_json::from_slice(&bytes).with_context(|| {
                format!("cannot understand {}", path.display())
            })?))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_claimed_once() {
        let dir = tempfile::tempdir().expect("a folder");
        let run = RunDir::new(dir.path().join("r"));
        run.create().expect("an empty run");
        let process = |pid| Process {
            pid,
            start_time: 7,
            boot: 1,
        };
        assert!(run.claim(process(1)).expect("a claim"));
        assert!(!run.claim(process(2)).expect("a claim"));
        assert_eq!(run.driver().expect("a claim"), Some(process(1)));
    }

    #[test]
    fn of_drivers_that_claim_at_the_same_time_one_wins() {
        for _ in 0..50 {
            let dir = tempfile::tempdir().expect("a folder");
            let run = RunDir::new(dir.path().join("r"));
            run.create().expect("an empty run");
            let claim = |pid| {
                run.claim(Process {
                    pid,
                    start_time: 7,
                    boot: 1,
                })
                .expect("a claim")
            };
            let winners: Vec<i32> = std::thread::scope(|scope| {
                let drivers: Vec<_> = (1..=8)
                    .map(|pid| (pid, scope.spawn(move || claim(pid))))
                    .collect();
                let claims = drivers
                    .into_iter()
                    .map(|(pid, thread)| (pid, thread.join().expect("a driver")));
                claims.filter(|(_, won)| *won).map(|(pid, _)| pid).collect()
            });
            let driver = run.driver().expect("a claim").expect("a driver").pid;
            assert_eq!(winners, [driver]);
        }
    }

    #[test]
    fn what_a_run_puts_in_place_of_a_file_does_not_hold_the_reader() {
        let dir = tempfile::tempdir().expect("a folder");
        let run = RunDir::new(dir.path().join("r"));
        run.create().expect("an empty run");
        nix::unistd::mkfifo(&run.failure(), nix::sys::stat::Mode::S_IRWXU).expect("a FIFO");
        assert_eq!(run.failure_text(), None);
        let exit = run.path().join("exit.json");
        std::os::unix::fs::symlink("/dev/zero", &exit).expect("a link");
        run.exit().expect_err("a link is not an end");
        fs::remove_file(run.failure()).expect("no FIFO");
        fs::write(
            run.failure(),
            [b"no \xff ".as_slice(), &[b'x'; 100_000]].concat(),
        )
        .expect("a failure");
        let text = run.failure_text().expect("a text");
        assert!(text.starts_with("no \u{fffd} xxx") && text.len() < 70_000);
    }

    #[test]
    fn hostile_object_names_stay_out() {
        let run = RunDir::new("/r".into());
        for bad in [
            "",
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a/./b/..",
            "a\0b",
            "dir/",
        ] {
            assert!(run.channel_file("c", bad).is_err(), "{bad:?}");
        }
        assert_eq!(
            run.channel_file("c", "d/é n.ipynb").ok(),
            Some("/r/input/data/c/d/é n.ipynb".into())
        );
    }
}
