//! EventBridge Scheduler's schedules: when, and what to start. Knows no rows and no doors.

use super::arn::{Arn, Resource, Scope};
use super::rule::{PipelineParameters, RetryPolicy, RuleState};
use super::schedule::{InvalidTiming, Timing, Window};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Longest `Input` of a target, in bytes: what EventBridge Scheduler takes (256 KB).
pub const INPUT_LEN_MAX: usize = 262_144;

/// Universal targets: operations of SageMaker that start something.
const START_PIPELINE: &str = "arn:aws:scheduler:::aws-sdk:sagemaker:startPipelineExecution";
const CREATE_JOB: &str = "arn:aws:scheduler:::aws-sdk:sagemaker:createTrainingJob";

/// A schedule as stored. It is in the default group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// 1 to 64 of `[.A-Za-z0-9_-]`.
    pub name: String,
    /// What was given when it was created or last updated.
    pub settings: ScheduleSettings,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last updated.
    pub modified_at: Timestamp,
    /// Its next due moment; none when it is disabled or over.
    pub next_due: Option<Timestamp>,
}

/// All that an update of a schedule replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleSettings {
    /// The expression exactly as given.
    pub schedule_expression: String,
    /// A name of the IANA database.
    pub timezone: String,
    /// Whether it fires.
    pub state: RuleState,
    /// For people.
    pub description: Option<String>,
    /// From when on it may be due.
    pub starts_at: Option<Timestamp>,
    /// Until when it may be due.
    pub ends_at: Option<Timestamp>,
    /// How wide the flexible time window is; none when it is off.
    pub window_minutes: Option<u32>,
    /// What it starts.
    pub target: ScheduleTarget,
    /// What becomes of it after its last due moment.
    pub action_after_completion: ActionAfterCompletion,
}

/// What becomes of a schedule after its last due moment, in EventBridge Scheduler's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionAfterCompletion {
    /// It stays.
    None,
    /// It is deleted.
    Delete,
}

impl ActionAfterCompletion {
    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Delete => "DELETE",
        }
    }

    /// The inverse of [`ActionAfterCompletion::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::None, Self::Delete]
            .into_iter()
            .find(|action| action.as_str() == text)
    }
}

/// What a schedule starts. The field names are EventBridge Scheduler's, because the document is stored and shown as it
/// was given; a field that is not here is one that we could not honour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct ScheduleTarget {
    /// A pipeline, or a universal target.
    pub arn: String,
    /// The role to start it as.
    pub role_arn: String,
    /// Parameters of the execution, when the target is a pipeline.
    #[serde(
        rename = "SageMakerPipelineParameters",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub pipeline_parameters: Option<PipelineParameters>,
    /// The operation's request as JSON, when the target is a universal one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// Kept and shown; a start is part of the firing's transaction, so there is no delivery to retry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_policy: Option<RetryPolicy>,
}

/// What a target asks for at one due moment.
#[derive(Debug, Clone, PartialEq)]
pub enum Launch {
    /// An execution of a pipeline, with these parameters.
    Pipeline {
        /// The pipeline's name.
        name: String,
        /// By name, as text.
        parameters: Vec<(String, String)>,
    },
    /// A request of `StartPipelineExecution`.
    StartPipelineExecution(Value),
    /// A request of `CreateTrainingJob`.
    CreateTrainingJob(Value),
}

impl Schedule {
    /// When it is due.
    pub fn timing(&self, scope: &Scope) -> Result<Timing, InvalidTiming> {
        let settings = &self.settings;
        let window = settings.window_minutes.map(|minutes| Window {
            width_s: minutes * 60,
            seed: format!("{} {}", scope.schedule(&self.name), self.created_at),
        });
        Timing::of_schedule(
            &settings.schedule_expression,
            &settings.timezone,
            settings.starts_at,
            settings.ends_at,
            window,
        )
    }

    /// What is to be started at a due moment. The error is a sentence without a full stop.
    pub fn launch(&self, scope: &Scope, due: Timestamp) -> Result<Launch, String> {
        let target = &self.settings.target;
        let input = |make: fn(Value) -> Launch| {
            let text = target.input.as_deref().unwrap_or("{}");
            let value: Value = serde_json::from_str(&self.with_context(text, scope, due))
                .map_err(|error| format!("The Input of the target is not JSON: {error}"))?;
            match &target.pipeline_parameters {
                Some(_) => Err("SageMakerPipelineParameters are for a target that is a pipeline, Input is for a universal one".into()),
                None => Ok(make(value)),
            }
        };
        match target.arn.as_str() {
            START_PIPELINE => return input(Launch::StartPipelineExecution),
            CREATE_JOB => return input(Launch::CreateTrainingJob),
            _ => {}
        }
        let name = match target.arn.parse() {
            Ok(Arn {
                resource: Resource::Pipeline(name),
                scope: of,
                ..
            }) if of == *scope => name,
            _ => {
                return Err(format!(
                    "The target {} cannot be started; {}, {START_PIPELINE} and {CREATE_JOB} can",
                    target.arn,
                    scope.pipeline("NAME")
                ));
            }
        };
        if target.input.is_some() {
            return Err(
                "Input is for a universal target; a pipeline has SageMakerPipelineParameters"
                    .into(),
            );
        }
        let given = target
            .pipeline_parameters
            .iter()
            .flat_map(|parameters| &parameters.pipeline_parameter_list);
        Ok(Launch::Pipeline {
            name,
            parameters: given
                .map(|parameter| {
                    let value = self.with_context(&parameter.value, scope, due);
                    (parameter.name.clone(), value)
                })
                .collect(),
        })
    }

    /// EventBridge Scheduler's context attributes in a target's input or parameters, filled in.
    fn with_context(&self, text: &str, scope: &Scope, due: Timestamp) -> String {
        let arn = scope.schedule(&self.name);
        let id = Sha256::digest(format!("{arn} {} {due}", self.created_at));
        text.replace("<aws.scheduler.schedule-arn>", &arn)
            .replace(
                "<aws.scheduler.scheduled-time>",
                &due.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            )
            .replace("<aws.scheduler.execution-id>", &hex::encode(&id[..8]))
            .replace("<aws.scheduler.attempt-number>", "1")
    }
}
