//! The constraints of AWS's own service models, checked for every JSON request before its operation sees it: what is
//! required, lengths, ranges, enumerations, patterns. All that is wrong is told at once, in AWS's words.
//!
//! The table is written by `scripts/coverage` from botocore; what an operation means is not in it.

use aws_wire::ErrorShape;
use regex::Regex;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

/// Most characters of a refused value that a message repeats.
const SHOWN_MAX: usize = 256;
/// Most faults that a message tells.
const FAULTS_MAX: usize = 10;

#[allow(
    clippy::expect_used,
    reason = "the file is part of the program, and a test reads it"
)]
static TABLES: LazyLock<HashMap<String, Table>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("constraints.json")).expect("the table of constraints")
});

/// One service.
#[derive(Deserialize)]
struct Table {
    /// The shape of each operation's request.
    operations: HashMap<String, String>,
    shapes: HashMap<String, Shape>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    #[serde(rename = "type")]
    kind: String,
    min: Option<f64>,
    max: Option<f64>,
    #[serde(rename = "enum", default)]
    words: Vec<String>,
    pattern: Option<String>,
    #[serde(skip)]
    expression: OnceLock<Option<Regex>>,
    /// Its value is a secret, which no message repeats.
    #[serde(default)]
    sensitive: bool,
    #[serde(default)]
    required: Vec<String>,
    /// The shapes of a structure's members.
    #[serde(default)]
    members: HashMap<String, String>,
    /// The shape of a list's elements.
    member: Option<String>,
    /// The shapes of a map's keys and values.
    key: Option<String>,
    value: Option<String>,
}

/// Refuses a request that breaks a constraint, with the service's error `code`. What has another type than it should is
/// left to the operation, which says so.
pub(super) fn check(
    service: &str,
    operation: &str,
    body: &[u8],
    code: &'static str,
) -> Result<(), ErrorShape> {
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    // What is no JSON is left to the operation too.
    let Ok(request) = serde_json::from_slice::<Value>(body) else {
        return Ok(());
    };
    let Some(table) = TABLES.get(service) else {
        return Ok(());
    };
    let shape = table.operations.get(operation);
    let Some(shape) = shape.and_then(|name| table.shapes.get(name)) else {
        return Ok(());
    };
    let mut faults = Vec::new();
    table.visit(shape, &request, "", &mut faults);
    if faults.is_empty() {
        return Ok(());
    }
    let count = faults.len();
    let errors = if count == 1 { "error" } else { "errors" };
    faults.truncate(FAULTS_MAX);
    let message = format!(
        "{count} validation {errors} detected: {}",
        faults.join("; ")
    );
    Err(ErrorShape::bad_request(code, message))
}

impl Table {
    fn shape(&self, name: Option<&String>) -> Option<&Shape> {
        self.shapes.get(name?)
    }

    /// Adds all that is wrong with a value, which stands at `at` and has this shape.
    fn visit(&self, shape: &Shape, value: &Value, at: &str, faults: &mut Vec<String>) {
        for constraint in shape.broken(value) {
            faults.push(fault(shape.sensitive, value, at, &constraint));
        }
        match value {
            Value::Object(map) if shape.kind == "structure" => {
                self.visit_members(shape, map, at, faults);
            }
            Value::Object(map) if shape.kind == "map" => {
                for (shape, values, what) in [
                    (
                        &shape.key,
                        map.keys().cloned().map(Value::from).collect(),
                        "keys",
                    ),
                    (
                        &shape.value,
                        map.values().cloned().collect::<Vec<_>>(),
                        "value",
                    ),
                ] {
                    let Some(shape) = self.shape(shape.as_ref()) else {
                        continue;
                    };
                    if let Some(broken) = values
                        .iter()
                        .map(|one| shape.broken(one))
                        .find(|b| !b.is_empty())
                    {
                        let all = format!(
                            "Map {what} must satisfy constraint: [{}]",
                            broken.join(", ")
                        );
                        faults.push(fault(shape.sensitive, value, at, &all));
                    }
                }
            }
            Value::Array(list) => {
                let Some(shape) = self.shape(shape.member.as_ref()) else {
                    return;
                };
                for (i, one) in list.iter().enumerate() {
                    self.visit(shape, one, &format!("{at}.{}.member", i + 1), faults);
                }
            }
            _ => {}
        }
    }

    fn visit_members(
        &self,
        shape: &Shape,
        map: &Map<String, Value>,
        at: &str,
        faults: &mut Vec<String>,
    ) {
        let place = |name: &str| match at {
            "" => lower_first(name),
            at => format!("{at}.{}", lower_first(name)),
        };
        for name in &shape.required {
            if map.get(name).is_none_or(Value::is_null) {
                faults.push(format!(
                    "Value null at '{}' failed to satisfy constraint: Member must not be null",
                    place(name)
                ));
            }
        }
        for (name, value) in map {
            if let Some(shape) = self.shape(shape.members.get(name)) {
                self.visit(shape, value, &place(name), faults);
            }
        }
    }
}

impl Shape {
    /// The constraints of its own that a value breaks; of a value of another type, none.
    fn broken(&self, value: &Value) -> Vec<String> {
        let mut broken = Vec::new();
        let size = match (self.kind.as_str(), value) {
            ("string", Value::String(text)) => Some(text.chars().count() as f64),
            ("list", Value::Array(list)) => Some(list.len() as f64),
            ("map", Value::Object(map)) => Some(map.len() as f64),
            ("integer" | "long" | "float" | "double", Value::Number(number)) => number.as_f64(),
            _ => None,
        };
        let what = if value.is_number() { "value" } else { "length" };
        if let (Some(size), Some(max)) = (size, self.max)
            && size > max
        {
            broken.push(format!(
                "Member must have {what} less than or equal to {max}"
            ));
        }
        if let (Some(size), Some(min)) = (size, self.min)
            && size < min
        {
            broken.push(format!(
                "Member must have {what} greater than or equal to {min}"
            ));
        }
        let Value::String(text) = value else {
            return broken;
        };
        if self.kind != "string" {
            return broken;
        }
        if !self.words.is_empty() && !self.words.contains(text) {
            let all = self.words.join(", ");
            broken.push(format!("Member must satisfy enum value set: [{all}]"));
        }
        if let (Some(pattern), Some(expression)) = (&self.pattern, self.expression())
            && !expression.is_match(text)
        {
            broken.push(format!(
                "Member must satisfy regular expression pattern: {pattern}"
            ));
        }
        broken
    }

    /// Its pattern, which holds for a value as a whole.
    fn expression(&self) -> Option<&Regex> {
        let made = || Regex::new(&format!("^(?:{})$", self.pattern.as_ref()?)).ok();
        self.expression.get_or_init(made).as_ref()
    }
}

fn fault(sensitive: bool, value: &Value, at: &str, constraint: &str) -> String {
    if sensitive {
        return format!("Value at '{at}' failed to satisfy constraint: {constraint}");
    }
    let shown = match value {
        Value::String(text) => text.clone(),
        other => other.to_string().replace('"', ""),
    };
    let mut short: String = shown.chars().take(SHOWN_MAX).collect();
    if short.len() < shown.len() {
        short.push('…');
    }
    format!("Value '{short}' at '{at}' failed to satisfy constraint: {constraint}")
}

fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().into_iter().flat_map(char::to_lowercase);
    first.chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_table_is_whole() {
        for (service, table) in TABLES.iter() {
            for (operation, shape) in &table.operations {
                assert!(table.shapes.contains_key(shape), "{service} {operation}");
            }
            for (name, shape) in &table.shapes {
                let pattern = &shape.pattern;
                assert!(
                    pattern.is_none() || shape.expression().is_some(),
                    "{service} {name}: {pattern:?}"
                );
                let below = [&shape.member, &shape.key, &shape.value]
                    .into_iter()
                    .flatten();
                for below in below.chain(shape.members.values()) {
                    assert!(
                        table.shapes.contains_key(below),
                        "{service} {name}: {below}"
                    );
                }
            }
        }
    }

    #[test]
    fn faults_are_told_in_awss_words_and_all_at_once() {
        let message = |request: Value| match check(
            "sagemaker",
            "StartPipelineExecution",
            request.to_string().as_bytes(),
            "V",
        ) {
            Ok(()) => String::new(),
            Err(shape) => shape.message,
        };
        let good = json!({"PipelineName": "p", "ClientRequestToken": "t".repeat(32), "PipelineExecutionDescription": null});
        assert_eq!(message(good.clone()), "");
        let mut bad = good.clone();
        bad["PipelineParameters"] =
            json!([{"Name": "n", "Value": "v"}, {"Name": "+", "Value": "v"}]);
        bad["ClientRequestToken"] = json!("short");
        assert_eq!(
            message(bad),
            "2 validation errors detected: Value 'short' at 'clientRequestToken' failed to satisfy constraint: Member must have length greater than or equal to 32; \
             Value '+' at 'pipelineParameters.2.member.name' failed to satisfy constraint: Member must satisfy regular expression pattern: [A-Za-z0-9\\-_]*"
        );
    }

    #[test]
    fn a_secret_is_not_repeated() {
        let request = json!({"Name": "c", "AuthorizationType": "BASIC", "AuthParameters":
            {"BasicAuthParameters": {"Username": "u", "Password": "p".repeat(600)}}});
        let shape = check(
            "events",
            "CreateConnection",
            request.to_string().as_bytes(),
            "V",
        )
        .expect_err("too long");
        assert!(
            shape
                .message
                .contains("Value at 'authParameters.basicAuthParameters.password'"),
            "{}",
            shape.message
        );
        assert!(!shape.message.contains("pp"));
    }
}
