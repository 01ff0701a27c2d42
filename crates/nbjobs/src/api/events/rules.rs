//! `PutRule`, `DescribeRule`, `ListRules`, `EnableRule`, `DisableRule`, `DeleteRule`.

use super::super::json::{self, Answer};
use super::super::page;
use super::{BUS, CODES, PAGE_MAX, check_bus};
use crate::app::App;
use crate::app::rules::{self, Put};
use crate::model::rule::{Rule, RuleState};
use crate::model::tag::Tag;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutRequest {
    name: String,
    schedule_expression: Option<String>,
    event_pattern: Option<String>,
    state: Option<String>,
    description: Option<String>,
    role_arn: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    event_bus_name: Option<String>,
}

pub(super) async fn put(app: &App, body: &[u8]) -> Answer {
    let request: PutRequest = json::request(body)?;
    check_bus(app, request.event_bus_name.as_deref())?;
    let state = request
        .state
        .as_deref()
        .unwrap_or(RuleState::Enabled.as_str());
    let put = Put {
        name: request.name,
        schedule_expression: given(request.schedule_expression),
        event_pattern: given(request.event_pattern),
        state: RuleState::parse(state)
            .ok_or_else(|| json::not_one_of("state", state, "ENABLED, DISABLED"))?,
        description: request.description,
        role_arn: request.role_arn,
    };
    let rule = rules::put(app, put, &request.tags)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(json!({"RuleArn": app.scope.rule(&rule.name)}))
}

/// An empty text is one that was not given.
fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Named {
    name: String,
    event_bus_name: Option<String>,
}

pub(super) async fn describe(app: &App, body: &[u8]) -> Answer {
    let request: Named = json::request(body)?;
    check_bus(app, request.event_bus_name.as_deref())?;
    let rule = rules::describe(app, &request.name)
        .await
        .map_err(|e| CODES.shape(e))?;
    let mut document = document(app, &rule);
    document["CreatedBy"] = app.scope.account.clone().into();
    json::answer(document)
}

fn document(app: &App, rule: &Rule) -> Value {
    let mut document = json!({
        "Name": rule.name,
        "Arn": app.scope.rule(&rule.name),
        "State": rule.state.as_str(),
        "EventBusName": BUS,
    });
    for (name, value) in [
        ("ScheduleExpression", &rule.schedule_expression),
        ("EventPattern", &rule.event_pattern),
        ("Description", &rule.description),
        ("RoleArn", &rule.role_arn),
    ] {
        if let Some(value) = value {
            document[name] = value.clone().into();
        }
    }
    document
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListRequest {
    name_prefix: Option<String>,
    event_bus_name: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
}

pub(super) async fn list(app: &App, body: &[u8]) -> Answer {
    let request: ListRequest = json::request(body)?;
    check_bus(app, request.event_bus_name.as_deref())?;
    let limit = page::size(request.limit, PAGE_MAX, PAGE_MAX)?;
    let after: Option<String> = page::place(request.next_token.as_deref())?;
    let prefix = request.name_prefix.as_deref().unwrap_or_default();
    let (rules, next) = rules::list(app, prefix, after.as_deref(), limit)
        .await
        .map_err(|e| CODES.shape(e))?;
    let shown: Vec<Value> = rules.iter().map(|rule| document(app, rule)).collect();
    let mut answer = json!({"Rules": shown});
    if let Some(token) = next.and_then(|next| page::token(&next)) {
        answer["NextToken"] = token.into();
    }
    json::answer(answer)
}

pub(super) async fn enable(app: &App, body: &[u8]) -> Answer {
    let request: Named = json::request(body)?;
    check_bus(app, request.event_bus_name.as_deref())?;
    rules::enable(app, &request.name)
        .await
        .map_err(|e| CODES.shape(e))?;
    Ok(None)
}

pub(super) async fn disable(app: &App, body: &[u8]) -> Answer {
    let request: Named = json::request(body)?;
    check_bus(app, request.event_bus_name.as_deref())?;
    rules::disable(app, &request.name)
        .await
        .map_err(|e| CODES.shape(e))?;
    Ok(None)
}

/// `Force` is for rules that an AWS service manages; there are none.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteRequest {
    name: String,
    event_bus_name: Option<String>,
    #[serde(default, rename = "Force")]
    _force: bool,
}

pub(super) async fn delete(app: &App, body: &[u8]) -> Answer {
    let request: DeleteRequest = json::request(body)?;
    check_bus(app, request.event_bus_name.as_deref())?;
    rules::delete(app, &request.name)
        .await
        .map_err(|e| CODES.shape(e))?;
    Ok(None)
}
