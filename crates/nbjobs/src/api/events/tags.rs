//! `TagResource`, `UntagResource`, `ListTagsForResource`, on rules.

use super::super::json::{self, Answer};
use super::CODES;
use crate::app::{App, Error, rules, tags};
use crate::model::arn::{Arn, Resource};
use crate::model::tag::Tag;
use aws_wire::ErrorShape;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AddRequest {
    #[serde(rename = "ResourceARN")]
    resource_arn: String,
    #[serde(rename = "Tags")]
    tags: Vec<Tag>,
}

pub(super) async fn add(app: &App, body: &[u8]) -> Answer {
    let request: AddRequest = json::request(body)?;
    let resource = resource(app, &request.resource_arn).await?;
    tags::add(app, &resource, &request.tags)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeleteRequest {
    #[serde(rename = "ResourceARN")]
    resource_arn: String,
    #[serde(rename = "TagKeys")]
    tag_keys: Vec<String>,
}

pub(super) async fn delete(app: &App, body: &[u8]) -> Answer {
    let request: DeleteRequest = json::request(body)?;
    let resource = resource(app, &request.resource_arn).await?;
    tags::delete(app, &resource, &request.tag_keys)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListRequest {
    #[serde(rename = "ResourceARN")]
    resource_arn: String,
}

pub(super) async fn list(app: &App, body: &[u8]) -> Answer {
    let request: ListRequest = json::request(body)?;
    let resource = resource(app, &request.resource_arn).await?;
    let tags = tags::list(app, &resource)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(json!({"Tags": tags}))
}

/// The rule that an ARN names, if it is there.
async fn resource(app: &App, arn: &str) -> Result<String, ErrorShape> {
    match arn.parse::<Arn>() {
        Ok(Arn {
            resource: Resource::Rule(name),
            scope,
            ..
        }) if scope == app.scope => {
            let rule = rules::describe(app, &name)
                .await
                .map_err(|e| CODES.shape(e))?;
            Ok(rules::resource(&rule.name))
        }
        Ok(_) => Err(CODES.shape(Error::NotFound(format!("Resource {arn} does not exist.")))),
        Err(error) => Err(CODES.shape(Error::Invalid(format!(
            "Parameter ResourceARN is not valid. {error}"
        )))),
    }
}
