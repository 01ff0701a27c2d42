//! The kernel's process: started so that it can't outlive us, and ended with everything that it started.

use crate::environment::Environment;
use crate::kernelspec::KernelSpec;
use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::io;
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

/// A kernel's process, leader of its own process group. Dropping it kills the group.
pub(crate) struct Process {
    child: Child,
    group: Pid,
    log: pipe::Receiver,
    log_open: bool,
    ended: Option<ExitStatus>,
}

impl Process {
    /// Starts the kernel's command in `cwd`. Its standard input is empty; what it writes itself (not through Jupyter
    /// messages) is its log.
    ///
    /// The kernel dies with the *thread* that calls this (`PR_SET_PDEATHSIG`), so call it on one that lasts: the main
    /// thread, with a current-thread runtime.
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
        command.process_group(0).kill_on_drop(true);
        die_with_parent(&mut command);
        let failed = |error: io::Error| io::Error::new(error.kind(), format!("{program}: {error}"));
        let child = command.spawn().map_err(failed)?;
        let group = child.id().map(|id| Pid::from_raw(id.cast_signed()));
        let group = group.ok_or_else(|| io::Error::other("the kernel's process has no id"))?;
        let log = pipe::Receiver::from_owned_fd(reader.into())?;
        Ok(Self {
            child,
            group,
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
        self.signal(Signal::SIGINT);
    }

    /// Kills the kernel and all processes of its group.
    pub fn kill(&self) {
        self.signal(Signal::SIGKILL);
    }

    fn signal(&self, signal: Signal) {
        match killpg(self.group, signal) {
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => {
                tracing::warn!(%error, group = %self.group, "could not send {signal} to a kernel")
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Lets the kernel of Linux kill the child when the thread that started it ends, however that happens.
#[allow(
    unsafe_code,
    reason = "code between fork and exec can only be given by the unsafe pre_exec"
)]
fn die_with_parent(command: &mut Command) {
    let parent = Pid::this();
    // SAFETY: both calls are async-signal-safe system calls, and nothing is allocated or locked.
    unsafe {
        command.pre_exec(move || {
            nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
            if Pid::parent() == parent {
                Ok(())
            } else {
                Err(Errno::ESRCH.into())
            }
        });
    }
}
