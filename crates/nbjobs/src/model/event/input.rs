//! What a target gets of an event: the event itself, a constant, a part of it, or a text made from parts of it.

use super::path::JsonPath;
use crate::model::rule::{InputTransformer, Target};
use regex::{Captures, Regex};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Longest constant input and longest template, in characters (`TargetInput`, `TransformerInput`).
pub const INPUT_LEN_MAX: usize = 8192;
/// Most paths of a transformer.
pub const PATHS_MAX: usize = 100;

/// A placeholder of a template.
#[allow(clippy::unwrap_used, reason = "the expression is a constant")]
static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| Regex::new("<([A-Za-z0-9._-]+)>").unwrap());

/// Placeholders that EventBridge fills in itself.
const RULE_ARN: &str = "aws.events.rule-arn";
const RULE_NAME: &str = "aws.events.rule-name";
const INGESTION_TIME: &str = "aws.events.event.ingestion-time";
const EVENT_JSON: &str = "aws.events.event.json";
const EVENT: &str = "aws.events.event";

/// The rule that an event came through, for a template.
#[derive(Debug, Clone, Copy)]
pub struct Through<'a> {
    /// The rule's ARN.
    pub rule_arn: &'a str,
    /// The rule's name.
    pub rule_name: &'a str,
    /// When the event was accepted, in RFC 3339.
    pub accepted_at: &'a str,
}

impl Target {
    /// What the target gets of an event. The error is a sentence without a full stop.
    pub fn input_of(&self, event: &Value, through: Through<'_>) -> Result<Value, String> {
        if let Some(input) = &self.input {
            return serde_json::from_str(input)
                .map_err(|error| format!("the target's Input is not JSON: {error}"));
        }
        if let Some(path) = &self.input_path {
            let path: JsonPath = path.parse().map_err(|error| format!("{error}"))?;
            return path
                .find(event)
                .ok_or_else(|| format!("the event has nothing at {:?}", self.input_path));
        }
        match &self.input_transformer {
            Some(transformer) => transformer.transform(event, through),
            None => Ok(event.clone()),
        }
    }

    /// The parameters of the execution that the target starts, of what the target gets. A value that is a path, such as
    /// `$.detail.object.key`, is looked up there.
    pub fn parameters_of(&self, input: &Value) -> Result<Vec<(String, String)>, String> {
        let given = self
            .pipeline_parameters
            .iter()
            .flat_map(|parameters| &parameters.pipeline_parameter_list);
        given
            .map(|parameter| {
                let value = &parameter.value;
                if !value.starts_with("$.") && !value.starts_with("$[") {
                    return Ok((parameter.name.clone(), value.clone()));
                }
                let path: JsonPath = value.parse().map_err(|error| format!("{error}"))?;
                let found = path.find(input).ok_or_else(|| {
                    format!(
                        "parameter {}: the event has nothing at {value}",
                        parameter.name
                    )
                })?;
                let text = match found {
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                Ok((parameter.name.clone(), text))
            })
            .collect()
    }

    /// Refuses an input that could not be made of any event.
    pub fn check_input(&self) -> Result<(), String> {
        let id = &self.id;
        let given = [
            self.input.is_some(),
            self.input_path.is_some(),
            self.input_transformer.is_some(),
        ];
        if given.iter().filter(|given| **given).count() > 1 {
            return Err(format!(
                "Only one of Input, InputPath, or InputTransformer must be provided for target {id}."
            ));
        }
        let parameters = self.pipeline_parameters.iter();
        for parameter in parameters.flat_map(|list| &list.pipeline_parameter_list) {
            if parameter.value.starts_with("$.") {
                parameter.value.parse::<JsonPath>().map_err(|error| {
                    format!("Invalid pipeline parameter for target {id}: {error}.")
                })?;
            }
        }
        if let Some(input) = &self.input {
            serde_json::from_str::<Value>(input)
                .map_err(|error| format!("JSON syntax error in Input for target {id}: {error}."))?;
        }
        if let Some(path) = &self.input_path {
            path.parse::<JsonPath>()
                .map_err(|error| format!("Invalid InputPath for target {id}: {error}."))?;
        }
        match &self.input_transformer {
            Some(transformer) => transformer.check(id),
            None => Ok(()),
        }
    }
}

impl InputTransformer {
    fn check(&self, id: &str) -> Result<(), String> {
        if self.input_paths_map.len() > PATHS_MAX {
            return Err(format!(
                "InputPathsMap for target {id} has more than {PATHS_MAX} paths."
            ));
        }
        for (name, path) in &self.input_paths_map {
            if name.starts_with("AWS") || !PLACEHOLDER.is_match(&format!("<{name}>")) {
                return Err(format!(
                    "InputPathsMap key {name:?} for target {id} is not valid: letters, digits, dots, hyphens and underscores, not beginning with AWS."
                ));
            }
            path.parse::<JsonPath>().map_err(|error| {
                format!("Invalid InputPathsMap value for target {id}: {error}.")
            })?;
        }
        let known = [RULE_ARN, RULE_NAME, INGESTION_TIME, EVENT_JSON, EVENT];
        for found in PLACEHOLDER.captures_iter(&self.input_template) {
            if !known.contains(&&found[1]) && !self.input_paths_map.contains_key(&found[1]) {
                return Err(format!(
                    "InputTemplate for target {id} contains invalid placeholder <{}>.",
                    &found[1]
                ));
            }
        }
        Ok(())
    }

    /// Fills the template in. A placeholder between quotation marks becomes text, one outside of them JSON; what an event
    /// does not have is an empty text. A template that is no JSON is a text as a whole.
    fn transform(&self, event: &Value, through: Through<'_>) -> Result<Value, String> {
        let mut values = BTreeMap::new();
        for (name, path) in &self.input_paths_map {
            let path: JsonPath = path.parse().map_err(|error| format!("{error}"))?;
            values.insert(name.as_str(), path.find(event).unwrap_or_else(|| "".into()));
        }
        values.insert(RULE_ARN, through.rule_arn.into());
        values.insert(RULE_NAME, through.rule_name.into());
        values.insert(INGESTION_TIME, through.accepted_at.into());
        values.insert(EVENT_JSON, event.clone());
        values.insert(EVENT, event.clone());
        let is_json = matches!(
            self.input_template.trim_start().chars().next(),
            Some('{' | '[' | '"' | '<')
        );
        let template = &self.input_template;
        let filled = PLACEHOLDER.replace_all(template, |found: &Captures<'_>| {
            let at = found.get(0).map_or(0, |all| all.start());
            let value = values.get(&found[1]).cloned().unwrap_or_else(|| "".into());
            match (is_json, is_between_quotes(&template[..at])) {
                (true, false) => value.to_string(),
                (true, true) => escaped(&plain(&value)),
                (false, _) => plain(&value),
            }
        });
        match serde_json::from_str(&filled) {
            Ok(value) => Ok(value),
            Err(_) if !is_json => Ok(filled.into_owned().into()),
            // Several lines of text, each between quotation marks, are such a text too.
            Err(_) if lines_of_text(&filled).is_some() => {
                Ok(lines_of_text(&filled).unwrap_or_default().into())
            }
            Err(error) => Err(format!(
                "the target's InputTemplate does not make JSON of this event: {error}"
            )),
        }
    }
}

/// Whether a template's place behind this text is inside of a JSON string.
fn is_between_quotes(before: &str) -> bool {
    let (mut inside, mut escape) = (false, false);
    for c in before.chars() {
        match c {
            _ if escape => escape = false,
            '\\' if inside => escape = true,
            '"' => inside = !inside,
            _ => {}
        }
    }
    inside
}

/// A value as part of a text: strings as they are, the rest as JSON without quotation marks.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string().replace('"', ""),
    }
}

/// A text as it stands between quotation marks.
fn escaped(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn lines_of_text(filled: &str) -> Option<String> {
    let lines = filled.lines().filter(|line| !line.trim().is_empty());
    let texts: Option<Vec<String>> = lines.map(|line| serde_json::from_str(line).ok()).collect();
    Some(texts?.join("\n"))
}
