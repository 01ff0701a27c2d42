//! Takes back what was made when a later step fails, so that nothing half-made stays behind.

use crate::cli::client::{Client, Service};
use serde_json::json;

/// One thing that was made.
#[derive(Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Step {
    Object { bucket: String, key: String },
    Pipeline { name: String },
    Rule { name: String },
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

    /// This was made.
    pub fn note(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// All of it stays.
    pub fn keep(mut self) {
        self.steps.clear();
    }

    fn undo(&self, step: &Step) -> anyhow::Result<()> {
        match step {
            Step::Object { bucket, key } => self.client.delete_object(bucket, key),
            Step::Pipeline { name } => {
                let body = json!({"PipelineName": name, "ClientRequestToken": uuid::Uuid::new_v4().to_string()});
                self.client
                    .call(Service::SageMaker, "DeletePipeline", &body)
                    .map(drop)
            }
            Step::Rule { name } => self
                .client
                .call(Service::EventBridge, "DeleteRule", &json!({"Name": name}))
                .map(drop),
        }
    }
}

impl Drop for Rollback<'_> {
    fn drop(&mut self) {
        for step in self.steps.iter().rev() {
            if let Err(error) = self.undo(step) {
                eprintln!("warning: {step:?} stays behind: {error:#}");
            }
        }
    }
}
