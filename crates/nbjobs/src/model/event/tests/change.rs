//! The service's own events, whole, as AWS documents them.

use super::super::{Change, Created, ExecutionChange, ObjectChange, StepChange};
use crate::model::arn::Scope;
use crate::model::job::{Job, JobStatus, SecondaryStatus, Transition};
use crate::model::pipeline::{ExecutionStatus, StepStatus};
use crate::model::tag::Tag;
use jiff::Timestamp;
use serde_json::{Value, json};

const NOW: &str = "2026-11-25T12:00:01.5Z";

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn scope() -> Scope {
    Scope {
        region: "us-east-1".into(),
        account: "000000000000".into(),
    }
}

fn spec() -> Value {
    json!({
        "AlgorithmSpecification": {"TrainingImage": "i", "TrainingInputMode": "File"},
        "RoleArn": "arn:aws:iam::000000000000:role/R",
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/d"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    })
}

fn envelope(change: Change, tags: &[Tag]) -> Value {
    // As it goes through its row.
    let stored = serde_json::to_string(&change).expect("a row");
    let change: Change = serde_json::from_str(&stored).expect("a change");
    change
        .event("id", at(NOW), &scope(), tags)
        .expect("an event")
        .envelope()
}

fn wanted(source: &str, kind: &str, resources: Value, detail: Value) -> Value {
    json!({"version": "0", "id": "id", "detail-type": kind, "source": source, "account": "000000000000",
        "time": "2026-11-25T12:00:01Z", "region": "us-east-1", "resources": resources, "detail": detail})
}

#[test]
fn a_training_job() {
    let spec = spec();
    let job = Job {
        name: "j".into(),
        spec: serde_json::from_value(spec.clone()).expect("a spec"),
        status: JobStatus::Failed,
        secondary_status: SecondaryStatus::Failed,
        transitions: vec![
            Transition {
                status: SecondaryStatus::Pending,
                at: at("2026-11-25T12:00:00Z"),
            },
            Transition {
                status: SecondaryStatus::Failed,
                at: at(NOW),
            },
        ],
        failure_reason: Some("why".into()),
        created_at: at("2026-11-25T12:00:00Z"),
        started_at: None,
        ended_at: Some(at(NOW)),
        modified_at: at(NOW),
        retry_at: None,
    };
    let tags = [Tag {
        key: "team".into(),
        value: "ds".into(),
    }];
    let told = envelope(Change::TrainingJob(Box::new(job)), &tags);
    let arn = "arn:aws:sagemaker:us-east-1:000000000000:training-job/j";
    for (name, value) in [
        ("TrainingJobName", json!("j")),
        ("TrainingJobArn", json!(arn)),
        ("TrainingJobStatus", json!("Failed")),
        ("SecondaryStatus", json!("Failed")),
        ("FailureReason", json!("why")),
        ("RoleArn", spec["RoleArn"].clone()),
        ("StoppingCondition", json!({"MaxRuntimeInSeconds": 60})),
        ("CreationTime", json!("1795608000000")),
        ("LastModifiedTime", json!("1795608001500")),
        ("TrainingEndTime", json!("1795608001500")),
        ("Tags", json!({"team": "ds"})),
    ] {
        assert_eq!(told["detail"][name], value, "{name}");
    }
    assert_eq!(
        told["detail"]["SecondaryStatusTransitions"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    assert_eq!(told["resources"], json!([arn]));
    assert_eq!(told["detail-type"], "SageMaker Training Job State Change");
}

#[test]
fn executions_steps_and_objects() {
    let pipeline = "arn:aws:sagemaker:us-east-1:000000000000:pipeline/p";
    let execution = format!("{pipeline}/execution/e");
    let both = json!([pipeline, execution]);
    let ended = Change::Execution(ExecutionChange {
        pipeline: "p".into(),
        id: "e".into(),
        display_name: Some("shown".into()),
        description: None,
        previous: Some(ExecutionStatus::Executing),
        current: ExecutionStatus::Succeeded,
        started_at: at("2026-11-25T12:00:00Z"),
    });
    let detail = json!({"pipelineExecutionDisplayName": "shown", "currentPipelineExecutionStatus": "Succeeded",
        "previousPipelineExecutionStatus": "Executing", "executionStartTime": "2026-11-25T12:00:00Z",
        "executionEndTime": "2026-11-25T12:00:01Z", "pipelineArn": pipeline, "pipelineExecutionArn": execution});
    let kind = "SageMaker Model Building Pipeline Execution Status Change";
    assert_eq!(
        envelope(ended, &[]),
        wanted("aws.sagemaker", kind, both.clone(), detail)
    );

    let begun = Change::Step(StepChange {
        pipeline: "p".into(),
        execution: "e".into(),
        name: "s".into(),
        kind: "Training".into(),
        previous: None,
        current: StepStatus::Executing,
        job: Some("j".into()),
        failure_reason: None,
        started_at: at("2026-11-25T12:00:00Z"),
    });
    let detail = json!({"metadata": {"trainingJob": {"arn": "arn:aws:sagemaker:us-east-1:000000000000:training-job/j"}},
        "stepStartTime": "2026-11-25T12:00:00Z", "stepName": "s", "stepType": "Training",
        "currentStepStatus": "Executing", "pipelineArn": pipeline, "pipelineExecutionArn": execution});
    let kind = "SageMaker Model Building Pipeline Execution Step Status Change";
    assert_eq!(
        envelope(begun, &[]),
        wanted("aws.sagemaker", kind, both, detail)
    );

    for (created, kind, reason) in [
        (true, "Object Created", "PutObject"),
        (false, "Object Deleted", "DeleteObject"),
    ] {
        let change = Change::Object(ObjectChange {
            bucket: "b".into(),
            key: "k".into(),
            created: created.then(|| Created {
                size: 5,
                etag: "f00".into(),
            }),
            reason: reason.into(),
        });
        let mut detail = json!({"version": "0", "bucket": {"name": "b"}, "request-id": "id", "requester": "000000000000",
            "reason": reason, "object": {"key": "k", "sequencer": "000661135D7C3260"}});
        if created {
            detail["object"]["size"] = json!(5);
            detail["object"]["etag"] = json!("f00");
        } else {
            detail["deletion-type"] = json!("Permanently Deleted");
        }
        let told = envelope(change, &[]);
        detail["object"]["sequencer"] = told["detail"]["object"]["sequencer"].clone();
        assert_eq!(
            told,
            wanted("aws.s3", kind, json!(["arn:aws:s3:::b"]), detail)
        );
    }
}
