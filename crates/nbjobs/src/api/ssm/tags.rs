//! `AddTagsToResource`, `ListTagsForResource`, `RemoveTagsFromResource`, on parameters.

use super::super::json::{self, Answer};
use super::CODES;
use crate::app::{App, parameters, tags};
use crate::model::tag::Tag;
use aws_wire::ErrorShape;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AddRequest {
    resource_type: String,
    resource_id: String,
    tags: Vec<Tag>,
}

pub(super) async fn add(app: &App, body: &[u8]) -> Answer {
    let request: AddRequest = json::request(body)?;
    let resource = resource(app, &request.resource_type, &request.resource_id).await?;
    tags::add(app, &resource, &request.tags)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListRequest {
    resource_type: String,
    resource_id: String,
}

pub(super) async fn list(app: &App, body: &[u8]) -> Answer {
    let request: ListRequest = json::request(body)?;
    let resource = resource(app, &request.resource_type, &request.resource_id).await?;
    let all = tags::list(app, &resource)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(json!({"TagList": all}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RemoveRequest {
    resource_type: String,
    resource_id: String,
    tag_keys: Vec<String>,
}

pub(super) async fn remove(app: &App, body: &[u8]) -> Answer {
    let request: RemoveRequest = json::request(body)?;
    let resource = resource(app, &request.resource_type, &request.resource_id).await?;
    tags::delete(app, &resource, &request.tag_keys)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(json!({}))
}

/// The parameter, if it is there.
async fn resource(app: &App, kind: &str, name: &str) -> Result<String, ErrorShape> {
    if kind != "Parameter" {
        return Err(ErrorShape::bad_request(
            "InvalidResourceType",
            format!("the resource type '{kind}' is not supported; nbjobs has Parameter"),
        ));
    }
    let found = parameters::get(app, name, None)
        .await
        .map_err(|e| CODES.shape(e))?;
    match found {
        Some(_) => Ok(parameters::resource(name)),
        None => Err(ErrorShape::bad_request(
            "InvalidResourceId",
            format!("The resource ID is not valid: there is no parameter {name}"),
        )),
    }
}
