//! What the service tells of itself: the events of SageMaker, S3 and the schedules of rules, as AWS documents them.

use super::Event;
use crate::model::arn::Scope;
use crate::model::job::Job;
use crate::model::pipeline::{ExecutionStatus, PipelineExecution, StepStatus};
use crate::model::tag::Tag;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Something that happened, as the transaction that made it happen writes it down. It becomes an [`Event`] when it is
/// delivered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Change {
    /// A job was created, or went to another status or secondary status; the job as it was then.
    TrainingJob(Box<Job>),
    /// An execution of a pipeline was started, or went to another status.
    Execution(ExecutionChange),
    /// A step of an execution began, or went to another status.
    Step(StepChange),
    /// An object was created or deleted.
    Object(ObjectChange),
    /// An event that somebody put: `PutEvents`.
    Put(PutEvent),
}

/// See [`Change::Execution`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are those of PipelineExecution")]
pub struct ExecutionChange {
    pub pipeline: String,
    pub id: String,
    pub display_name: Option<String>,
    pub description: Option<String>,
    /// None when it has just been started.
    pub previous: Option<ExecutionStatus>,
    pub current: ExecutionStatus,
    pub started_at: Timestamp,
}

/// See [`Change::Step`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are those of PipelineStep")]
pub struct StepChange {
    pub pipeline: String,
    pub execution: String,
    pub name: String,
    /// The step's `Type` in the definition.
    pub kind: String,
    /// None when it has just begun.
    pub previous: Option<StepStatus>,
    pub current: StepStatus,
    pub job: Option<String>,
    pub failure_reason: Option<String>,
    pub started_at: Timestamp,
}

/// See [`Change::Object`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are S3's")]
pub struct ObjectChange {
    pub bucket: String,
    pub key: String,
    /// None when it was deleted.
    pub created: Option<Created>,
    /// The operation, as S3 names it: `PutObject`, `CopyObject`, `CompleteMultipartUpload`, `DeleteObject`.
    pub reason: String,
}

/// What is told of an object that was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Created {
    pub size: u64,
    pub etag: String,
}

/// See [`Change::Put`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are EventBridge's")]
pub struct PutEvent {
    pub source: String,
    pub detail_type: String,
    pub resources: Vec<String>,
    pub detail: Value,
    pub time: Timestamp,
}

impl Change {
    /// The change of an execution that was in the status `previous`.
    pub fn of_execution(execution: &PipelineExecution, previous: Option<ExecutionStatus>) -> Self {
        Self::Execution(ExecutionChange {
            pipeline: execution.pipeline.clone(),
            id: execution.id.clone(),
            display_name: execution.display_name.clone(),
            description: execution.description.clone(),
            previous,
            current: execution.status,
            started_at: execution.started_at,
        })
    }

    /// The resource whose tags the event tells: a kind and a name.
    pub fn tagged(&self) -> Option<String> {
        match self {
            Self::TrainingJob(job) => Some(format!("training-job/{}", job.name)),
            _ => None,
        }
    }

    /// The event, which happened at `at` and is called `id`. `tags` are those of [`Change::tagged`].
    pub fn event(
        self,
        id: &str,
        at: Timestamp,
        scope: &Scope,
        tags: &[Tag],
    ) -> anyhow::Result<Event> {
        let (source, detail_type, resources, detail) = match self {
            Self::TrainingJob(job) => (
                "aws.sagemaker",
                "SageMaker Training Job State Change",
                vec![scope.training_job(&job.name)],
                training_job(&job, scope, tags)?,
            ),
            Self::Execution(change) => (
                "aws.sagemaker",
                "SageMaker Model Building Pipeline Execution Status Change",
                arns(scope, &change.pipeline, &change.id),
                execution(&change, scope, at),
            ),
            Self::Step(change) => (
                "aws.sagemaker",
                "SageMaker Model Building Pipeline Execution Step Status Change",
                arns(scope, &change.pipeline, &change.execution),
                step(&change, scope, at),
            ),
            Self::Object(change) => (
                "aws.s3",
                match change.created {
                    Some(_) => "Object Created",
                    None => "Object Deleted",
                },
                vec![format!("arn:aws:s3:::{}", change.bucket)],
                object(&change, id, at, scope),
            ),
            Self::Put(put) => {
                return Ok(Event {
                    id: id.to_owned(),
                    source: put.source,
                    detail_type: put.detail_type,
                    scope: scope.clone(),
                    time: put.time,
                    resources: put.resources,
                    detail: put.detail,
                });
            }
        };
        Ok(Event {
            id: id.to_owned(),
            source: source.into(),
            detail_type: detail_type.into(),
            scope: scope.clone(),
            time: at,
            resources,
            detail,
        })
    }
}

fn arns(scope: &Scope, pipeline: &str, execution: &str) -> Vec<String> {
    vec![
        scope.pipeline(pipeline),
        scope.pipeline_execution(pipeline, execution),
    ]
}

/// Milliseconds since 1970 as text, which is how this event has its instants.
fn millis(at: Timestamp) -> Value {
    at.as_millisecond().to_string().into()
}

/// The job as `DescribeTrainingJob` shows it, with this event's form of instants, and its tags.
fn training_job(job: &Job, scope: &Scope, tags: &[Tag]) -> anyhow::Result<Value> {
    let mut detail = serde_json::to_value(&job.spec)?;
    let ends = job.transitions.iter().skip(1).map(|next| next.at);
    let ends = ends.map(Some).chain([job.ended_at]);
    let transitions = job.transitions.iter().zip(ends).map(|(one, end)| {
        let mut transition = json!({
            "Status": one.status.as_str(),
            "StartTime": millis(one.at),
            "StatusMessage": one.status.message(),
        });
        if let Some(end) = end {
            transition["EndTime"] = millis(end);
        }
        transition
    });
    detail["SecondaryStatusTransitions"] = transitions.collect();
    let tags = tags
        .iter()
        .map(|tag| (tag.key.clone(), tag.value.clone().into()));
    detail["Tags"] = Value::Object(tags.collect::<Map<_, _>>());
    for (name, value) in [
        ("TrainingJobName", Some(job.name.clone().into())),
        ("TrainingJobArn", Some(scope.training_job(&job.name).into())),
        (
            "TrainingJobStatus",
            Some(job.status.training_job_status().into()),
        ),
        (
            "SecondaryStatus",
            Some(job.secondary_status.as_str().into()),
        ),
        (
            "ModelArtifacts",
            Some(json!({"S3ModelArtifacts": job.artifact_uri()})),
        ),
        ("FailureReason", job.failure_reason.clone().map(Value::from)),
        ("CreationTime", Some(millis(job.created_at))),
        ("LastModifiedTime", Some(millis(job.modified_at))),
        ("TrainingStartTime", job.started_at.map(millis)),
        ("TrainingEndTime", job.ended_at.map(millis)),
    ] {
        if let Some(value) = value {
            detail[name] = value;
        }
    }
    Ok(detail)
}

fn execution(change: &ExecutionChange, scope: &Scope, at: Timestamp) -> Value {
    let mut detail = json!({
        "pipelineExecutionDisplayName": change.display_name,
        "currentPipelineExecutionStatus": change.current.as_str(),
        "previousPipelineExecutionStatus": change.previous.map(ExecutionStatus::as_str),
        "executionStartTime": super::seconds(change.started_at),
        "pipelineExecutionDescription": change.description,
        "pipelineArn": scope.pipeline(&change.pipeline),
        "pipelineExecutionArn": scope.pipeline_execution(&change.pipeline, &change.id),
    });
    if change.current.is_final() {
        detail["executionEndTime"] = super::seconds(at).into();
    }
    without_nulls(detail)
}

fn step(change: &StepChange, scope: &Scope, at: Timestamp) -> Value {
    let metadata = match &change.job {
        Some(job) => json!({"trainingJob": {"arn": scope.training_job(job)}}),
        None => json!({}),
    };
    let mut detail = json!({
        "metadata": metadata,
        "stepStartTime": super::seconds(change.started_at),
        "stepName": change.name,
        "stepType": change.kind,
        "previousStepStatus": change.previous.map(StepStatus::as_str),
        "currentStepStatus": change.current.as_str(),
        "failureReason": change.failure_reason,
        "pipelineArn": scope.pipeline(&change.pipeline),
        "pipelineExecutionArn": scope.pipeline_execution(&change.pipeline, &change.execution),
    });
    if change.current.is_final() {
        detail["stepEndTime"] = super::seconds(at).into();
    }
    without_nulls(detail)
}

fn object(change: &ObjectChange, id: &str, at: Timestamp, scope: &Scope) -> Value {
    let mut object = json!({
        "key": change.key,
        // Later changes of one key have later words.
        "sequencer": format!("{:016X}", at.as_microsecond()),
    });
    let mut detail = json!({
        "version": "0",
        "bucket": {"name": change.bucket},
        "request-id": id,
        "requester": scope.account,
        "reason": change.reason,
    });
    match &change.created {
        Some(created) => {
            object["size"] = created.size.into();
            object["etag"] = created.etag.clone().into();
        }
        None => detail["deletion-type"] = "Permanently Deleted".into(),
    }
    detail["object"] = object;
    detail
}

fn without_nulls(mut detail: Value) -> Value {
    if let Some(map) = detail.as_object_mut() {
        map.retain(|_, value| !value.is_null());
    }
    detail
}
