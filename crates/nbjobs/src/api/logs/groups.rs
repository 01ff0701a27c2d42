//! `CreateLogGroup`, `DeleteLogGroup`, `DescribeLogGroups`.

use super::super::json::{self, Answer};
use super::super::page;
use super::{CODES, GROUPS_PAGE};
use crate::app::logs::{self, Group};
use crate::app::{App, Error};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateRequest {
    log_group_name: String,
    log_group_class: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    kms_key_id: Option<String>,
    deletion_protection_enabled: Option<bool>,
}

pub(super) async fn create(app: &App, body: &[u8]) -> Answer {
    let request: CreateRequest = json::request(body)?;
    let refused = [
        (
            "logGroupClass",
            request
                .log_group_class
                .is_some_and(|class| class != "STANDARD"),
        ),
        ("tags", !request.tags.is_empty()),
        ("kmsKeyId", request.kms_key_id.is_some()),
        (
            "deletionProtectionEnabled",
            request.deletion_protection_enabled == Some(true),
        ),
    ];
    if let Some((name, _)) = refused.iter().find(|(_, refused)| *refused) {
        return Err(CODES.shape(Error::Invalid(format!(
            "{name} is not supported: log groups here are of the class STANDARD and have no tags, keys or protection"
        ))));
    }
    logs::create_group(app, &request.log_group_name)
        .await
        .map_err(|e| CODES.shape(e))?;
    Ok(None)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DeleteRequest {
    log_group_name: String,
}

pub(super) async fn delete(app: &App, body: &[u8]) -> Answer {
    let request: DeleteRequest = json::request(body)?;
    logs::delete_group(app, &request.log_group_name)
        .await
        .map_err(|e| CODES.shape(e))?;
    Ok(None)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DescribeRequest {
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
}

pub(super) async fn describe(app: &App, body: &[u8]) -> Answer {
    let request: DescribeRequest = json::request(body)?;
    let limit = page::size(request.limit, GROUPS_PAGE, GROUPS_PAGE)?;
    let after: String = page::place(request.next_token.as_deref())?.unwrap_or_default();
    let prefix = request.log_group_name_prefix.unwrap_or_default();
    let part = request.log_group_name_pattern.unwrap_or_default();
    let groups = logs::groups(app).await.map_err(|e| CODES.shape(e))?;
    let mut wanted: Vec<Group> = groups
        .into_iter()
        .filter(|group| group.name > after && group.name.starts_with(&prefix))
        .filter(|group| group.name.contains(&part))
        .collect();
    let more = wanted.len() > limit as usize;
    wanted.truncate(limit as usize);
    let shown: Vec<Value> = wanted.iter().map(|group| document(app, group)).collect();
    let mut answer = json!({"logGroups": shown});
    if let Some(last) = wanted.last().filter(|_| more) {
        answer["nextToken"] = page::token(&last.name).into();
    }
    json::answer(answer)
}

fn document(app: &App, group: &Group) -> Value {
    let arn = app.scope.log_group(&group.name);
    json!({
        "logGroupName": group.name, "arn": format!("{arn}:*"), "logGroupArn": arn,
        "creationTime": group.created_at.as_millisecond(), "metricFilterCount": 0, "storedBytes": 0,
        "logGroupClass": "STANDARD",
    })
}
