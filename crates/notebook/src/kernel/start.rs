//! Starting a kernel: its process, its sockets, its first answer. Everything is raced against its death.

use super::connection::{Channel, Connection, Transport};
use super::launch::{self, Process};
use super::message::Signer;
use super::{Incoming, Kernel, iopub};
use crate::environment::Environment;
use crate::kernelspec::KernelSpec;
use serde_json::Value;
use std::io;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;
use tokio::sync::mpsc;
use zeromq::util::PeerIdentity;
use zeromq::{DealerSocket, Socket, SocketOptions, ZmqMessage};

/// How often the launcher looks whether the kernel has bound its sockets.
const BIND_POLL: Duration = Duration::from_millis(2);
/// After this long without both an answer and a message on IOPub, `kernel_info_request` is sent again.
const READY_RETRY: Duration = Duration::from_millis(500);
/// In the log of a kernel that could not bind a port, in any program's spelling.
const PORT_TAKEN: &str = "ddress already in use";
/// Takes the limit of 1,000 messages off ipykernel's IOPub socket, above which libzmq drops them (an `idle` among them)
/// when a busy machine keeps us from reading. On the thread that owns the socket; one expression, so that no name is
/// left in the user's namespace. What has no such thread raises an error that nobody sees.
const UNLIMITED_IOPUB: &str = "(lambda thread, zmq: thread.schedule(lambda: thread.socket.set(zmq.SNDHWM, 0)))\
    (get_ipython().kernel.iopub_thread, __import__('zmq'))";
/// How much of a kernel's own log is kept for error messages, in bytes.
const LOG_TAIL_BYTES: usize = 4 * 1024;
/// Why a kernel did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its process or its sockets could not be made.
    #[error("kernel {kernel:?} could not be started: {source}")]
    Launch {
        /// The kernel's name.
        kernel: String,
        /// What the system said.
        source: io::Error,
    },
    /// It ended before it was ready.
    #[error("kernel {kernel:?} died before it was ready: {}{}", describe(*status), after_colon(log))]
    Died {
        /// The kernel's name.
        kernel: String,
        /// How its process ended.
        status: ExitStatus,
        /// The end of what it wrote to its own log.
        log: String,
    },
    /// It did not become ready in time.
    #[error("kernel {kernel:?} was not ready within {} seconds{}", timeout.as_secs_f64(), after_colon(log))]
    Timeout {
        /// The kernel's name.
        kernel: String,
        /// The time it had.
        timeout: Duration,
        /// The end of what it wrote to its own log.
        log: String,
    },
}

/// How a process ended, in words, with the usual reason for a SIGKILL.
pub fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(9)) => "killed by SIGKILL, as the system does when memory runs out".to_owned(),
        (None, Some(number)) => match nix::sys::signal::Signal::try_from(number) {
            Ok(signal) => format!("killed by {signal}"),
            Err(_) => format!("killed by signal {number}"),
        },
        (None, None) => "it ended".to_owned(),
    }
}

fn after_colon(log: &str) -> String {
    let log = log.trim();
    if log.is_empty() {
        String::new()
    } else {
        format!(": {log}")
    }
}

impl Kernel {
    /// Starts a kernel and waits until it answers on both shell and IOPub. Over `ipc` or loopback TCP, see
    /// [`Transport::of`]; a kernel that dies of `ipc` gets a second chance over TCP.
    pub async fn start(
        spec: &KernelSpec,
        environment: &Environment,
        cwd: Option<&Path>,
        timeout: Duration,
        on_log: &mut dyn FnMut(&str),
    ) -> Result<Self, StartError> {
        let mut log = LogTail {
            text: String::new(),
            sink: on_log,
        };
        let attempts = async {
            let first = Transport::of(spec);
            match Self::attempt(first, spec, environment, cwd, &mut log).await {
                // It may know no `ipc` after all, or another program may have taken a port since it was found free.
                Err(StartError::Died { log: told, .. })
                    if first == Transport::Ipc || told.contains(PORT_TAKEN) =>
                {
                    Self::attempt(Transport::Tcp, spec, environment, cwd, &mut log).await
                }
                other => other,
            }
        };
        match tokio::time::timeout(timeout, attempts).await {
            Ok(result) => result,
            Err(_) => Err(StartError::Timeout {
                kernel: spec.name.clone(),
                timeout,
                log: log.text,
            }),
        }
    }

    async fn attempt(
        transport: Transport,
        spec: &KernelSpec,
        environment: &Environment,
        cwd: Option<&Path>,
        log: &mut LogTail<'_>,
    ) -> Result<Self, StartError> {
        let failed = |source: io::Error| StartError::Launch {
            kernel: spec.name.clone(),
            source,
        };
        let connection = Connection::new(transport, &spec.name).map_err(failed)?;
        let mut process =
            Process::start(spec, &connection.file(), environment, cwd).map_err(failed)?;
        log.text.clear();
        let session = uuid::Uuid::new_v4().to_string();
        let signer = Signer::new(&connection.key, &session);
        let sockets = tokio::select! {
            sockets = connect(&connection, &session) => sockets,
            status = keep_log(&mut process, log) => Err(ConnectError::Died(status)),
        };
        let (shell, control, iopub) = match sockets {
            Ok(sockets) => sockets,
            Err(ConnectError::Io(error)) => return Err(failed(error)),
            Err(ConnectError::Died(status)) => return Err(died(spec, status, log)),
        };
        let interrupt_mode = spec.interrupt_mode;
        let info = Value::Null;
        let mut kernel = Self {
            process,
            shell,
            control,
            stdin: None,
            iopub,
            signer,
            interrupt_mode,
            info,
            connection,
        };
        match kernel.wait_ready(log).await {
            Ok(()) => {
                kernel.connect_stdin(&session).await.map_err(failed)?;
                Ok(kernel)
            }
            Err(ConnectError::Io(error)) => Err(failed(error)),
            Err(ConnectError::Died(status)) => Err(died(spec, status, log)),
        }
    }

    /// Connects the channel on which a kernel asks for input, if it has one. Kernels send such a request to whoever has
    /// the identity of the cell's request. One that is ready has bound all that it has.
    async fn connect_stdin(&mut self, session: &str) -> io::Result<()> {
        if self.connection.is_bound(Channel::Stdin) {
            let url = self.connection.url(Channel::Stdin);
            self.stdin = Some(dealer(session, &url).await?);
        }
        Ok(())
    }

    /// Asks for `kernel_info` until it answers there and a message shows that IOPub is connected, too.
    async fn wait_ready(&mut self, log: &mut LogTail<'_>) -> Result<(), ConnectError> {
        let mut heard = false;
        loop {
            if self.request_info().await.is_err() {
                // The kernel has closed its sockets, so its process is ending.
                return Err(ConnectError::Died(keep_log(&mut self.process, log).await));
            }
            let retry = tokio::time::sleep(READY_RETRY);
            tokio::pin!(retry);
            loop {
                if heard && !self.info.is_null() {
                    if self.info.get("implementation").and_then(Value::as_str) == Some("ipython") {
                        // It comes before the first cell; there is no need to wait for it.
                        let _ = self.execute_silently(UNLIMITED_IOPUB).await;
                    }
                    return Ok(());
                }
                let incoming = tokio::select! {
                    incoming = self.next() => incoming,
                    () = &mut retry => break,
                };
                match incoming {
                    Incoming::Shell(message) if message.kind() == "kernel_info_reply" => {
                        self.info = message.content
                    }
                    Incoming::Shell(_) | Incoming::Stdin(_) => {}
                    Incoming::Iopub(_) => heard = true,
                    Incoming::Log(text) => log.push(&text),
                    Incoming::Died(status) => {
                        log.push(&self.process.drain_log());
                        return Err(ConnectError::Died(status));
                    }
                }
            }
        }
    }
}

/// Passes a starting kernel's log on and keeps its end, for the error that may follow.
struct LogTail<'a> {
    text: String,
    sink: &'a mut dyn FnMut(&str),
}

impl LogTail<'_> {
    fn push(&mut self, text: &str) {
        (self.sink)(text);
        self.text.push_str(text);
        let surplus = self.text.len().saturating_sub(LOG_TAIL_BYTES);
        let cut = (surplus..self.text.len())
            .find(|at| self.text.is_char_boundary(*at))
            .unwrap_or(0);
        self.text.drain(..cut);
    }
}

enum ConnectError {
    Io(io::Error),
    Died(ExitStatus),
}

impl From<io::Error> for ConnectError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn died(spec: &KernelSpec, status: ExitStatus, log: &LogTail<'_>) -> StartError {
    StartError::Died {
        kernel: spec.name.clone(),
        status,
        log: log.text.clone(),
    }
}

/// Reads a starting kernel's log until its process ends.
async fn keep_log(process: &mut Process, log: &mut LogTail<'_>) -> ExitStatus {
    loop {
        match process.next().await {
            launch::Event::Log(text) => log.push(&text),
            launch::Event::Ended(status) => {
                log.push(&process.drain_log());
                return status;
            }
        }
    }
}

type Sockets = (
    DealerSocket,
    DealerSocket,
    mpsc::UnboundedReceiver<ZmqMessage>,
);

/// Connects once the kernel has bound its sockets.
async fn connect(connection: &Connection, session: &str) -> Result<Sockets, ConnectError> {
    while ![Channel::Shell, Channel::Control, Channel::Iopub]
        .iter()
        .all(|channel| connection.is_bound(*channel))
    {
        tokio::time::sleep(BIND_POLL).await;
    }
    let iopub = iopub::drain(connection.url(Channel::Iopub)).await?;
    let shell = dealer(session, &connection.url(Channel::Shell)).await?;
    let control = dealer(session, &connection.url(Channel::Control)).await?;
    Ok((shell, control, iopub))
}

async fn dealer(session: &str, url: &str) -> io::Result<DealerSocket> {
    let mut options = SocketOptions::default();
    options.peer_identity(PeerIdentity::try_from(session.as_bytes()).map_err(io::Error::other)?);
    let mut socket = DealerSocket::with_options(options);
    socket.connect(url).await.map_err(io::Error::other)?;
    Ok(socket)
}
