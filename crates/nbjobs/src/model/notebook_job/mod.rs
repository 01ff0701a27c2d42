//! What AWS's JupyterLab extension sends when somebody runs or schedules a notebook: names, S3 layout and request
//! bodies, key for key, so that every AWS tool finds our jobs where it looks for the extension's.
//! Pure: randomness and the time are arguments.

mod list;

pub use list::{DefinitionColumn, DefinitionsQuery, Direction, JobColumn, JobsQuery, Page};

use super::naming;
use super::tag::Tag;
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The channel that carries the notebook: Studio's. (In a plain JupyterLab the extension appends `_vanilla`.)
const CHANNEL: &str = "sagemaker_headless_execution";
/// What Studio describes its pipelines and rules with. (In a plain JupyterLab the extension says `Studio Lab`.)
const DESCRIPTION: &str = "Created for Notebook execution from Studio";
/// The id of the one target of a definition's rule.
pub const TARGET_ID: &str = "notebook-execution";
/// The image that the extension names when the user chooses none, and its ARN.
const IMAGE: &str = "081325390199.dkr.ecr.us-east-1.amazonaws.com/sagemaker-base-python-38@sha256:27779e7604272e1d15ba19f5de70baa31dcceb246d5021f8c2c5d9db39c208cc";
const IMAGE_ARN: &str = "arn:aws:sagemaker:us-east-1:081325390199:image/sagemaker-base-python-38";
/// Stands for a name in which there is no ASCII letter or digit, of which AWS makes its names.
const NAMELESS: &str = "notebook";

/// The tag that carries a job's or a definition's own name.
pub const NAME_TAG: &str = "sagemaker:name";
/// The tag that says `true` on what was deleted.
pub const ARCHIVED_TAG: &str = "sagemaker:is-studio-archived";
/// The tag that says `true` on what the extension made.
pub const SCHEDULING_TAG: &str = "sagemaker:is-scheduling-notebook-job";
/// The tag that says `PIPELINE_STEP` on what the SageMaker SDK made.
pub const ORIGIN_TAG: &str = "sagemaker:notebook-job-origin";
/// The tag that names the definition that a job came from.
pub const DEFINITION_TAG: &str = "sagemaker:job-definition-id";
/// The variable that says `True` when the notebook's folder goes with it.
pub const FOLDER_VARIABLE: &str = "SM_PACKAGE_INPUT_FOLDER";
/// The variable of the region, which every notebook job has.
const REGION_VARIABLE: &str = "AWS_DEFAULT_REGION";
/// The variable that says how a job's parameters, which are texts, get their types: see `docs/executor.md`.
pub const TYPES_VARIABLE: &str = "NBJOBS_TYPED_PARAMETERS";
/// Its word for parameters that come from a place where they have types.
pub const TYPES_JSON: &str = "json";
/// The tag of a job with the token that its creation was known by.
pub const TOKEN_TAG: &str = "nbjobs:idempotency-token";

/// Whether an environment variable of a notebook job is one that its user gave, not the service.
pub fn is_user_variable(name: &str) -> bool {
    !name.starts_with("SM_") && name != REGION_VARIABLE
}

/// Whether a tag is one that its user gave, not the service.
pub fn is_user_tag(key: &str) -> bool {
    !key.starts_with("sagemaker:") && !key.starts_with("aws:") && key != TOKEN_TAG
}

/// A notebook and how it is to run.
#[derive(Clone, Debug, PartialEq)]
pub struct NotebookJob {
    /// The name that people see.
    pub name: String,
    /// The notebook's file name.
    pub notebook: String,
    /// Values for the notebook's parameters.
    pub parameters: BTreeMap<String, String>,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// The kernelspec's name; empty for the notebook's own.
    pub kernel: String,
    /// The file name of a shell script that runs before the notebook.
    pub init_script: Option<String>,
    /// Whether the notebook's folder goes with it.
    pub package_input_folder: bool,
    /// The container image; `None` for the extension's own default.
    pub image: Option<String>,
    /// Such as `ml.m5.large`.
    pub instance_type: String,
    /// The role that the job runs as.
    pub role_arn: String,
    /// When the job is stopped, in seconds.
    pub max_runtime_s: u64,
    /// Whether it runs without a network.
    pub network_isolation: bool,
    /// Formats made of the executed notebook, separated by commas; empty for none.
    pub output_formats: String,
    /// Tags beside those of the extension.
    pub tags: Vec<Tag>,
    /// The region's code.
    pub region: String,
    /// The bucket of input and output.
    pub bucket: String,
}

impl NotebookJob {
    /// A fresh id of a job, or of a definition's pipeline and rule. `now` is the caller's local time.
    pub fn id(&self, random: [u8; 16], now: DateTime) -> String {
        naming::definition_id(nameable(&self.name), nameable(self.stem()), random, now)
    }

    /// The key prefix of a job's or a definition's input files, without a slash at its end.
    pub fn input_prefix(id: &str) -> String {
        format!("{id}/input")
    }

    /// The body of `CreateTrainingJob` for a run now.
    pub fn training_job(&self, id: &str, now: Timestamp) -> Value {
        let (name, stem) = (nameable(&self.name), nameable(self.stem()));
        let output_notebook = naming::output_notebook(name, stem, now).into();
        let mut body = self.arguments(id, output_notebook, &format!("s3://{}/", self.bucket));
        body["TrainingJobName"] = id.into();
        body["Tags"] = json!(self.all_tags());
        body
    }

    /// The body of `CreatePipeline` for a definition. The definition is one line of compact JSON, in which names of
    /// ASCII letters need no backslash: people cut it out of answers with `tr` and `sed`.
    /// `policies` are tags of the pipeline alone, where they can be changed.
    pub fn pipeline(&self, id: &str, policies: &[Tag], client_request_token: &str) -> Value {
        let (name, stem) = (nameable(&self.name), nameable(self.stem()));
        let output_notebook = naming::output_notebook_of_definition(name, stem);
        let mut arguments =
            self.arguments(id, output_notebook, &format!("s3://{}/{id}", self.bucket));
        let of_definition = Tag {
            key: DEFINITION_TAG.to_owned(),
            value: id.to_owned(),
        };
        arguments["Tags"] = json!([self.all_tags(), vec![of_definition]].concat());
        let definition = json!({
            "Version": "2020-12-01",
            "Parameters": [],
            "Steps": [{
                "Name": naming::step_name(name, stem),
                "Type": "Training",
                "Arguments": arguments,
                "RetryPolicies": [{
                    "ExceptionType": [
                        "Step.SERVICE_FAULT",
                        "Step.THROTTLING",
                        "SageMaker.JOB_INTERNAL_ERROR",
                        "SageMaker.CAPACITY_ERROR",
                        "SageMaker.RESOURCE_LIMIT",
                    ],
                    "MaxAttempts": 1,
                }],
            }],
        });
        let all_tags = [self.all_tags(), policies.to_vec()].concat();
        json!({
            "PipelineName": id,
            "PipelineDisplayName": naming::sanitize(name, naming::JOB_NAME_LEN_MAX),
            "PipelineDescription": DESCRIPTION,
            "PipelineDefinition": definition.to_string(),
            "RoleArn": self.role_arn,
            "Tags": all_tags,
            "ClientRequestToken": client_request_token,
        })
    }

    /// The body of `PutRule` that schedules a definition.
    pub fn rule(&self, id: &str, schedule: &str) -> Value {
        json!({
            "Name": id,
            "Description": DESCRIPTION,
            "ScheduleExpression": schedule,
            "State": "ENABLED",
            "Tags": self.all_tags(),
        })
    }

    /// The body of `PutTargets` that makes the rule start the pipeline.
    pub fn targets(&self, id: &str, pipeline_arn: &str) -> Value {
        json!({
            "Rule": id,
            "Targets": [{"Id": TARGET_ID, "Arn": pipeline_arn, "RoleArn": self.role_arn}],
        })
    }

    /// What a job and a pipeline's step have in common.
    fn arguments(&self, id: &str, output_notebook: Value, output_path: &str) -> Value {
        let mut arguments = json!({
            "AlgorithmSpecification": {
                "TrainingImage": self.image.as_deref().unwrap_or(IMAGE),
                "TrainingInputMode": "File",
                "ContainerEntrypoint": ["amazon_sagemaker_scheduler"],
            },
            "Environment": self.all_environment(output_notebook),
            "InputDataConfig": [{
                "ChannelName": CHANNEL,
                "DataSource": {"S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": format!("s3://{}/{}", self.bucket, Self::input_prefix(id)),
                    "S3DataDistributionType": "FullyReplicated",
                }},
            }],
            "OutputDataConfig": {"S3OutputPath": output_path},
            "ResourceConfig": {"InstanceCount": 1, "InstanceType": self.instance_type, "VolumeSizeInGB": 30},
            "RetryStrategy": {"MaximumRetryAttempts": 1},
            "RoleArn": self.role_arn,
            "StoppingCondition": {"MaxRuntimeInSeconds": self.max_runtime_s},
            "EnableInterContainerTrafficEncryption": true,
            "EnableNetworkIsolation": self.network_isolation,
        });
        if !self.parameters.is_empty() {
            arguments["HyperParameters"] = json!(self.parameters);
        }
        arguments
    }

    fn all_environment(&self, output_notebook: Value) -> Map<String, Value> {
        let (owner, image_arn) = match &self.image {
            Some(image) => ("Customer Owned", image.as_str()),
            None => ("Studio", IMAGE_ARN),
        };
        let own = [
            ("SM_JOB_DEF_VERSION", "1.0"),
            ("SM_FIRST_PARTY_IMAGEOWNER", owner),
            ("SM_FIRST_PARTY_IMAGE_ARN", image_arn),
            ("SM_KERNEL_NAME", &self.kernel),
            ("SM_SKIP_EFS_SIMULATION", ""),
            ("SM_EFS_MOUNT_PATH", "/root"),
            ("SM_EFS_MOUNT_UID", "0"),
            ("SM_EFS_MOUNT_GID", "0"),
            ("SM_INPUT_NOTEBOOK_NAME", &self.notebook),
            (REGION_VARIABLE, &self.region),
            ("SM_ENV_NAME", "sagemaker-default-env"),
            ("SM_OUTPUT_FORMATS", &self.output_formats),
        ];
        let mut all: Map<String, Value> = own
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.into()))
            .collect();
        let mut set = |key: &str, value: Value| all.insert(key.to_owned(), value);
        set("SM_OUTPUT_NOTEBOOK_NAME", output_notebook);
        set(
            "SM_EXECUTION_INPUT_PATH",
            format!("/opt/ml/input/data/{CHANNEL}").into(),
        );
        for (key, value) in &self.environment {
            set(key, value.as_str().into());
        }
        if let Some(script) = &self.init_script {
            set("SM_INIT_SCRIPT", script.as_str().into());
        }
        if self.package_input_folder {
            set(FOLDER_VARIABLE, "True".into());
        }
        all
    }

    fn all_tags(&self) -> Vec<Tag> {
        let own = [
            (NAME_TAG, self.name.as_str()),
            ("sagemaker:notebook-name", &self.notebook),
            (SCHEDULING_TAG, "true"),
            (ARCHIVED_TAG, "false"),
            ("sagemaker:headless-execution-version", "false"),
        ];
        let own = own.into_iter().map(|(key, value)| Tag {
            key: key.to_owned(),
            value: value.to_owned(),
        });
        own.chain(self.tags.iter().cloned()).collect()
    }

    fn stem(&self) -> &str {
        stem(&self.notebook)
    }
}

/// The body of `CreateTrainingJob` that runs a definition now: its step's arguments under a fresh name, with its
/// parameters and `parameters` over them. Errors if the pipeline is not of the extension's form.
pub fn run_now(
    definition: &Value,
    parameters: &BTreeMap<String, String>,
    random: [u8; 16],
    local: DateTime,
    now: Timestamp,
) -> Result<Value, String> {
    let mut body = definition["Steps"][0]["Arguments"].clone();
    let notebook = body["Environment"]["SM_INPUT_NOTEBOOK_NAME"]
        .as_str()
        .map(str::to_owned);
    let Some(notebook) = notebook else {
        return Err("its pipeline has no first step with Arguments.Environment.SM_INPUT_NOTEBOOK_NAME, so it is not \
                    a notebook job definition"
            .into());
    };
    let named = body["Tags"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|tag| tag["Key"] == NAME_TAG);
    let name = named
        .and_then(|tag| tag["Value"].as_str())
        .unwrap_or(&notebook)
        .to_owned();
    let (name, stem) = (nameable(&name), nameable(stem(&notebook)));
    body["TrainingJobName"] = naming::definition_id(name, stem, random, local).into();
    body["Environment"]["SM_OUTPUT_NOTEBOOK_NAME"] =
        naming::output_notebook(name, stem, now).into();
    if !parameters.is_empty() {
        let mut all = body["HyperParameters"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        all.extend(
            parameters
                .iter()
                .map(|(key, value)| (key.clone(), value.as_str().into())),
        );
        body["HyperParameters"] = all.into();
    }
    Ok(body)
}

/// A notebook's file name without its ending.
fn stem(notebook: &str) -> &str {
    notebook.rsplit_once('.').map_or(notebook, |(stem, _)| stem)
}

fn nameable(text: &str) -> &str {
    if naming::sanitize(text, 1).is_empty() {
        NAMELESS
    } else {
        text
    }
}

#[cfg(test)]
mod tests;
