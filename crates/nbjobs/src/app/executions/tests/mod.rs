//! Tests of the course of executions over a real store.

mod repair;
mod tokens;

use super::*;
use crate::app::jobs;
use crate::app::pipelines;
use crate::app::testing::{self, at, open, pipeline, settings, step};
use crate::model::job::{JobStatus, SecondaryStatus};
use crate::model::pipeline::{FAILURE_REASON, StepStatus};
use crate::model::tag::Tag;
use serde_json::json;

const NOW: &str = "2026-11-23T12:00:00Z";

fn of(pipeline: &str) -> Start {
    Start {
        pipeline: pipeline.into(),
        ..Start::default()
    }
}

async fn app() -> (App, tempfile::TempDir) {
    let dir = tempfile::tempdir().expect("a folder");
    (open(dir.path(), at(NOW)).await, dir)
}

/// Takes the job of a step to its end, as the engine does.
async fn end(app: &App, id: &str, step: &str, status: JobStatus) {
    let mut tx = app.store.tx().await.unwrap();
    let steps = tx.steps(id).await.unwrap();
    let name = steps
        .iter()
        .find(|s| s.name == step)
        .unwrap()
        .job
        .clone()
        .unwrap();
    let mut job = tx.job(&name).await.unwrap().unwrap();
    let now = app.clock.now();
    if job.status == JobStatus::Queued {
        let secondary = SecondaryStatus::Starting;
        tx.set_job_status(&mut job, JobStatus::InProgress, secondary, None, now)
            .await
            .unwrap();
    }
    let (secondary, reason) = match status {
        JobStatus::Completed => (SecondaryStatus::Completed, None),
        JobStatus::Failed => (
            SecondaryStatus::Failed,
            Some("AlgorithmError: no".to_owned()),
        ),
        _ => (SecondaryStatus::MaxRuntimeExceeded, None),
    };
    tx.set_job_status(&mut job, status, secondary, reason, now)
        .await
        .unwrap();
    job_ended(&mut tx, app, &job, now).await.unwrap();
    tx.commit().await.unwrap();
}

async fn status(app: &App, execution: &PipelineExecution) -> ExecutionStatus {
    describe(app, &execution.pipeline, &execution.id)
        .await
        .unwrap()
        .status
}

async fn step_statuses(app: &App, id: &str) -> Vec<(String, StepStatus)> {
    let steps = app.store.steps(id).await.unwrap();
    steps
        .into_iter()
        .map(|step| (step.name, step.status))
        .collect()
}

#[tokio::test]
async fn the_same_token_starts_once() {
    let (app, _dir) = app().await;
    pipeline(&app, "p", json!([step("a", &[], json!({}))])).await;
    let first = start(&app, &of("p"), "token-1").await.unwrap();
    assert_eq!(start(&app, &of("p"), "token-1").await.unwrap().id, first.id);
    let other = Start {
        description: Some("another".into()),
        ..of("p")
    };
    let error = start(&app, &other, "token-1").await.unwrap_err();
    assert!(matches!(error, Error::Conflict(_)), "{error}");
    assert_ne!(start(&app, &other, "token-2").await.unwrap().id, first.id);
    assert_eq!(testing::unfinished_jobs(&app).await.len(), 2);
}

#[tokio::test]
async fn a_start_makes_the_job_that_the_step_says() {
    let (app, _dir) = app().await;
    let name = json!({"Std:Join": {"On": "-", "Values": ["a", {"Get": "Execution.StartDateTime"}, ".ipynb"]}});
    let environment = json!({"SM_JOB_DEF_VERSION": "1.0", "SM_INPUT_NOTEBOOK_NAME": "a.ipynb",
        "SM_OUTPUT_NOTEBOOK_NAME": name});
    pipeline(
        &app,
        "p",
        json!([step(
            "qiitasampl-qiitasampl",
            &[],
            json!({"Environment": environment})
        )]),
    )
    .await;
    let execution = start(&app, &of("p"), "token").await.unwrap();
    let job = testing::unfinished_jobs(&app).await.remove(0);
    assert!(
        job.name
            .starts_with(&format!("pipelines-{}-qiitasampl-qiitasamp-", execution.id)),
        "{}",
        job.name
    );
    assert_eq!(
        job.spec.environment["SM_OUTPUT_NOTEBOOK_NAME"],
        "a-2026-11-23T12:00:00.000Z-.ipynb"
    );
    let tags = app.store.tags(&jobs::resource(&job.name)).await.unwrap();
    assert_eq!(
        tags,
        [Tag {
            key: "sagemaker:name".into(),
            value: "日報".into()
        }]
    );
    let pipeline = pipelines::describe(&app, "p").await.unwrap();
    assert_eq!(pipeline.last_run_at, Some(at(NOW)));
}

#[tokio::test]
async fn a_step_begins_when_those_before_it_have_succeeded_and_reads_their_jobs() {
    let (app, _dir) = app().await;
    let reads = json!({"HyperParameters": {
        "out": {"Get": "Steps.prep.OutputDataConfig.S3OutputPath"},
        "job": {"Get": "Steps.prep.TrainingJobName"},
        "artifact": {"Get": "Steps.prep.ModelArtifacts.S3ModelArtifacts"},
    }});
    let steps = json!([
        step("prep", &[], json!({"TrainingJobName": "prep-job"})),
        step("train", &[], reads)
    ]);
    pipeline(&app, "dag", steps).await;
    let execution = start(&app, &of("dag"), "token").await.unwrap();
    let running = |name: &str| (name.to_owned(), StepStatus::Executing);
    assert_eq!(step_statuses(&app, &execution.id).await, [running("prep")]);
    end(&app, &execution.id, "prep", JobStatus::Completed).await;
    assert_eq!(status(&app, &execution).await, ExecutionStatus::Executing);
    let jobs = testing::unfinished_jobs(&app).await;
    let parameters = &jobs[0].spec.hyper_parameters;
    assert_eq!(parameters["out"], "s3://bucket/d");
    assert!(
        parameters["job"].starts_with(&format!("prep-job-{}-", execution.id)),
        "{parameters:?}"
    );
    assert_eq!(
        parameters["artifact"],
        format!("s3://bucket/d/{}/output/output.tar.gz", parameters["job"])
    );
    end(&app, &execution.id, "train", JobStatus::Completed).await;
    assert_eq!(status(&app, &execution).await, ExecutionStatus::Succeeded);
}

#[tokio::test]
async fn a_failed_job_fails_the_execution_and_names_the_reason_at_the_step() {
    let (app, _dir) = app().await;
    pipeline(
        &app,
        "p",
        json!([step("a", &[], json!({})), step("b", &["a"], json!({}))]),
    )
    .await;
    for (ending, reason) in [
        (JobStatus::Failed, "AlgorithmError: no"),
        (
            JobStatus::Stopped,
            "The job reached MaxRuntimeInSeconds and was stopped",
        ),
    ] {
        let execution = start(&app, &of("p"), reason).await.unwrap();
        end(&app, &execution.id, "a", ending).await;
        let ended = describe(&app, "p", &execution.id).await.unwrap();
        assert_eq!(ended.status, ExecutionStatus::Failed);
        assert_eq!(ended.failure_reason.as_deref(), Some(FAILURE_REASON));
        let steps = app.store.steps(&execution.id).await.unwrap();
        assert_eq!(steps.len(), 1, "b never begins");
        assert_eq!(steps[0].failure_reason.as_deref(), Some(reason));
    }
}

#[tokio::test]
async fn a_step_that_cannot_have_a_job_fails_without_one() {
    let (app, _dir) = app().await;
    let parameters = json!([{"Name": "Path", "Type": "String"}]);
    let output = json!({"OutputDataConfig": {"S3OutputPath": {"Get": "Parameters.Path"}}});
    let settings = settings(parameters, json!([step("a", &[], output)]));
    pipelines::create(&app, "p", settings, &[], "token")
        .await
        .unwrap();
    let start_with = |path: &str| Start {
        parameters: vec![("Path".into(), path.into())],
        ..of("p")
    };
    let execution = start(&app, &start_with("/not/s3"), "token").await.unwrap();
    assert_eq!(execution.status, ExecutionStatus::Failed);
    let step = app.store.steps(&execution.id).await.unwrap().remove(0);
    assert_eq!(step.job, None);
    let reason = step.failure_reason.unwrap();
    assert!(
        reason.starts_with("ClientError: '/not/s3' is not an S3 location"),
        "{reason}"
    );
    let missing = start(&app, &of("p"), "token-2").await.unwrap_err();
    assert!(
        missing
            .to_string()
            .contains("parameter Path has no default value"),
        "{missing}"
    );
}

#[tokio::test]
async fn a_stop_stops_jobs_that_wait_at_once_and_waits_for_those_that_run() {
    let (app, _dir) = app().await;
    pipeline(
        &app,
        "p",
        json!([step("a", &[], json!({})), step("b", &["a"], json!({}))]),
    )
    .await;
    let waiting = start(&app, &of("p"), "token-1").await.unwrap();
    stop(&app, "p", &waiting.id, "stop 1").await.unwrap();
    assert_eq!(status(&app, &waiting).await, ExecutionStatus::Stopped);
    let again = stop(&app, "p", &waiting.id, "stop 2").await.unwrap_err();
    assert!(matches!(again, Error::Conflict(_)), "{again}");

    let running = start(&app, &of("p"), "token-2").await.unwrap();
    let mut tx = app.store.tx().await.unwrap();
    let mut job = testing::unfinished_jobs(&app).await.remove(0);
    let secondary = SecondaryStatus::Training;
    tx.set_job_status(&mut job, JobStatus::InProgress, secondary, None, at(NOW))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    stop(&app, "p", &running.id, "stop 3").await.unwrap();
    stop(&app, "p", &running.id, "stop 4")
        .await
        .expect("asked twice, it still stops");
    assert_eq!(status(&app, &running).await, ExecutionStatus::Stopping);
    assert_eq!(
        step_statuses(&app, &running.id).await,
        [("a".to_owned(), StepStatus::Stopping)]
    );
    let refused = pipelines::delete(&app, "p", "delete").await.unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("1 executions that have not ended"),
        "{refused}"
    );
    end(&app, &running.id, "a", JobStatus::Stopped).await;
    assert_eq!(status(&app, &running).await, ExecutionStatus::Stopped);
    pipelines::delete(&app, "p", "delete").await.unwrap();
    assert!(
        describe(&app, "p", &running.id).await.is_err(),
        "executions go with their pipeline"
    );
    assert!(
        app.store.job(&job.name).await.unwrap().is_some(),
        "jobs stay"
    );
}

#[tokio::test]
async fn stopping_a_steps_own_job_stops_the_execution() {
    let (app, _dir) = app().await;
    pipeline(
        &app,
        "p",
        json!([step("a", &[], json!({})), step("b", &["a"], json!({}))]),
    )
    .await;
    let execution = start(&app, &of("p"), "token").await.unwrap();
    let job = testing::unfinished_jobs(&app).await.remove(0);
    jobs::stop(&app, &job.name).await.unwrap();
    assert_eq!(status(&app, &execution).await, ExecutionStatus::Stopped);
}

#[tokio::test]
async fn a_pipeline_is_created_once_and_refused_when_it_could_not_run() {
    let (app, _dir) = app().await;
    let good = settings(json!([]), json!([step("a", &[], json!({}))]));
    let create = |settings, token| pipelines::create(&app, "p", settings, &[], token);
    create(good.clone(), "token-1").await.unwrap();
    create(good.clone(), "token-1")
        .await
        .expect("the same request again");
    let taken = create(good.clone(), "token-2").await.unwrap_err();
    assert!(taken.to_string().contains("already exists"), "{taken}");
    let bad = settings(
        json!([]),
        json!([step("a", &[], json!({"CheckpointConfig": {}}))]),
    );
    let refused = pipelines::create(&app, "q", bad, &[], "token")
        .await
        .unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("In step \"a\": unknown field `CheckpointConfig`"),
        "{refused}"
    );
    let no_role = pipelines::Update {
        role_arn: Some("me".into()),
        ..pipelines::Update::default()
    };
    let refused = pipelines::update(&app, "p", no_role).await.unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("Value 'me' at 'roleArn' failed to satisfy constraint"),
        "{refused}"
    );
    let renamed = pipelines::Update {
        display_name: Some("Daily".into()),
        ..pipelines::Update::default()
    };
    pipelines::update(&app, "p", renamed).await.unwrap();
    let described = pipelines::describe(&app, "p").await.unwrap();
    assert_eq!(described.settings.display_name.as_deref(), Some("Daily"));
    assert_eq!(described.settings.definition, good.definition);
    let missing = start(&app, &of("none"), "token").await.unwrap_err();
    assert!(
        missing
            .to_string()
            .contains("pipeline/none' does not exist"),
        "{missing}"
    );
}
