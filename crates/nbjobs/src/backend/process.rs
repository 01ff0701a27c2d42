//! Processes of this machine by number and start time, so that a number that was given again is not mistaken.

use crate::fd;
use crate::rundir::Process;
use anyhow::Context;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Marks every process of a run in its environment, also those that left the driver's session.
pub const MARK: &str = "NBJOBS_RUN_DIR";

/// Rounds of looking for processes that fork while they are being killed.
const KILL_ROUNDS_MAX: u32 = 100;

/// The process that asks.
pub fn current() -> anyhow::Result<Process> {
    let pid = nix::unistd::getpid().as_raw();
    let start_time = start_time(pid).context("cannot read this process's start time")?;
    Ok(Process { pid, start_time })
}

/// The process with this number now; none if it is gone.
pub fn by_pid(pid: i32) -> Option<Process> {
    start_time(pid).map(|start_time| Process { pid, start_time })
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
    start_time(process.pid) == Some(process.start_time)
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

/// Kills what is left of a run: its driver's session and every process that carries its mark.
pub fn kill_run(driver: Option<Process>, run_dir: &Path) -> anyhow::Result<()> {
    let mut mark = format!("{MARK}=").into_bytes();
    mark.extend_from_slice(run_dir.as_os_str().as_bytes());
    let own = nix::unistd::getpid().as_raw();
    for _ in 0..KILL_ROUNDS_MAX {
        let mut found = false;
        for entry in fs::read_dir("/proc")
            .context("cannot list processes")?
            .flatten()
        {
            let Some(pid) = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse::<i32>().ok())
            else {
                continue;
            };
            if pid == own || !(in_session(pid, driver) || is_marked(pid, &mark)) {
                continue;
            }
            found = true;
            // It may be gone by now, which is what is wanted.
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        if !found {
            return Ok(());
        }
        std::thread::yield_now();
    }
    anyhow::bail!(
        "processes of the run in {} cannot be killed",
        run_dir.display()
    )
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
    fields.get(19)?.parse().ok()
}

fn in_session(pid: i32, driver: Option<Process>) -> bool {
    let Some(driver) = driver else {
        return false;
    };
    stat(pid).is_some_and(|fields| {
        let started: Option<u64> = fields.get(19).and_then(|t| t.parse().ok());
        fields.first().is_some_and(|state| state != "Z")
            && fields
                .get(3)
                .is_some_and(|session| *session == driver.pid.to_string())
            && started.is_some_and(|at| at >= driver.start_time)
    })
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
    }

    #[tokio::test]
    async fn a_process_that_is_gone_has_ended() {
        let gone = Process {
            pid: i32::MAX,
            start_time: 1,
        };
        ended(gone).await.expect("an answer");
        signal(gone, rustix::process::Signal::TERM).expect("no error");
    }
}
