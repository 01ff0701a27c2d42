//! EventBridge: rules with a schedule or a pattern on the default event bus, their targets and tags, events that are
//! put, and webhooks (connections and API destinations).

mod connections;
mod destinations;
mod put;
mod rules;
mod tags;
mod targets;

use super::json::{Answer, Codes, not_implemented};
use crate::app::{App, Error};
use aws_wire::ErrorShape;

/// EventBridge's error codes. The extension knows a missing rule by `ResourceNotFoundException`.
const CODES: Codes = Codes {
    not_found: "ResourceNotFoundException",
    exists: "ResourceAlreadyExistsException",
    conflict: "ValidationException",
    invalid: "ValidationException",
    limit: "LimitExceededException",
};

/// Page size of EventBridge's lists, the largest too.
const PAGE_MAX: u32 = 100;

const BUS: &str = "default";

/// Answers one operation.
pub(super) async fn call(app: &App, operation: &str, body: &[u8]) -> Answer {
    match operation {
        "PutRule" => rules::put(app, body).await,
        "DescribeRule" => rules::describe(app, body).await,
        "ListRules" => rules::list(app, body).await,
        "EnableRule" => rules::enable(app, body).await,
        "DisableRule" => rules::disable(app, body).await,
        "DeleteRule" => rules::delete(app, body).await,
        "PutTargets" => targets::put(app, body).await,
        "RemoveTargets" => targets::remove(app, body).await,
        "ListTargetsByRule" => targets::list(app, body).await,
        "ListRuleNamesByTarget" => targets::list_rule_names(app, body).await,
        "PutEvents" => put::put_events(app, body).await,
        "TestEventPattern" => put::test_pattern(body),
        "CreateConnection" => connections::create(app, body).await,
        "UpdateConnection" => connections::update(app, body).await,
        "DescribeConnection" => connections::describe(app, body).await,
        "ListConnections" => connections::list(app, body).await,
        "DeleteConnection" => connections::delete(app, body).await,
        "CreateApiDestination" => destinations::create(app, body).await,
        "UpdateApiDestination" => destinations::update(app, body).await,
        "DescribeApiDestination" => destinations::describe(app, body).await,
        "ListApiDestinations" => destinations::list(app, body).await,
        "DeleteApiDestination" => destinations::delete(app, body).await,
        "TagResource" => tags::add(app, body).await,
        "UntagResource" => tags::delete(app, body).await,
        "ListTagsForResource" => tags::list(app, body).await,
        other => Err(not_implemented("EventBridge", other)),
    }
}

/// There is one event bus; another is not found, as AWS says it.
fn check_bus(app: &App, name_or_arn: Option<&str>) -> Result<(), ErrorShape> {
    let arn = format!(
        "arn:aws:events:{}:{}:event-bus/{BUS}",
        app.scope.region, app.scope.account
    );
    match name_or_arn {
        None | Some(BUS) => Ok(()),
        Some(other) if other == arn => Ok(()),
        Some(other) => Err(CODES.shape(Error::NotFound(format!(
            "Event bus {other} does not exist."
        )))),
    }
}
