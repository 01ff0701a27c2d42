//! A pipeline: a graph of jobs. Its definition is read and checked, and what an execution of it does next is decided
//! here, as pure functions. Knows no rows, no doors and not how a job is run.

mod condition;
mod definition;
mod expression;
mod parameter;
mod plan;
mod retry;
mod selective;
mod status;
mod step;

pub use condition::Condition;
pub use definition::{DEFINITION_LEN_MAX, Definition, InvalidDefinition, STEPS_MAX};
pub use expression::{ARGUMENTS_LEN_MAX, EXPRESSION_DEPTH_MAX, JsonObjects, Variables};
pub use parameter::{
    InvalidParameter, PARAMETER_VALUE_LEN_MAX, PARAMETERS_MAX, Parameter, ParameterType, Values,
};
pub use plan::{Advance, EndedStep, Ending, FAILURE_REASON, ReadyStep, Run, StepState};
pub use retry::{ExceptionType, RetryPolicy, next_attempt};
pub use selective::{Done, Selection};
pub use status::{ExecutionStatus, StepStatus};
pub use step::{Action, Branch, Step};

use jiff::Timestamp;

/// A pipeline as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    /// Unique among the pipelines there are.
    pub name: String,
    /// What was given when it was created or last updated.
    pub settings: Settings,
    /// The number of the definition's version: 1, and one more with each update.
    pub version: i64,
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

/// A version of a pipeline's definition as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineVersion {
    /// 1, 2, 3 …
    pub version: i64,
    /// For people.
    pub display_name: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// When the create or update that made it was.
    pub created_at: Timestamp,
    /// The id of the last execution of it that is still there.
    pub last_execution: Option<String>,
}

/// One run of a pipeline as stored. What it runs was copied from the pipeline when it started.
#[derive(Debug, Clone, PartialEq)]
pub struct PipelineExecution {
    /// 12 of `[a-z0-9]`, unique among all executions.
    pub id: String,
    /// The pipeline's name.
    pub pipeline: String,
    /// The version of the pipeline that it runs.
    pub version: i64,
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
    /// What it runs, when that is not all.
    pub selection: Option<Selection>,
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
    /// The name of the job of its last attempt; none for a step without one, or when it could not be made.
    pub job: Option<String>,
    /// How often it was begun.
    pub attempts: u32,
    /// When its next attempt may begin; there exactly when its status is Starting.
    pub retry_at: Option<Timestamp>,
    /// What a Condition step has found.
    pub outcome: Option<bool>,
    /// The execution whose result was taken over, in a selective execution.
    pub source: Option<String>,
    /// Why it failed; there exactly when it did.
    pub failure_reason: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it reached a final status.
    pub ended_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests;
