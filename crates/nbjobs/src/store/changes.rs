//! Who wants to know that a job has changed. A bare signal, as a wake-up is: *look*, never *what*.

use std::sync::Arc;
use tokio::sync::broadcast::{self, Receiver, Sender, error::RecvError};

/// How many changes a watcher may be behind before it is told to look anyway.
const BEHIND_MAX: usize = 1024;

/// Tells of committed changes. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Changes(Sender<Arc<str>>);

impl Default for Changes {
    fn default() -> Self {
        Self(broadcast::channel(BEHIND_MAX).0)
    }
}

impl Changes {
    /// Tells of jobs whose rows have changed.
    pub(super) fn tell(&self, jobs: Vec<Arc<str>>) {
        for job in jobs {
            // An error means that nobody listens.
            let _ = self.0.send(job);
        }
    }

    /// From now on.
    pub(super) fn watch(&self) -> Watch {
        Watch(self.0.subscribe())
    }
}

/// Hears of the changes since it was made.
#[derive(Debug)]
pub struct Watch(Receiver<Arc<str>>);

impl Watch {
    /// Returns when the job has changed since the last look, or may have. The rows show what.
    pub async fn job(&mut self, name: &str) {
        loop {
            match self.0.recv().await {
                Ok(job) if &*job == name => break,
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => break,
                // The store is closed: nothing changes any more.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
        // What came while we were away is one look.
        self.0 = self.0.resubscribe();
    }
}
