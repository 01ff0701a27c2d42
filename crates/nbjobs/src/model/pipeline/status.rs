//! The states of an execution and of its steps, in SageMaker's words.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Where an execution of a pipeline is, in SageMaker's words (`PipelineExecutionStatus`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExecutionStatus {
    /// Steps run, or are about to.
    Executing,
    /// A stop was asked for and steps still run.
    Stopping,
    /// It was stopped, or a step's job was.
    Stopped,
    /// A step failed.
    Failed,
    /// Every step succeeded.
    Succeeded,
}

/// Where a step of an execution is (`StepStatus`). A step that has not begun has no status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepStatus {
    /// It waits for its next attempt.
    Starting,
    /// Its job exists and has not ended.
    Executing,
    /// Its job was asked to stop and has not ended.
    Stopping,
    /// Its job was stopped.
    Stopped,
    /// Its job failed, or could not be made.
    Failed,
    /// Its job completed.
    Succeeded,
}

impl ExecutionStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [
        Self::Executing,
        Self::Stopping,
        Self::Stopped,
        Self::Failed,
        Self::Succeeded,
    ];

    /// Whether nothing more happens.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Executing | Self::Stopping)
    }

    /// Whether `RetryPipelineExecution` may take it back to Executing.
    pub fn can_be_retried(self) -> bool {
        matches!(self, Self::Failed | Self::Stopped)
    }

    /// The word for it, as stored and as SageMaker says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Executing => "Executing",
            Self::Stopping => "Stopping",
            Self::Stopped => "Stopped",
            Self::Failed => "Failed",
            Self::Succeeded => "Succeeded",
        }
    }

    /// The inverse of `as_str`.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

impl StepStatus {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::Starting,
        Self::Executing,
        Self::Stopping,
        Self::Stopped,
        Self::Failed,
        Self::Succeeded,
    ];

    /// Whether nothing more happens.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Starting | Self::Executing | Self::Stopping)
    }

    /// The word for it, as stored and as SageMaker says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "Starting",
            Self::Executing => "Executing",
            Self::Stopping => "Stopping",
            Self::Stopped => "Stopped",
            Self::Failed => "Failed",
            Self::Succeeded => "Succeeded",
        }
    }

    /// The inverse of `as_str`.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

impl fmt::Display for ExecutionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for StepStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
