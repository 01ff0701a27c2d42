//! Bodies recorded from AWS's extension, and ours for the same input.

use super::*;

/// A body recorded in a plain JupyterLab, with Studio's words for the two that differ there.
fn recorded(text: &str) -> Value {
    let text = text
        .replace("sagemaker_headless_execution_vanilla", CHANNEL)
        .replace(
            "Created for Notebook execution from Studio Lab",
            DESCRIPTION,
        );
    serde_json::from_str(&text).expect("a recorded body")
}

fn job(name: &str) -> NotebookJob {
    NotebookJob {
        name: name.into(),
        notebook: "qiita-sample.ipynb".into(),
        parameters: [("who".to_owned(), "cli".to_owned())].into(),
        environment: [("MY_VAR".to_owned(), "42".to_owned())].into(),
        kernel: "python3".into(),
        init_script: None,
        package_input_folder: false,
        image: None,
        instance_type: "ml.m5.large".into(),
        role_arn: "arn:aws:iam::123456789012:role/SagemakerJupyterSchedulerRole".into(),
        max_runtime_s: 172_800,
        network_isolation: false,
        output_formats: String::new(),
        tags: vec![],
        region: "us-east-1".into(),
        bucket: "sagemaker-automated-execution-123456789012-us-east-1".into(),
    }
}

fn scheduled() -> NotebookJob {
    NotebookJob {
        init_script: Some("init.sh".into()),
        ..job("qiita sample")
    }
}

const SCHEDULED_ID: &str = "qiitasample-qiitasample-fc582af2-2026-11-23-11-22-00";

#[test]
fn a_job_is_asked_for_as_the_extension_does() {
    let want = recorded(include_str!("recorded/create_training_job.json"));
    let job = job("qiita-sample.ipynb");
    let id = job.id(
        *b"\xb2\xbf\x59\x5a-4uuid-bytes",
        "2026-11-23T11:21:27".parse().expect("a time"),
    );
    let now = "2026-11-23T11:21:30.341Z".parse().expect("an instant");
    assert_eq!(job.training_job(&id, now), want);
}

#[test]
fn a_job_without_parameters_has_no_hyper_parameters() {
    let job = NotebookJob {
        parameters: BTreeMap::new(),
        ..job("x")
    };
    assert_eq!(
        job.training_job("x", Timestamp::UNIX_EPOCH)
            .get("HyperParameters"),
        None
    );
}

#[test]
fn a_definition_is_a_pipeline_a_rule_and_a_target_as_the_extensions() {
    let mut want = recorded(include_str!("recorded/create_pipeline.json"));
    let token = want["ClientRequestToken"]
        .as_str()
        .expect("a token")
        .to_owned();
    let mut body = scheduled().pipeline(SCHEDULED_ID, &[], &token);
    let text = body["PipelineDefinition"]
        .as_str()
        .expect("a text")
        .to_owned();
    assert!(!text.contains(['\n', '\\']), "{text}");
    assert_eq!(recorded(&text).to_string(), text, "it is compact");
    for body in [&mut want, &mut body] {
        let text = body["PipelineDefinition"].as_str().expect("a text");
        body["PipelineDefinition"] = recorded(text);
    }
    assert_eq!(body, want);
    let want = recorded(include_str!("recorded/put_rule.json"));
    assert_eq!(scheduled().rule(SCHEDULED_ID, "cron(0 9 ? * 2-6 *)"), want);
    let want = recorded(include_str!("recorded/put_targets.json"));
    let arn = want["Targets"][0]["Arn"].as_str().expect("an ARN");
    assert_eq!(scheduled().targets(SCHEDULED_ID, arn), want);
}

#[test]
fn a_definition_runs_now_as_the_extension_does() {
    let want = recorded(include_str!("recorded/run_now.json"));
    let pipeline = recorded(include_str!("recorded/create_pipeline.json"));
    let definition = recorded(pipeline["PipelineDefinition"].as_str().expect("a text"));
    let parameters = [("who".to_owned(), "now".to_owned())].into();
    let body = run_now(
        &definition,
        &parameters,
        *b"\xf9\x8f\x3b\xaa-4uuid-bytes",
        "2026-11-23T11:22:31".parse().expect("a time"),
        "2026-11-23T11:22:31.370Z".parse().expect("an instant"),
    );
    assert_eq!(body, Ok(want));
}

#[test]
fn without_new_values_a_definition_runs_with_its_own() {
    let definition: Value = serde_json::from_str(
        scheduled().pipeline("x", &[], "t")["PipelineDefinition"]
            .as_str()
            .expect("a text"),
    )
    .expect("a definition");
    let body = run_now(
        &definition,
        &BTreeMap::new(),
        [0; 16],
        DateTime::ZERO,
        Timestamp::UNIX_EPOCH,
    );
    assert_eq!(
        body.expect("a job")["HyperParameters"],
        json!({"who": "cli"})
    );
    for other in [
        json!({}),
        json!({"Steps": [{"Arguments": {"Environment": "x"}}]}),
    ] {
        assert!(
            run_now(
                &other,
                &BTreeMap::new(),
                [0; 16],
                DateTime::ZERO,
                Timestamp::UNIX_EPOCH
            )
            .is_err()
        );
    }
}

#[test]
fn a_name_without_ascii_letters_still_makes_lawful_names() {
    let job = NotebookJob {
        notebook: "日報.ipynb".into(),
        ..job("日報")
    };
    let id = job.id([0; 16], DateTime::ZERO);
    assert!(
        naming::is_resource_name(&id, naming::JOB_NAME_LEN_MAX),
        "{id}"
    );
    let pipeline = job.pipeline(&id, &[], "t");
    let definition = recorded(pipeline["PipelineDefinition"].as_str().expect("a text"));
    assert_eq!(definition["Steps"][0]["Name"], "notebook-notebook");
    assert_eq!(
        pipeline["Tags"][0],
        json!({"Key": "sagemaker:name", "Value": "日報"})
    );
}

#[test]
fn an_own_image_goes_in_as_given() {
    let job = NotebookJob {
        image: Some("registry.example/x:1".into()),
        ..job("x")
    };
    let body = job.training_job("x", Timestamp::UNIX_EPOCH);
    assert_eq!(
        body["AlgorithmSpecification"]["TrainingImage"],
        "registry.example/x:1"
    );
    assert_eq!(
        body["Environment"]["SM_FIRST_PARTY_IMAGE_ARN"],
        "registry.example/x:1"
    );
}
