//! What happens without a caller: rows that want something become runs, runs that end become rows.
//! Each loop is `run_once` plus a wait; a wake-up says *look*, never *what*, so all of it may happen twice.

mod artifact;
mod attempt;
pub mod deliveries;
pub mod dispatcher;
mod input;
pub mod janitor;
mod log_tail;
mod progress_tail;
pub mod scheduler;
mod settle;
#[cfg(test)]
mod testing;

use crate::app::App;
use crate::backend::Backend;
use crate::rundir::RunDir;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

/// How long to wait before trying again what could not be done or stored: a full disk or a lost database is not the
/// job's fault. Tests that break things on purpose don't wait for it.
const RETRY_PAUSE: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 5_000 });

/// The loops' common ground. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Engine {
    app: App,
    backend: Arc<dyn Backend>,
    /// The folder of all run folders.
    runs: PathBuf,
    /// Who holds the leases of this start of the server.
    holder: String,
    limits: Limits,
    /// The tasks that shutdown waits for.
    tasks: TaskTracker,
    /// Told when the server shuts down: drivers go on, we let go of them.
    shutdown: CancellationToken,
    running: Arc<Mutex<HashMap<String, Running>>>,
}

/// What runs may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Runs at the same time.
    pub jobs_max: usize,
    /// How long a run that is to stop may take to end by itself; then it is killed.
    pub stop_grace: Duration,
}

/// What the dispatcher can tell the task that follows a run.
#[derive(Debug)]
struct Running {
    stop: watch::Sender<bool>,
}

impl Engine {
    /// An engine whose drivers work in `runs`, within `limits`.
    pub fn new(
        app: App,
        backend: Arc<dyn Backend>,
        runs: PathBuf,
        limits: Limits,
        tasks: TaskTracker,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            app,
            backend,
            runs,
            holder: uuid::Uuid::new_v4().to_string(),
            limits,
            tasks,
            shutdown,
            running: Arc::default(),
        }
    }

    fn run_dir(&self, job: &str, attempt: u32) -> RunDir {
        RunDir::new(self.runs.join(format!("{job}.{attempt}")))
    }

    /// Deletes a run's folder, which may be large.
    async fn remove(&self, run: RunDir) {
        let path = run.path().to_owned();
        let removed = tokio::task::spawn_blocking(move || run.remove()).await;
        if let Err(error) = removed.map_err(anyhow::Error::from).flatten() {
            let path = path.display();
            warn!(%path, error = format!("{error:#}"), "a run's folder stays behind");
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<String, Running>> {
        // Nothing panics while it is held; a poisoned map is still right.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
