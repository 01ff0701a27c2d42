//! What a create of a job or definition asks for. Like jupyter-scheduler's models: members that are null are absent,
//! numbers and truth values stand for texts, unknown members are ignored. A member that both know is honoured or
//! refused.

use super::convert::{FORMATS, TEMPLATE};
use super::error::Refusal;
use super::runtime_environments;
use crate::app::App;
use crate::app::notebook_jobs::Request;
use crate::model::job::is_parameter_name;
use crate::model::notebook_job::{TYPES_JSON, TYPES_VARIABLE, is_user_tag, is_user_variable};
use crate::model::tag::Tag;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Studio's own choice, two days.
const MAX_RUNTIME_S: u64 = 172_800;
/// Studio's own choice.
const INSTANCE_TYPE: &str = "ml.m5.large";

/// `CreateJob` and `CreateJobDefinition`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Create {
    #[serde(deserialize_with = "text")]
    pub input_uri: Option<String>,
    #[serde(deserialize_with = "text")]
    pub input_filename: Option<String>,
    #[serde(deserialize_with = "text")]
    pub runtime_environment_name: Option<String>,
    pub runtime_environment_parameters: Option<Map<String, Value>>,
    pub output_formats: Option<Vec<String>>,
    #[serde(deserialize_with = "text")]
    pub idempotency_token: Option<String>,
    #[serde(deserialize_with = "text")]
    pub job_definition_id: Option<String>,
    pub parameters: Option<Map<String, Value>>,
    pub tags: Option<Vec<String>>,
    #[serde(deserialize_with = "text")]
    pub name: Option<String>,
    #[serde(deserialize_with = "text")]
    pub output_filename_template: Option<String>,
    #[serde(deserialize_with = "text")]
    pub compute_type: Option<String>,
    pub package_input_folder: Option<bool>,
    #[serde(deserialize_with = "text")]
    pub schedule: Option<String>,
    #[serde(deserialize_with = "text")]
    pub timezone: Option<String>,
    /// Of the clients' model only; jupyter-scheduler's server drops it.
    pub timeout_seconds: Option<u64>,
    // The rest of those is refused.
    pub email_notifications: Option<Map<String, Value>>,
    pub max_retries: Option<u64>,
    pub retry_on_timeout: Option<bool>,
}

/// A text, or a number or truth value that stands for one.
pub(super) fn text<'de, D: Deserializer<'de>>(source: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(source)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        value @ (Value::Bool(_) | Value::Number(_)) => Ok(Some(value.to_string())),
        other => Err(serde::de::Error::custom(format!("{other} is not a text"))),
    }
}

/// Reads a body.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| Refusal::invalid(format!("Invalid JSON in body of request: {error}")))?;
    if !value.is_object() {
        return Err(Refusal::invalid("the body is not a JSON object".into()));
    }
    serde_json::from_value(value).map_err(|error| Refusal::invalid(error.to_string()))
}

impl Create {
    /// The verb's request.
    pub(super) async fn request(&self, app: &App) -> Result<Request, Refusal> {
        self.refuse_unsupported()?;
        let input_uri = required("input_uri", self.input_uri.as_deref())?;
        let file = input_uri.rsplit('/').next().unwrap_or_default();
        if self
            .input_filename
            .as_deref()
            .is_some_and(|name| name != file)
        {
            return Err(Refusal::invalid(format!(
                "input_filename must be {file}, the last part of input_uri"
            )));
        }
        let kernel = required(
            "runtime_environment_name",
            self.runtime_environment_name.as_deref(),
        )?;
        Ok(Request {
            name: required("name", self.name.as_deref())?.to_owned(),
            input_uri: input_uri.to_owned(),
            package_input_folder: self.package_input_folder.unwrap_or_default(),
            kernel: runtime_environments::kernel(app, kernel).await?,
            parameters: parameters(self.parameters.as_ref())?,
            environment: environment(self.runtime_environment_parameters.as_ref())?,
            output_formats: formats(self.output_formats.as_deref())?,
            instance_type: instance_type(self.compute_type.as_deref())
                .unwrap_or_else(|| INSTANCE_TYPE.to_owned()),
            max_runtime_s: self.timeout_seconds.unwrap_or(MAX_RUNTIME_S),
            tags: tags(self.tags.as_deref())?,
        })
    }

    fn refuse_unsupported(&self) -> Result<(), Refusal> {
        let is_given = [
            (
                "email_notifications",
                self.email_notifications
                    .as_ref()
                    .is_some_and(|map| !map.is_empty()),
            ),
            (
                "max_retries",
                self.max_retries.is_some_and(|number| number > 0),
            ),
            ("retry_on_timeout", self.retry_on_timeout == Some(true)),
        ];
        refuse_template(self.output_filename_template.as_deref())?;
        match is_given.into_iter().find(|(_, is_given)| *is_given) {
            Some((member, _)) => Err(Refusal::invalid(format!("{member} is not supported"))),
            None => Ok(()),
        }
    }
}

/// jupyter-scheduler never reads the template; a client that means it must know.
pub(super) fn refuse_template(template: Option<&str>) -> Result<(), Refusal> {
    match template.filter(|template| *template != TEMPLATE) {
        Some(_) => Err(Refusal::invalid(
            "output_filename_template is not supported; outputs have the notebook's name and the time".into(),
        )),
        None => Ok(()),
    }
}

fn required<'a>(member: &str, value: Option<&'a str>) -> Result<&'a str, Refusal> {
    value
        .filter(|value| !value.is_empty())
        .ok_or_else(|| Refusal::invalid(format!("{member} is required")))
}

pub(super) fn instance_type(compute_type: Option<&str>) -> Option<String> {
    compute_type
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
}

/// Texts for the notebook's parameters. A value that is not a text is written as JSON, and read as such by the driver.
pub(super) fn parameters(
    given: Option<&Map<String, Value>>,
) -> Result<BTreeMap<String, String>, Refusal> {
    let mut all = BTreeMap::new();
    for (name, value) in given.into_iter().flatten() {
        if !is_parameter_name(name) {
            return Err(Refusal::invalid(format!(
                "parameters: {name:?} cannot be a variable; a name has letters, digits and underscores, and does not begin with a digit"
            )));
        }
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        all.insert(name.clone(), text);
    }
    Ok(all)
}

/// Variables of the kernel's environment, and the one that lets parameters be JSON.
pub(super) fn environment(
    given: Option<&Map<String, Value>>,
) -> Result<BTreeMap<String, String>, Refusal> {
    let mut all = BTreeMap::from([(TYPES_VARIABLE.to_owned(), TYPES_JSON.to_owned())]);
    for (name, value) in given.into_iter().flatten() {
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !is_name || !is_user_variable(name) {
            return Err(Refusal::invalid(format!(
                "runtime_environment_parameters: {name:?} cannot be an environment variable of a job; a name has letters, digits and underscores, and does not begin with a digit or SM_"
            )));
        }
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            other => {
                return Err(Refusal::invalid(format!(
                    "runtime_environment_parameters: {name} is {other}, not a text, number or truth value"
                )));
            }
        };
        all.insert(name.clone(), text);
    }
    Ok(all)
}

/// The formats; the notebook itself is always one of them.
pub(super) fn formats(given: Option<&[String]>) -> Result<Vec<String>, Refusal> {
    let mut all = vec![FORMATS[0].name.to_owned()];
    for name in given.unwrap_or_default() {
        if !FORMATS.iter().any(|format| format.name == name) {
            let known: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
            return Err(Refusal::invalid(format!(
                "output_formats: {name:?} is none of {}",
                known.join(", ")
            )));
        }
        if !all.contains(name) {
            all.push(name.clone());
        }
    }
    Ok(all)
}

/// `nightly` is a tag without a value, `team=ds` one with.
pub(super) fn tag(text: &str) -> (String, String) {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    (key.to_owned(), value.to_owned())
}

/// The tags of a user.
pub(super) fn tags(given: Option<&[String]>) -> Result<Vec<Tag>, Refusal> {
    let mut all: Vec<Tag> = Vec::new();
    for text in given.unwrap_or_default() {
        let (key, value) = tag(text.trim());
        if key.is_empty() || !is_user_tag(&key) {
            return Err(Refusal::invalid(format!(
                "tags: {text:?} cannot be a tag; write nightly or team=ds, and nothing that begins with sagemaker: or aws:"
            )));
        }
        let tag = Tag { key, value };
        if !all.contains(&tag) {
            all.push(tag);
        }
    }
    Ok(all)
}
