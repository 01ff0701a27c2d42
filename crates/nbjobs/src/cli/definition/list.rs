//! `nbjobs definition list`: the pipelines that the extension or we made, each with its rule.

use super::describe_rule;
use crate::cli::client::{Client, Service};
use crate::cli::notebook_job::{ARCHIVED_TAG, NAME_TAG, SCHEDULING_TAG};
use crate::cli::tags;
use crate::cli::text;
use serde_json::{Value, json};
use std::io::Write;

/// Pipelines of one answer of `ListPipelines` (SageMaker's limit).
const PAGE: u64 = 100;

/// Which definitions.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u64).range(1..))]
    max: u64,
    /// Print the pipelines as ListPipelines gives them
    #[arg(long)]
    json: bool,
}

pub(super) fn run(client: &Client, args: &Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let definitions = find(client, args.max)?;
    if args.json {
        let summaries: Vec<Value> = definitions
            .into_iter()
            .map(|(summary, _)| summary)
            .collect();
        text::json(out, &json!({"PipelineSummaries": summaries}))?;
        return Ok(());
    }
    let mut rows = Vec::with_capacity(definitions.len());
    for (pipeline, name) in definitions {
        let id = pipeline["PipelineName"].as_str().unwrap_or_default();
        let rule = describe_rule(client, id)?;
        let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        rows.push([
            id.to_owned(),
            name,
            word(&rule["ScheduleExpression"]),
            word(&rule["State"]),
            text::moment(&pipeline["LastExecutionTime"]),
        ]);
    }
    text::table(
        out,
        ["DEFINITION", "NAME", "SCHEDULE", "STATE", "LAST RUN"],
        &rows,
    )?;
    Ok(())
}

/// The pipelines' summaries, each with the name that its user gave it.
fn find(client: &Client, max: u64) -> anyhow::Result<Vec<(Value, String)>> {
    let mut found = Vec::new();
    let mut input =
        json!({"SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": PAGE.min(max)});
    loop {
        let mut page = client.call(Service::SageMaker, "ListPipelines", &input)?;
        let Value::Array(summaries) = page["PipelineSummaries"].take() else {
            return Ok(found);
        };
        for summary in summaries {
            let tags = tags::of(client, &summary["PipelineArn"])?;
            let made = tags::value(&tags, SCHEDULING_TAG) == Some("true");
            if made && tags::value(&tags, ARCHIVED_TAG) != Some("true") {
                let name = tags::value(&tags, NAME_TAG).unwrap_or_default().to_owned();
                found.push((summary, name));
            }
            if found.len() as u64 == max {
                return Ok(found);
            }
        }
        match page["NextToken"].take() {
            Value::String(token) if !token.is_empty() => input["NextToken"] = token.into(),
            _ => return Ok(found),
        }
    }
}
