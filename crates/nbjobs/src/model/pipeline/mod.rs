//! A pipeline: a graph of jobs. Its definition is read and checked, and what an execution of it does next is decided
//! here, as pure functions. Knows no rows, no doors and not how a job is run.

mod definition;
mod expression;
mod parameter;
mod plan;
mod status;

pub use definition::{DEFINITION_LEN_MAX, Definition, InvalidDefinition, STEPS_MAX, Step};
pub use expression::{ARGUMENTS_LEN_MAX, EXPRESSION_DEPTH_MAX, Variables};
pub use parameter::{
    InvalidParameter, PARAMETER_VALUE_LEN_MAX, PARAMETERS_MAX, Parameter, ParameterType, Values,
};
pub use plan::{Advance, FAILURE_REASON, FailedStep, ReadyStep, Run, StepState};
pub use status::{ExecutionStatus, StepStatus};

use jiff::Timestamp;

/// A pipeline as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// Unique among the pipelines there are.
    pub name: String,
    /// What was given when it was created or last updated.
    pub settings: Settings,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last updated.
    pub modified_at: Timestamp,
    /// When its last execution was started.
    pub last_run_at: Option<Timestamp>,
}

/// All that an update of a pipeline can change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// For people.
    pub display_name: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// The text exactly as given: clients read it back and parse it.
    pub definition: String,
    /// The role that it runs as.
    pub role_arn: String,
    /// Most steps of one execution that run at a time.
    pub parallel_max: Option<u32>,
}

/// One run of a pipeline as stored. What it runs was copied from the pipeline when it started.
#[derive(Debug, Clone, PartialEq)]
pub struct PipelineExecution {
    /// 12 of `[a-z0-9]`, unique among all executions.
    pub id: String,
    /// The pipeline's name.
    pub pipeline: String,
    /// Where it is.
    pub status: ExecutionStatus,
    /// For people.
    pub display_name: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// The definition that it runs.
    pub definition: String,
    /// Its parameters' values.
    pub parameters: Values,
    /// Most steps that run at a time.
    pub parallel_max: Option<u32>,
    /// Why it failed; there exactly when it did.
    pub failure_reason: Option<String>,
    /// When it was started.
    pub started_at: Timestamp,
    /// The last change of status.
    pub modified_at: Timestamp,
}

/// Which pipelines a list shows. Every condition that is given must hold; the instants themselves are left out.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct PipelineFilter {
    pub name_prefix: Option<String>,
    pub created_after: Option<Timestamp>,
    pub created_before: Option<Timestamp>,
}

/// Which executions a list shows. Every condition that is given must hold; the instants themselves are left out.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct ExecutionFilter {
    pub started_after: Option<Timestamp>,
    pub started_before: Option<Timestamp>,
}

/// A step of an execution that has begun, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineStep {
    /// The step's name.
    pub name: String,
    /// Where it is.
    pub status: StepStatus,
    /// The name of its job; none when the job could not be made.
    pub job: Option<String>,
    /// Why it failed; there exactly when it did.
    pub failure_reason: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it reached a final status.
    pub ended_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests;
