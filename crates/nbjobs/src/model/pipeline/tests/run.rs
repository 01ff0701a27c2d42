//! The course of executions.

use super::super::*;
use super::{definition, step, variables, with_steps};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn succeeded(name: &str, job: Value) -> StepState {
    StepState {
        name: name.into(),
        status: StepStatus::Succeeded,
        properties: Some(job),
        outcome: None,
        retry_at: None,
    }
}

fn names(ready: &[ReadyStep]) -> Vec<&str> {
    ready.iter().map(|step| step.name.as_str()).collect()
}

#[test]
fn the_extensions_definition_plans_its_one_job() {
    let output = json!({"Std:Join": {"On": "-", "Values":
        ["qiitasampl", "qiitasampl", {"Get": "Execution.StartDateTime"}, ".ipynb"]}});
    let arguments = json!({
        "Environment": {"SM_JOB_DEF_VERSION": "1.0", "SM_OUTPUT_NOTEBOOK_NAME": output},
        "ResourceConfig": {"InstanceCount": 1, "VolumeSizeInGB": 30},
        "EnableNetworkIsolation": false,
    });
    let retries = json!([{"ExceptionType": ["Step.SERVICE_FAULT"], "MaxAttempts": 1}]);
    let step = json!({"Name": "qiitasampl-qiitasampl", "Type": "Training", "Arguments": arguments,
        "RetryPolicies": retries});
    let definition = definition(&with_steps(json!([step])));
    let run = Run {
        definition: &definition,
        variables: &variables(),
        parameters: &Values::new(),
        parallel_max: None,
        selection: None,
        objects: &JsonObjects::new(),
    };
    let expected = ReadyStep {
        name: "qiitasampl-qiitasampl".into(),
        job_name_prefix: None,
        arguments: json!({
            "Environment": {
                "SM_JOB_DEF_VERSION": "1.0",
                "SM_OUTPUT_NOTEBOOK_NAME": "qiitasampl-qiitasampl-2022-12-25T15:23:04.640Z-.ipynb",
            },
            "ResourceConfig": {"InstanceCount": 1, "VolumeSizeInGB": 30},
            "EnableNetworkIsolation": false,
        }),
    };
    let plan = Advance {
        ready: vec![expected],
        ended: vec![],
        halt: false,
        status: ExecutionStatus::Executing,
    };
    assert_eq!(run.plan(), plan);
}

/// The shape that the SageMaker SDK's `NotebookJobStep` compiles to.
#[test]
fn a_step_reads_the_job_of_the_step_before() {
    let prep = json!({"Name": "prep", "Type": "Training", "Arguments": {
        "TrainingJobName": "prep-job",
        "OutputDataConfig": {"S3OutputPath": {"Std:Join": {"On": "/", "Values":
            ["s3://bucket", "dag", {"Get": "Execution.PipelineExecutionId"}, "prep"]}}},
        "ResourceConfig": {"VolumeSizeInGB": {"Get": "Parameters.Volume"}},
        "HyperParameters": {"who": {"Get": "Parameters.Who"}, "volume": {"Get": "Parameters.Volume"}},
    }});
    let train = json!({"Name": "train", "Type": "Training", "DisplayName": "Train", "Description": "second",
    "Arguments": {"Environment": {
        "PREP_OUT": {"Get": "Steps.prep.OutputDataConfig.S3OutputPath"},
        "PREP_IN": {"Get": "Steps.prep.InputDataConfig[0].DataSource.S3DataSource.S3Uri"},
        "PREP_NB": {"Get": "Steps.prep.Environment['SM_OUTPUT_NOTEBOOK_NAME']"},
    }}});
    let definition = definition(&json!({
        "Version": "2020-12-01", "Metadata": {}, "MlflowConfig": null,
        "Parameters": [
            {"Name": "Who", "Type": "String", "DefaultValue": "world"},
            {"Name": "Volume", "Type": "Integer", "DefaultValue": 30},
        ],
        "PipelineExperimentConfig": {"ExperimentName": {"Get": "Execution.PipelineName"}},
        "Steps": [prep, train],
    }));
    assert_eq!(
        definition.step("train").unwrap().depends_on,
        BTreeSet::from(["prep".to_owned()])
    );
    assert_eq!(
        definition.step("train").unwrap().display_name.as_deref(),
        Some("Train")
    );
    let parameters = definition.bind(&[("Volume".into(), "50".into())]).unwrap();
    let run = Run {
        definition: &definition,
        variables: &variables(),
        parameters: &parameters,
        parallel_max: None,
        selection: None,
        objects: &JsonObjects::new(),
    };
    let first = run.plan().ready.remove(0);
    assert_eq!(
        (first.name.as_str(), first.job_name_prefix.as_deref()),
        ("prep", Some("prep-job"))
    );
    let expected = json!({
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/dag/kbexktydy93v/prep"},
        "ResourceConfig": {"VolumeSizeInGB": 50},
        "HyperParameters": {"who": "world", "volume": "50"},
    });
    assert_eq!(first.arguments, expected);
    let mut job = expected;
    job["Environment"] = json!({"SM_OUTPUT_NOTEBOOK_NAME": "prep-job.ipynb"});
    job["InputDataConfig"] = json!([{"DataSource": {"S3DataSource": {"S3Uri": "s3://bucket/in"}}}]);
    let next = run.advance(&[succeeded("prep", job)], false, variables().started_at);
    let environment = json!({"Environment": {"PREP_OUT": "s3://bucket/dag/kbexktydy93v/prep",
        "PREP_IN": "s3://bucket/in", "PREP_NB": "prep-job.ipynb"}});
    assert_eq!(next.ready[0].arguments, environment);
    let broken = run.advance(
        &[succeeded("prep", json!({}))],
        false,
        variables().started_at,
    );
    assert_eq!(
        (broken.status, broken.ended[0].name.as_str()),
        (ExecutionStatus::Failed, "train")
    );
    assert!(
        matches!(&broken.ended[0].ending, Ending::Broken(reason) if reason.contains("the job of step prep has no")),
        "{broken:?}"
    );
}

#[test]
fn a_failure_stops_what_depends_on_it_and_nothing_else() {
    let steps = json!([
        step("a", &[]),
        step("b", &["a"]),
        step("c", &[]),
        step("d", &["c"])
    ]);
    let definition = definition(&with_steps(steps));
    let (variables, parameters) = (variables(), Values::new());
    let run = Run {
        definition: &definition,
        variables: &variables,
        parameters: &parameters,
        parallel_max: None,
        selection: None,
        objects: &JsonObjects::new(),
    };
    let state = |name: &str, status| StepState {
        name: name.into(),
        status,
        properties: Some(json!({})),
        outcome: None,
        retry_at: None,
    };
    let advance = |states: &[StepState], stopping| {
        let advance = run.advance(states, stopping, variables.started_at);
        (names(&advance.ready).join(","), advance.status)
    };
    use ExecutionStatus as E;
    use StepStatus::{Executing, Failed, Stopped, Stopping, Succeeded};
    assert_eq!(advance(&[], false), ("a,c".into(), E::Executing));
    let a_failed = [state("a", Failed), state("c", Executing)];
    assert_eq!(advance(&a_failed, false), (String::new(), E::Executing));
    let c_done = [state("a", Failed), state("c", Succeeded)];
    assert_eq!(advance(&c_done, false), ("d".into(), E::Executing));
    let all_done = [
        state("a", Failed),
        state("c", Succeeded),
        state("d", Succeeded),
    ];
    assert_eq!(advance(&all_done, false), (String::new(), E::Failed));
    let a_stopped = [
        state("a", Stopped),
        state("c", Succeeded),
        state("d", Succeeded),
    ];
    assert_eq!(advance(&a_stopped, false), (String::new(), E::Stopped));
    let stopping = [state("a", Stopping), state("c", Succeeded)];
    assert_eq!(advance(&stopping, true), (String::new(), E::Stopping));
    let stopped = [state("a", Stopped), state("c", Succeeded)];
    assert_eq!(advance(&stopped, true), (String::new(), E::Stopped));
}
