//! `nbjobs definition update`: another schedule, other policies.

use super::{describe, schedule};
use crate::cli::client::{Client, Service};
use crate::cli::notebook_job::SchedulePolicies;
use crate::cli::report::Usage;
use crate::model::policy::PREFIX;
use serde_json::{Value, json};

/// What is to be different.
#[derive(Debug, clap::Args)]
pub(super) struct Changes {
    /// When, in UTC, as for `definition create`
    #[arg(long, value_parser = schedule::parse)]
    schedule: Option<String>,
    #[command(flatten)]
    policies: SchedulePolicies,
    /// Take a policy back to its default, such as overlap; may be given many times
    #[arg(long, value_name = "POLICY")]
    unset: Vec<String>,
}

pub(super) fn run(client: &Client, id: &str, changes: Changes) -> anyhow::Result<()> {
    let tags = changes.policies.tags();
    let unset: Vec<String> = changes
        .unset
        .iter()
        .map(|name| format!("{PREFIX}{}", name.trim_start_matches("--")))
        .collect();
    if changes.schedule.is_none() && tags.is_empty() && unset.is_empty() {
        return Err(Usage::new("nothing is to be changed; give --schedule or a policy").into());
    }
    if let Some(schedule) = changes.schedule {
        put_rule(client, id, &schedule)?;
    }
    if tags.is_empty() && unset.is_empty() {
        return Ok(());
    }
    let pipeline = describe(client, id)?["PipelineArn"].take();
    if !tags.is_empty() {
        let input = json!({"ResourceArn": pipeline, "Tags": tags});
        client.call(Service::SageMaker, "AddTags", &input)?;
    }
    if !unset.is_empty() {
        let input = json!({"ResourceArn": pipeline, "TagKeys": unset});
        client.call(Service::SageMaker, "DeleteTags", &input)?;
        // What AWS's UI set stands on the rule too.
        let rule = client.call(Service::EventBridge, "DescribeRule", &json!({"Name": id}))?;
        let input = json!({"ResourceARN": rule["Arn"], "TagKeys": unset});
        client.call(Service::EventBridge, "UntagResource", &input)?;
    }
    Ok(())
}

/// PutRule replaces all of a rule but its tags and targets, so what it has is sent again, its state too. A rule that is
/// gone is not made anew: it would start nothing.
fn put_rule(client: &Client, id: &str, schedule: &str) -> anyhow::Result<()> {
    let rule = client.call(Service::EventBridge, "DescribeRule", &json!({"Name": id}))?;
    let mut input = json!({"Name": id, "ScheduleExpression": schedule});
    for member in ["Description", "State", "RoleArn"] {
        if let Value::String(value) = &rule[member] {
            input[member] = value.as_str().into();
        }
    }
    client
        .call(Service::EventBridge, "PutRule", &input)
        .map(drop)
}
