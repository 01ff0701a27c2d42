//! A backend that follows a script and lies. Its drivers outlive the server, as real ones do; a loss of power ends them.

use crate::backend::{Backend, Handle, RunState};
use crate::faults::{self, When};
use crate::rundir::RunDir;
use anyhow::Context;
use async_trait::async_trait;
use fastrand::Rng;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// What a driver finds as its input.
pub(super) const INPUT: &str = "the notebook as it was uploaded";
/// What it prints.
const LOG: &str = "one line\nanother line\n";

/// What a driver does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// It succeeds at once.
    Succeeds,
    /// It succeeds when it is its turn.
    TakesTime,
    /// It takes time and does not hear that it is to stop.
    Stubborn,
    /// It says that it failed.
    Fails,
    /// It says that it succeeded, and left neither output nor log.
    LeavesNothing,
    /// It is gone without a word.
    IsLost,
    /// It is said to have ended, and runs on.
    SaysEndedTooEarly,
    /// It ends well, and its handle finds nobody.
    HandleIsStale,
}

const PLANS: [Plan; 8] = [
    Plan::Succeeds,
    Plan::TakesTime,
    Plan::Stubborn,
    Plan::Fails,
    Plan::LeavesNothing,
    Plan::IsLost,
    Plan::SaysEndedTooEarly,
    Plan::HandleIsStale,
];

/// The machine that drivers run on. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Machine(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    rng: Rng,
    boot: u64,
    drivers: BTreeMap<PathBuf, Driver>,
    /// What must not have happened.
    faults: Vec<String>,
}

/// Who waits for a driver's end when there is nothing else to do: the run, its log and its progress.
const FOLLOWERS: usize = 3;

#[derive(Debug)]
struct Driver {
    plan: Plan,
    state: RunState,
    ended: watch::Sender<bool>,
}

/// How the driver of a run stands, as only the machine knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Truth {
    pub plan: Plan,
    pub state: RunState,
}

impl Machine {
    pub(super) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            rng: Rng::with_seed(seed),
            boot: 1,
            drivers: BTreeMap::new(),
            faults: Vec::new(),
        })))
    }

    /// Every driver that takes time comes to its end.
    pub(super) fn end_all(&self) {
        for driver in self.state().drivers.values_mut() {
            driver.end(RunState::Exited(0));
        }
    }

    /// The machine starts again: nothing runs, and files of `runs` that nobody has synced are lost.
    pub(super) fn lose_power(&self, runs: &Path) {
        let mut state = self.state();
        state.boot += 1;
        for driver in state.drivers.values_mut() {
            driver.end(RunState::Lost);
        }
        for run in fs::read_dir(runs).expect("runs").flatten() {
            let input = run.path().join("input/data");
            for channel in fs::read_dir(&input).into_iter().flatten().flatten() {
                for file in fs::read_dir(channel.path()).into_iter().flatten().flatten() {
                    fs::write(file.path(), "").expect("a file without its bytes");
                }
            }
        }
    }

    /// How many runs are waited for that do not end by themselves.
    pub(super) fn waited_for(&self) -> usize {
        let state = self.state();
        let waited = |driver: &&Driver| {
            driver.state == RunState::Running && driver.ended.receiver_count() == FOLLOWERS
        };
        state.drivers.values().filter(waited).count()
    }

    /// How a job's driver stands; none if it was never started.
    pub(super) fn truth(&self, run: &Path) -> Option<Truth> {
        let state = self.state();
        let driver = state.drivers.get(run)?;
        Some(Truth {
            plan: driver.plan,
            state: driver.state,
        })
    }

    /// How many drivers run.
    pub(super) fn running(&self) -> usize {
        let state = self.state();
        state
            .drivers
            .values()
            .filter(|driver| driver.state == RunState::Running)
            .count()
    }

    /// What must not have happened.
    pub(super) fn faults(&self) -> Vec<String> {
        self.state().faults.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Driver {
    fn end(&mut self, state: RunState) {
        if self.state == RunState::Running {
            self.state = state;
            self.ended.send_replace(true);
        }
    }

    /// A new driver; it does at once all that its plan has of output.
    fn begin(plan: Plan, run: &RunDir) -> anyhow::Result<Self> {
        if plan != Plan::LeavesNothing {
            fs::write(run.log(), LOG)?;
            fs::write(run.output_data().join("a.ipynb"), INPUT)?;
        }
        let state = match plan {
            Plan::Succeeds | Plan::LeavesNothing => RunState::Exited(0),
            Plan::Fails => RunState::Exited(1),
            Plan::IsLost => RunState::Lost,
            Plan::TakesTime | Plan::Stubborn | Plan::SaysEndedTooEarly | Plan::HandleIsStale => {
                RunState::Running
            }
        };
        if plan == Plan::Fails {
            fs::write(run.failure(), "ZeroDivisionError")?;
        }
        Ok(Self {
            plan,
            state,
            ended: watch::channel(state != RunState::Running).0,
        })
    }
}

#[async_trait]
impl Backend for Machine {
    fn boot(&self) -> anyhow::Result<u64> {
        Ok(self.state().boot)
    }

    async fn start(&self, run: &RunDir) -> anyhow::Result<Handle> {
        faults::at(run.path(), When::Before)?;
        {
            let mut state = self.state();
            let plan = PLANS[state.rng.usize(0..PLANS.len())];
            if !state.drivers.contains_key(run.path()) {
                let order = run
                    .order()?
                    .context("a run was started that was not handed over")?;
                let input = run.channel(&order.notebook_channel).join("a.ipynb");
                if fs::read_to_string(&input).ok().as_deref() != Some(INPUT) {
                    state
                        .faults
                        .push(format!("{} began without its input", run.path().display()));
                }
                let driver = Driver::begin(plan, run)?;
                state.drivers.insert(run.path().to_owned(), driver);
            }
        }
        faults::at(run.path(), When::After)?;
        Ok(Handle(run.path().display().to_string()))
    }

    fn status(&self, run: &RunDir, _driver: &Handle) -> anyhow::Result<RunState> {
        let truth = self
            .truth(run.path())
            .context("a run was asked for that never began")?;
        Ok(match truth.plan {
            Plan::HandleIsStale => RunState::Lost,
            _ => truth.state,
        })
    }

    async fn ended(&self, run: &RunDir, _driver: &Handle) -> anyhow::Result<()> {
        let mut ended = {
            let state = self.state();
            let driver = state.drivers.get(run.path()).context("no such driver")?;
            if driver.plan == Plan::SaysEndedTooEarly {
                return Ok(());
            }
            driver.ended.subscribe()
        };
        ended.wait_for(|ended| *ended).await?;
        Ok(())
    }

    fn stop(&self, run: &RunDir, _driver: &Handle) -> anyhow::Result<()> {
        if let Some(driver) = self.state().drivers.get_mut(run.path())
            && driver.plan != Plan::Stubborn
        {
            driver.end(RunState::Exited(143));
        }
        Ok(())
    }

    async fn kill(&self, run: &RunDir, _driver: Option<&Handle>) -> anyhow::Result<()> {
        faults::is_up(run.path())?;
        if let Some(driver) = self.state().drivers.get_mut(run.path()) {
            driver.end(RunState::Lost);
        }
        Ok(())
    }
}
