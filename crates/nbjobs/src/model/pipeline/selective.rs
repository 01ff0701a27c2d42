//! Selective executions: some steps of a pipeline run, and take from an earlier execution what they need of the others.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Definition, StepStatus};

/// What an execution runs, when that is not all (`SelectiveExecutionConfig`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// The steps that run; no other does.
    pub steps: BTreeSet<String>,
    /// The id of the earlier execution of the same pipeline.
    pub source: Option<String>,
}

/// A step of the earlier execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done<'a> {
    /// Its name.
    pub name: &'a str,
    /// How it ended.
    pub status: StepStatus,
    /// What it found, if it is a Condition step.
    pub outcome: Option<bool>,
}

impl Selection {
    /// The steps whose results are taken over from the earlier execution, `done`: those that a selected step depends on
    /// and that are not selected themselves. The error is a sentence without a full stop.
    pub fn taken_over<'a>(
        &self,
        definition: &'a Definition,
        done: &[Done<'_>],
    ) -> Result<BTreeSet<&'a str>, String> {
        let mut taken = BTreeSet::new();
        for name in &self.steps {
            let step = definition.step(name).ok_or_else(|| {
                format!("The selected step {name} is not in the pipeline's definition")
            })?;
            let not_selected = step
                .depends_on
                .iter()
                .filter(|name| !self.steps.contains(*name));
            for before in not_selected {
                self.check_path(definition, name, before)?;
                let earlier = done
                    .iter()
                    .find(|done| done.name == before && done.status == StepStatus::Succeeded);
                let earlier = earlier.ok_or_else(|| match &self.source {
                    Some(source) => format!(
                        "The selected step {name} depends on step {before}, which has not succeeded in the execution {source}"
                    ),
                    None => format!(
                        "The selected step {name} depends on step {before}, which is not selected: SourcePipelineExecutionArn must name an execution in which it has succeeded"
                    ),
                })?;
                let branch = step
                    .branch
                    .as_ref()
                    .filter(|branch| branch.condition == *before);
                if branch.is_some_and(|branch| earlier.outcome != Some(branch.taken_if)) {
                    return Err(format!(
                        "The selected step {name} is in a branch that the condition {before} did not choose in the source execution"
                    ));
                }
                taken.insert(before.as_str());
            }
        }
        Ok(taken)
    }

    /// Steps on a path between two selected ones are selected too: else the second would see old results.
    fn check_path(&self, definition: &Definition, name: &str, before: &str) -> Result<(), String> {
        let ancestors = definition.ancestors(before);
        match ancestors
            .into_iter()
            .find(|step| self.steps.contains(*step))
        {
            Some(first) => Err(format!(
                "Step {before} is on a path between the selected steps {first} and {name} and must be selected too"
            )),
            None => Ok(()),
        }
    }
}
