//! A pipeline's definition: JSON of schema version 2020-12-01, read and checked when the pipeline is created, so that
//! what can be known to be wrong is said then.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::parameter::{self, InvalidParameter, PARAMETERS_MAX, Parameter, Values};
use super::step::{Step, StepDocument};

/// Longest definition, in bytes (`PipelineDefinition` in SageMaker's service model).
pub const DEFINITION_LEN_MAX: usize = 1_048_576;
/// Most steps of one pipeline, those in the branches of conditions included (SageMaker's quota).
pub const STEPS_MAX: usize = 50;

const VERSION: &str = "2020-12-01";

/// A checked definition: names are unique, what is referred to exists, no step waits for itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    /// In the order of the definition.
    pub parameters: Vec<Parameter>,
    /// In the order of the definition; the steps of a condition's branches come behind the condition.
    pub steps: Vec<Step>,
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
    /// The SDK's version 3 sends null unless MLflow is asked for.
    #[serde(default)]
    mlflow_config: Value,
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

    /// Every step that must have succeeded before `name` can begin, directly or not.
    pub(super) fn ancestors<'a>(&'a self, name: &'a str) -> BTreeSet<&'a str> {
        let mut found = BTreeSet::new();
        let mut open = vec![name];
        while let Some(step) = open.pop().and_then(|name| self.step(name)) {
            open.extend(
                step.depends_on
                    .iter()
                    .map(String::as_str)
                    .filter(|name| found.insert(*name)),
            );
        }
        found
    }
}

fn check(document: Document) -> Result<Definition, String> {
    if document.version != VERSION {
        return Err(format!(
            "Version is {:?}, not {VERSION:?}",
            document.version
        ));
    }
    if !document.mlflow_config.is_null() {
        return Err("MlflowConfig is not supported: there is no MLflow here to write to".into());
    }
    if document.parameters.len() > PARAMETERS_MAX {
        return Err(format!(
            "It has {} parameters, the limit is {PARAMETERS_MAX}",
            document.parameters.len()
        ));
    }
    let mut parameters = BTreeSet::new();
    for parameter in &document.parameters {
        parameter.check().map_err(|error| error.to_string())?;
        if !parameters.insert(parameter.name.as_str()) {
            return Err(format!("Parameter {} is declared twice", parameter.name));
        }
    }
    let mut steps = Vec::new();
    for step in document.steps {
        step.flatten(None, &mut steps)?;
    }
    if !(1..=STEPS_MAX).contains(&steps.len()) {
        return Err(format!(
            "It has {} steps, not 1 to {STEPS_MAX}",
            steps.len()
        ));
    }
    let names: Vec<String> = steps.iter().map(|step| step.name.clone()).collect();
    for (index, step) in steps.iter_mut().enumerate() {
        if names[..index].contains(&step.name) {
            return Err(format!("Two steps have the name {}", step.name));
        }
        step.check(&names, &parameters)
            .map_err(|reason| format!("In step {:?}: {reason}", step.name))?;
    }
    check_for_cycles(&steps)?;
    check_fail_steps_are_last(&steps)?;
    Ok(Definition {
        parameters: document.parameters,
        steps,
    })
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

/// A Fail step ends the execution, so nothing can come behind it.
fn check_fail_steps_are_last(steps: &[Step]) -> Result<(), String> {
    let behind = steps.iter().find_map(|step| {
        let fails = |name: &&String| {
            let before = steps.iter().find(|step| step.name == **name);
            before.is_some_and(|before| before.action.is_fail())
        };
        Some((&step.name, step.depends_on.iter().find(fails)?))
    });
    match behind {
        Some((step, fail)) => Err(format!(
            "In step {step:?}: it depends on the Fail step {fail:?}, behind which nothing can run"
        )),
        None => Ok(()),
    }
}
