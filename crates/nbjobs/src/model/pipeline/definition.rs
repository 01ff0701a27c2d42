//! A pipeline's definition: JSON of schema version 2020-12-01, read and checked when the pipeline is created, so that
//! what can be known to be wrong is said then.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::expression::{Reference, references};
use super::parameter::{self, InvalidParameter, PARAMETERS_MAX, Parameter, Values};
use crate::model::naming::is_step_name;

/// Longest definition, in bytes (`PipelineDefinition` in SageMaker's service model).
pub const DEFINITION_LEN_MAX: usize = 1_048_576;
/// Most steps of one pipeline (SageMaker's quota).
pub const STEPS_MAX: usize = 50;

const VERSION: &str = "2020-12-01";

/// A checked definition: names are unique, what is referred to exists, no step waits for itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// In the order of the definition.
    pub parameters: Vec<Parameter>,
    /// In the order of the definition.
    pub steps: Vec<Step>,
}

/// One node: a job to run, `Type` Training.
///
/// `RetryPolicies` are accepted and have nothing to do: the exceptions they name are failures of the cloud that
/// launches a job, not of the job. `CacheConfig` is accepted, and the step always runs anew.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// 1 to 64 of `[A-Za-z0-9_-]`.
    pub name: String,
    /// For people.
    pub display_name: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// An object in the shape of `CreateTrainingJob`, with expressions in it.
    pub arguments: Value,
    /// The steps that must succeed before: those of `DependsOn`, and those that the arguments refer to.
    pub depends_on: BTreeSet<String>,
}

/// A definition that cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Unable to parse pipeline definition. {0}")]
pub struct InvalidDefinition(pub String);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    version: String,
    #[serde(default)]
    parameters: Vec<Parameter>,
    steps: Vec<StepDocument>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StepDocument {
    name: String,
    #[serde(rename = "Type")]
    kind: String,
    #[serde(default)]
    arguments: Value,
    #[serde(default)]
    depends_on: Vec<String>,
    display_name: Option<String>,
    description: Option<String>,
}

impl Definition {
    /// Reads a definition. Unknown members at the top and in steps are ignored, as schema 2020-12-01 has grown.
    pub fn parse(text: &str) -> Result<Self, InvalidDefinition> {
        if text.len() > DEFINITION_LEN_MAX {
            return Err(InvalidDefinition(format!(
                "It is larger than {DEFINITION_LEN_MAX} bytes"
            )));
        }
        let document: Document =
            serde_json::from_str(text).map_err(|error| InvalidDefinition(error.to_string()))?;
        check(document).map_err(InvalidDefinition)
    }

    /// The values that an execution runs with: what `given` says by name, as text, else the defaults.
    pub fn bind(&self, given: &[(String, String)]) -> Result<Values, InvalidParameter> {
        parameter::bind(&self.parameters, given)
    }

    /// The step of that name.
    pub fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == name)
    }
}

fn check(document: Document) -> Result<Definition, String> {
    if document.version != VERSION {
        return Err(format!(
            "Version is {:?}, not {VERSION:?}",
            document.version
        ));
    }
    if document.parameters.len() > PARAMETERS_MAX {
        return Err(format!(
            "It has {} parameters, the limit is {PARAMETERS_MAX}",
            document.parameters.len()
        ));
    }
    if !(1..=STEPS_MAX).contains(&document.steps.len()) {
        return Err(format!(
            "It has {} steps, not 1 to {STEPS_MAX}",
            document.steps.len()
        ));
    }
    let mut parameters = BTreeSet::new();
    for parameter in &document.parameters {
        parameter.check().map_err(|error| error.to_string())?;
        if !parameters.insert(parameter.name.as_str()) {
            return Err(format!("Parameter {} is declared twice", parameter.name));
        }
    }
    let names: Vec<String> = document
        .steps
        .iter()
        .map(|step| step.name.clone())
        .collect();
    let mut steps = Vec::with_capacity(names.len());
    for (index, step) in document.steps.into_iter().enumerate() {
        if names[..index].contains(&step.name) {
            return Err(format!("Two steps have the name {}", step.name));
        }
        let name = step.name.clone();
        steps.push(
            step.check(&names, &parameters)
                .map_err(|reason| format!("In step {name:?}: {reason}"))?,
        );
    }
    check_for_cycles(&steps)?;
    Ok(Definition {
        parameters: document.parameters,
        steps,
    })
}

impl StepDocument {
    fn check(self, steps: &[String], parameters: &BTreeSet<&str>) -> Result<Step, String> {
        if !is_step_name(&self.name) {
            return Err("a step's name is 1 to 64 of A-Z a-z 0-9 - _".into());
        }
        if self.kind != "Training" {
            return Err(format!(
                "steps of type {} are not supported, Training steps are",
                self.kind
            ));
        }
        if !self.arguments.is_object() {
            return Err(
                "Arguments must be an object in the shape of a CreateTrainingJob request".into(),
            );
        }
        let mut depends_on: BTreeSet<String> = self.depends_on.into_iter().collect();
        for reference in references(&self.arguments)? {
            match reference {
                Reference::Parameter(name) if !parameters.contains(name) => {
                    return Err(format!("parameter {name} is not declared"));
                }
                Reference::Step { step, .. } => _ = depends_on.insert(step.to_owned()),
                _ => {}
            }
        }
        if let Some(unknown) = depends_on.iter().find(|name| !steps.contains(name)) {
            return Err(format!(
                "it depends on step {unknown:?}, which is not in the pipeline"
            ));
        }
        let Self {
            name,
            display_name,
            description,
            arguments,
            ..
        } = self;
        Ok(Step {
            name,
            display_name,
            description,
            arguments,
            depends_on,
        })
    }
}

/// Takes away steps that wait for nothing, again and again; what is left waits in a circle.
fn check_for_cycles(steps: &[Step]) -> Result<(), String> {
    let mut waiting: BTreeMap<&str, &BTreeSet<String>> = steps
        .iter()
        .map(|step| (step.name.as_str(), &step.depends_on))
        .collect();
    loop {
        let before = waiting.len();
        let names: BTreeSet<&str> = waiting.keys().copied().collect();
        waiting.retain(|_, depends_on| depends_on.iter().any(|name| names.contains(name.as_str())));
        if waiting.is_empty() {
            return Ok(());
        }
        if waiting.len() == before {
            let names = waiting.into_keys().collect::<Vec<_>>().join(", ");
            return Err(format!("Among the steps {names} some wait for themselves"));
        }
    }
}
