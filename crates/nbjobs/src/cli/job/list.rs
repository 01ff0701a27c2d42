//! `nbjobs job list`: notebook jobs that were not deleted. `ListTrainingJobs` knows no tags, so each job's are asked for.

use crate::cli::client::{Client, Service};
use crate::cli::notebook_job::{ARCHIVED_TAG, NAME_TAG, ORIGIN_TAG, SCHEDULING_TAG};
use crate::cli::tags;
use crate::cli::text;
use serde_json::{Value, json};
use std::io::Write;

/// Jobs of one answer of `ListTrainingJobs` (SageMaker's limit).
const PAGE: u64 = 100;

/// Which jobs.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only jobs with this status
    #[arg(long, value_enum)]
    status: Option<Status>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u64).range(1..))]
    max: u64,
    /// Print the jobs as ListTrainingJobs gives them
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
#[value(rename_all = "PascalCase")]
enum Status {
    InProgress,
    Completed,
    Failed,
    Stopping,
    Stopped,
}

pub(super) fn run(client: &Client, args: &Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let jobs = find(client, args)?;
    if args.json {
        let summaries: Vec<Value> = jobs.into_iter().map(|(summary, _)| summary).collect();
        text::json(out, &json!({"TrainingJobSummaries": summaries}))?;
        return Ok(());
    }
    let cell = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows: Vec<[String; 5]> = jobs
        .iter()
        .map(|(job, name)| {
            [
                cell(&job["TrainingJobName"]),
                name.clone(),
                cell(&job["TrainingJobStatus"]),
                text::moment(&job["CreationTime"]),
                text::duration(&job["CreationTime"], &job["TrainingEndTime"]),
            ]
        })
        .collect();
    text::table(out, ["JOB", "NAME", "STATUS", "CREATED", "TOOK"], &rows)?;
    Ok(())
}

/// The jobs' summaries, each with the name that its user gave it.
fn find(client: &Client, args: &Args) -> anyhow::Result<Vec<(Value, String)>> {
    let mut found = Vec::new();
    let mut input = json!({"SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": PAGE.min(args.max)});
    if let Some(status) = args.status {
        input["StatusEquals"] = format!("{status:?}").into();
    }
    loop {
        let mut page = client.call(Service::SageMaker, "ListTrainingJobs", &input)?;
        let Value::Array(summaries) = page["TrainingJobSummaries"].take() else {
            return Ok(found);
        };
        for summary in summaries {
            let tags = tags::of(client, &summary["TrainingJobArn"])?;
            if is_listed(&tags) {
                let name = tags::value(&tags, NAME_TAG).unwrap_or_default().to_owned();
                found.push((summary, name));
            }
            if found.len() as u64 == args.max {
                return Ok(found);
            }
        }
        match page["NextToken"].take() {
            Value::String(token) if !token.is_empty() => input["NextToken"] = token.into(),
            _ => return Ok(found),
        }
    }
}

/// What the extension's search looks for: made by the extension or by the SDK's notebook step, and not deleted.
fn is_listed(tags: &Value) -> bool {
    let made = tags::value(tags, SCHEDULING_TAG) == Some("true")
        || tags::value(tags, ORIGIN_TAG) == Some("PIPELINE_STEP");
    made && tags::value(tags, ARCHIVED_TAG) != Some("true")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_notebook_jobs_that_were_not_deleted_are_listed() {
        let tags = |pairs: &[(&str, &str)]| {
            json!(
                pairs
                    .iter()
                    .map(|(key, value)| json!({"Key": key, "Value": value}))
                    .collect::<Vec<_>>()
            )
        };
        let table = [
            (
                tags(&[(SCHEDULING_TAG, "true"), (ARCHIVED_TAG, "false")]),
                true,
            ),
            (tags(&[(ORIGIN_TAG, "PIPELINE_STEP")]), true),
            (
                tags(&[(SCHEDULING_TAG, "true"), (ARCHIVED_TAG, "true")]),
                false,
            ),
            (tags(&[("team", "x")]), false),
            (Value::Null, false),
        ];
        for (tags, listed) in table {
            assert_eq!(is_listed(&tags), listed, "{tags}");
        }
    }
}
