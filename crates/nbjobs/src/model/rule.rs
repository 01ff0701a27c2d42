//! A rule: when, and what to start. Knows no rows and no doors.

use super::schedule::{InvalidSchedule, Timing, Window};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Most targets of one rule (EventBridge's quota).
pub const TARGETS_MAX: usize = 5;
/// Longest description, in characters (`RuleDescription` in EventBridge's service model).
pub const DESCRIPTION_LEN_MAX: usize = 512;

/// A rule as stored. It is on the default event bus and its calendar is UTC's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// 1 to 64 of `[.A-Za-z0-9_-]`.
    pub name: String,
    /// The expression exactly as given.
    pub schedule_expression: String,
    /// Whether it fires.
    pub state: RuleState,
    /// For people.
    pub description: Option<String>,
    /// The role given with the rule, which nothing uses: targets have their own.
    pub role_arn: Option<String>,
    /// Its next due moment; none when it is disabled or its schedule is over.
    pub next_due: Option<Timestamp>,
    /// When that moment fires: itself, or somewhat later if the rule has start jitter.
    pub fires_at: Option<Timestamp>,
    /// When it was last enabled.
    pub enabled_at: Option<Timestamp>,
}

impl Rule {
    /// When it is due, and how long after that it fires: up to `jitter`, decided by the rule's name and the moment.
    pub fn timing(&self, jitter: Option<SignedDuration>) -> Result<Timing, InvalidSchedule> {
        let jitter = jitter.map(|jitter| Window {
            width_s: u32::try_from(jitter.as_secs()).unwrap_or(u32::MAX),
            seed: self.name.clone(),
        });
        Ok(Timing::of_rule(self.schedule_expression.parse()?).within(jitter))
    }
}

/// Whether a rule fires, in EventBridge's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleState {
    /// It fires.
    Enabled,
    /// It does not.
    Disabled,
}

impl RuleState {
    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "ENABLED",
            Self::Disabled => "DISABLED",
        }
    }

    /// The inverse of [`RuleState::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Enabled, Self::Disabled]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// What a rule starts. The field names are EventBridge's, because the document is stored and shown as it was given;
/// a field that is not here is one that we could not honour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Target {
    /// 1 to 64 of `[.A-Za-z0-9_-]`, unique in its rule.
    pub id: String,
    /// What to start: a pipeline.
    pub arn: String,
    /// The role to start it as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// Parameters of the execution.
    #[serde(
        rename = "SageMakerPipelineParameters",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub pipeline_parameters: Option<PipelineParameters>,
    /// Kept and shown; a start is part of the firing's transaction, so there is no delivery to retry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_policy: Option<RetryPolicy>,
}

/// `SageMakerPipelineParameters`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct PipelineParameters {
    /// By name, as text.
    #[serde(default)]
    pub pipeline_parameter_list: Vec<PipelineParameter>,
}

/// `SageMakerPipelineParameter`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct PipelineParameter {
    /// The parameter's name.
    pub name: String,
    /// Its value as text.
    pub value: String,
}

/// `RetryPolicy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct RetryPolicy {
    /// Most further tries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_retry_attempts: Option<u32>,
    /// The age at which to give up, in seconds.
    #[serde(
        rename = "MaximumEventAgeInSeconds",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub maximum_event_age_s: Option<u32>,
}

/// One due moment of a rule or schedule, as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firing {
    /// Whose it is: a kind and a name, such as `rule/NAME`.
    pub source: String,
    /// The due moment; with the source it is unique, so no moment fires twice.
    pub due: Timestamp,
    /// What became of it.
    pub status: FiringStatus,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// Why it is so, for people; none when it simply started.
    pub reason: Option<String>,
    /// The ARNs of the executions or jobs that it started.
    pub started: Vec<String>,
}

/// What became of a due moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FiringStatus {
    /// Every target was started at its time.
    Started,
    /// Every target was started, more than [`LATE_AFTER`](super::schedule::LATE_AFTER) after its time.
    Late,
    /// It waits for an earlier run to end.
    Queued,
    /// It was not started, because an earlier run had not ended.
    Skipped,
    /// A later moment took its place: its run was stopped, or its wait ended.
    Replaced,
    /// It passed while the service was away, and nothing was started.
    Missed,
    /// A target could not be started.
    Failed,
}

impl FiringStatus {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Started,
        Self::Late,
        Self::Queued,
        Self::Skipped,
        Self::Replaced,
        Self::Missed,
        Self::Failed,
    ];

    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "Started",
            Self::Late => "Late",
            Self::Queued => "Queued",
            Self::Skipped => "Skipped",
            Self::Replaced => "Replaced",
            Self::Missed => "Missed",
            Self::Failed => "Failed",
        }
    }

    /// The inverse of [`FiringStatus::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

impl fmt::Display for FiringStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_target_comes_back_as_it_went_in_and_names_what_it_cannot_do() {
        let given = json!({
            "Id": "notebook-execution",
            "Arn": "arn:aws:sagemaker:us-east-1:000000000000:pipeline/p",
            "RoleArn": "arn:aws:iam::000000000000:role/R",
            "SageMakerPipelineParameters": {"PipelineParameterList": [{"Name": "Who", "Value": "me"}]},
            "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60},
        });
        let target: Target = serde_json::from_value(given.clone()).unwrap();
        assert_eq!(serde_json::to_value(&target).unwrap(), given);
        let error = serde_json::from_value::<Target>(json!({"Id": "i", "Arn": "a", "Input": "{}"}))
            .unwrap_err();
        assert!(error.to_string().contains("`Input`"), "{error}");
    }

    #[test]
    fn words_round_trip() {
        for status in FiringStatus::ALL {
            assert_eq!(FiringStatus::parse(status.as_str()), Some(status));
        }
        assert_eq!(RuleState::parse("DISABLED"), Some(RuleState::Disabled));
        assert_eq!(RuleState::parse("disabled"), None);
    }
}
