//! `CreateTrainingJob`, `DescribeTrainingJob`, `ListTrainingJobs`, `StopTrainingJob`.

use super::super::json::{self, Answer, not_one_of, seconds};
use super::super::page;
use super::CODES;
use crate::app::{App, jobs};
use crate::model::job::{Job, JobFilter, JobSort, JobSpec, JobStatus};
use crate::model::list::{Cursor, Order};
use crate::model::tag::Tag;
use aws_wire::ErrorShape;
use aws_wire::json11::epoch_seconds;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

/// SageMaker's page sizes.
const PAGE_DEFAULT: u32 = 10;
const PAGE_MAX: u32 = 100;

pub(super) async fn create(app: &App, body: &[u8]) -> Answer {
    let mut request: Value = json::request(body)?;
    let (name, tags) = take_name_and_tags(&mut request)?;
    let spec: JobSpec =
        serde_json::from_value(request).map_err(|error| invalid(&error.to_string()))?;
    let job = jobs::create(app, &name, spec, &tags)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(json!({"TrainingJobArn": app.scope.training_job(&job.name)}))
}

/// Name and tags stand beside the specification, as in a pipeline's step.
fn take_name_and_tags(request: &mut Value) -> Result<(String, Vec<Tag>), ErrorShape> {
    let members = request
        .as_object_mut()
        .ok_or_else(|| invalid("the request must be an object"))?;
    let name = match members.remove("TrainingJobName") {
        Some(Value::String(name)) => name,
        _ => {
            return Err(invalid(
                "Value null at 'trainingJobName' failed to satisfy constraint: Member must not be null",
            ));
        }
    };
    let tags = match members.remove("Tags") {
        Some(tags) => {
            serde_json::from_value(tags).map_err(|error| invalid(&format!("Tags: {error}")))?
        }
        None => Vec::new(),
    };
    Ok((name, tags))
}

fn invalid(problem: &str) -> ErrorShape {
    ErrorShape::bad_request(
        "ValidationException",
        format!("1 validation error detected: {problem}"),
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Named {
    training_job_name: String,
}

pub(super) async fn describe(app: &App, body: &[u8]) -> Answer {
    let request: Named = json::request(body)?;
    let job = jobs::describe(app, &request.training_job_name)
        .await
        .map_err(job_error)?;
    json::answer(document(app, &job).map_err(|error| super::super::internal(&error))?)
}

/// Clients know a missing job by this code, not by `ResourceNotFound` (the extension's not-found page).
fn job_error(error: crate::app::Error) -> ErrorShape {
    match error {
        crate::app::Error::NotFound(message) => {
            ErrorShape::bad_request("ValidationException", message)
        }
        other => CODES.shape(other),
    }
}

/// The job as `DescribeTrainingJob` shows it. Variables without a value are left out, as AWS does: the
/// extension takes an empty `SM_OUTPUT_FORMATS` for "no notebook".
pub(super) fn document(app: &App, job: &Job) -> anyhow::Result<Value> {
    let mut document = serde_json::to_value(&job.spec)?;
    if let Some(environment) = document
        .get_mut("Environment")
        .and_then(Value::as_object_mut)
    {
        environment.retain(|_, value| value != "");
    }
    let transitions: Vec<Value> = job
        .transitions
        .iter()
        .enumerate()
        .map(|(i, transition)| {
            let mut entry = json!({
                "Status": transition.status.as_str(),
                "StartTime": seconds(transition.at),
                "StatusMessage": transition.status.message(),
            });
            let end = job
                .transitions
                .get(i + 1)
                .map(|next| next.at)
                .or(job.ended_at);
            if let Some(end) = end {
                entry["EndTime"] = seconds(end);
            }
            entry
        })
        .collect();
    let mut add = |name: &str, value: Value| document[name] = value;
    add("TrainingJobName", job.name.clone().into());
    add("TrainingJobArn", app.scope.training_job(&job.name).into());
    add("TrainingJobStatus", job.status.training_job_status().into());
    add("SecondaryStatus", job.secondary_status.as_str().into());
    add("SecondaryStatusTransitions", transitions.into());
    add(
        "ModelArtifacts",
        json!({"S3ModelArtifacts": job.artifact_uri()}),
    );
    add("CreationTime", seconds(job.created_at));
    add("LastModifiedTime", seconds(job.modified_at));
    if let Some(at) = job.started_at {
        add("TrainingStartTime", seconds(at));
    }
    if let Some(at) = job.ended_at {
        add("TrainingEndTime", seconds(at));
        let run = whole_seconds(at.duration_since(job.started_at.unwrap_or(at)));
        add("TrainingTimeInSeconds", run.into());
        add("BillableTimeInSeconds", run.into());
    }
    if let Some(reason) = &job.failure_reason {
        add("FailureReason", reason.clone().into());
    }
    Ok(document)
}

/// A duration as SageMaker counts it: begun seconds, at least one.
fn whole_seconds(run: SignedDuration) -> i64 {
    let begun = i64::from(run.subsec_nanos() > 0);
    (run.as_secs() + begun).max(1)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListRequest {
    next_token: Option<String>,
    max_results: Option<i64>,
    #[serde(default, with = "epoch_seconds::option")]
    creation_time_after: Option<Timestamp>,
    #[serde(default, with = "epoch_seconds::option")]
    creation_time_before: Option<Timestamp>,
    #[serde(default, with = "epoch_seconds::option")]
    last_modified_time_after: Option<Timestamp>,
    #[serde(default, with = "epoch_seconds::option")]
    last_modified_time_before: Option<Timestamp>,
    name_contains: Option<String>,
    status_equals: Option<String>,
    sort_by: Option<String>,
    sort_order: Option<String>,
}

pub(super) async fn list(app: &App, body: &[u8]) -> Answer {
    let request: ListRequest = json::request(body)?;
    let filter = JobFilter {
        name_contains: request.name_contains.clone(),
        statuses: statuses(request.status_equals.as_deref())?,
        created_after: request.creation_time_after,
        created_before: request.creation_time_before,
        modified_after: request.last_modified_time_after,
        modified_before: request.last_modified_time_before,
        ..JobFilter::default()
    };
    let order = Order {
        by: match request.sort_by.as_deref() {
            None | Some("CreationTime") => JobSort::CreationTime,
            Some("Name") => JobSort::Name,
            Some("Status") => JobSort::Status,
            Some(other) => return Err(not_one_of("sortBy", other, "Name, CreationTime, Status")),
        },
        descending: match request.sort_order.as_deref() {
            None | Some("Descending") => true,
            Some("Ascending") => false,
            Some(other) => return Err(not_one_of("sortOrder", other, "Ascending, Descending")),
        },
    };
    let limit = page::size(request.max_results, PAGE_DEFAULT, PAGE_MAX)?;
    let after: Option<Cursor> = page::place(request.next_token.as_deref())?;
    let (jobs, next) = jobs::list(app, &filter, order, after.as_ref(), limit)
        .await
        .map_err(|e| CODES.shape(e))?;
    let summaries: Vec<Value> = jobs.iter().map(|job| summary(app, job)).collect();
    let mut answer = json!({"TrainingJobSummaries": summaries});
    if let Some(token) = next.and_then(|next| page::token(&next)) {
        answer["NextToken"] = token.into();
    }
    json::answer(answer)
}

fn summary(app: &App, job: &Job) -> Value {
    let mut summary = json!({
        "TrainingJobName": job.name,
        "TrainingJobArn": app.scope.training_job(&job.name),
        "CreationTime": seconds(job.created_at),
        "LastModifiedTime": seconds(job.modified_at),
        "TrainingJobStatus": job.status.training_job_status(),
        "SecondaryStatus": job.secondary_status.as_str(),
    });
    if let Some(at) = job.ended_at {
        summary["TrainingEndTime"] = seconds(at);
    }
    summary
}

fn statuses(word: Option<&str>) -> Result<Vec<JobStatus>, ErrorShape> {
    let Some(word) = word else {
        return Ok(Vec::new());
    };
    let statuses: Vec<JobStatus> = JobStatus::ALL
        .into_iter()
        .filter(|status| status.training_job_status() == word)
        .collect();
    if statuses.is_empty() {
        return Err(not_one_of(
            "statusEquals",
            word,
            "InProgress, Completed, Failed, Stopping, Stopped",
        ));
    }
    Ok(statuses)
}

pub(super) async fn stop(app: &App, body: &[u8]) -> Answer {
    let request: Named = json::request(body)?;
    jobs::stop(app, &request.training_job_name)
        .await
        .map_err(job_error)?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_whole_seconds_and_never_none() {
        for (milliseconds, want) in [(-5, 1), (0, 1), (1, 1), (1000, 1), (1001, 2), (61_500, 62)] {
            assert_eq!(
                whole_seconds(SignedDuration::from_millis(milliseconds)),
                want
            );
        }
    }
}
