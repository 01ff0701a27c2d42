//! Events: what happened, in EventBridge's envelope; which of them a rule is for ([`Pattern`]), what its targets get of
//! them, and how long a delivery is tried. Knows no rows and no doors.

mod change;
mod delivery;
mod input;
mod matching;
mod path;
mod pattern;

pub use change::{Change, Created, ExecutionChange, ObjectChange, PutEvent, StepChange};
pub use delivery::{Delivery, DeliveryKey, DeliveryStatus, Failure, Next};
pub use input::{INPUT_LEN_MAX, Through};
pub use path::{InvalidPath, JsonPath};
pub use pattern::{InvalidPattern, PATTERN_LEN_MAX, Pattern};

use super::arn::Scope;
use jiff::Timestamp;
use serde_json::{Value, json};

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Unique.
    pub id: String,
    /// Who tells it: `aws.sagemaker`, `aws.s3`, or a word of whoever put it.
    pub source: String,
    /// What kind of event it is.
    pub detail_type: String,
    /// Account and region.
    pub scope: Scope,
    /// When it happened.
    pub time: Timestamp,
    /// The ARNs of what it is about.
    pub resources: Vec<String>,
    /// The rest, which depends on the kind.
    pub detail: Value,
}

impl Event {
    /// What a rule with a schedule tells its targets when it is due.
    pub fn scheduled(id: &str, rule_arn: &str, scope: &Scope, due: Timestamp) -> Self {
        Self {
            id: id.to_owned(),
            source: "aws.events".into(),
            detail_type: "Scheduled Event".into(),
            scope: scope.clone(),
            time: due,
            resources: vec![rule_arn.to_owned()],
            detail: json!({}),
        }
    }

    /// The event as rules match it and targets get it.
    pub fn envelope(&self) -> Value {
        json!({
            "version": "0",
            "id": self.id,
            "detail-type": self.detail_type,
            "source": self.source,
            "account": self.scope.account,
            "time": seconds(self.time),
            "region": self.scope.region,
            "resources": self.resources,
            "detail": self.detail,
        })
    }
}

/// An instant in events: RFC 3339 in whole seconds.
pub fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests;
