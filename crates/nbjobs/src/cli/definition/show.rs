//! `nbjobs definition show`.

use super::{describe, describe_rule, document};
use crate::cli::client::Client;
use crate::cli::tags;
use crate::cli::text;
use crate::model::notebook_job::NAME_TAG;
use crate::model::policy::PREFIX;
use serde_json::{Value, json};
use std::io::Write;

pub(super) fn run(
    client: &Client,
    id: &str,
    json: bool,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let pipeline = describe(client, id)?;
    let rule = describe_rule(client, id)?;
    if json {
        text::json(out, &json!({"Pipeline": pipeline, "Rule": rule}))?;
        return Ok(());
    }
    let tags = tags::of(client, &pipeline["PipelineArn"])?;
    let name = tags::value(&tags, NAME_TAG).unwrap_or_default();
    let mut fields = fields(&pipeline, &document(&pipeline)?, &rule, name);
    fields.push(("Policies", policies(&tags)));
    text::fields(out, &fields)?;
    Ok(())
}

/// The tags that are policies, as the options that set them.
fn policies(tags: &Value) -> String {
    let tags = tags.as_array().into_iter().flatten();
    let options = tags.filter_map(|tag| {
        let name = tag["Key"].as_str()?.strip_prefix(PREFIX)?;
        Some(format!("{name} = {}", tag["Value"].as_str()?))
    });
    options.collect::<Vec<_>>().join("\n")
}

fn fields(
    pipeline: &Value,
    document: &Value,
    rule: &Value,
    name: &str,
) -> Vec<(&'static str, String)> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let arguments = &document["Steps"][0]["Arguments"];
    let environment = &arguments["Environment"];
    vec![
        ("Definition", word(&pipeline["PipelineName"])),
        ("Name", name.to_owned()),
        ("Schedule", word(&rule["ScheduleExpression"])),
        (
            "State",
            rule["State"].as_str().unwrap_or("no schedule").to_owned(),
        ),
        ("Created", text::moment(&pipeline["CreationTime"])),
        ("Changed", text::moment(&pipeline["LastModifiedTime"])),
        ("Last run", text::moment(&pipeline["LastRunTime"])),
        ("Notebook", word(&environment["SM_INPUT_NOTEBOOK_NAME"])),
        ("Parameters", text::pairs(&arguments["HyperParameters"])),
        ("Kernel", word(&environment["SM_KERNEL_NAME"])),
        (
            "Input",
            word(&arguments["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"]),
        ),
        (
            "Output",
            word(&arguments["OutputDataConfig"]["S3OutputPath"]),
        ),
        ("Role", word(&arguments["RoleArn"])),
    ]
}
