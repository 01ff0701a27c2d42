//! Where a kernel's five sockets are: files in a private folder, or loopback ports for kernels that know no `ipc`.

use crate::kernelspec::KernelSpec;
use serde_json::json;
use std::fs::Permissions;
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The longest path of a socket that Linux takes (`sun_path` without its final zero).
const SOCKET_PATH_MAX: usize = 107;
/// Used when the folder for temporary files has too long a path for sockets.
const SHORT_FOLDER: &str = "/tmp";

/// A way to a kernel on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    Ipc,
    Tcp,
}

impl Transport {
    /// `ipc` for kernels that run on libzmq, which are Python's and R's: no port can be taken by another, and no other
    /// user can connect. TCP for all others: every kernel knows it, and many (on the JVM, Go, Deno) know nothing else
    /// and would not die of `ipc` but wait for ever.
    pub fn of(spec: &KernelSpec) -> Self {
        let program = spec.argv.first().map(Path::new);
        let name = program
            .and_then(Path::file_name)
            .unwrap_or_default()
            .to_string_lossy();
        if name.starts_with("python") || matches!(&*name, "R" | "ipython" | "Rscript") {
            Self::Ipc
        } else {
            Self::Tcp
        }
    }
}

/// One of a kernel's sockets.
#[derive(Clone, Copy)]
pub(crate) enum Channel {
    Shell,
    Iopub,
    Stdin,
    Control,
    Heartbeat,
}

/// The connection of one kernel. Its folder goes when it is dropped.
pub(crate) struct Connection {
    folder: TempDir,
    transport: Transport,
    ports: [u16; 5],
    pub key: String,
}

impl Connection {
    /// Chooses the sockets and writes the connection file, readable by this user only.
    pub fn new(transport: Transport, kernel_name: &str) -> io::Result<Self> {
        let ports = match transport {
            Transport::Ipc => [1, 2, 3, 4, 5],
            Transport::Tcp => free_ports()?,
        };
        let connection = Self {
            folder: private_folder()?,
            transport,
            ports,
            key: uuid::Uuid::new_v4().to_string(),
        };
        let content = json!({
            "transport": match transport { Transport::Ipc => "ipc", Transport::Tcp => "tcp" },
            "ip": connection.address(),
            "shell_port": ports[Channel::Shell as usize],
            "iopub_port": ports[Channel::Iopub as usize],
            "stdin_port": ports[Channel::Stdin as usize],
            "control_port": ports[Channel::Control as usize],
            "hb_port": ports[Channel::Heartbeat as usize],
            "key": connection.key,
            "signature_scheme": "hmac-sha256",
            "kernel_name": kernel_name,
        });
        std::fs::write(connection.file(), content.to_string())?;
        Ok(connection)
    }

    /// The connection file.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("kernel.json")
    }

    /// A socket's ZeroMQ address.
    pub fn url(&self, channel: Channel) -> String {
        match self.transport {
            Transport::Ipc => format!("ipc://{}", self.socket(channel).display()),
            Transport::Tcp => format!("tcp://{}:{}", self.address(), self.ports[channel as usize]),
        }
    }

    /// Whether the kernel has bound a socket.
    pub fn is_bound(&self, channel: Channel) -> bool {
        match self.transport {
            Transport::Ipc => self.socket(channel).exists(),
            Transport::Tcp => {
                std::net::TcpStream::connect((self.address(), self.ports[channel as usize])).is_ok()
            }
        }
    }

    /// A socket's file: `k-1`, or `k:1` when the kernel has spelled it so, as IRkernel does.
    fn socket(&self, channel: Channel) -> PathBuf {
        let port = self.ports[channel as usize];
        let [usual, odd] =
            ["-", ":"].map(|separator| format!("{}{separator}{port}", self.address()));
        PathBuf::from(if Path::new(&odd).exists() { odd } else { usual })
    }

    fn address(&self) -> String {
        match self.transport {
            Transport::Ipc => self.folder.path().join("k").display().to_string(),
            Transport::Tcp => "127.0.0.1".to_owned(),
        }
    }
}

/// A folder of mode 0700 whose path is short enough for sockets.
fn private_folder() -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder
        .prefix("nbk-")
        .permissions(Permissions::from_mode(0o700));
    let usual = std::env::temp_dir();
    let room = usual.as_os_str().len() + "/nbk-XXXXXX/k-1".len();
    builder.tempdir_in(if room <= SOCKET_PATH_MAX {
        &usual
    } else {
        Path::new(SHORT_FOLDER)
    })
}

/// Five loopback ports that are free now.
fn free_ports() -> io::Result<[u16; 5]> {
    let held: Vec<TcpListener> = (0..5)
        .map(|_| TcpListener::bind(("127.0.0.1", 0)))
        .collect::<io::Result<_>>()?;
    let mut ports = [0; 5];
    for (port, listener) in ports.iter_mut().zip(&held) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_private_and_found_in_both_spellings() {
        let connection = Connection::new(Transport::Ipc, "any").unwrap();
        let folder = connection.folder.path();
        assert_eq!(
            std::fs::metadata(folder).unwrap().permissions().mode() & 0o777,
            0o700
        );
        assert!(!connection.is_bound(Channel::Shell) && !connection.is_bound(Channel::Iopub));
        std::fs::write(folder.join("k-1"), "").unwrap();
        std::fs::write(folder.join("k:2"), "").unwrap();
        assert!(connection.is_bound(Channel::Shell) && connection.is_bound(Channel::Iopub));
        let url = |name: &str| format!("ipc://{}", folder.join(name).display());
        assert_eq!(connection.url(Channel::Shell), url("k-1"));
        assert_eq!(connection.url(Channel::Iopub), url("k:2"));
    }
}
