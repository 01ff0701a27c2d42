//! What an execution does next. Called when it starts, and each time something of it has ended.

use jiff::Timestamp;
use serde_json::Value;

use super::expression::{JsonObjects, Reference, Scope, Variables, json_uris, references, text};
use super::step::{Action, Step};
use super::{Definition, ExecutionStatus, Selection, StepStatus, Values};

/// `FailureReason` of an execution in which a step failed, in SageMaker's words; the step has its own.
pub const FAILURE_REASON: &str = "Step failure: One or multiple steps failed.";

/// A step that has begun.
#[derive(Debug, Clone, PartialEq)]
pub struct StepState {
    /// The step's name.
    pub name: String,
    /// Where it is.
    pub status: StepStatus,
    /// What later steps can refer to, needed once it has succeeded: what `DescribeTrainingJob` answers for its job, or
    /// `{"Outcome": "True"}`.
    pub properties: Option<Value>,
    /// What a Condition step has found; there when it has succeeded.
    pub outcome: Option<bool>,
    /// When its next attempt may begin, if it is Starting.
    pub retry_at: Option<Timestamp>,
}

/// What is to be done now.
#[derive(Debug, Clone, PartialEq)]
pub struct Advance {
    /// Steps whose jobs are to be created now.
    pub ready: Vec<ReadyStep>,
    /// Steps that end without a job.
    pub ended: Vec<EndedStep>,
    /// Whether the steps that have not ended are to be stopped, because a Fail step was reached.
    pub halt: bool,
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

/// A step that ends without a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedStep {
    /// The step's name.
    pub name: String,
    /// How.
    pub ending: Ending,
}

/// How a step ends without a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// A Condition step has found this.
    Outcome(bool),
    /// A Fail step was reached; its message.
    Fail(String),
    /// It cannot run, because its arguments have no value; the reason.
    Broken(String),
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
    /// What it runs, when that is not all.
    pub selection: Option<&'a Selection>,
    /// The objects that [`Run::objects_needed`] named.
    pub objects: &'a JsonObjects,
}

enum Prepared {
    Job(ReadyStep),
    Ended(Ending),
}

impl Run<'_> {
    /// What a new execution does first.
    pub fn plan(&self) -> Advance {
        self.advance(&[], false, self.variables.started_at)
    }

    /// What the execution does next, from the states of the steps that have begun.
    ///
    /// A step begins when all that it depends on have succeeded and its condition has chosen its branch; one that
    /// depends on a failed or stopped step, or on one that was not chosen, never does, and the others go on. Once it is
    /// `stopping`, or a Fail step was reached, no step begins. Called twice with the same states, it asks for the same.
    pub fn advance(&self, steps: &[StepState], stopping: bool, now: Timestamp) -> Advance {
        let scope = self.scope(steps, now);
        let running =
            |step: &&StepState| matches!(step.status, StepStatus::Executing | StepStatus::Stopping);
        let mut room = self
            .parallel_max
            .unwrap_or(usize::MAX)
            .saturating_sub(steps.iter().filter(running).count());
        let halted = steps.iter().any(|state| {
            let step = self.definition.step(&state.name);
            state.status == StepStatus::Failed && step.is_some_and(|step| step.action.is_fail())
        });
        let (mut ready, mut ended) = (Vec::new(), Vec::new());
        for step in &self.definition.steps {
            let is_job = matches!(step.action, Action::Training { .. });
            if stopping || halted || (is_job && room == 0) || !self.may_begin(step, steps, now) {
                continue;
            }
            match prepare(&scope, step) {
                Prepared::Job(step) => {
                    ready.push(step);
                    room -= 1;
                }
                Prepared::Ended(ending) => ended.push(EndedStep {
                    name: step.name.clone(),
                    ending,
                }),
            }
        }
        let unfinished = steps.iter().any(|step| !step.status.is_final()) || !ready.is_empty();
        let has = |status| steps.iter().any(|step| step.status == status);
        let fails = ended
            .iter()
            .any(|step| !matches!(step.ending, Ending::Outcome(_)));
        let status = match (unfinished, stopping) {
            (true, true) => ExecutionStatus::Stopping,
            (true, false) => ExecutionStatus::Executing,
            (false, true) => ExecutionStatus::Stopped,
            (false, false) if has(StepStatus::Failed) || fails => ExecutionStatus::Failed,
            (false, false) if has(StepStatus::Stopped) => ExecutionStatus::Stopped,
            (false, false) => ExecutionStatus::Succeeded,
        };
        let halt = halted && (has(StepStatus::Starting) || has(StepStatus::Executing));
        Advance {
            ready,
            ended,
            halt,
            status,
        }
    }

    /// The S3 URIs of the objects that the steps that may begin now read with `Std:JsonGet`.
    pub fn objects_needed(&self, steps: &[StepState], now: Timestamp) -> Vec<String> {
        let scope = self.scope(steps, now);
        let begin = self.definition.steps.iter();
        begin
            .filter(|step| self.may_begin(step, steps, now))
            .flat_map(|step| step.action.values())
            .flat_map(json_uris)
            .filter_map(|uri| scope.evaluate(uri).ok()?.as_str().map(str::to_owned))
            .collect()
    }

    /// The jobs of all steps that depend on nothing but the parameters, or why they cannot be made: what can be known
    /// of a definition before it runs.
    pub fn known_jobs(&self) -> Vec<(&str, Result<ReadyStep, String>)> {
        let scope = self.scope(&[], self.variables.started_at);
        let known = |value: &&Value| {
            let references = references(value).unwrap_or_default();
            !references
                .iter()
                .any(|reference| matches!(reference, Reference::Step { .. }))
                && json_uris(value).is_empty()
        };
        let jobs = self
            .definition
            .steps
            .iter()
            .filter_map(|step| match &step.action {
                Action::Training { arguments, .. } => Some((step, arguments)),
                _ => None,
            });
        jobs.filter(|(_, arguments)| known(arguments))
            .map(|(step, arguments)| (step.name.as_str(), job(&scope, &step.name, arguments)))
            .collect()
    }

    fn scope<'s>(&'s self, steps: &'s [StepState], now: Timestamp) -> Scope<'s> {
        Scope {
            variables: self.variables,
            parameters: self.parameters,
            steps,
            objects: self.objects,
            now,
        }
    }

    fn may_begin(&self, step: &Step, steps: &[StepState], now: Timestamp) -> bool {
        let state = |name: &str| steps.iter().find(|state| state.name == name);
        let is_selected = self
            .selection
            .is_none_or(|selection| selection.steps.contains(&step.name));
        let is_new = match state(&step.name) {
            None => is_selected,
            Some(own) => {
                own.status == StepStatus::Starting && own.retry_at.is_some_and(|at| at <= now)
            }
        };
        let is_chosen = step.branch.as_ref().is_none_or(|branch| {
            state(&branch.condition).and_then(|state| state.outcome) == Some(branch.taken_if)
        });
        let succeeded =
            |name: &String| state(name).is_some_and(|state| state.status == StepStatus::Succeeded);
        is_new && is_chosen && step.depends_on.iter().all(succeeded)
    }
}

fn prepare(scope: &Scope<'_>, step: &Step) -> Prepared {
    let ended = match &step.action {
        Action::Training { arguments, .. } => match job(scope, &step.name, arguments) {
            Ok(ready) => return Prepared::Job(ready),
            Err(reason) => Ending::Broken(reason),
        },
        Action::Condition(conditions) => {
            let mut all = Ok(true);
            for condition in conditions {
                all = condition.holds(scope);
                if all != Ok(true) {
                    break;
                }
            }
            all.map_or_else(Ending::Broken, Ending::Outcome)
        }
        Action::Fail { message } => match scope.evaluate(message) {
            Ok(Value::Null) => Ending::Fail(String::new()),
            Ok(value) => Ending::Fail(text(&value).unwrap_or_else(|| value.to_string())),
            Err(reason) => Ending::Broken(reason),
        },
    };
    Prepared::Ended(ended)
}

fn job(scope: &Scope<'_>, name: &str, arguments: &Value) -> Result<ReadyStep, String> {
    let mut arguments = scope.evaluate(arguments)?;
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
        name: name.to_owned(),
        job_name_prefix,
        arguments,
    })
}
