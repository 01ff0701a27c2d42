//! `CreateApiDestination`, `UpdateApiDestination`, `DescribeApiDestination`, `ListApiDestinations`,
//! `DeleteApiDestination`.

use super::super::json::{self, Answer, seconds};
use super::super::page;
use super::{CODES, PAGE_MAX};
use crate::app::App;
use crate::app::webhooks::{self, DestinationSettings};
use crate::model::webhook::ApiDestination;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateRequest {
    name: String,
    description: Option<String>,
    connection_arn: String,
    invocation_endpoint: String,
    http_method: String,
    invocation_rate_limit_per_second: Option<i64>,
}

pub(super) async fn create(app: &App, body: &[u8]) -> Answer {
    let request: CreateRequest = json::request(body)?;
    let settings = DestinationSettings {
        description: request.description,
        connection_arn: Some(request.connection_arn),
        endpoint: Some(request.invocation_endpoint),
        method: Some(request.http_method),
        rate_max: request.invocation_rate_limit_per_second,
    };
    let destination = webhooks::create_destination(app, &request.name, settings)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(changed(app, &destination))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct UpdateRequest {
    name: String,
    description: Option<String>,
    connection_arn: Option<String>,
    invocation_endpoint: Option<String>,
    http_method: Option<String>,
    invocation_rate_limit_per_second: Option<i64>,
}

pub(super) async fn update(app: &App, body: &[u8]) -> Answer {
    let request: UpdateRequest = json::request(body)?;
    let settings = DestinationSettings {
        description: request.description,
        connection_arn: request.connection_arn,
        endpoint: request.invocation_endpoint,
        method: request.http_method,
        rate_max: request.invocation_rate_limit_per_second,
    };
    let destination = webhooks::update_destination(app, &request.name, settings)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(changed(app, &destination))
}

fn changed(app: &App, destination: &ApiDestination) -> Value {
    json!({
        "ApiDestinationArn": app.scope.api_destination(&destination.name, &destination.id),
        "ApiDestinationState": "ACTIVE",
        "CreationTime": seconds(destination.created_at),
        "LastModifiedTime": seconds(destination.modified_at),
    })
}

fn document(app: &App, destination: &ApiDestination) -> Value {
    let mut document = changed(app, destination);
    document["Name"] = destination.name.clone().into();
    document["ConnectionArn"] = destination.connection_arn.clone().into();
    document["InvocationEndpoint"] = destination.endpoint.clone().into();
    document["HttpMethod"] = destination.method.clone().into();
    document["InvocationRateLimitPerSecond"] = destination.rate_max.into();
    document
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Named {
    name: String,
}

pub(super) async fn describe(app: &App, body: &[u8]) -> Answer {
    let request: Named = json::request(body)?;
    let destination = webhooks::destination(app, &request.name)
        .await
        .map_err(|e| CODES.shape(e))?;
    let mut document = document(app, &destination);
    if let Some(description) = &destination.description {
        document["Description"] = description.clone().into();
    }
    json::answer(document)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListRequest {
    name_prefix: Option<String>,
    connection_arn: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
}

pub(super) async fn list(app: &App, body: &[u8]) -> Answer {
    let request: ListRequest = json::request(body)?;
    let limit = page::size(request.limit, PAGE_MAX, PAGE_MAX)?;
    let after: Option<String> = page::place(request.next_token.as_deref())?;
    let prefix = request.name_prefix.as_deref().unwrap_or_default();
    let connection = request.connection_arn.as_deref();
    let after = after.unwrap_or_default();
    let (found, next) = webhooks::destinations(app, prefix, connection, &after, limit)
        .await
        .map_err(|e| CODES.shape(e))?;
    let shown: Vec<Value> = found.iter().map(|one| document(app, one)).collect();
    let mut answer = json!({"ApiDestinations": shown});
    if let Some(token) = next.and_then(|next| page::token(&next)) {
        answer["NextToken"] = token.into();
    }
    json::answer(answer)
}

pub(super) async fn delete(app: &App, body: &[u8]) -> Answer {
    let request: Named = json::request(body)?;
    webhooks::delete_destination(app, &request.name)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(json!({}))
}
