//! `nbjobs job logs`: a job's streams in CloudWatch Logs, one after the other, each from its beginning.

use super::describe;
use super::wait::{Pauses, has_ended};
use crate::cli::client::{Client, Service, ServiceError};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;

/// The log group of all training jobs (SageMaker).
const GROUP: &str = "/aws/sagemaker/TrainingJobs";

/// Prints what is there; with `follow` also what comes until the job ends.
pub(super) fn run(
    client: &Client,
    job: &str,
    follow: bool,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    // Where reading goes on, by stream. Another attempt of the job adds a stream.
    let mut places: BTreeMap<String, Value> = BTreeMap::new();
    let mut pauses = Pauses::new();
    loop {
        // Asked before the log is read, so that nothing comes after the last reading.
        let ended = has_ended(&describe(client, job)?);
        for stream in streams(client, job)? {
            let place = places.get(&stream).cloned().unwrap_or_default();
            let (place, printed) = print_from(client, &stream, place, out)?;
            if printed {
                pauses.restart();
            }
            places.insert(stream, place);
        }
        out.flush()?;
        if ended || !follow {
            return Ok(());
        }
        pauses.pause();
    }
}

/// The names of the job's streams, in their order.
fn streams(client: &Client, job: &str) -> anyhow::Result<Vec<String>> {
    let mut input = json!({"logGroupName": GROUP, "logStreamNamePrefix": format!("{job}/")});
    let mut names = Vec::new();
    loop {
        let answer = match client.call(Service::CloudWatchLogs, "DescribeLogStreams", &input) {
            // The first job's first line makes the group.
            Err(error) if ServiceError::is_not_found(&error) => return Ok(names),
            answer => answer?,
        };
        let streams = answer["logStreams"].as_array().into_iter().flatten();
        names.extend(
            streams
                .filter_map(|stream| stream["logStreamName"].as_str())
                .map(str::to_owned),
        );
        match &answer["nextToken"] {
            Value::Null => return Ok(names),
            token => input["nextToken"] = token.clone(),
        }
    }
}

/// Prints a stream from a place on to its present end. Answers the place there, and whether there was anything.
fn print_from(
    client: &Client,
    stream: &str,
    mut place: Value,
    out: &mut dyn Write,
) -> anyhow::Result<(Value, bool)> {
    let mut printed = false;
    loop {
        let mut input =
            json!({"logGroupName": GROUP, "logStreamName": stream, "startFromHead": true});
        if !place.is_null() {
            input["nextToken"] = place.clone();
        }
        let answer = client.call(Service::CloudWatchLogs, "GetLogEvents", &input)?;
        for event in answer["events"].as_array().into_iter().flatten() {
            writeln!(
                out,
                "{}",
                event["message"]
                    .as_str()
                    .unwrap_or_default()
                    .trim_end_matches('\n')
            )?;
            printed = true;
        }
        // At the end of a stream the token stays as it is.
        let next = &answer["nextForwardToken"];
        if next.is_null() || *next == place {
            return Ok((place, printed));
        }
        place = next.clone();
    }
}
