//! Pipelines and rules through their doors, with the real `aws` CLI and a clock that stands still.

use crate::support::Server;
use nix::sys::signal::{Signal, kill};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long an event may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const ROLE: &str = "arn:aws:iam::000000000000:role/R";

/// One step, whose notebook is not there: its job fails, which is enough of a run here.
fn definition() -> String {
    let channel = json!({"ChannelName": "sagemaker_headless_execution_vanilla", "DataSource": {"S3DataSource":
        {"S3DataType": "S3Prefix", "S3Uri": "s3://sagemaker-automated-execution-000000000000-us-east-1/d/input"}}});
    let arguments = json!({
        "AlgorithmSpecification": {"TrainingImage": "i", "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "InputDataConfig": [channel],
        "OutputDataConfig": {"S3OutputPath": "s3://sagemaker-automated-execution-000000000000-us-east-1/d"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "Environment": {"SM_JOB_DEF_VERSION": "1.0", "SM_INPUT_NOTEBOOK_NAME": "a.ipynb"},
    });
    json!({"Version": "2020-12-01", "Parameters": [],
        "Steps": [{"Name": "only", "Type": "Training", "Arguments": arguments}]})
    .to_string()
}

fn answer(server: &Server, arguments: &[&str]) -> Value {
    let output = server.aws(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
}

fn refusal(server: &Server, arguments: &[&str]) -> String {
    let output = server.aws(arguments);
    assert!(!output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn create_pipeline(server: &Server) -> String {
    let definition = definition();
    let created = answer(
        server,
        &[
            "sagemaker",
            "create-pipeline",
            "--pipeline-name",
            "daily",
            "--role-arn",
            ROLE,
            "--pipeline-definition",
            &definition,
        ],
    );
    created["PipelineArn"].as_str().expect("an ARN").to_owned()
}

fn executions(server: &Server) -> Vec<Value> {
    let listed = answer(
        server,
        &[
            "sagemaker",
            "list-pipeline-executions",
            "--pipeline-name",
            "daily",
        ],
    );
    listed["PipelineExecutionSummaries"]
        .as_array()
        .expect("a list")
        .clone()
}

/// The executions, once they are `wanted` many and all have ended.
fn ended_executions(server: &Server, wanted: usize) -> Vec<Value> {
    let begin = Instant::now();
    loop {
        let executions = executions(server);
        let ended = executions
            .iter()
            .all(|execution| execution["PipelineExecutionStatus"] != "Executing");
        if executions.len() >= wanted && ended {
            return executions;
        }
        assert!(
            begin.elapsed() < PATIENCE,
            "{wanted} executions did not end: {executions:?}"
        );
    }
}

fn set_clock(server: &Server, file: &Path, instant: &str) {
    fs::write(file, instant).expect("the clock file");
    kill(server.pid(), Signal::SIGHUP).expect("a running server");
}

#[test]
fn a_rule_starts_its_pipeline_in_its_minute_and_after_a_crash_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let clock = dir.path().join("clock");
    fs::write(&clock, "2026-11-23T08:59:59Z").expect("the clock file");
    let file = clock.display().to_string();
    let mut server = Server::start_with(&["--clock-file", &file]);
    let pipeline = create_pipeline(&server);
    let rule = [
        "events",
        "put-rule",
        "--name",
        "daily",
        "--schedule-expression",
        "cron(0 9 ? * 2-6 *)",
    ];
    answer(&server, &rule);
    let targets =
        json!([{"Id": "notebook-execution", "Arn": pipeline, "RoleArn": ROLE}]).to_string();
    answer(
        &server,
        &[
            "events",
            "put-targets",
            "--rule",
            "daily",
            "--targets",
            &targets,
        ],
    );
    assert!(executions(&server).is_empty());

    set_clock(&server, &clock, "2026-11-23T09:00:00Z");
    let first = ended_executions(&server, 1);
    assert_eq!(first[0]["PipelineExecutionStatus"], "Failed");
    let arn = first[0]["PipelineExecutionArn"].as_str().expect("an ARN");
    let steps = answer(
        &server,
        &[
            "sagemaker",
            "list-pipeline-execution-steps",
            "--pipeline-execution-arn",
            arn,
        ],
    );
    let step = &steps["PipelineExecutionSteps"][0];
    let job = step["Metadata"]["TrainingJob"]["Arn"]
        .as_str()
        .expect("an ARN");
    let id = arn.rsplit('/').next().expect("an id");
    assert!(
        job.contains(&format!("training-job/pipelines-{id}-only-")),
        "{job}"
    );
    assert!(
        step["FailureReason"]
            .as_str()
            .is_some_and(|reason| reason.contains("No S3 objects found")),
        "{step}"
    );

    server.kill();
    fs::write(&clock, "2026-11-24T09:30:00Z").expect("the clock file");
    server.restart();
    assert_eq!(
        ended_executions(&server, 2).len(),
        2,
        "what was missed fires once"
    );
    server.kill();
    server.restart();
    set_clock(&server, &clock, "2026-11-25T09:00:00Z");
    assert_eq!(
        ended_executions(&server, 3).len(),
        3,
        "a moment that has fired does not fire again"
    );
}

#[test]
fn refusals_are_those_that_clients_test_for() {
    let server = Server::start();
    create_pipeline(&server);
    let definition = definition();
    let create = [
        "sagemaker",
        "create-pipeline",
        "--pipeline-name",
        "daily",
        "--role-arn",
        ROLE,
        "--pipeline-definition",
        &definition,
    ];
    let put = [
        "events",
        "put-rule",
        "--name",
        "r",
        "--schedule-expression",
        "cron(0 9 * * * *)",
    ];
    let lambda =
        json!([{"Id": "i", "Arn": "arn:aws:lambda:us-east-1:000000000000:function:f"}]).to_string();
    let table: [(&[&str], &str, &str); 7] = [
        (&create, "(ValidationException)", "already exists"),
        (
            &["sagemaker", "describe-pipeline", "--pipeline-name", "no"],
            "(ResourceNotFound)",
            "pipeline/no' does not exist",
        ),
        (
            &[
                "sagemaker",
                "start-pipeline-execution",
                "--pipeline-name",
                "no",
            ],
            "(ResourceNotFound)",
            "pipeline/no",
        ),
        (
            &put,
            "(ValidationException)",
            "Parameter ScheduleExpression is not valid.",
        ),
        (
            &["events", "describe-rule", "--name", "r"],
            "(ResourceNotFoundException)",
            "Rule r does not exist on EventBus default.",
        ),
        (
            &["events", "put-targets", "--rule", "r", "--targets", &lambda],
            "(ValidationException)",
            "is not valid. Reason:",
        ),
        (
            &["events", "list-archives"],
            "(UnknownOperationException)",
            "ListArchives of EventBridge is not implemented",
        ),
    ];
    for (arguments, code, text) in table {
        let error = refusal(&server, arguments);
        assert!(error.contains(code) && error.contains(text), "{error}");
    }
}
