//! What may stand for a value in a step's arguments: `Get` of an execution variable, a parameter or another step's
//! property, `Std:Join`, and `Std:JsonGet` of an object in S3.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::plan::StepState;
use super::{StepStatus, Values};
use crate::model::naming::date_time;

/// How deep arrays, objects and expressions may nest in a step's arguments.
pub const EXPRESSION_DEPTH_MAX: usize = 32;
/// Most bytes of text that one step's evaluated arguments may have: a definition's own limit. Without it a chain of
/// steps that each join the one before could grow without bound.
pub const ARGUMENTS_LEN_MAX: usize = 1_048_576;

const VARIABLE_NAMES: [&str; 6] = [
    "StartDateTime",
    "CurrentDateTime",
    "PipelineName",
    "PipelineArn",
    "PipelineExecutionId",
    "PipelineExecutionArn",
];

/// JSON objects by their S3 URIs, as `Std:JsonGet` sees them; an error is a reason without a full stop.
pub type JsonObjects = BTreeMap<String, Result<Value, String>>;

/// One run of a pipeline, as its expressions see it (`Execution.*`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variables {
    /// 12 of `[a-z0-9]`.
    pub execution_id: String,
    /// The execution's ARN.
    pub execution_arn: String,
    /// The pipeline's name.
    pub pipeline: String,
    /// The pipeline's ARN.
    pub pipeline_arn: String,
    /// When it was started; shown with milliseconds, `2022-12-25T15:23:04.640Z`.
    pub started_at: Timestamp,
}

/// What a `Get` refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reference<'a> {
    Variable(&'a str),
    Parameter(&'a str),
    Step {
        step: &'a str,
        path: Vec<Segment<'a>>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment<'a> {
    Key(&'a str),
    Index(usize),
}

/// A value of a step's arguments, recognised.
enum Node<'a> {
    Plain(&'a Value),
    List(&'a [Value]),
    Object(&'a Map<String, Value>),
    Get(Reference<'a>),
    Join {
        on: &'a str,
        values: &'a [Value],
    },
    JsonGet {
        uri: &'a Value,
        path: Vec<Segment<'a>>,
    },
}

/// Everything that `arguments` refers to; the error is a reason without a full stop.
pub(super) fn references(arguments: &Value) -> Result<Vec<Reference<'_>>, String> {
    let mut found = Vec::new();
    collect(arguments, 0, &mut found)?;
    Ok(found)
}

fn collect<'a>(
    value: &'a Value,
    depth: usize,
    found: &mut Vec<Reference<'a>>,
) -> Result<(), String> {
    match recognise(value, depth)? {
        Node::Plain(_) => {}
        Node::Get(reference) => found.push(reference),
        Node::JsonGet { uri, .. } => collect(uri, depth + 1, found)?,
        Node::List(values) | Node::Join { values, .. } => {
            values
                .iter()
                .try_for_each(|value| collect(value, depth + 1, found))?;
        }
        Node::Object(map) => map
            .values()
            .try_for_each(|value| collect(value, depth + 1, found))?,
    }
    Ok(())
}

/// The URIs, themselves expressions, of the objects that `value` reads with `Std:JsonGet`.
pub(super) fn json_uris(value: &Value) -> Vec<&Value> {
    match recognise(value, 0) {
        Ok(Node::JsonGet { uri, .. }) => vec![uri],
        Ok(Node::List(values) | Node::Join { values, .. }) => {
            values.iter().flat_map(json_uris).collect()
        }
        Ok(Node::Object(map)) => map.values().flat_map(json_uris).collect(),
        Ok(Node::Plain(_) | Node::Get(_)) | Err(_) => Vec::new(),
    }
}

fn recognise(value: &Value, depth: usize) -> Result<Node<'_>, String> {
    if depth > EXPRESSION_DEPTH_MAX {
        return Err(format!(
            "the arguments nest deeper than {EXPRESSION_DEPTH_MAX}"
        ));
    }
    let map = match value {
        Value::Object(map) => map,
        Value::Array(values) => return Ok(Node::List(values)),
        _ => return Ok(Node::Plain(value)),
    };
    let Some((function, argument)) = map.iter().next().filter(|_| map.len() == 1) else {
        return Ok(Node::Object(map));
    };
    match (function.as_str(), argument) {
        ("Get", Value::String(text)) => Reference::parse(text).map(Node::Get),
        ("Get", other) => Err(format!("Get takes the name of a property, not {other}")),
        ("Std:Join", argument) => {
            let parts = argument
                .get("On")
                .and_then(Value::as_str)
                .zip(argument.get("Values").and_then(Value::as_array));
            let (on, values) = parts.ok_or("Std:Join takes On, a string, and Values, a list")?;
            Ok(Node::Join { on, values })
        }
        ("Std:JsonGet", argument) => {
            let parts = argument
                .get("S3Uri")
                .zip(argument.get("Path").and_then(Value::as_str));
            let (uri, path) = parts.ok_or(
                "Std:JsonGet takes S3Uri and Path; a PropertyFile is written by Processing steps, which are not supported",
            )?;
            let path = json_path(path).ok_or_else(|| {
                format!("Path {path:?} is not like metrics.mse.value or $.rows[0]")
            })?;
            Ok(Node::JsonGet { uri, path })
        }
        (function, _) if function.starts_with("Std:") => Err(format!(
            "the function {function} is not supported; Std:Join, Std:JsonGet and Get are"
        )),
        _ => Ok(Node::Object(map)),
    }
}

impl<'a> Reference<'a> {
    fn parse(text: &'a str) -> Result<Self, String> {
        match text.split_once('.') {
            Some(("Execution", name)) if VARIABLE_NAMES.contains(&name) => Ok(Self::Variable(name)),
            Some(("Execution", name)) => Err(format!(
                "there is no Execution.{name}, there are Execution.{}",
                VARIABLE_NAMES.join(", Execution.")
            )),
            Some(("Parameters", name)) if !name.is_empty() => Ok(Self::Parameter(name)),
            Some(("Steps", rest)) => {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                let (step, path) = rest.split_at(end);
                let path = parse_path(path).filter(|path| !path.is_empty() && !step.is_empty());
                let path = path.ok_or_else(|| {
                    format!("Get {text:?} is not a step's property, as in Steps.NAME.OutputDataConfig.S3OutputPath")
                })?;
                Ok(Self::Step { step, path })
            }
            _ => Err(format!(
                "Get {text:?} is none of Execution.…, Parameters.…, Steps.…"
            )),
        }
    }
}

/// A path into a JSON document, with or without `$` and a dot in front.
fn json_path(text: &str) -> Option<Vec<Segment<'_>>> {
    let rest = text.strip_prefix('$').unwrap_or(text);
    if rest.is_empty() || rest.starts_with(['.', '[']) {
        return parse_path(rest);
    }
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    let (key, rest) = rest.split_at(end);
    let mut path = vec![Segment::Key(key)];
    path.extend(parse_path(rest)?);
    Some(path)
}

/// `.Key`, `[0]`, `['key']`, `["key"]`, one after another.
fn parse_path(mut rest: &str) -> Option<Vec<Segment<'_>>> {
    let mut path = Vec::new();
    while !rest.is_empty() {
        if let Some(text) = rest.strip_prefix('.') {
            let end = text.find(['.', '[']).unwrap_or(text.len());
            let (key, after) = text.split_at(end);
            path.push(Segment::Key(key).non_empty()?);
            rest = after;
        } else if let Some(quote) = ["['", "[\""]
            .into_iter()
            .find(|quote| rest.starts_with(quote))
        {
            let text = &rest[quote.len()..];
            let (key, after) = text.split_once(if quote == "['" { "']" } else { "\"]" })?;
            path.push(Segment::Key(key).non_empty()?);
            rest = after;
        } else {
            let (index, after) = rest.strip_prefix('[')?.split_once(']')?;
            path.push(Segment::Index(index.parse().ok()?));
            rest = after;
        }
    }
    Some(path)
}

impl Segment<'_> {
    fn non_empty(self) -> Option<Self> {
        (self != Self::Key("")).then_some(self)
    }
}

/// What the expressions of one execution may see at one moment.
pub(super) struct Scope<'a> {
    pub variables: &'a Variables,
    pub parameters: &'a Values,
    pub steps: &'a [StepState],
    pub objects: &'a JsonObjects,
    pub now: Timestamp,
}

impl Scope<'_> {
    /// The arguments with every expression replaced by its value; the error is a reason without a full stop.
    pub(super) fn evaluate(&self, arguments: &Value) -> Result<Value, String> {
        let mut room = ARGUMENTS_LEN_MAX;
        self.value(arguments, 0, &mut room)
    }

    fn value(&self, value: &Value, depth: usize, room: &mut usize) -> Result<Value, String> {
        match recognise(value, depth)? {
            Node::Plain(value) => take(value.clone(), room),
            Node::Get(reference) => take(self.get(&reference)?, room),
            Node::List(values) => values
                .iter()
                .map(|value| self.value(value, depth + 1, room))
                .collect(),
            Node::Object(map) => {
                let mut evaluated = Map::new();
                for (key, value) in map {
                    evaluated.insert(key.clone(), self.value(value, depth + 1, room)?);
                }
                Ok(Value::Object(evaluated))
            }
            Node::Join { on, values } => {
                let mut parts = Vec::with_capacity(values.len());
                for value in values {
                    parts.push(
                        text(&self.value(value, depth + 1, room)?)
                            .ok_or("Std:Join joins texts and numbers")?,
                    );
                }
                take(Value::String(parts.join(on)), room)
            }
            Node::JsonGet { uri, path } => {
                let uri = self.value(uri, depth + 1, room)?;
                let uri = uri
                    .as_str()
                    .ok_or("the S3Uri of Std:JsonGet is not a text")?;
                let read = self.objects.get(uri);
                let object = read.ok_or_else(|| format!("the object {uri} was not read"))?;
                let object = object.as_ref().map_err(Clone::clone)?;
                take(walk(object, &path, uri)?.clone(), room)
            }
        }
    }

    fn get(&self, reference: &Reference<'_>) -> Result<Value, String> {
        match reference {
            Reference::Variable(name) => Ok(Value::String(self.variable(name))),
            Reference::Parameter(name) => {
                let value = self.parameters.get(*name).cloned();
                value.ok_or_else(|| format!("there is no parameter {name}"))
            }
            Reference::Step { step, path } => {
                let state = self.steps.iter().find(|state| state.name == *step);
                let properties = state
                    .filter(|state| state.status == StepStatus::Succeeded)
                    .and_then(|state| state.properties.as_ref());
                let properties =
                    properties.ok_or_else(|| format!("step {step} has not succeeded"))?;
                walk(properties, path, &format!("the job of step {step}")).cloned()
            }
        }
    }

    fn variable(&self, name: &str) -> String {
        match name {
            "StartDateTime" => date_time(self.variables.started_at),
            "CurrentDateTime" => date_time(self.now),
            "PipelineName" => self.variables.pipeline.clone(),
            "PipelineArn" => self.variables.pipeline_arn.clone(),
            "PipelineExecutionId" => self.variables.execution_id.clone(),
            _ => self.variables.execution_arn.clone(),
        }
    }
}

fn walk<'a>(value: &'a Value, path: &[Segment<'_>], what: &str) -> Result<&'a Value, String> {
    path.iter().try_fold(value, |value, segment| {
        let inner = match segment {
            Segment::Key(key) => value.get(key),
            Segment::Index(index) => value.get(index),
        };
        inner.ok_or_else(|| format!("{what} has no {segment:?}"))
    })
}

/// A scalar as text; nothing for a list or an object.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

fn take(value: Value, room: &mut usize) -> Result<Value, String> {
    let len = match &value {
        Value::String(text) => text.len(),
        Value::Array(_) | Value::Object(_) => value.to_string().len(),
        _ => 8,
    };
    *room = room
        .checked_sub(len)
        .ok_or_else(|| format!("the arguments are larger than {ARGUMENTS_LEN_MAX} bytes"))?;
    Ok(value)
}
