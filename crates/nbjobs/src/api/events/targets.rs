//! `PutTargets`, `RemoveTargets`, `ListTargetsByRule`, `ListRuleNamesByTarget`.

use super::super::json::{self, Answer};
use super::super::page;
use super::{CODES, PAGE_MAX, check_bus};
use crate::app::{App, rules};
use crate::model::rule::Target;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutRequest {
    rule: String,
    event_bus_name: Option<String>,
    targets: Vec<Target>,
}

pub(super) async fn put(app: &App, body: &[u8]) -> Answer {
    let request: PutRequest = json::request(body)?;
    check_bus(app, request.event_bus_name.as_deref())?;
    rules::put_targets(app, &request.rule, &request.targets)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(json!({"FailedEntryCount": 0, "FailedEntries": []}))
}

/// `Force` is for rules that an AWS service manages; there are none.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RemoveRequest {
    rule: String,
    event_bus_name: Option<String>,
    ids: Vec<String>,
    #[serde(default, rename = "Force")]
    _force: bool,
}

pub(super) async fn remove(app: &App, body: &[u8]) -> Answer {
    let request: RemoveRequest = json::request(body)?;
    check_bus(app, request.event_bus_name.as_deref())?;
    let unknown = rules::remove_targets(app, &request.rule, &request.ids)
        .await
        .map_err(|e| CODES.shape(e))?;
    let failed: Vec<Value> = unknown
        .iter()
        .map(|id| {
            json!({
                "TargetId": id,
                "ErrorCode": CODES.not_found,
                "ErrorMessage": format!("Rule '{}' does not have a target with the Id '{id}'.", request.rule),
            })
        })
        .collect();
    json::answer(json!({"FailedEntryCount": failed.len(), "FailedEntries": failed}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListRequest {
    rule: String,
    event_bus_name: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
}

pub(super) async fn list(app: &App, body: &[u8]) -> Answer {
    let request: ListRequest = json::request(body)?;
    check_bus(app, request.event_bus_name.as_deref())?;
    let limit = page::size(request.limit, PAGE_MAX, PAGE_MAX)?;
    let after: Option<String> = page::place(request.next_token.as_deref())?;
    let (targets, next) = rules::targets(app, &request.rule, after.as_deref(), limit)
        .await
        .map_err(|e| CODES.shape(e))?;
    let mut answer = json!({"Targets": targets});
    if let Some(token) = next.and_then(|next| page::token(&next)) {
        answer["NextToken"] = token.into();
    }
    json::answer(answer)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct RuleNamesRequest {
    target_arn: String,
    event_bus_name: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
}

pub(super) async fn list_rule_names(app: &App, body: &[u8]) -> Answer {
    let request: RuleNamesRequest = json::request(body)?;
    check_bus(app, request.event_bus_name.as_deref())?;
    let limit = page::size(request.limit, PAGE_MAX, PAGE_MAX)?;
    let after: Option<String> = page::place(request.next_token.as_deref())?;
    let (names, next) = rules::names_by_target(app, &request.target_arn, after.as_deref(), limit)
        .await
        .map_err(|e| CODES.shape(e))?;
    let mut answer = json!({"RuleNames": names});
    if let Some(token) = next.and_then(|next| page::token(&next)) {
        answer["NextToken"] = token.into();
    }
    json::answer(answer)
}
