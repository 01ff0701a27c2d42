//! A real server for one test: its own data folder, a free port, ended by process id.

pub mod promise;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

/// The program under test.
pub const NBJOBS: &str = env!("CARGO_BIN_EXE_nbjobs");

/// The virtual environment with the real clients and kernels. The test script makes it.
pub fn venv() -> PathBuf {
    let path = std::env::var_os("NBJOBS_TEST_VENV").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.nbjobs/test-venv"),
        PathBuf::from,
    );
    assert!(
        path.join("bin/aws").exists(),
        "{} has no aws: run scripts/test once, or name an environment with NBJOBS_TEST_VENV",
        path.display()
    );
    path
}

/// `nbjobs serve` on a folder of its own.
pub struct Server {
    child: Child,
    dir: TempDir,
    /// Where it listens.
    pub endpoint: String,
    arguments: Vec<String>,
}

impl Server {
    /// Starts one with more arguments for `nbjobs serve`.
    pub fn start_with(arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let arguments: Vec<String> = arguments.iter().map(|a| (*a).to_owned()).collect();
        let (child, endpoint) = spawn(dir.path(), &arguments);
        Self {
            child,
            dir,
            endpoint,
            arguments,
        }
    }

    /// Starts one.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Its data folder.
    pub fn data_dir(&self) -> &Path {
        self.dir.path()
    }

    /// Its process.
    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).expect("a process number"))
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        kill(self.pid(), Signal::SIGKILL).expect("a running server");
        self.child.wait().expect("its end");
    }

    /// Starts it again on the same folder.
    pub fn restart(&mut self) {
        (self.child, self.endpoint) = spawn(self.dir.path(), &self.arguments);
    }

    /// The variables that `nbjobs env` prints.
    pub fn env(&self) -> BTreeMap<String, String> {
        let output = Command::new(NBJOBS)
            .args(["env", "--data-dir"])
            .arg(self.data_dir())
            .output()
            .expect("nbjobs env");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout)
            .expect("text")
            .lines()
            .map(|line| {
                let (name, value) = line
                    .strip_prefix("export ")
                    .and_then(|line| line.split_once('='))
                    .expect("an export line");
                (name.to_owned(), value.trim_matches('\'').to_owned())
            })
            .collect()
    }

    /// A command with those variables and the test environment's programs.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let path = format!(
            "{}:{}",
            venv().join("bin").display(),
            std::env::var("PATH").expect("a PATH")
        );
        let mut command = Command::new(program);
        command
            .envs(self.env())
            .env("PATH", path)
            .env("AWS_PAGER", "");
        command
    }

    /// The real `aws` CLI.
    pub fn aws(&self, arguments: &[&str]) -> Output {
        self.command(venv().join("bin/aws"))
            .args(arguments)
            .output()
            .expect("the aws CLI")
    }
}

fn spawn(data_dir: &Path, arguments: &[String]) -> (Child, String) {
    let mut child = Command::new(NBJOBS)
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data_dir)
        .args(arguments)
        .env("VIRTUAL_ENV", venv())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("nbjobs serve");
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().expect("its output"))
        .read_line(&mut line)
        .expect("its first line");
    let endpoint = line
        .trim()
        .strip_prefix("nbjobs is listening on ")
        .unwrap_or_else(|| panic!("the first line is {line:?}"));
    (child, endpoint.to_owned())
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been killed by the test.
        let _ = kill(self.pid(), Signal::SIGTERM);
        let _ = self.child.wait();
    }
}
