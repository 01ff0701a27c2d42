//! `CreateSchedule`, `UpdateSchedule`, `GetSchedule`, `DeleteSchedule`, `ListSchedules`.

use super::super::json::{self, Answer, not_one_of, seconds};
use super::super::page;
use super::{CODES, GROUP, check_group, max_results};
use crate::app::{App, Error, schedules};
use crate::model::rule::RuleState;
use crate::model::scheduled::{ActionAfterCompletion, Schedule, ScheduleSettings, ScheduleTarget};
use aws_wire::ErrorShape;
use aws_wire::json11::epoch_seconds;
use aws_wire::query::Form;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

/// The body of a create and of an update, which replaces all.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutRequest {
    group_name: Option<String>,
    schedule_expression: String,
    #[serde(default, with = "epoch_seconds::option")]
    start_date: Option<Timestamp>,
    #[serde(default, with = "epoch_seconds::option")]
    end_date: Option<Timestamp>,
    description: Option<String>,
    schedule_expression_timezone: Option<String>,
    state: Option<String>,
    target: ScheduleTarget,
    flexible_time_window: FlexibleTimeWindow,
    client_token: Option<String>,
    action_after_completion: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct FlexibleTimeWindow {
    mode: String,
    maximum_window_in_minutes: Option<u32>,
}

impl FlexibleTimeWindow {
    fn minutes(self) -> Result<Option<u32>, ErrorShape> {
        let invalid = |message: &str| Err(CODES.shape(Error::Invalid(message.into())));
        match (self.mode.as_str(), self.maximum_window_in_minutes) {
            ("OFF", None) => Ok(None),
            ("OFF", Some(_)) => invalid(
                "MaximumWindowInMinutes cannot be given when the mode of FlexibleTimeWindow is OFF",
            ),
            ("FLEXIBLE", None) => invalid(
                "MaximumWindowInMinutes must be given when the mode of FlexibleTimeWindow is FLEXIBLE",
            ),
            ("FLEXIBLE", minutes) => Ok(minutes),
            (other, _) => Err(not_one_of(
                "flexibleTimeWindow.mode",
                other,
                "OFF, FLEXIBLE",
            )),
        }
    }
}

/// The settings that a body asks for, and its token.
fn settings(body: &[u8]) -> Result<(ScheduleSettings, String), ErrorShape> {
    let request: PutRequest = json::request(body)?;
    check_group(request.group_name.as_deref())?;
    let state = request.state.as_deref().unwrap_or("ENABLED");
    let action = request.action_after_completion.as_deref().unwrap_or("NONE");
    let settings = ScheduleSettings {
        schedule_expression: request.schedule_expression,
        timezone: request
            .schedule_expression_timezone
            .unwrap_or_else(|| "UTC".into()),
        state: state_of(state)?,
        description: request.description,
        starts_at: request.start_date,
        ends_at: request.end_date,
        window_minutes: request.flexible_time_window.minutes()?,
        target: request.target,
        action_after_completion: ActionAfterCompletion::parse(action)
            .ok_or_else(|| not_one_of("actionAfterCompletion", action, "NONE, DELETE"))?,
    };
    Ok((settings, request.client_token.unwrap_or_default()))
}

fn state_of(word: &str) -> Result<RuleState, ErrorShape> {
    RuleState::parse(word).ok_or_else(|| not_one_of("state", word, "ENABLED, DISABLED"))
}

pub(super) async fn create(app: &App, name: &str, body: &[u8]) -> Answer {
    let (settings, token) = settings(body)?;
    let schedule = schedules::create(app, name, settings, &token)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(json!({"ScheduleArn": app.scope.schedule(&schedule.name)}))
}

pub(super) async fn update(app: &App, name: &str, body: &[u8]) -> Answer {
    let (settings, _) = settings(body)?;
    let schedule = schedules::update(app, name, settings)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(json!({"ScheduleArn": app.scope.schedule(&schedule.name)}))
}

pub(super) async fn get(app: &App, name: &str, query: &Form) -> Answer {
    check_group(query.get("groupName"))?;
    let schedule = schedules::describe(app, name)
        .await
        .map_err(|e| CODES.shape(e))?;
    let settings = &schedule.settings;
    let mut document = summary(app, &schedule);
    document["ScheduleExpression"] = settings.schedule_expression.clone().into();
    document["ScheduleExpressionTimezone"] = settings.timezone.clone().into();
    document["ActionAfterCompletion"] = settings.action_after_completion.as_str().into();
    document["FlexibleTimeWindow"] = match settings.window_minutes {
        None => json!({"Mode": "OFF"}),
        Some(minutes) => json!({"Mode": "FLEXIBLE", "MaximumWindowInMinutes": minutes}),
    };
    document["Target"] = json!(settings.target);
    if let Some(description) = &settings.description {
        document["Description"] = description.clone().into();
    }
    for (member, at) in [
        ("StartDate", settings.starts_at),
        ("EndDate", settings.ends_at),
    ] {
        if let Some(at) = at {
            document[member] = seconds(at);
        }
    }
    json::answer(document)
}

fn summary(app: &App, schedule: &Schedule) -> Value {
    json!({
        "Arn": app.scope.schedule(&schedule.name),
        "Name": schedule.name,
        "GroupName": GROUP,
        "State": schedule.settings.state.as_str(),
        "CreationDate": seconds(schedule.created_at),
        "LastModificationDate": seconds(schedule.modified_at),
        "Target": {"Arn": schedule.settings.target.arn},
    })
}

pub(super) async fn delete(app: &App, name: &str, query: &Form) -> Answer {
    check_group(query.get("groupName"))?;
    schedules::delete(app, name)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(json!({}))
}

pub(super) async fn list(app: &App, query: &Form) -> Answer {
    check_group(query.get("ScheduleGroup"))?;
    let state = query.get("State").map(state_of).transpose()?;
    let limit = max_results(query)?;
    let after: Option<String> = page::place(query.get("NextToken"))?;
    let prefix = query.get("NamePrefix").unwrap_or_default();
    let (schedules, next) = schedules::list(app, prefix, state, after.as_deref(), limit)
        .await
        .map_err(|e| CODES.shape(e))?;
    let schedules: Vec<Value> = schedules.iter().map(|s| summary(app, s)).collect();
    let mut answer = json!({"Schedules": schedules});
    if let Some(token) = next.and_then(|next| page::token(&next)) {
        answer["NextToken"] = token.into();
    }
    json::answer(answer)
}
