//! Where attempts run. A backend places a [`RunDir`] and says how it went; it never decides, and it never sees the store.

pub mod local;
pub mod process;

use crate::rundir::RunDir;
use async_trait::async_trait;
use std::fmt::Debug;

/// Where attempts run. Everything may be asked twice: the server may have been killed before it heard the answer.
#[async_trait]
pub trait Backend: Debug + Send + Sync {
    /// Which start of the machine this is. What was written in an earlier one and not synced may be lost.
    fn boot(&self) -> anyhow::Result<u64>;

    /// Starts the driver of a run that was handed over. Asked again, it answers with the driver that it started before:
    /// a folder has one.
    async fn start(&self, run: &RunDir) -> anyhow::Result<Handle>;

    /// How a run stands.
    fn status(&self, run: &RunDir, driver: &Handle) -> anyhow::Result<RunState>;

    /// Returns when the driver has ended.
    async fn ended(&self, run: &RunDir, driver: &Handle) -> anyhow::Result<()>;

    /// Asks the driver to stop: it interrupts the kernel and saves what there is.
    fn stop(&self, run: &RunDir, driver: &Handle) -> anyhow::Result<()>;

    /// Ends everything of the run at once, also what its driver left or an unknown driver started. Returns when nothing
    /// is left.
    async fn kill(&self, run: &RunDir, driver: Option<&Handle>) -> anyhow::Result<()>;
}

/// How a backend finds a driver again, also after a restart of the server. Only the backend that made it reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handle(pub String);

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
