//! When a step whose job has failed is tried again: a Training step's `RetryPolicies`.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

/// Most attempts that a policy can ask for (the SDK's own limit).
const MAX_ATTEMPTS_MAX: u32 = 20;
/// Longest time within which a policy can ask for attempts, in minutes (the SDK's own limit).
const EXPIRE_AFTER_MIN_MAX: u32 = 14_400;
/// Longest pause before an attempt: a day. A rate of growth without it would reach past the calendar.
const PAUSE_MAX_S: f64 = 86_400.0;

/// One policy. The first that names the exception counts.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RetryPolicy {
    /// What it is for.
    pub exception_type: Vec<ExceptionType>,
    /// The pause before the second attempt, in seconds.
    #[serde(default = "one")]
    pub interval_seconds: f64,
    /// What each further pause is multiplied by.
    #[serde(default = "two")]
    pub backoff_rate: f64,
    /// Most further attempts.
    pub max_attempts: Option<u32>,
    /// How long after the step began an attempt may still begin, in minutes.
    pub expire_after_min: Option<u32>,
}

fn one() -> f64 {
    1.0
}

fn two() -> f64 {
    2.0
}

/// SageMaker's exceptions. The first is the one that happens here: a job that broke through no fault of its notebook,
/// `InternalServerError` in its failure reason. The others are failures of a cloud to launch a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[allow(missing_docs, reason = "SageMaker documents them")]
pub enum ExceptionType {
    #[serde(rename = "SageMaker.JOB_INTERNAL_ERROR")]
    JobInternalError,
    #[serde(rename = "SageMaker.CAPACITY_ERROR")]
    CapacityError,
    #[serde(rename = "SageMaker.RESOURCE_LIMIT")]
    ResourceLimit,
    #[serde(rename = "Step.SERVICE_FAULT")]
    ServiceFault,
    #[serde(rename = "Step.THROTTLING")]
    Throttling,
}

impl RetryPolicy {
    /// Checks the policy itself; the error is a reason without a full stop.
    pub(super) fn check(&self) -> Result<(), String> {
        let lawful = |number: f64| number.is_finite() && number >= 0.0;
        if !lawful(self.interval_seconds) || !lawful(self.backoff_rate) {
            return Err(
                "IntervalSeconds and BackoffRate of a retry policy must not be negative".into(),
            );
        }
        let fits =
            |number: Option<u32>, max| number.is_none_or(|number| (1..=max).contains(&number));
        if !fits(self.max_attempts, MAX_ATTEMPTS_MAX)
            || !fits(self.expire_after_min, EXPIRE_AFTER_MIN_MAX)
        {
            return Err(format!(
                "a retry policy has MaxAttempts of 1 to {MAX_ATTEMPTS_MAX} or ExpireAfterMin of 1 to {EXPIRE_AFTER_MIN_MAX}"
            ));
        }
        if self.max_attempts.is_some() == self.expire_after_min.is_some() {
            return Err("a retry policy has either MaxAttempts or ExpireAfterMin".into());
        }
        Ok(())
    }

    /// When the next attempt begins, after `attempts` of them; `None` when there is none.
    fn next(&self, attempts: u32, began_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
        if self.max_attempts.is_some_and(|max| attempts > max) {
            return None;
        }
        let grown = self
            .backoff_rate
            .powf(f64::from(attempts.saturating_sub(1)));
        let pause = (self.interval_seconds * grown).min(PAUSE_MAX_S);
        let at = now
            .checked_add(SignedDuration::try_from_secs_f64(pause).ok()?)
            .ok()?;
        let expires = self
            .expire_after_min
            .map(|minutes| began_at.saturating_add(SignedDuration::from_mins(i64::from(minutes))));
        match expires {
            Some(Ok(expires)) if at > expires => None,
            _ => Some(at),
        }
    }
}

/// When a step that has failed after `attempts` is tried again, by the first policy for this exception.
pub fn next_attempt(
    policies: &[RetryPolicy],
    exception: ExceptionType,
    attempts: u32,
    began_at: Timestamp,
    now: Timestamp,
) -> Option<Timestamp> {
    let policy = policies
        .iter()
        .find(|policy| policy.exception_type.contains(&exception))?;
    policy.next(attempts, began_at, now)
}
