//! What runs have told so far: kept while they run, in memory. The file in the run's folder is what lasts; the engine
//! reads it again after a restart.

use crate::model::progress::Progress;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// See the module. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Live(Arc<Mutex<HashMap<String, Vec<Arc<Progress>>>>>);

impl Live {
    /// A run begins, or is followed anew from its first word.
    pub fn begin(&self, job: &str) {
        self.runs().insert(job.to_owned(), Vec::new());
    }

    /// A run has told more.
    pub fn tell(&self, job: &str, told: Vec<Progress>) {
        if let Some(run) = self.runs().get_mut(job) {
            run.extend(told.into_iter().map(Arc::new));
        }
    }

    /// A run is over. What it made tells the rest.
    pub fn end(&self, job: &str) {
        self.runs().remove(job);
    }

    /// What a run has told behind its first `count` words.
    pub fn behind(&self, job: &str, count: usize) -> Vec<Arc<Progress>> {
        let runs = self.runs();
        let told = runs.get(job).and_then(|run| run.get(count..));
        told.unwrap_or_default().to_vec()
    }

    fn runs(&self) -> MutexGuard<'_, HashMap<String, Vec<Arc<Progress>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
