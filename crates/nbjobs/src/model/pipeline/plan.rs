//! What an execution does next. Called when it starts, and each time a job of it has ended.

use jiff::Timestamp;
use serde_json::Value;

use super::expression::{Scope, Variables, text};
use super::{Definition, ExecutionStatus, Step, StepStatus, Values};

/// `FailureReason` of an execution in which a step failed, in SageMaker's words; the step has its own.
pub const FAILURE_REASON: &str = "Step failure: One or multiple steps failed.";

/// A step that has begun.
#[derive(Debug, Clone, PartialEq)]
pub struct StepState {
    /// The step's name.
    pub name: String,
    /// Where it is.
    pub status: StepStatus,
    /// What `DescribeTrainingJob` answers for its job, for later steps to refer to; needed once it has succeeded.
    pub job: Option<Value>,
}

/// What is to be done now.
#[derive(Debug, Clone, PartialEq)]
pub struct Advance {
    /// Steps whose jobs are to be created now.
    pub ready: Vec<ReadyStep>,
    /// Steps that cannot begin, because their arguments have no value.
    pub failed: Vec<FailedStep>,
    /// Where the execution is after that.
    pub status: ExecutionStatus,
}

/// A step whose job is to be created now.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadyStep {
    /// The step's name.
    pub name: String,
    /// The `TrainingJobName` that the step asks for: a prefix of the job's name.
    pub job_name_prefix: Option<String>,
    /// A `CreateTrainingJob` request without its `TrainingJobName`, every expression evaluated.
    pub arguments: Value,
}

/// A step that fails before it has a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedStep {
    /// The step's name.
    pub name: String,
    /// What was wrong.
    pub reason: String,
}

/// An execution and all that decides its course, but for what has happened so far.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// The definition as it was when the execution started.
    pub definition: &'a Definition,
    /// The execution, as its expressions see it.
    pub variables: &'a Variables,
    /// Its parameters' values.
    pub parameters: &'a Values,
    /// Most steps that run at a time (`MaxParallelExecutionSteps`).
    pub parallel_max: Option<usize>,
}

impl Run<'_> {
    /// What a new execution does first.
    pub fn plan(&self) -> Advance {
        self.advance(&[], false, self.variables.started_at)
    }

    /// What the execution does next, from the states of the steps that have begun.
    ///
    /// A step begins when all that it depends on have succeeded; one that depends on a failed or stopped step never
    /// does, and the others go on. Once it is `stopping`, no step begins. Called twice with the same states, it asks
    /// for the same.
    pub fn advance(&self, steps: &[StepState], stopping: bool, now: Timestamp) -> Advance {
        let scope = Scope {
            variables: self.variables,
            parameters: self.parameters,
            steps,
            now,
        };
        let running = steps.iter().filter(|step| !step.status.is_final()).count();
        let mut room = self
            .parallel_max
            .unwrap_or(usize::MAX)
            .saturating_sub(running);
        let (mut ready, mut failed) = (Vec::new(), Vec::new());
        for step in self
            .definition
            .steps
            .iter()
            .filter(|step| !stopping && may_begin(step, steps))
        {
            if room == 0 {
                break;
            }
            match prepare(&scope, step) {
                Ok(step) => {
                    ready.push(step);
                    room -= 1;
                }
                Err(reason) => failed.push(FailedStep {
                    name: step.name.clone(),
                    reason,
                }),
            }
        }
        let has = |status| steps.iter().any(|step| step.status == status);
        let status = match (running + ready.len() > 0, stopping) {
            (true, true) => ExecutionStatus::Stopping,
            (true, false) => ExecutionStatus::Executing,
            (false, true) => ExecutionStatus::Stopped,
            (false, false) if has(StepStatus::Failed) || !failed.is_empty() => {
                ExecutionStatus::Failed
            }
            (false, false) if has(StepStatus::Stopped) => ExecutionStatus::Stopped,
            (false, false) => ExecutionStatus::Succeeded,
        };
        Advance {
            ready,
            failed,
            status,
        }
    }
}

fn may_begin(step: &Step, steps: &[StepState]) -> bool {
    let status = |name: &str| {
        steps
            .iter()
            .find(|state| state.name == name)
            .map(|state| state.status)
    };
    status(&step.name).is_none()
        && step
            .depends_on
            .iter()
            .all(|name| status(name) == Some(StepStatus::Succeeded))
}

fn prepare(scope: &Scope<'_>, step: &Step) -> Result<ReadyStep, String> {
    let mut arguments = scope.evaluate(&step.arguments)?;
    let Some(map) = arguments.as_object_mut() else {
        return Err("its arguments are not an object".into());
    };
    let job_name_prefix = match map.remove("TrainingJobName") {
        None | Some(Value::Null) => None,
        Some(Value::String(prefix)) => Some(prefix),
        Some(other) => return Err(format!("TrainingJobName is {other}, not a text")),
    };
    for name in ["Environment", "HyperParameters"] {
        for (key, value) in map
            .get_mut(name)
            .and_then(Value::as_object_mut)
            .into_iter()
            .flatten()
        {
            let text = text(value)
                .ok_or_else(|| format!("{name}.{key} is {value}, not a text or a number"))?;
            *value = Value::String(text);
        }
    }
    Ok(ReadyStep {
        name: step.name.clone(),
        job_name_prefix,
        arguments,
    })
}
