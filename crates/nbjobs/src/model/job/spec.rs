//! What a caller asks of a job: the body of SageMaker's `CreateTrainingJob` without its name and tags.
//!
//! The field names are SageMaker's, because pipeline definitions carry the same document in their steps
//! and `Get: Steps.X.…` expressions walk it.

use super::split_s3_uri;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The channels that carry a notebook have names that begin with this.
pub const HEADLESS_CHANNEL_PREFIX: &str = "sagemaker_headless_execution";

/// The longest value of a hyperparameter, in characters (SageMaker).
const HYPER_PARAMETER_CHARS_MAX: usize = 2500;
/// The most hyperparameters (SageMaker).
const HYPER_PARAMETERS_MAX: usize = 100;
/// The longest value of an environment variable, in characters (SageMaker).
const ENVIRONMENT_CHARS_MAX: usize = 512;
/// The most environment variables (SageMaker).
const ENVIRONMENT_MAX: usize = 100;
/// The longest name of a file on Linux, in bytes.
const FILE_NAME_BYTES_MAX: usize = 255;
/// The most input channels (SageMaker).
const CHANNELS_MAX: usize = 20;
/// The longest run that SageMaker accepts: 28 days.
const RUNTIME_SECONDS_MAX: u64 = 2_419_200;

/// See the module.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs, reason = "SageMaker documents the fields")]
pub struct JobSpec {
    pub algorithm_specification: AlgorithmSpecification,
    pub role_arn: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub input_data_config: Vec<Channel>,
    pub output_data_config: OutputDataConfig,
    pub resource_config: ResourceConfig,
    pub stopping_condition: StoppingCondition,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hyper_parameters: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_strategy: Option<RetryStrategy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc_config: Option<VpcConfig>,
    #[serde(default)]
    pub enable_network_isolation: bool,
    #[serde(default)]
    pub enable_inter_container_traffic_encryption: bool,
    #[serde(default)]
    pub enable_managed_spot_training: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs, reason = "SageMaker documents the fields")]
pub struct AlgorithmSpecification {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training_image: Option<String>,
    pub training_input_mode: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub container_entrypoint: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub container_arguments: Vec<String>,
    #[serde(default)]
    pub enable_sage_maker_metrics_time_series: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs, reason = "SageMaker documents the fields")]
pub struct Channel {
    pub channel_name: String,
    pub data_source: DataSource,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_wrapper_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_mode: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs, reason = "SageMaker documents the fields")]
pub struct DataSource {
    pub s3_data_source: S3DataSource,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs, reason = "SageMaker documents the fields")]
pub struct S3DataSource {
    pub s3_data_type: String,
    pub s3_uri: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3_data_distribution_type: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs, reason = "SageMaker documents the fields")]
pub struct OutputDataConfig {
    pub s3_output_path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression_type: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs, reason = "SageMaker documents the fields")]
pub struct ResourceConfig {
    pub instance_type: String,
    pub instance_count: u32,
    #[serde(rename = "VolumeSizeInGB")]
    pub volume_size_in_gb: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_kms_key_id: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs, reason = "SageMaker documents the fields")]
pub struct StoppingCondition {
    #[serde(default = "default_max_runtime")]
    pub max_runtime_in_seconds: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_wait_time_in_seconds: Option<u64>,
}

/// SageMaker's default: one day.
fn default_max_runtime() -> u64 {
    86_400
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs, reason = "SageMaker documents the fields")]
pub struct RetryStrategy {
    pub maximum_retry_attempts: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs, reason = "SageMaker documents the fields")]
pub struct VpcConfig {
    #[serde(default)]
    pub security_group_ids: Vec<String>,
    #[serde(default)]
    pub subnets: Vec<String>,
}

impl JobSpec {
    /// Whether this is a notebook job: AWS's headless driver marks it with `SM_JOB_DEF_VERSION`,
    /// whatever the container's entrypoint says.
    pub fn is_notebook_job(&self) -> bool {
        self.environment.contains_key("SM_JOB_DEF_VERSION")
    }

    /// Checks what can be known without looking at the world. The error names the field in SageMaker's words.
    pub fn validate(&self) -> Result<(), String> {
        if !self.is_notebook_job() {
            return Err("Environment has no SM_JOB_DEF_VERSION: nbjobs runs notebook jobs, not other training containers".into());
        }
        if self
            .environment
            .get("SM_INPUT_NOTEBOOK_NAME")
            .is_none_or(String::is_empty)
        {
            return Err(
                "Environment.SM_INPUT_NOTEBOOK_NAME is missing: it names the notebook to run"
                    .into(),
            );
        }
        if !is_role_arn(&self.role_arn) {
            return Err(format!(
                "Value '{}' at 'roleArn' failed to satisfy constraint: Member must satisfy regular expression pattern: ^arn:aws[a-z\\-]*:iam::\\d{{12}}:role/?[a-zA-Z_0-9+=,.@\\-_/]+$",
                self.role_arn
            ));
        }
        self.validate_environment()?;
        self.validate_channels()?;
        self.validate_support()?;
        self.validate_limits()
    }

    /// Refuses what would change the run and isn't done here: it is refused rather than ignored.
    fn validate_support(&self) -> Result<(), String> {
        let only = |field: &str, value: Option<&str>, allowed: &str| match value {
            Some(value) if value != allowed => Err(format!(
                "{field} is '{value}', which is not supported; use {allowed}"
            )),
            _ => Ok(()),
        };
        let mode = &self.algorithm_specification.training_input_mode;
        only("TrainingInputMode", Some(mode), "File")?;
        for channel in &self.input_data_config {
            only("InputMode", channel.input_mode.as_deref(), "File")?;
            only(
                "CompressionType",
                channel.compression_type.as_deref(),
                "None",
            )?;
            only(
                "RecordWrapperType",
                channel.record_wrapper_type.as_deref(),
                "None",
            )?;
        }
        let output = &self.output_data_config;
        only(
            "OutputDataConfig.CompressionType",
            output.compression_type.as_deref(),
            "GZIP",
        )
    }

    fn validate_environment(&self) -> Result<(), String> {
        for name in ["SM_INPUT_NOTEBOOK_NAME", "SM_OUTPUT_NOTEBOOK_NAME"] {
            let value = self.environment.get(name).map_or("", String::as_str);
            if !value.is_empty() && !is_file_name(value) {
                return Err(format!(
                    "Environment.{name} is '{value}', which is not the name of a file: it must have no slash and at most {FILE_NAME_BYTES_MAX} bytes"
                ));
            }
        }
        at_most("environment", self.environment.len(), ENVIRONMENT_MAX)?;
        for (key, value) in &self.environment {
            let mut chars = key.chars();
            let named = chars
                .next()
                .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
                && chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !named {
                return Err(format!(
                    "Value '{key}' at 'environment' failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z_][a-zA-Z0-9_]*]"
                ));
            }
            if value.chars().count() > ENVIRONMENT_CHARS_MAX || value.contains('\0') {
                return Err(format!(
                    "Value of '{key}' at 'environment' failed to satisfy constraint: Map value must have length less than or equal to {ENVIRONMENT_CHARS_MAX} and hold no NUL"
                ));
            }
        }
        at_most(
            "hyperParameters",
            self.hyper_parameters.len(),
            HYPER_PARAMETERS_MAX,
        )?;
        for (key, value) in &self.hyper_parameters {
            if !is_parameter_name(key) {
                return Err(format!(
                    "'{key}' at 'hyperParameters' is not a valid parameter name: it becomes a variable of the notebook, so it must be letters, digits and underscores and not begin with a digit"
                ));
            }
            if key.chars().count() > 256 || value.chars().count() > HYPER_PARAMETER_CHARS_MAX {
                return Err(format!(
                    "Value of '{key}' at 'hyperParameters' failed to satisfy constraint: keys have at most 256 characters, values at most {HYPER_PARAMETER_CHARS_MAX}"
                ));
            }
        }
        Ok(())
    }

    fn validate_channels(&self) -> Result<(), String> {
        at_most(
            "inputDataConfig",
            self.input_data_config.len(),
            CHANNELS_MAX,
        )?;
        for (i, channel) in self.input_data_config.iter().enumerate() {
            let name = &channel.channel_name;
            let named = (1..=64).contains(&name.len())
                && name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
                && !name.bytes().all(|b| b == b'.');
            if !named {
                return Err(format!(
                    "Value '{name}' at 'inputDataConfig.{}.member.channelName' failed to satisfy constraint: Member must satisfy regular expression pattern: [A-Za-z0-9\\.\\-_]+",
                    i + 1
                ));
            }
            if self.input_data_config[..i]
                .iter()
                .any(|c| c.channel_name == *name)
            {
                return Err(format!(
                    "the channel '{name}' is given twice in InputDataConfig"
                ));
            }
            let source = &channel.data_source.s3_data_source;
            if source.s3_data_type != "S3Prefix" {
                return Err(format!(
                    "S3DataType '{}' of the channel '{name}' is not supported; use S3Prefix",
                    source.s3_data_type
                ));
            }
            split_s3_uri(&source.s3_uri)?;
        }
        let notebook = self
            .input_data_config
            .iter()
            .any(|c| c.channel_name.starts_with(HEADLESS_CHANNEL_PREFIX));
        if !notebook && !self.environment.contains_key("SM_EXECUTION_INPUT_PATH") {
            return Err(format!(
                "InputDataConfig has no channel whose name begins with {HEADLESS_CHANNEL_PREFIX}: it brings the notebook"
            ));
        }
        Ok(())
    }

    fn validate_limits(&self) -> Result<(), String> {
        split_s3_uri(&self.output_data_config.s3_output_path)?;
        let runtime = self.stopping_condition.max_runtime_in_seconds;
        if !(1..=RUNTIME_SECONDS_MAX).contains(&runtime) {
            return Err(format!(
                "Value '{runtime}' at 'stoppingCondition.maxRuntimeInSeconds' failed to satisfy constraint: Member must have value between 1 and {RUNTIME_SECONDS_MAX}"
            ));
        }
        if self.resource_config.instance_count != 1 {
            return Err(format!(
                "ResourceConfig.InstanceCount is {}; a notebook runs on 1",
                self.resource_config.instance_count
            ));
        }
        if let Some(retry) = &self.retry_strategy
            && !(1..=30).contains(&retry.maximum_retry_attempts)
        {
            return Err(format!(
                "Value '{}' at 'retryStrategy.maximumRetryAttempts' failed to satisfy constraint: Member must have value between 1 and 30",
                retry.maximum_retry_attempts
            ));
        }
        Ok(())
    }
}

fn is_file_name(text: &str) -> bool {
    !text.contains('/') && ![".", ".."].contains(&text) && text.len() <= FILE_NAME_BYTES_MAX
}

fn at_most(field: &str, len: usize, max: usize) -> Result<(), String> {
    if len > max {
        return Err(format!(
            "Value at '{field}' failed to satisfy constraint: Member must have length less than or equal to {max}"
        ));
    }
    Ok(())
}

/// Whether a variable can have this name in some kernel's language; the driver knows which language and asks again.
/// R's names may have dots, Python's letters may be of any script.
pub fn is_parameter_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars
        .next()
        .is_some_and(|c| c.is_alphabetic() || c == '_' || c == '.')
        && chars.all(|c| c.is_alphanumeric() || c == '_' || c == '.')
}

/// AWS's pattern for role ARNs, which the extension checks too.
fn is_role_arn(text: &str) -> bool {
    let Some((head, role)) = text.split_once(":role/") else {
        return false;
    };
    let parts: Vec<&str> = head.split(':').collect();
    matches!(parts[..], ["arn", partition, "iam", "", account]
        if partition.starts_with("aws") && account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()))
        && !role.is_empty()
        && role
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-/".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn request() -> Value {
        json!({
            "AlgorithmSpecification": {"TrainingImage": "i", "TrainingInputMode": "File"},
            "RoleArn": "arn:aws:iam::000000000000:role/R",
            "InputDataConfig": [{"ChannelName": "sagemaker_headless_execution_vanilla", "DataSource": {"S3DataSource": {
                "S3DataType": "S3Prefix", "S3Uri": "s3://b/j/input"}}}],
            "OutputDataConfig": {"S3OutputPath": "s3://b/"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            "Environment": {"SM_JOB_DEF_VERSION": "1.0", "SM_INPUT_NOTEBOOK_NAME": "a.ipynb"},
        })
    }

    fn check(change: impl FnOnce(&mut Value)) -> Result<(), String> {
        let mut value = request();
        change(&mut value);
        serde_json::from_value::<JobSpec>(value)
            .map_err(|e| e.to_string())?
            .validate()
    }

    #[test]
    fn what_is_refused_says_which_field() {
        assert_eq!(check(|_| ()), Ok(()));
        type Change = fn(&mut Value);
        let cases: [(Change, &str); 16] = [
            (
                |v| v["Environment"]["SM_OUTPUT_NOTEBOOK_NAME"] = json!("/tmp/x.ipynb"),
                "SM_OUTPUT_NOTEBOOK_NAME is '/tmp/x.ipynb'",
            ),
            (
                |v| v["Environment"]["SM_INPUT_NOTEBOOK_NAME"] = json!(".."),
                "SM_INPUT_NOTEBOOK_NAME is '..'",
            ),
            (
                |v| v["InputDataConfig"][0]["CompressionType"] = json!("Gzip"),
                "CompressionType is 'Gzip'",
            ),
            (
                |v| v["AlgorithmSpecification"]["TrainingInputMode"] = json!("Pipe"),
                "TrainingInputMode is 'Pipe'",
            ),
            (
                |v| v["OutputDataConfig"]["CompressionType"] = json!("NONE"),
                "OutputDataConfig.CompressionType is 'NONE'",
            ),
            (
                |v| v["HyperParameters"] = json!({"x;import os": "1"}),
                "'x;import os' at 'hyperParameters'",
            ),
            (|v| v["Environment"] = json!({}), "SM_JOB_DEF_VERSION"),
            (
                |v| v["Environment"]["SM_INPUT_NOTEBOOK_NAME"] = json!(""),
                "SM_INPUT_NOTEBOOK_NAME",
            ),
            (
                |v| v["Environment"]["a b"] = json!("x"),
                "'a b' at 'environment'",
            ),
            (|v| v["Environment"]["A"] = json!("x".repeat(513)), "512"),
            (|v| v["RoleArn"] = json!("me"), "roleArn"),
            (
                |v| v["StoppingCondition"]["MaxRuntimeInSeconds"] = json!(0),
                "maxRuntimeInSeconds",
            ),
            (
                |v| v["ResourceConfig"]["InstanceCount"] = json!(2),
                "InstanceCount",
            ),
            (
                |v| v["OutputDataConfig"]["S3OutputPath"] = json!("/x"),
                "'/x' is not an S3 location",
            ),
            (
                |v| v["InputDataConfig"][0]["ChannelName"] = json!(".."),
                "channelName",
            ),
            (|v| v["CheckpointConfig"] = json!({}), "CheckpointConfig"),
        ];
        for (change, want) in cases {
            let error = check(change).expect_err(want);
            assert!(error.contains(want), "{error} does not name {want}");
        }
    }

    #[test]
    fn the_document_comes_back_as_it_went_in() {
        let spec: JobSpec = serde_json::from_value(request()).expect("a job");
        let back = serde_json::to_value(&spec).expect("a document");
        for (key, value) in request().as_object().expect("an object") {
            if key != "AlgorithmSpecification" {
                assert_eq!(&back[key], value);
            }
        }
    }
}
