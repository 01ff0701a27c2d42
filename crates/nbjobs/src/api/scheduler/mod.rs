//! EventBridge Scheduler: schedules in the default group, and that group with its tags. The operation is in the method
//! and the path.

mod groups;
mod schedules;

use super::constraints;
use super::json::{Answer, Codes, not_implemented};
use crate::app::{App, Error};
use aws_wire::ErrorShape;
use aws_wire::query::Form;
use http::request::Parts;
use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;

/// EventBridge Scheduler's error codes. The SageMaker SDK's `put_triggers` knows a schedule that is not there by
/// `ResourceNotFoundException`.
const CODES: Codes = Codes {
    not_found: "ResourceNotFoundException",
    exists: "ConflictException",
    conflict: "ConflictException",
    invalid: "ValidationException",
    limit: "ServiceQuotaExceededException",
};

/// Page size of EventBridge Scheduler's lists, the largest too.
const PAGE_MAX: u32 = 100;

/// The one group that there is.
const GROUP: &str = "default";

/// Answers one request.
pub(super) async fn call(app: &App, parts: &Parts, body: &[u8]) -> Answer {
    let query = Form::parse(parts.uri.query().unwrap_or_default().as_bytes())?;
    let path: Vec<String> = parts
        .uri
        .path()
        .trim_start_matches('/')
        .splitn(2, '/')
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let operation = match (&parts.method, &path[..]) {
        (&Method::POST, ["schedules", _]) => "CreateSchedule",
        (&Method::PUT, ["schedules", _]) => "UpdateSchedule",
        (&Method::POST, ["tags", _]) => "TagResource",
        _ => "",
    };
    constraints::check("scheduler", operation, body, CODES.invalid)?;
    let answer = match (&parts.method, &path[..]) {
        (&Method::POST, ["schedules", name]) => schedules::create(app, name, body).await,
        (&Method::PUT, ["schedules", name]) => schedules::update(app, name, body).await,
        (&Method::GET, ["schedules", name]) => schedules::get(app, name, &query).await,
        (&Method::DELETE, ["schedules", name]) => schedules::delete(app, name, &query).await,
        (&Method::GET, ["schedules"]) => schedules::list(app, &query).await,
        (&Method::GET, ["schedule-groups"]) => groups::list(app, &query),
        (&Method::GET, ["schedule-groups", name]) => groups::get(app, name),
        (&Method::GET, ["tags", arn]) => groups::list_tags(app, arn).await,
        (&Method::POST, ["tags", arn]) => groups::tag(app, arn, body).await,
        (&Method::DELETE, ["tags", arn]) => groups::untag(app, arn, &query).await,
        (&Method::POST, ["schedule-groups", _]) => Err(missing("CreateScheduleGroup")),
        (&Method::DELETE, ["schedule-groups", _]) => Err(missing("DeleteScheduleGroup")),
        (method, _) => Err(missing(&format!("{method} {}", parts.uri.path()))),
    };
    answer.map_err(with_status)
}

fn missing(operation: &str) -> ErrorShape {
    not_implemented("EventBridge Scheduler", operation)
}

/// The status that EventBridge Scheduler's service model gives to a code.
fn with_status(mut error: ErrorShape) -> ErrorShape {
    error.status = match &*error.code {
        "ResourceNotFoundException" => StatusCode::NOT_FOUND,
        "ConflictException" => StatusCode::CONFLICT,
        "ServiceQuotaExceededException" => StatusCode::PAYMENT_REQUIRED,
        _ => error.status,
    };
    error
}

/// There is one group; another is not found.
fn check_group(name: Option<&str>) -> Result<(), ErrorShape> {
    match name {
        None | Some(GROUP) => Ok(()),
        Some(other) => Err(CODES.shape(Error::NotFound(format!(
            "Schedule group {other} does not exist."
        )))),
    }
}

/// `MaxResults` of a list.
fn max_results(query: &Form) -> Result<u32, ErrorShape> {
    let asked = query.get("MaxResults").map(|text| {
        text.parse().map_err(|_| {
            CODES.shape(Error::Invalid(format!(
                "MaxResults {text:?} is not a number"
            )))
        })
    });
    super::page::size(asked.transpose()?, PAGE_MAX, PAGE_MAX)
}
