//! The lists that Studio shows, by the searches that the extension makes.

use super::client::{Client, Service};
use super::tags;
use crate::model::notebook_job::{ARCHIVED_TAG, NAME_TAG, ORIGIN_TAG, SCHEDULING_TAG};
use serde_json::{Value, json};

/// Results of one answer (SageMaker's limit).
const PAGE: u64 = 100;

/// At most `max` training jobs or pipelines, the newest first, that were made by the extension or the SDK's notebook
/// step, were not deleted, and meet the filters; each with the name that its user gave it.
pub(super) fn all(
    client: &Client,
    resource: &str,
    mut filters: Vec<Value>,
    max: u64,
) -> anyhow::Result<Vec<(Value, String)>> {
    let tag = |key: &str, operator: &str, value: &str| json!({"Name": format!("Tags.{key}"), "Operator": operator, "Value": value});
    filters.push(tag(ARCHIVED_TAG, "NotEquals", "true"));
    let made = [
        tag(SCHEDULING_TAG, "Equals", "true"),
        tag(ORIGIN_TAG, "Equals", "PIPELINE_STEP"),
    ];
    let mut input = json!({
        "Resource": resource,
        "SearchExpression": {"Filters": filters, "SubExpressions": [{"Filters": made, "Operator": "Or"}]},
        "SortBy": "CreationTime",
        "SortOrder": "Descending",
        "MaxResults": PAGE.min(max),
    });
    let mut found = Vec::new();
    loop {
        let mut page = client.call(Service::SageMaker, "Search", &input)?;
        if let Value::Array(results) = page["Results"].take() {
            for mut result in results {
                let item = result[resource].take();
                let name = tags::value(&item["Tags"], NAME_TAG)
                    .unwrap_or_default()
                    .to_owned();
                found.push((item, name));
                if found.len() as u64 == max {
                    return Ok(found);
                }
            }
        }
        match page["NextToken"].take() {
            Value::String(token) if !token.is_empty() => input["NextToken"] = token.into(),
            _ => return Ok(found),
        }
    }
}
