//! The states of a job and the lawful ways between them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a job stands. `Queued` is ours: AWS shows it as `InProgress` with the secondary status `Pending`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum JobStatus {
    /// Accepted, not yet given to a backend; or an attempt has failed, and the next one waits.
    Queued,
    /// A driver is being prepared, runs, or its output is being stored.
    InProgress,
    /// Somebody asked for it to stop; it still runs.
    Stopping,
    /// Its notebook ran to the end and its output is durable.
    Completed,
    /// It did not.
    Failed,
    /// It was stopped, by request or by its time limit.
    Stopped,
}

impl JobStatus {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Queued,
        Self::InProgress,
        Self::Stopping,
        Self::Completed,
        Self::Failed,
        Self::Stopped,
    ];

    /// Whether a job may go from this status to `next`.
    pub fn can_become(self, next: Self) -> bool {
        use JobStatus::{Completed, Failed, InProgress, Queued, Stopped, Stopping};
        matches!(
            (self, next),
            (Queued, InProgress | Stopped | Failed)
                | (InProgress, Queued | Stopping | Completed | Failed | Stopped)
                | (Stopping, Stopped)
        )
    }

    /// Whether nothing follows.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Stopped)
    }

    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "Queued",
            Self::InProgress => "InProgress",
            Self::Stopping => "Stopping",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::Stopped => "Stopped",
        }
    }

    /// The inverse of [`JobStatus::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }

    /// The word that AWS's `TrainingJobStatus` uses.
    pub fn training_job_status(self) -> &'static str {
        match self {
            Self::Queued => "InProgress",
            other => other.as_str(),
        }
    }
}

impl fmt::Display for JobStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// SageMaker's `SecondaryStatus`, the values that we reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "SageMaker documents them")]
pub enum SecondaryStatus {
    Pending,
    Starting,
    Downloading,
    Training,
    Uploading,
    Restarting,
    Stopping,
    Stopped,
    MaxRuntimeExceeded,
    Completed,
    Failed,
}

impl SecondaryStatus {
    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Starting => "Starting",
            Self::Downloading => "Downloading",
            Self::Training => "Training",
            Self::Uploading => "Uploading",
            Self::Restarting => "Restarting",
            Self::Stopping => "Stopping",
            Self::Stopped => "Stopped",
            Self::MaxRuntimeExceeded => "MaxRuntimeExceeded",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
        }
    }

    /// SageMaker's `StatusMessage` beside it.
    pub fn message(self) -> &'static str {
        match self {
            Self::Pending => "Waiting for a free place",
            Self::Starting => "Preparing the run",
            Self::Downloading => "Downloading the input data",
            Self::Training => "The notebook is running",
            Self::Uploading => "Uploading the output",
            Self::Restarting => "An attempt has failed; waiting for the next one",
            Self::Stopping => "Stopping the run",
            Self::Stopped => "The run was stopped",
            Self::MaxRuntimeExceeded => "The run reached MaxRuntimeInSeconds",
            Self::Completed => "The run completed",
            Self::Failed => "The run failed",
        }
    }
}

/// One entry of SageMaker's `SecondaryStatusTransitions`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// The state that began.
    pub status: SecondaryStatus,
    /// When it began.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_round_trip() {
        for status in JobStatus::ALL {
            assert_eq!(JobStatus::parse(status.as_str()), Some(status));
        }
        assert_eq!(JobStatus::parse("queued"), None);
    }

    #[test]
    fn nothing_follows_a_final_status() {
        for from in JobStatus::ALL {
            let follows = JobStatus::ALL.into_iter().any(|to| from.can_become(to));
            assert_eq!(follows, !from.is_final(), "{from}");
        }
    }

    proptest! {
        #[test]
        fn every_attempt_ends(choices in prop::collection::vec(0usize..6, 20)) {
            let mut status = JobStatus::Queued;
            let mut steps = 0;
            for choice in choices {
                let next = JobStatus::ALL[choice];
                if status.can_become(next) {
                    status = next;
                    steps = if next == JobStatus::Queued { 0 } else { steps + 1 };
                }
            }
            prop_assert!(steps <= 3, "a job changes status at most three times in an attempt");
        }
    }
}
