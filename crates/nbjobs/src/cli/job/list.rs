//! `nbjobs job list`: notebook jobs that were not deleted.

use crate::cli::client::Client;
use crate::cli::search;
use crate::cli::text;
use serde_json::{Value, json};
use std::io::Write;

/// Which jobs.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only jobs with this status
    #[arg(long, value_enum)]
    status: Option<Status>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u64).range(1..))]
    max: u64,
    /// Print the jobs as Search gives them
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
        let found: Vec<Value> = jobs.into_iter().map(|(job, _)| job).collect();
        text::json(out, &json!({"TrainingJobs": found}))?;
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

/// The jobs' descriptions, each with the name that its user gave it.
fn find(client: &Client, args: &Args) -> anyhow::Result<Vec<(Value, String)>> {
    let mut filters = Vec::new();
    if let Some(status) = args.status {
        filters.push(json!({"Name": "TrainingJobStatus", "Operator": "Equals", "Value": format!("{status:?}")}));
    }
    search::all(client, "TrainingJob", filters, args.max)
}
