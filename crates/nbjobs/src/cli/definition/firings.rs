//! `nbjobs definition firings` and `next`: what became of each due moment, and which come next.

use crate::cli::client::{Client, Service};
use crate::cli::text;
use serde_json::{Value, json};
use std::io::Write;

/// How to print a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Output {
    /// For people
    Table,
    /// As the service answers
    Json,
}

/// Due moments that have passed.
pub(super) fn past(
    client: &Client,
    id: &str,
    max: u64,
    output: Output,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let input = json!({"Source": source(id), "MaxResults": max});
    let answer = client.call(Service::NbJobs, "ListFirings", &input)?;
    if output == Output::Json {
        return Ok(text::json(out, &answer)?);
    }
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows: Vec<[String; 4]> = list(&answer["Firings"])
        .map(|firing| {
            let started = list(&firing["StartedArns"]).map(word).map(run_of);
            let reason = word(&firing["Reason"]);
            let became = started.chain([reason]).filter(|text| !text.is_empty());
            [
                text::moment(&firing["DueTime"]),
                word(&firing["Status"]),
                text::moment(&firing["DecidedTime"]),
                became.collect::<Vec<_>>().join("; "),
            ]
        })
        .collect();
    Ok(text::table(
        out,
        ["DUE", "STATUS", "DECIDED", "RUN OR REASON"],
        &rows,
    )?)
}

/// Due moments to come.
pub(super) fn next(
    client: &Client,
    id: &str,
    count: u64,
    output: Output,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let input = json!({"Source": source(id), "MaxResults": count});
    let answer = client.call(Service::NbJobs, "ListNextRuns", &input)?;
    if output == Output::Json {
        return Ok(text::json(out, &answer)?);
    }
    let rows: Vec<[String; 2]> = list(&answer["NextRuns"])
        .map(|run| [&run["DueTime"], &run["StartTime"]].map(text::moment))
        .collect();
    Ok(text::table(out, ["DUE", "STARTS"], &rows)?)
}

/// A definition's rule; a schedule is named in full, `schedule/default/NAME`.
fn source(id: &str) -> String {
    if id.contains('/') {
        id.to_owned()
    } else {
        format!("rule/{id}")
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The end of an ARN that tells runs of one definition apart.
fn run_of(arn: String) -> String {
    arn.rsplit_once('/')
        .map_or(arn.clone(), |(_, id)| id.to_owned())
}
