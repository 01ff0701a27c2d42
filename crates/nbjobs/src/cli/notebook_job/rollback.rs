//! Takes back what was made when a later step fails, so that nothing half-made stays behind.

use crate::cli::client::{Client, Service, ServiceError, Unreachable};
use crate::model::notebook_job::TARGET_ID;
use serde_json::{Value, json};
use std::fmt;
use uuid::Uuid;

/// One thing that was made.
#[derive(Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Step {
    Object { bucket: String, key: String },
    Pipeline { name: String },
    Rule { name: String },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object { bucket, key } => write!(f, "s3://{bucket}/{key}"),
            Self::Pipeline { name } => write!(f, "the pipeline {name}"),
            Self::Rule { name } => write!(f, "the rule {name}"),
        }
    }
}

/// What was made so far. Dropped without [`Rollback::keep`], all of it is removed again, the last first.
pub struct Rollback<'c> {
    client: &'c Client,
    steps: Vec<Step>,
}

impl<'c> Rollback<'c> {
    /// Nothing was made yet.
    pub fn new(client: &'c Client) -> Self {
        Self {
            client,
            steps: Vec::new(),
        }
    }

    /// Passes on how the making of `step` ended, and notes the step unless it was refused: when the answer was lost,
    /// it may be there.
    pub fn after<T>(&mut self, step: Step, result: anyhow::Result<T>) -> anyhow::Result<T> {
        if result
            .as_ref()
            .map_or_else(|error| error.is::<Unreachable>(), |_| true)
        {
            self.steps.push(step);
        }
        result
    }

    /// All of it stays.
    pub fn keep(mut self) {
        self.steps.clear();
    }

    fn undo(&self, step: &Step) -> anyhow::Result<()> {
        match step {
            Step::Object { bucket, key } => self.client.delete_object(bucket, key),
            Step::Pipeline { name } => {
                let token = Uuid::new_v4().to_string();
                let body = json!({"PipelineName": name, "ClientRequestToken": token});
                self.remove(Service::SageMaker, "DeletePipeline", &body)
            }
            Step::Rule { name } => {
                let targets = json!({"Rule": name, "Ids": [TARGET_ID]});
                self.remove(Service::EventBridge, "RemoveTargets", &targets)?;
                self.remove(Service::EventBridge, "DeleteRule", &json!({"Name": name}))
            }
        }
    }

    /// What is not there need not be removed.
    fn remove(&self, service: Service, operation: &str, input: &Value) -> anyhow::Result<()> {
        match self.client.call(service, operation, input) {
            Err(error) if !ServiceError::is_not_found(&error) => Err(error),
            _ => Ok(()),
        }
    }
}

impl Drop for Rollback<'_> {
    fn drop(&mut self) {
        for step in self.steps.iter().rev() {
            if let Err(error) = self.undo(step) {
                eprintln!("nbjobs: {step} may stay behind: {error:#}");
            }
        }
    }
}
