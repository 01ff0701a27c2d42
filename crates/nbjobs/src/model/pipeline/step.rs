//! The steps of a definition: what each does, what it waits for, and in which branch of a condition it stands.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::condition::Condition;
use super::expression::{Reference, references};
use super::retry::RetryPolicy;
use crate::model::naming::is_step_name;

/// Longest display name of a step, in characters (`StepDisplayName` in SageMaker's service model).
const DISPLAY_NAME_LEN_MAX: usize = 256;
/// Longest description of a step, in characters (`StepDescription` in SageMaker's service model).
const DESCRIPTION_LEN_MAX: usize = 3072;

/// One node.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// 1 to 64 of `[A-Za-z0-9_-]`.
    pub name: String,
    /// For people.
    pub display_name: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// What it does.
    pub action: Action,
    /// The steps that must succeed before: those of `DependsOn`, those that the arguments refer to, and the condition
    /// in whose branch it stands.
    pub depends_on: BTreeSet<String>,
    /// Where it stands, if it is one of a condition's steps.
    pub branch: Option<Branch>,
}

/// A place in a condition's `IfSteps` or `ElseSteps`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// The condition's name.
    pub condition: String,
    /// The outcome with which the branch is taken.
    pub taken_if: bool,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// `Type` Training: runs a job.
    Training {
        /// An object in the shape of `CreateTrainingJob`, with expressions in it.
        arguments: Value,
        /// When a failure is tried again.
        retry_policies: Vec<RetryPolicy>,
    },
    /// `Type` Condition: decides whether its `IfSteps` or its `ElseSteps` run. True when every condition holds.
    Condition(Vec<Condition>),
    /// `Type` Fail: ends the execution.
    Fail {
        /// `ErrorMessage`, a text or an expression.
        message: Value,
    },
}

impl Action {
    /// Whether it is a Fail step.
    pub fn is_fail(&self) -> bool {
        matches!(self, Self::Fail { .. })
    }

    /// The step's `Type`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Training { .. } => "Training",
            Self::Condition(_) => "Condition",
            Self::Fail { .. } => "Fail",
        }
    }

    /// Everything in it that may be or hold an expression.
    pub(super) fn values(&self) -> Vec<&Value> {
        match self {
            Self::Training { arguments, .. } => vec![arguments],
            Self::Condition(conditions) => conditions.iter().flat_map(Condition::values).collect(),
            Self::Fail { message } => vec![message],
        }
    }
}

/// A step as it stands in the definition.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StepDocument {
    name: String,
    #[serde(rename = "Type")]
    kind: String,
    #[serde(default)]
    arguments: Value,
    #[serde(default)]
    depends_on: Vec<String>,
    display_name: Option<String>,
    description: Option<String>,
    #[serde(default)]
    retry_policies: Vec<RetryPolicy>,
    cache_config: Option<CacheConfig>,
}

/// Every step runs anew. A cache that is asked for would be ignored, so it is refused.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CacheConfig {
    #[serde(default)]
    enabled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ConditionArguments {
    conditions: Vec<Condition>,
    #[serde(default)]
    if_steps: Vec<StepDocument>,
    #[serde(default)]
    else_steps: Vec<StepDocument>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct FailArguments {
    #[serde(default)]
    error_message: Value,
}

impl StepDocument {
    /// Adds the step and, behind it, the steps of its branches.
    pub(super) fn flatten(
        self,
        branch: Option<Branch>,
        steps: &mut Vec<Step>,
    ) -> Result<(), String> {
        let name = self.name.clone();
        let refused = |reason: String| format!("In step {name:?}: {reason}");
        if self.cache_config.is_some_and(|cache| cache.enabled) {
            return Err(refused(
                "CacheConfig.Enabled is not supported, every step runs anew".into(),
            ));
        }
        if self.kind != "Training" && !self.retry_policies.is_empty() {
            return Err(refused("only a Training step has RetryPolicies".into()));
        }
        let mut branches = Vec::new();
        let action = match self.kind.as_str() {
            "Training" if !self.arguments.is_object() => Err(
                "Arguments must be an object in the shape of a CreateTrainingJob request".into(),
            ),
            "Training" => Ok(Action::Training {
                arguments: self.arguments,
                retry_policies: self.retry_policies,
            }),
            "Condition" => serde_json::from_value(self.arguments)
                .map_err(|error| error.to_string())
                .map(|arguments: ConditionArguments| {
                    branches = vec![(true, arguments.if_steps), (false, arguments.else_steps)];
                    Action::Condition(arguments.conditions)
                }),
            "Fail" => serde_json::from_value(self.arguments)
                .map_err(|error| error.to_string())
                .map(|arguments: FailArguments| Action::Fail {
                    message: arguments.error_message,
                }),
            other => Err(format!(
                "steps of type {other} are not supported; Training, Condition and Fail steps are"
            )),
        };
        let mut depends_on: BTreeSet<String> = self.depends_on.into_iter().collect();
        depends_on.extend(branch.iter().map(|branch| branch.condition.clone()));
        steps.push(Step {
            action: action.map_err(refused)?,
            name: self.name,
            display_name: self.display_name,
            description: self.description,
            depends_on,
            branch,
        });
        for (taken_if, documents) in branches {
            for document in documents {
                let condition = name.clone();
                document.flatten(
                    Some(Branch {
                        condition,
                        taken_if,
                    }),
                    steps,
                )?;
            }
        }
        Ok(())
    }
}

impl Step {
    /// Checks the step against the names of all steps and parameters, and adds the steps that its arguments refer to
    /// to those that it depends on. The error is a reason without a full stop.
    pub(super) fn check(
        &mut self,
        steps: &[String],
        parameters: &BTreeSet<&str>,
    ) -> Result<(), String> {
        if !is_step_name(&self.name) {
            return Err("a step's name is 1 to 64 of A-Z a-z 0-9 - _".into());
        }
        for (text, member, max) in [
            (&self.display_name, "DisplayName", DISPLAY_NAME_LEN_MAX),
            (&self.description, "Description", DESCRIPTION_LEN_MAX),
        ] {
            if text.iter().any(|text| text.chars().count() > max) {
                return Err(format!("{member} is longer than {max} characters"));
            }
        }
        for value in self.action.values() {
            for reference in references(value)? {
                match reference {
                    Reference::Parameter(name) if !parameters.contains(name) => {
                        return Err(format!("parameter {name} is not declared"));
                    }
                    Reference::Step { step, .. } => _ = self.depends_on.insert(step.to_owned()),
                    _ => {}
                }
            }
        }
        if let Action::Training { retry_policies, .. } = &self.action {
            retry_policies.iter().try_for_each(RetryPolicy::check)?;
        }
        match self.depends_on.iter().find(|name| !steps.contains(name)) {
            Some(unknown) => Err(format!(
                "it depends on step {unknown:?}, which is not in the pipeline"
            )),
            None => Ok(()),
        }
    }
}
