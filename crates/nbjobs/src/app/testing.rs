//! An `App` on a folder of its own, with a clock that stands still, for tests inside this crate.

use super::{App, Wake, pipelines};
use crate::clock::Clock;
use crate::model::arn::Scope;
use crate::model::job::Job;
use crate::model::pipeline::Settings;
use crate::objects::Objects;
use crate::store::Store;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

pub(crate) fn scope() -> Scope {
    Scope {
        region: "us-east-1".into(),
        account: "000000000000".into(),
    }
}

/// Opens the rows and objects under `dir`, as a start of the server does.
pub(crate) async fn open(dir: &Path, now: Timestamp) -> App {
    App {
        store: Store::open(&dir.join("rows.db")).await.expect("a store"),
        objects: Objects::open(&dir.join("objects"))
            .await
            .expect("a folder for objects"),
        clock: Clock::fixed(now),
        scope: scope(),
        job_environment: Arc::default(),
        studio: Arc::default(),
        queued_max: u64::MAX,
        retention: Default::default(),
        since: now,
        wake: Wake::default(),
        live: Default::default(),
    }
}

/// Ends an app and opens its rows and objects again.
pub(crate) async fn restart(app: App, dir: &Path, now: Timestamp) -> App {
    app.store.close().await;
    drop(app);
    open(dir, now).await
}

/// The jobs that are not final: those that run, then those that wait.
pub(crate) async fn unfinished_jobs(app: &App) -> Vec<Job> {
    let mut jobs = app.store.running_jobs().await.expect("jobs");
    for name in app
        .store
        .queued_jobs(app.clock.now(), 100)
        .await
        .expect("jobs")
    {
        jobs.extend(app.store.job(&name).await.expect("a job"));
    }
    jobs
}

/// What a step says of its job, `Training` and runnable here; `more` stands beside it or replaces it.
pub(crate) fn arguments(more: Value) -> Value {
    let channel = json!({"ChannelName": "sagemaker_headless_execution_vanilla", "DataSource": {"S3DataSource":
        {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/d/input", "S3DataDistributionType": "FullyReplicated"}}});
    let mut arguments = json!({
        "AlgorithmSpecification": {"TrainingImage": "i", "TrainingInputMode": "File"},
        "RoleArn": "arn:aws:iam::000000000000:role/R",
        "InputDataConfig": [channel],
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/d"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "Environment": {"SM_JOB_DEF_VERSION": "1.0", "SM_INPUT_NOTEBOOK_NAME": "a.ipynb"},
        "Tags": [{"Key": "sagemaker:name", "Value": "日報"}],
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        arguments[key] = value.clone();
    }
    arguments
}

pub(crate) fn step(name: &str, depends_on: &[&str], more: Value) -> Value {
    json!({"Name": name, "Type": "Training", "DependsOn": depends_on, "Arguments": arguments(more)})
}

pub(crate) fn settings(parameters: Value, steps: Value) -> Settings {
    let definition = json!({"Version": "2020-12-01", "Parameters": parameters, "Steps": steps});
    Settings {
        display_name: None,
        description: None,
        definition: definition.to_string(),
        role_arn: "arn:aws:iam::000000000000:role/R".into(),
        parallel_max: None,
    }
}

/// Creates a pipeline of these steps.
pub(crate) async fn pipeline(app: &App, name: &str, steps: Value) {
    pipelines::create(app, name, settings(json!([]), steps), &[], "a token")
        .await
        .expect("a pipeline");
}
