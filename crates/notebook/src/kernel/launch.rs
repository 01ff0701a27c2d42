//! The kernel's process: started so that it can't outlive us, and ended with everything that it started.

use super::guard;
use crate::environment::Environment;
use crate::kernelspec::KernelSpec;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};

/// How much of a kernel's own log is read at once.
const LOG_CHUNK_BYTES: usize = 8 * 1024;

/// What a kernel's process does.
pub(crate) enum Event {
    /// It wrote to its own log.
    Log(String),
    /// It ended.
    Ended(ExitStatus),
}

/// A kernel's process under its guard (see [`guard`]), in a session of its own. Dropping it kills its whole tree.
pub(crate) struct Process {
    /// The guard, which ends as the kernel does, after all that the kernel started.
    child: Child,
    pid: Pid,
    /// Closing it kills the tree.
    lifeline: Option<io::PipeWriter>,
    log: pipe::Receiver,
    log_open: bool,
    ended: Option<ExitStatus>,
}

impl Process {
    /// Starts the kernel's command in `cwd`. Its standard input is empty; what it writes itself (not through Jupyter
    /// messages) is its log.
    #[allow(clippy::disallowed_methods, reason = "this module starts the kernels")]
    pub fn start(
        spec: &KernelSpec,
        connection_file: &Path,
        environment: &Environment,
        cwd: Option<&Path>,
    ) -> io::Result<Self> {
        let argv = spec.command(connection_file, environment);
        let Some((program, arguments)) = argv.split_first() else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the kernelspec's argv is empty",
            ));
        };
        let (reader, writer) = io::pipe()?;
        let mut command = Command::new(program);
        command.args(arguments);
        if argv
            .iter()
            .any(|argument| argument.starts_with("ipykernel"))
        {
            // As nbclient does: parallel kernels must not fight over one history database.
            command.arg("--HistoryManager.hist_file=:memory:");
        }
        command
            .env_clear()
            .envs(spec.environment(environment).iter());
        command
            .env_remove("PYTHONEXECUTABLE")
            .env("JPY_PARENT_PID", std::process::id().to_string());
        if let Some(cwd) = cwd {
            if !cwd.is_dir() {
                let told = format!("the working directory {} is not a folder", cwd.display());
                return Err(io::Error::new(io::ErrorKind::NotADirectory, told));
            }
            command.current_dir(cwd);
        }
        command
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer);
        // A terminal's Ctrl-C is for us alone.
        command.process_group(0);
        let (watched, lifeline) = io::pipe()?;
        guard::set(&mut command, OwnedFd::from(watched));
        let failed = |error: io::Error| io::Error::new(error.kind(), format!("{program}: {error}"));
        let child = command.spawn().map_err(failed)?;
        let pid = child.id().map(|id| Pid::from_raw(id.cast_signed()));
        let pid = pid.ok_or_else(|| io::Error::other("the kernel's process has no id"))?;
        let log = pipe::Receiver::from_owned_fd(reader.into())?;
        Ok(Self {
            child,
            pid,
            lifeline: Some(lifeline),
            log,
            log_open: true,
            ended: None,
        })
    }

    /// What the process does next: write to its log or end (its end comes again on every further call). May be given
    /// up at any moment.
    pub async fn next(&mut self) -> Event {
        if let Some(status) = self.ended {
            return Event::Ended(status);
        }
        let mut chunk = [0; LOG_CHUNK_BYTES];
        loop {
            tokio::select! {
                biased;
                length = self.log.read(&mut chunk), if self.log_open => match length {
                    Ok(length) if length > 0 => return Event::Log(String::from_utf8_lossy(&chunk[..length]).into_owned()),
                    _ => self.log_open = false,
                },
                status = self.child.wait() => {
                    // The only failure is that somebody else has reaped the child: it has ended all the same.
                    let status = status.unwrap_or_else(|_| ExitStatus::from_raw(0));
                    self.ended = Some(status);
                    return Event::Ended(status);
                }
            }
        }
    }

    /// Waits until the process ends, whatever it still writes to its log.
    pub async fn wait(&mut self) -> ExitStatus {
        loop {
            if let Event::Ended(status) = self.next().await {
                return status;
            }
        }
    }

    /// What the kernel has written to its log and nobody has read yet.
    pub fn drain_log(&mut self) -> String {
        let mut text = Vec::new();
        let mut chunk = [0; LOG_CHUNK_BYTES];
        while let Ok(length) = self.log.try_read(&mut chunk)
            && length > 0
        {
            text.extend_from_slice(&chunk[..length]);
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Sends SIGINT to the kernel's process group.
    pub fn interrupt(&self) {
        if self.ended.is_some() {
            return;
        }
        match kill(self.pid, Signal::SIGINT) {
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => tracing::warn!(%error, "could not interrupt a kernel"),
        }
    }

    /// Kills the kernel and every process that descends from it; `wait` returns when all are gone.
    pub fn kill(&mut self) {
        self.lifeline = None;
    }
}
