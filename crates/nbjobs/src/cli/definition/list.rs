//! `nbjobs definition list`: the pipelines that the extension or we made, each with its rule.

use super::describe_rule;
use crate::cli::client::Client;
use crate::cli::search;
use crate::cli::text;
use serde_json::{Value, json};
use std::io::Write;

/// Which definitions.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u64).range(1..))]
    max: u64,
    /// Print the pipelines as Search gives them
    #[arg(long)]
    json: bool,
}

pub(super) fn run(client: &Client, args: &Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let definitions = search::all(client, "Pipeline", Vec::new(), args.max)?;
    if args.json {
        let found: Vec<Value> = definitions
            .into_iter()
            .map(|(pipeline, _)| pipeline)
            .collect();
        text::json(out, &json!({"Pipelines": found}))?;
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
            text::moment(&pipeline["LastRunTime"]),
        ]);
    }
    text::table(
        out,
        ["DEFINITION", "NAME", "SCHEDULE", "STATE", "LAST RUN"],
        &rows,
    )?;
    Ok(())
}
