//! A running kernel and its channels: send requests, receive whatever it says, notice its death. Knows no notebooks.

mod connection;
mod guard;
mod iopub;
mod launch;
mod message;
mod start;

pub(crate) use message::{Header, Message};
pub use start::{StartError, describe};

use crate::kernelspec::InterruptMode;
use connection::Connection;
use launch::Process;
use message::Signer;
use serde_json::{Value, json};
use std::io;
use std::process::ExitStatus;
use std::time::Duration;
use tokio::sync::mpsc;
use zeromq::{DealerSocket, SocketRecv, SocketSend, ZmqMessage};

/// How long after a kernel's death its last messages may take to come out of the sockets.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// What comes from a kernel.
pub(crate) enum Incoming {
    /// An answer to a request on the shell channel.
    Shell(Message),
    /// The kernel asks the user for a line of input, although every request says that nobody can give one.
    Stdin(Message),
    /// A message to everyone.
    Iopub(Message),
    /// A piece of the kernel's own log.
    Log(String),
    /// The kernel's process has ended. Comes again on every further call.
    Died(ExitStatus),
}

/// A running kernel. Dropping it kills the kernel and all that it started.
pub(crate) struct Kernel {
    process: Process,
    shell: DealerSocket,
    control: DealerSocket,
    /// None when the kernel has no such channel.
    stdin: Option<DealerSocket>,
    iopub: mpsc::UnboundedReceiver<ZmqMessage>,
    signer: Signer,
    interrupt_mode: InterruptMode,
    /// `content` of the kernel's `kernel_info_reply`.
    pub info: Value,
    connection: Connection,
}

impl Kernel {
    /// Sends code to be executed; the id of the request.
    pub async fn execute(&mut self, code: &str, stop_on_error: bool) -> io::Result<String> {
        let content = json!({
            "code": crate::json::plain(code),
            "silent": false,
            "store_history": true,
            "user_expressions": {},
            "allow_stdin": false,
            "stop_on_error": stop_on_error,
        });
        self.request("execute_request", content).await
    }

    /// Sends code that leaves no trace in the kernel's history and counts.
    async fn execute_silently(&mut self, code: &str) -> io::Result<String> {
        let content = json!({
            "code": code,
            "silent": true,
            "store_history": false,
            "user_expressions": {},
            "allow_stdin": false,
            "stop_on_error": false,
        });
        self.request("execute_request", content).await
    }

    /// Asks something that every kernel answers, on shell and with a `status: idle` on IOPub; the id of the request.
    pub async fn request_info(&mut self) -> io::Result<String> {
        self.request("kernel_info_request", json!({})).await
    }

    /// Sends a `comm_msg` that follows from an earlier request.
    pub async fn comm(&mut self, parent: &Header, content: &Value) -> io::Result<()> {
        let message = self.signer.message("comm_msg", content, Some(parent));
        let (_, frames) = message.map_err(io::Error::other)?;
        self.shell.send(frames).await.map_err(io::Error::other)
    }

    /// Answers a request for input with an empty line, so that the kernel doesn't wait for ever.
    pub async fn answer_input(&mut self, request: &Message) -> io::Result<()> {
        let Some(stdin) = &mut self.stdin else {
            return Ok(());
        };
        let content = json!({"value": ""});
        let message = self
            .signer
            .message("input_reply", &content, Some(&request.header));
        let (_, frames) = message.map_err(io::Error::other)?;
        stdin.send(frames).await.map_err(io::Error::other)
    }

    async fn request(&mut self, msg_type: &str, content: Value) -> io::Result<String> {
        let (id, frames) = self
            .signer
            .request(msg_type, &content)
            .map_err(io::Error::other)?;
        self.shell.send(frames).await.map_err(io::Error::other)?;
        Ok(id)
    }

    /// The next thing that comes from the kernel. May be given up at any moment without losing anything.
    pub async fn next(&mut self) -> Incoming {
        loop {
            tokio::select! {
                biased;
                Some(frames) = self.iopub.recv() => if let Some(message) = self.read(frames) {
                    return Incoming::Iopub(message);
                },
                frames = self.shell.recv() => match frames {
                    Ok(frames) => if let Some(message) = self.read(frames) {
                        return Incoming::Shell(message);
                    },
                    // The connection is gone, so the process is ending.
                    Err(_) => return Incoming::Died(self.process.wait().await),
                },
                frames = receive(&mut self.stdin) => match frames {
                    Ok(frames) => if let Some(message) = self.read(frames) && message.kind() == "input_request" {
                        return Incoming::Stdin(message);
                    },
                    Err(_) => self.stdin = None,
                },
                event = self.process.next() => return match event {
                    launch::Event::Log(text) => Incoming::Log(text),
                    launch::Event::Ended(status) => Incoming::Died(status),
                },
            }
        }
    }

    /// The messages that are already here.
    pub fn queued(&mut self) -> Vec<Message> {
        let mut messages = Vec::new();
        for _ in 0..self.iopub.len() {
            if let Ok(frames) = self.iopub.try_recv() {
                messages.extend(self.read(frames));
            }
        }
        messages
    }

    /// After the kernel's death: the messages that were still on their way.
    pub async fn last_words(&mut self) -> Vec<Message> {
        let mut messages = Vec::new();
        while let Ok(Some(frames)) = tokio::time::timeout(LAST_WORDS, self.iopub.recv()).await {
            messages.extend(self.read(frames));
        }
        messages
    }

    /// The message in these frames; one that can't be read is left out, and the log says so.
    fn read(&self, frames: ZmqMessage) -> Option<Message> {
        let message = self.signer.read(frames);
        message
            .inspect_err(|error| tracing::warn!(%error, "a kernel sent an unreadable message"))
            .ok()
    }

    /// What the kernel has written to its own log and nobody has read yet.
    pub fn drain_log(&mut self) -> String {
        self.process.drain_log()
    }

    /// Asks the kernel to stop what it is doing, in the way that its kernelspec names.
    pub async fn interrupt(&mut self) {
        match self.interrupt_mode {
            InterruptMode::Signal => self.process.interrupt(),
            InterruptMode::Message => self.control_request("interrupt_request", json!({})).await,
        }
    }

    /// Asks the kernel to end. Its end comes as `Incoming::Died`.
    pub async fn request_shutdown(&mut self) {
        self.control_request("shutdown_request", json!({"restart": false}))
            .await;
    }

    async fn control_request(&mut self, msg_type: &str, content: Value) {
        let Ok((_, frames)) = self.signer.request(msg_type, &content) else {
            return;
        };
        if let Err(error) = self.control.send(frames).await {
            tracing::debug!(%error, "{msg_type} could not be sent");
        }
    }

    /// Kills the kernel and all that it started, and waits for their end.
    pub async fn kill(mut self) {
        self.process.kill();
        self.process.wait().await;
    }
}

/// The next message of a channel; never, when there is no such channel.
async fn receive(socket: &mut Option<DealerSocket>) -> zeromq::ZmqResult<ZmqMessage> {
    match socket {
        Some(socket) => socket.recv().await,
        None => std::future::pending().await,
    }
}
