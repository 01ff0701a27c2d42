//! Tags of jobs and pipelines, as `ListTags` gives them.

use super::client::{Client, Service};
use serde_json::{Value, json};

/// All tags of a resource: at most 50, which is one page.
pub fn of(client: &Client, arn: &Value) -> anyhow::Result<Value> {
    let mut answer = client.call(Service::SageMaker, "ListTags", &json!({"ResourceArn": arn}))?;
    Ok(answer["Tags"].take())
}

/// The value of one tag.
pub fn value<'t>(tags: &'t Value, key: &str) -> Option<&'t str> {
    let tag = tags.as_array()?.iter().find(|tag| tag["Key"] == key)?;
    tag["Value"].as_str()
}
