//! What befalls writes in tests: the one that is to fail fails before or after it is done, and a crash ends all that
//! come behind it. Whoever writes asks [`at`] by the path that it writes to; nothing befalls a path that nobody named.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

static ALL: LazyLock<Mutex<BTreeMap<PathBuf, Faults>>> = LazyLock::new(Mutex::default);

/// When, seen from a write, something befalls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// Nothing is written.
    Before,
    /// It is written, and the writer never hears of it.
    After,
}

/// What befalls a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// This one fails.
    Error,
    /// The process ends: neither this nor anything behind it is done.
    Crash,
}

/// The faults of the writes below one folder. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    writes: u64,
    commits: u64,
    plan: Option<(u64, When, What)>,
    is_down: bool,
}

/// The error of a write that something befell.
#[derive(Debug, thiserror::Error)]
#[error("a simulated fault befell the write")]
pub(crate) struct Fault;

impl From<Fault> for std::io::Error {
    fn from(fault: Fault) -> Self {
        Self::other(fault)
    }
}

impl Faults {
    /// Of everything below `folder`, from now on.
    pub(crate) fn below(folder: &Path) -> Self {
        all().entry(folder.to_owned()).or_default().clone()
    }

    /// Lets something befall the write that is `number` from now, from 1.
    pub(crate) fn plan(&self, number: u64, when: When, what: What) {
        let mut state = self.state();
        state.plan = Some((state.writes + number, when, what));
    }

    /// How many writes there were.
    pub(crate) fn writes(&self) -> u64 {
        self.state().writes
    }

    /// How many of them were transactions.
    pub(crate) fn commits(&self) -> u64 {
        self.state().commits
    }

    /// Whether the process has crashed.
    pub(crate) fn is_down(&self) -> bool {
        self.state().is_down
    }

    /// The process starts again, and nothing is planned.
    pub(crate) fn restart(&self) {
        let mut state = self.state();
        (state.is_down, state.plan) = (false, None);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Called before and after each write to `path`; the writer answers with the error.
pub(crate) fn at(path: &Path, when: When) -> Result<(), Fault> {
    let Some(faults) = of(path) else {
        return Ok(());
    };
    let mut state = faults.state();
    if when == When::Before {
        state.writes += 1;
    }
    let befalls = state
        .plan
        .filter(|(number, at, _)| *number == state.writes && *at == when);
    if let Some((_, _, what)) = befalls {
        state.plan = None;
        state.is_down |= what == What::Crash;
        return Err(Fault);
    }
    if state.is_down { Err(Fault) } else { Ok(()) }
}

/// As [`at`], for a transaction.
pub(crate) fn at_commit(path: &Path, when: When) -> Result<(), Fault> {
    at(path, when)?;
    if when == When::Before
        && let Some(faults) = of(path)
    {
        faults.state().commits += 1;
    }
    Ok(())
}

/// Whether whoever works on `path` is still there to do it.
pub(crate) fn is_up(path: &Path) -> Result<(), Fault> {
    match of(path) {
        Some(faults) if faults.is_down() => Err(Fault),
        _ => Ok(()),
    }
}

fn of(path: &Path) -> Option<Faults> {
    let all = all();
    path.ancestors().find_map(|folder| all.get(folder)).cloned()
}

fn all() -> MutexGuard<'static, BTreeMap<PathBuf, Faults>> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}
