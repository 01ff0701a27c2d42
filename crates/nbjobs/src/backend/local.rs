//! Runs drivers as processes of this machine. A driver leads its own session and outlives the server.

use super::{Backend, Handle, RunState, process};
use crate::rundir::{Process, RunDir};
use anyhow::Context;
use async_trait::async_trait;
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

impl Local {
    /// Starts another driver. Of several in a folder the first to claim it works, the others end.
    fn spawn(&self, run: &RunDir) -> anyhow::Result<Process> {
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
}

#[async_trait]
impl Backend for Local {
    fn boot(&self) -> anyhow::Result<u64> {
        process::boot()
    }

    async fn start(&self, run: &RunDir) -> anyhow::Result<Handle> {
        let driver = match run.driver()? {
            Some(driver) => driver,
            None => self.spawn(run)?,
        };
        Ok(Handle(serde_json::to_string(&driver)?))
    }

    fn status(&self, run: &RunDir, driver: &Handle) -> anyhow::Result<RunState> {
        if process::is_alive(process_of(driver)?) {
            return Ok(RunState::Running);
        }
        Ok(run
            .exit()?
            .map_or(RunState::Lost, |exit| RunState::Exited(exit.code)))
    }

    async fn ended(&self, run: &RunDir, driver: &Handle) -> anyhow::Result<()> {
        let mut driver = process_of(driver)?;
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

    fn stop(&self, run: &RunDir, driver: &Handle) -> anyhow::Result<()> {
        let driver = match run.driver() {
            Ok(Some(claimed)) => claimed,
            _ => process_of(driver)?,
        };
        process::signal(driver, rustix::process::Signal::TERM)
    }

    async fn kill(&self, run: &RunDir, driver: Option<&Handle>) -> anyhow::Result<()> {
        // A claim that cannot be read is the run's own doing, and no reason to let it live.
        let driver = match (run.driver(), driver) {
            (Ok(Some(claimed)), _) => Some(claimed),
            (_, Some(handle)) => Some(process_of(handle)?),
            (_, None) => None,
        };
        process::kill_run(driver, run.path()).await
    }
}

fn process_of(driver: &Handle) -> anyhow::Result<Process> {
    serde_json::from_str(&driver.0).context("an attempt's handle cannot be read")
}
