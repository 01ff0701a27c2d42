//! What has happened so far, as the plan of an execution sees it.

use super::super::{App, Error, Result};
use crate::model::arn::Scope;
use crate::model::job::{Job, split_s3_uri};
use crate::model::pipeline::{JsonObjects, PipelineStep, StepState, StepStatus};
use crate::store::Tx;
use anyhow::Context;
use serde_json::{Value, json};

/// Largest object that `Std:JsonGet` reads, in bytes.
pub const JSON_OBJECT_LEN_MAX: u64 = 1_048_576;

/// The steps that have begun, as the plan sees them.
pub(super) async fn states(
    tx: &mut Tx,
    scope: &Scope,
    steps: &[PipelineStep],
) -> Result<Vec<StepState>> {
    let mut states = Vec::new();
    for step in steps {
        let mut properties = step
            .outcome
            .map(|outcome| json!({"Outcome": if outcome { "True" } else { "False" }}));
        if let Some(job) = &step.job
            && step.status == StepStatus::Succeeded
        {
            let job = tx.job(job).await?;
            properties = job.map(|job| document(scope, &job)).transpose()?;
        }
        states.push(StepState {
            name: step.name.clone(),
            status: step.status,
            properties,
            outcome: step.outcome,
            retry_at: step.retry_at,
        });
    }
    Ok(states)
}

/// What later steps can refer to of a job: its request, and what `DescribeTrainingJob` adds.
fn document(scope: &Scope, job: &Job) -> Result<Value> {
    let mut document = serde_json::to_value(&job.spec).context("a job's spec cannot be written")?;
    document["TrainingJobName"] = json!(job.name);
    document["TrainingJobArn"] = json!(scope.training_job(&job.name));
    document["TrainingJobStatus"] = json!(job.status.training_job_status());
    document["SecondaryStatus"] = json!(job.secondary_status.as_str());
    document["ModelArtifacts"] = json!({"S3ModelArtifacts": job.artifact_uri()});
    Ok(document)
}

/// Reads the objects that `Std:JsonGet` asks for.
pub(super) async fn objects(app: &App, uris: Vec<String>) -> Result<JsonObjects> {
    let mut objects = JsonObjects::new();
    for uri in uris {
        let object = match object(app, &uri).await {
            Ok(value) => Ok(value),
            Err(Error::NotFound(reason) | Error::Invalid(reason)) => {
                Err(format!("{uri} cannot be read: {reason}"))
            }
            Err(error) => return Err(error),
        };
        objects.insert(uri, object);
    }
    Ok(objects)
}

async fn object(app: &App, uri: &str) -> Result<Value> {
    let (bucket, key) = split_s3_uri(uri).map_err(Error::Invalid)?;
    let object = app.objects.get(bucket, key).await?;
    let bytes = object.bytes(JSON_OBJECT_LEN_MAX).await?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Error::Invalid(format!("it is not JSON: {error}")))
}
