//! `nbjobs gc`: delete the runs that need not be kept, now.

use super::client::{Client, Connection, Service};
use super::{report, text};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::process::ExitCode;

/// How many runs the service is asked to delete at a time.
const BATCH: u32 = 100;
/// How many the service names at most.
const SHOWN_MAX: u32 = 1000;

/// What is to be deleted.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    connection: Connection,
    /// Delete nothing; only show what would be deleted
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn main(args: &Args) -> ExitCode {
    let mut out = io::stdout().lock();
    report::exit(run(args, &mut out).map(|()| ExitCode::SUCCESS))
}

fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let client = Client::new(&args.connection)?;
    let limit = if args.dry_run { SHOWN_MAX } else { BATCH };
    let input = json!({"DryRun": args.dry_run, "MaxResults": limit});
    let mut runs: Vec<Value> = Vec::new();
    let has_more = loop {
        let mut answer = client.call(Service::NbJobs, "DeleteExpiredRuns", &input)?;
        if let Value::Array(more) = answer["Runs"].take() {
            runs.extend(more);
        }
        let has_more = answer["HasMore"] == true;
        if args.dry_run || !has_more {
            break has_more;
        }
    };
    let rows: Vec<[String; 4]> = runs.iter().map(row).collect();
    if !rows.is_empty() {
        text::table(out, ["RUN", "ENDED", "BYTES", "REASON"], &rows)?;
    }
    let bytes: u64 = runs
        .iter()
        .filter_map(|run| run["SizeInBytes"].as_u64())
        .sum();
    let done = if args.dry_run {
        "would be deleted"
    } else {
        "deleted"
    };
    let more = if has_more { ", and there are more" } else { "" };
    writeln!(out, "{} runs {done}, {bytes} bytes{more}", runs.len())?;
    Ok(())
}

fn row(run: &Value) -> [String; 4] {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let arn = word(&run["RunArn"]);
    let name = arn.splitn(6, ':').last().unwrap_or_default();
    [
        name.to_owned(),
        text::moment(&run["EndTime"]),
        run["SizeInBytes"].to_string(),
        word(&run["Reason"]),
    ]
}
