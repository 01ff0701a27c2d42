//! Verbs: all that a caller can ask for, one file per noun. A verb writes what is wanted and returns;
//! the engine acts. Verbs never wait for the engine and never call a backend.

mod constraint;
pub mod definitions;
mod error;
pub mod events;
pub mod executions;
pub mod firings;
pub mod health;
pub mod inputs;
pub mod jobs;
pub mod kernels;
pub mod keys;
pub mod live;
pub mod logs;
pub mod notebook_jobs;
pub mod objects;
pub mod output;
pub mod parameters;
pub mod pipeline_versions;
pub mod pipelines;
pub mod policies;
mod repeated;
pub mod restored;
pub mod retention;
pub mod rules;
pub mod schedules;
pub mod search;
pub mod sessions;
pub mod tags;
#[cfg(test)]
pub(crate) mod testing;
pub mod webhooks;

pub use crate::store::Watch;
pub use error::Error;

use crate::clock::Clock;
use crate::model::arn::Scope;
use crate::model::policy::Policies;
use crate::model::studio::Studio;
use crate::objects::Objects;
use crate::store::Store;
use jiff::Timestamp;
use std::sync::Arc;
use tokio::sync::Notify;

/// What a verb returns.
pub type Result<T> = std::result::Result<T, Error>;

/// Bare signals to the engine's loops: *look*, never *what*.
#[derive(Clone, Debug, Default)]
pub struct Wake(Arc<WakeLoops>);

#[derive(Debug, Default)]
struct WakeLoops {
    dispatcher: Notify,
    scheduler: Notify,
}

impl Wake {
    /// There may be a job to start or to stop.
    pub fn dispatcher(&self) {
        self.0.dispatcher.notify_one();
    }

    /// The next due moment may be another.
    pub fn scheduler(&self) {
        self.0.scheduler.notify_one();
    }

    /// Returns at the next [`Wake::dispatcher`], or at once if there was one since the last look.
    pub async fn for_dispatcher(&self) {
        self.0.dispatcher.notified().await;
    }

    /// Returns at the next [`Wake::scheduler`], or at once if there was one since the last look.
    pub async fn for_scheduler(&self) {
        self.0.scheduler.notified().await;
    }
}

/// What every verb works on. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    /// Rows.
    pub store: Store,
    /// Bytes.
    pub objects: Objects,
    /// Time.
    pub clock: Clock,
    /// The account and region that we are.
    pub scope: Scope,
    /// The environment that jobs start from, which their kernels are found by.
    pub job_environment: Arc<notebook::Environment>,
    /// What Studio says of itself.
    pub studio: Arc<Studio>,
    /// How many jobs may wait.
    pub queued_max: u64,
    /// How long runs are kept that no tag says it of.
    pub retention: Policies,
    /// When the service was first started.
    pub since: Timestamp,
    /// Signals to the engine.
    pub wake: Wake,
    /// What runs have told so far.
    pub live: live::Live,
}
