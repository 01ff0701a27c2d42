//! Runs drivers as processes of this machine. A driver leads its own session and outlives the server.

use super::process;
use crate::rundir::{Process, RunDir};
use anyhow::Context;
use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::path::PathBuf;
use std::process::Stdio;

/// The local machine as a backend. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Local {
    /// The program to run drivers with: this one.
    pub program: PathBuf,
    /// The environment that drivers get. Nothing else of the server's environment reaches a job.
    pub environment: BTreeMap<String, String>,
}

/// How a driver's run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// The driver runs.
    Running,
    /// The driver ended and said how.
    Exited(i32),
    /// The driver is gone without a word: killed, or lost with the machine.
    Lost,
}

impl Local {
    /// Starts the driver of a run that was handed over. May be called again after a crash:
    /// a folder has one driver, the first to claim it.
    pub async fn start(&self, run: &RunDir) -> anyhow::Result<Process> {
        if let Some(driver) = run.driver()? {
            return Ok(driver);
        }
        let log = OpenOptions::new()
            .append(true)
            .create(true)
            .open(run.log())
            .with_context(|| format!("cannot open {}", run.log().display()))?;
        #[allow(
            clippy::disallowed_methods,
            reason = "this is the room that starts drivers"
        )]
        let mut child = tokio::process::Command::new(&self.program)
            .arg("execute")
            .arg("--dir")
            .arg(run.path())
            .env_clear()
            .envs(&self.environment)
            .env("TMPDIR", run.tmp())
            .env(process::MARK, run.path())
            .current_dir(run.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", self.program.display()))?;
        let pid = i32::try_from(child.id().context("the driver has no process number")?)?;
        let started = process::by_pid(pid);
        // Nobody else may wait for it: this keeps it from staying a zombie.
        tokio::spawn(async move { child.wait().await });
        // One that has ended already has said so in the folder.
        match started {
            Some(process) => Ok(process),
            None => run.driver()?.with_context(|| {
                format!(
                    "the driver of {} ended before it could claim it",
                    run.path().display()
                )
            }),
        }
    }

    /// How a run stands.
    pub fn status(&self, run: &RunDir, driver: Process) -> anyhow::Result<RunState> {
        if process::is_alive(driver) {
            return Ok(RunState::Running);
        }
        Ok(run
            .exit()?
            .map_or(RunState::Lost, |exit| RunState::Exited(exit.code)))
    }

    /// Returns when the driver has ended.
    pub async fn ended(&self, run: &RunDir, mut driver: Process) -> anyhow::Result<()> {
        loop {
            process::ended(driver).await?;
            // A crash between start and record can leave two drivers; the one that claimed the folder counts.
            match run.driver()? {
                Some(claimed) if claimed != driver && process::is_alive(claimed) => {
                    driver = claimed
                }
                _ => return Ok(()),
            }
        }
    }

    /// Asks the driver to stop: it interrupts the kernel and saves what there is.
    pub fn stop(&self, run: &RunDir, driver: Process) -> anyhow::Result<()> {
        process::signal(
            run.driver().ok().flatten().unwrap_or(driver),
            rustix::process::Signal::TERM,
        )
    }

    /// Ends every process of the run at once. Returns when none is left.
    pub async fn kill(&self, run: &RunDir, driver: Option<Process>) -> anyhow::Result<()> {
        // A claim that cannot be read is the run's own doing, and no reason to let it live.
        let driver = run.driver().ok().flatten().or(driver);
        process::kill_run(driver, run.path()).await
    }
}
