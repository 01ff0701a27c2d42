//! A delivery: one event on its way through one rule to one target.

use crate::model::rule::{RetryPolicy, Target};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// How often a delivery is tried again, and how old an event may become, when the target has no policy: EventBridge's.
pub const RETRIES_DEFAULT: u32 = 185;
/// See [`RETRIES_DEFAULT`]; in seconds.
pub const AGE_DEFAULT_S: u32 = 86_400;
/// The longest pause between two tries.
const PAUSE_MAX_S: u64 = 900;

/// Which delivery: its key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeliveryKey {
    /// The event's id.
    pub event: String,
    /// The rule's name.
    pub rule: String,
    /// The target's id.
    pub target: String,
}

/// A delivery that is not done.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Which.
    pub key: DeliveryKey,
    /// The target as it was when the event came.
    pub target: Target,
    /// The event.
    pub envelope: Value,
    /// When the event was accepted.
    pub accepted_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// To be tried, for the first time or again.
    Pending,
    /// The target has taken it.
    Delivered,
    /// It was given up and has a dead-letter record.
    DeadLettered,
}

impl DeliveryStatus {
    /// The word that is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Delivered => "Delivered",
            Self::DeadLettered => "DeadLettered",
        }
    }
}

/// Why a try failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// EventBridge's word, as in a dead-letter queue's `ERROR_CODE`.
    pub code: &'static str,
    /// For people.
    pub message: String,
    /// Whether another try may help.
    pub may_pass: bool,
    /// How long the target asks to be left alone.
    pub retry_after: Option<SignedDuration>,
}

/// What follows a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// It is tried again then.
    Retry(Timestamp),
    /// It is given up; with the condition that is exhausted, if another try might have helped.
    GiveUp(Option<&'static str>),
}

impl Delivery {
    /// What follows when the latest of `self.attempts` tries has failed. The pauses double from one second on; each is
    /// between half and all of that, so that deliveries that failed together don't come back together.
    pub fn after(&self, failure: &Failure, now: Timestamp) -> Next {
        if !failure.may_pass {
            return Next::GiveUp(None);
        }
        let policy = self.target.retry_policy.clone().unwrap_or(RetryPolicy {
            maximum_retry_attempts: None,
            maximum_event_age_s: None,
        });
        let retries_max = policy.maximum_retry_attempts.unwrap_or(RETRIES_DEFAULT);
        if self.attempts > retries_max {
            return Next::GiveUp(Some("MaximumRetryAttempts"));
        }
        let doubled = 1_u64 << (self.attempts.saturating_sub(1)).min(16);
        let whole_ms = doubled.min(PAUSE_MAX_S) * 1000;
        let pause_ms = whole_ms / 2 + self.jitter() % (whole_ms / 2 + 1);
        let pause = SignedDuration::from_millis(i64::try_from(pause_ms).unwrap_or(i64::MAX));
        let at = now + pause.max(failure.retry_after.unwrap_or_default());
        let age = policy.maximum_event_age_s.unwrap_or(AGE_DEFAULT_S);
        if at.duration_since(self.accepted_at).as_secs() >= i64::from(age) {
            return Next::GiveUp(Some("MaximumEventAgeInSeconds"));
        }
        Next::Retry(at)
    }

    /// A number that is another for each delivery and try.
    fn jitter(&self) -> u64 {
        let DeliveryKey {
            event,
            rule,
            target,
        } = &self.key;
        let digest = Sha256::digest(format!("{event} {rule} {target} {}", self.attempts));
        digest
            .iter()
            .take(7)
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    }

    /// What is left of a delivery that was given up: as a message in EventBridge's dead-letter queue, with the message's
    /// attributes beside the event.
    pub fn dead_letter(&self, rule_arn: &str, failure: &Failure, exhausted: Option<&str>) -> Value {
        let mut record = serde_json::json!({
            "RULE_ARN": rule_arn,
            "TARGET_ARN": self.target.arn,
            "TARGET_ID": self.key.target,
            "ERROR_CODE": failure.code,
            "ERROR_MESSAGE": failure.message,
            "RETRY_ATTEMPTS": self.attempts.saturating_sub(1),
            "event": self.envelope,
        });
        if let Some(exhausted) = exhausted {
            record["EXHAUSTED_RETRY_CONDITION"] = exhausted.into();
        }
        record
    }
}
