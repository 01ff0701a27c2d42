//! What a change of a definition asks for, and schedules as jupyter-scheduler's clients write them.

use super::error::Refusal;
use super::requests::{self, refuse_template, text};
use super::runtime_environments;
use crate::app::App;
use crate::app::definitions::{self, When};
use crate::model::schedule::from_unix;
use serde::Deserialize;
use serde_json::{Map, Value};

/// `UpdateJobDefinition`. Like there, a member that is null is not changed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Update {
    #[serde(deserialize_with = "text")]
    runtime_environment_name: Option<String>,
    runtime_environment_parameters: Option<Map<String, Value>>,
    output_formats: Option<Vec<String>>,
    parameters: Option<Map<String, Value>>,
    tags: Option<Vec<String>>,
    #[serde(deserialize_with = "text")]
    name: Option<String>,
    #[serde(deserialize_with = "text")]
    url: Option<String>,
    #[serde(deserialize_with = "text")]
    schedule: Option<String>,
    #[serde(deserialize_with = "text")]
    timezone: Option<String>,
    #[serde(deserialize_with = "text")]
    output_filename_template: Option<String>,
    active: Option<bool>,
    #[serde(deserialize_with = "text")]
    compute_type: Option<String>,
    #[serde(deserialize_with = "text")]
    input_uri: Option<String>,
}

impl Update {
    /// The verb's request.
    pub(super) async fn verb(&self, app: &App) -> Result<definitions::Update, Refusal> {
        refuse_template(self.output_filename_template.as_deref())?;
        if self.url.is_some() {
            return Err(Refusal::invalid("url cannot be changed".into()));
        }
        if self
            .name
            .as_ref()
            .is_some_and(|name| name.trim().is_empty())
        {
            return Err(Refusal::invalid("name is empty".into()));
        }
        let given = |members: &Option<Map<String, Value>>| members.is_some();
        let kernel = match self.runtime_environment_name.as_deref() {
            Some(name) => Some(runtime_environments::kernel(app, name).await?),
            None => None,
        };
        Ok(definitions::Update {
            name: self.name.clone(),
            expression: self.schedule.as_deref().map(expression).transpose()?,
            timezone: self.timezone.clone().filter(|zone| !zone.is_empty()),
            is_enabled: self.active,
            input_uri: self.input_uri.clone(),
            kernel,
            parameters: given(&self.parameters)
                .then(|| requests::parameters(self.parameters.as_ref()))
                .transpose()?,
            environment: given(&self.runtime_environment_parameters)
                .then(|| requests::environment(self.runtime_environment_parameters.as_ref()))
                .transpose()?,
            output_formats: match &self.output_formats {
                Some(formats) => Some(requests::formats(Some(formats))?),
                None => None,
            },
            instance_type: requests::instance_type(self.compute_type.as_deref()),
            tags: match &self.tags {
                Some(tags) => Some(requests::tags(Some(tags))?),
                None => None,
            },
        })
    }
}

/// When a new definition runs; none when it only runs on demand. A time zone that is not given is UTC.
pub(super) fn when(
    schedule: Option<&str>,
    timezone: Option<&str>,
) -> Result<Option<When>, Refusal> {
    let Some(line) = schedule else {
        return Ok(None);
    };
    let zone = timezone.filter(|zone| !zone.is_empty()).unwrap_or("UTC");
    Ok(Some(When {
        expression: expression(line)?,
        timezone: zone.to_owned(),
    }))
}

fn expression(line: &str) -> Result<String, Refusal> {
    from_unix(line).map_err(|reason| Refusal::invalid(format!("schedule: {reason}")))
}
