//! `ParameterFilters`: conditions of `GetParametersByPath` and `DescribeParameters`.

use crate::model::parameter::{NameMatch, ParameterFilter, ParameterType, Tier};
use aws_wire::ErrorShape;
use serde::Deserialize;

/// One condition: any of the values holds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Condition {
    key: String,
    option: Option<String>,
    #[serde(default)]
    values: Vec<String>,
}

/// Adds the conditions to `filter`. A condition that we cannot honour is refused with its key.
pub(super) fn add(
    conditions: Vec<Condition>,
    filter: &mut ParameterFilter,
) -> Result<(), ErrorShape> {
    for condition in conditions {
        if condition.values.is_empty() {
            return Err(value_error(&condition.key, "it needs at least one value"));
        }
        match condition.key.as_str() {
            "Name" => filter.names = names(&condition)?,
            "Type" => filter.kinds = words(&condition, ParameterType::parse)?,
            "Tier" => filter.tiers = words(&condition, Tier::parse)?,
            "Path" => add_path(condition, filter)?,
            other => {
                return Err(ErrorShape::bad_request(
                    "InvalidFilterKey",
                    format!(
                        "The filter key '{other}' is not supported; nbjobs has Name, Path, Tier and Type"
                    ),
                ));
            }
        }
    }
    Ok(())
}

fn names(condition: &Condition) -> Result<Vec<NameMatch>, ErrorShape> {
    let make = match condition.option.as_deref() {
        None | Some("Equals") => NameMatch::Equals,
        Some("BeginsWith") => NameMatch::BeginsWith,
        Some("Contains") => NameMatch::Contains,
        Some(other) => {
            return Err(option_error(
                "Name",
                other,
                "Equals, BeginsWith and Contains",
            ));
        }
    };
    Ok(condition.values.iter().cloned().map(make).collect())
}

fn words<T>(
    condition: &Condition,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, ErrorShape> {
    let key = &condition.key;
    if let Some(other) = condition
        .option
        .as_deref()
        .filter(|option| *option != "Equals")
    {
        return Err(option_error(key, other, "Equals"));
    }
    let word = |value: &String| {
        parse(value).ok_or_else(|| value_error(key, &format!("'{value}' is unknown")))
    };
    condition.values.iter().map(word).collect()
}

fn add_path(condition: Condition, filter: &mut ParameterFilter) -> Result<(), ErrorShape> {
    filter.recursive = match condition.option.as_deref() {
        None | Some("OneLevel") => false,
        Some("Recursive") => true,
        Some(other) => return Err(option_error("Path", other, "OneLevel and Recursive")),
    };
    match <[String; 1]>::try_from(condition.values) {
        Ok([path]) => {
            filter.path = Some(check_path(path)?);
            Ok(())
        }
        Err(_) => Err(value_error("Path", "it takes one value")),
    }
}

/// A path that begins with a slash.
pub(super) fn check_path(path: String) -> Result<String, ErrorShape> {
    if path.starts_with('/') {
        return Ok(path);
    }
    Err(ErrorShape::bad_request(
        "ValidationException",
        format!(
            "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward \
             slash \"/\"; '{path}' does not."
        ),
    ))
}

fn option_error(key: &str, option: &str, right: &str) -> ErrorShape {
    ErrorShape::bad_request(
        "InvalidFilterOption",
        format!("The filter option '{option}' is not valid for the key {key}; valid are {right}"),
    )
}

fn value_error(key: &str, problem: &str) -> ErrorShape {
    ErrorShape::bad_request(
        "InvalidFilterValue",
        format!("The filter {key} is not valid: {problem}"),
    )
}
