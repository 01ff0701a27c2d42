//! Processes of this machine by number and start time, so that a number that was given again is not mistaken.

use crate::fd;
use crate::rundir::Process;
use anyhow::Context;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};
use std::ffi::OsStr;
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

/// Marks every process of a run in its environment, also those that left the driver's session.
pub const MARK: &str = "NBJOBS_RUN_DIR";

/// Rounds of looking for processes that fork while they are being killed, or that take their time to end: one with
/// much memory on a busy machine.
const KILL_ROUNDS_MAX: u32 = 1000;
/// Between two rounds.
const KILL_PAUSE: Duration = Duration::from_millis(5);

/// Where the start time is among the fields of [`stat`].
const START_TIME: usize = 19;

/// The process that asks.
pub fn current() -> anyhow::Result<Process> {
    let pid = nix::unistd::getpid().as_raw();
    let start_time = start_time(pid).context("cannot read this process's start time")?;
    let boot = boot()?;
    Ok(Process {
        pid,
        start_time,
        boot,
    })
}

/// The process with this number now; none if it is gone.
pub fn by_pid(pid: i32) -> Option<Process> {
    let (start_time, boot) = (start_time(pid)?, boot().ok()?);
    Some(Process {
        pid,
        start_time,
        boot,
    })
}

/// Which start of the machine this is: the first half of the kernel's random `boot_id`.
pub fn boot() -> anyhow::Result<u64> {
    static BOOT: OnceLock<u64> = OnceLock::new();
    if let Some(boot) = BOOT.get() {
        return Ok(*boot);
    }
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .context("cannot read the machine's boot id")?;
    let digits: String = text.chars().filter(|c| *c != '-').take(16).collect();
    let boot = u64::from_str_radix(&digits, 16).context("the machine's boot id is no UUID")?;
    Ok(*BOOT.get_or_init(|| boot))
}

/// Returns when the process has ended; at once if it is gone.
pub async fn ended(process: Process) -> anyhow::Result<()> {
    let Some(process_fd) = open(process)? else {
        return Ok(());
    };
    let _ = fd::readable(process_fd)?.readable().await?;
    Ok(())
}

/// Whether it still runs. One that ended but was not yet waited for does not.
pub fn is_alive(process: Process) -> bool {
    is_of_this_boot(process) && start_time(process.pid) == Some(process.start_time)
}

/// Sends a signal to exactly this process; one that is gone is no error.
pub fn signal(process: Process, signal: rustix::process::Signal) -> anyhow::Result<()> {
    if let Some(fd) = open(process)? {
        match pidfd_send_signal(&fd, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Numbers and start times begin again with the machine, so that a process of an earlier boot can look like one of now.
fn is_of_this_boot(process: Process) -> bool {
    process.boot == 0 || boot().is_ok_and(|boot| boot == process.boot)
}

/// Kills what is left of a run: its driver's session and every process that carries its mark. Returns when none is left.
pub async fn kill_run(driver: Option<Process>, run_dir: &Path) -> anyhow::Result<()> {
    let mut mark = format!("{MARK}=").into_bytes();
    mark.extend_from_slice(run_dir.as_os_str().as_bytes());
    for _ in 0..KILL_ROUNDS_MAX {
        let mark = mark.clone();
        if tokio::task::spawn_blocking(move || kill_once(driver, &mark)).await?? == 0 {
            return Ok(());
        }
        tokio::time::sleep(KILL_PAUSE).await;
    }
    anyhow::bail!(
        "processes of the run in {} do not end although they were killed",
        run_dir.display()
    )
}

/// The processes of runs whose folders lie in `runs`, each with its run's folder.
pub fn of_runs(runs: &Path) -> anyhow::Result<Vec<(Process, PathBuf)>> {
    let mut found = Vec::new();
    for pid in pids()? {
        let Some(run) = run_of(pid).filter(|run| run.parent() == Some(runs)) else {
            continue;
        };
        found.extend(by_pid(pid).map(|process| (process, run)));
    }
    Ok(found)
}

/// Kills the processes of a run that are there now; answers how many.
fn kill_once(driver: Option<Process>, mark: &[u8]) -> anyhow::Result<usize> {
    let own = nix::unistd::getpid().as_raw();
    let driver = driver.filter(|driver| leads_its_session(*driver));
    let mut found = 0;
    for pid in pids()? {
        if pid != own && (in_session(pid, driver) || is_marked(pid, mark)) {
            found += 1;
            // It may be gone by now, which is what is wanted.
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
    Ok(found)
}

fn pids() -> anyhow::Result<impl Iterator<Item = i32>> {
    let entries = fs::read_dir("/proc").context("cannot list processes")?;
    Ok(entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok()))
}

/// Whether the session with the driver's number can be the driver's. When another process has the number, its session
/// is somebody else's: the machine was started again, or the numbers went round.
fn leads_its_session(driver: Process) -> bool {
    is_of_this_boot(driver)
        && stat(driver.pid).is_none_or(|fields| {
            fields.get(START_TIME).and_then(|at| at.parse().ok()) == Some(driver.start_time)
        })
}

fn open(process: Process) -> anyhow::Result<Option<OwnedFd>> {
    let Some(pid) = rustix::process::Pid::from_raw(process.pid) else {
        return Ok(None);
    };
    match pidfd_open(pid, PidfdFlags::empty()) {
        // Asked after the descriptor is held: from here on the number cannot be given again.
        Ok(fd) => Ok(is_alive(process).then_some(fd)),
        Err(rustix::io::Errno::SRCH) => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot watch process {}", process.pid)),
    }
}

/// The fields of `/proc/PID/stat` behind the command, which may hold anything: state, parent, group, session, …
fn stat(pid: i32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

/// None for a process that is gone or a zombie.
fn start_time(pid: i32) -> Option<u64> {
    let fields = stat(pid)?;
    if matches!(fields.first().map(String::as_str), Some("Z" | "X")) {
        return None;
    }
    fields.get(START_TIME)?.parse().ok()
}

fn in_session(pid: i32, driver: Option<Process>) -> bool {
    let Some(driver) = driver else {
        return false;
    };
    stat(pid).is_some_and(|fields| {
        let started: Option<u64> = fields.get(START_TIME).and_then(|t| t.parse().ok());
        fields.first().is_some_and(|state| state != "Z")
            && fields
                .get(3)
                .is_some_and(|session| *session == driver.pid.to_string())
            && started.is_some_and(|at| at >= driver.start_time)
    })
}

/// The folder that a process carries as its mark.
fn run_of(pid: i32) -> Option<PathBuf> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let path = environment.split(|byte| *byte == 0).find_map(|entry| {
        entry
            .strip_prefix(MARK.as_bytes())
            .and_then(|rest| rest.strip_prefix(b"="))
    })?;
    Some(PathBuf::from(OsStr::from_bytes(path)))
}

fn is_marked(pid: i32, mark: &[u8]) -> bool {
    fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| {
        environment
            .split(|byte| *byte == 0)
            .any(|entry| entry == mark)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive_and_another_start_time_is_not() {
        let me = current().expect("this process");
        assert!(is_alive(me));
        assert!(!is_alive(Process {
            start_time: me.start_time + 1,
            ..me
        }));
        assert!(!is_alive(Process {
            boot: me.boot ^ 1,
            ..me
        }));
        assert!(is_alive(Process { boot: 0, ..me }));
    }

    /// A process in a session that it leads, as a driver; it ends with the test.
    fn session_leader() -> std::process::Child {
        #[allow(clippy::disallowed_methods, reason = "a test needs a process")]
        let mut command = std::process::Command::new("setsid");
        command.args(["sleep", "1000"]).spawn().expect("setsid")
    }

    #[tokio::test]
    async fn a_session_whose_leader_is_another_process_is_left_alone() {
        let mut child = session_leader();
        let pid = child.id().cast_signed();
        while stat(pid).is_none_or(|fields| fields[3] != pid.to_string()) {
            std::thread::yield_now();
        }
        let leader = by_pid(pid).expect("the leader");
        let earlier = Process {
            start_time: leader.start_time - 1,
            ..leader
        };
        let dir = Path::new("/no/such/run");
        kill_run(Some(earlier), dir).await.expect("nothing to kill");
        assert!(is_alive(leader));
        kill_run(Some(leader), dir).await.expect("its end");
        assert!(!is_alive(leader));
        child.wait().expect("its end");
    }

    #[tokio::test]
    async fn a_process_that_is_gone_has_ended() {
        let gone = Process {
            pid: i32::MAX,
            start_time: 1,
            boot: 0,
        };
        ended(gone).await.expect("an answer");
        signal(gone, rustix::process::Signal::TERM).expect("no error");
    }
}
