//! What may stand for a value in a step's arguments: `Get` of an execution variable, a parameter or another step's
//! property, and `Std:Join`.

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
    Join { on: &'a str, values: &'a [Value] },
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
        (function, _) if function.starts_with("Std:") => Err(format!(
            "the function {function} is not supported, Std:Join and Get are"
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
                let job = state
                    .filter(|state| state.status == StepStatus::Succeeded)
                    .and_then(|state| state.job.as_ref());
                let mut value = job.ok_or_else(|| format!("step {step} has not succeeded"))?;
                for segment in path {
                    value = match segment {
                        Segment::Key(key) => value.get(key),
                        Segment::Index(index) => value.get(index),
                    }
                    .ok_or_else(|| format!("the job of step {step} has no {segment:?}"))?;
                }
                Ok(value.clone())
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
