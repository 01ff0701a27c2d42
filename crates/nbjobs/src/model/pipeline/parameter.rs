//! A pipeline's parameters: declared with a type, given as text when an execution starts.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Number, Value};

/// Most parameters of one pipeline (`ParameterList` in SageMaker's service model).
pub const PARAMETERS_MAX: usize = 200;
/// Longest value given for a parameter, in characters (`PipelineParameter.Value` in SageMaker's service model).
pub const PARAMETER_VALUE_LEN_MAX: usize = 1024;

/// The values of one execution's parameters, each of its declared type.
pub type Values = BTreeMap<String, Value>;

/// A parameter as the definition declares it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Parameter {
    /// 1 to 256 of `[A-Za-z0-9_-]`.
    pub name: String,
    /// What its values are.
    #[serde(rename = "Type")]
    pub kind: ParameterType,
    /// Used when an execution gives none; a parameter without it must be given.
    #[serde(default)]
    pub default_value: Option<Value>,
    /// When there, the only values it may have.
    #[serde(default)]
    pub enum_values: Option<Vec<Value>>,
}

/// A parameter's type, in SageMaker's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum ParameterType {
    /// Text.
    String,
    /// A whole number of 64 bits.
    Integer,
    /// A finite number.
    Float,
    /// `true` or `false`.
    Boolean,
}

/// A parameter that is declared, or given, wrongly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidParameter(pub String);

impl Parameter {
    /// Checks the declaration itself.
    pub(super) fn check(&self) -> Result<(), InvalidParameter> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if !(1..=256).contains(&self.name.len()) || !self.name.bytes().all(fits) {
            return Err(invalid(format!(
                "parameter name {:?} is not 1 to 256 of A-Z a-z 0-9 - _",
                self.name
            )));
        }
        for value in self.enum_values.iter().flatten().chain(&self.default_value) {
            if !self.kind.fits(value) {
                return Err(invalid(format!(
                    "parameter {} is a {:?}, but has the value {value}",
                    self.name, self.kind
                )));
            }
        }
        self.default_value
            .as_ref()
            .map_or(Ok(()), |value| self.check_enum(value))
    }

    fn check_enum(&self, value: &Value) -> Result<(), InvalidParameter> {
        match &self.enum_values {
            Some(allowed) if !allowed.contains(value) => {
                let allowed = Value::from(allowed.clone());
                Err(invalid(format!(
                    "parameter {} may be one of {allowed}, not {value}",
                    self.name
                )))
            }
            _ => Ok(()),
        }
    }

    fn read(&self, text: &str) -> Result<Value, InvalidParameter> {
        if text.chars().count() > PARAMETER_VALUE_LEN_MAX {
            let name = &self.name;
            return Err(invalid(format!(
                "the value of parameter {name} is longer than {PARAMETER_VALUE_LEN_MAX}"
            )));
        }
        let value = match self.kind {
            ParameterType::String => Some(Value::from(text)),
            ParameterType::Integer => text.parse::<i64>().ok().map(Value::from),
            ParameterType::Float => text
                .parse::<f64>()
                .ok()
                .and_then(Number::from_f64)
                .map(Value::Number),
            ParameterType::Boolean if text.eq_ignore_ascii_case("true") => Some(Value::Bool(true)),
            ParameterType::Boolean if text.eq_ignore_ascii_case("false") => {
                Some(Value::Bool(false))
            }
            ParameterType::Boolean => None,
        };
        let value = value.ok_or_else(|| {
            invalid(format!(
                "parameter {} is a {:?}, {text:?} is not one",
                self.name, self.kind
            ))
        })?;
        self.check_enum(&value).map(|()| value)
    }
}

impl ParameterType {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Integer => value.is_i64(),
            Self::Float => value.is_number(),
            Self::Boolean => value.is_boolean(),
        }
    }
}

/// The values that an execution runs with: what was given, else the defaults.
pub(super) fn bind(
    declared: &[Parameter],
    given: &[(String, String)],
) -> Result<Values, InvalidParameter> {
    let mut values = Values::new();
    for (name, text) in given {
        let parameter = declared.iter().find(|parameter| parameter.name == *name);
        let parameter = parameter.ok_or_else(|| {
            let names = declared
                .iter()
                .map(|parameter| parameter.name.as_str())
                .collect::<Vec<_>>()
                .join(", ");
            invalid(format!(
                "the pipeline has no parameter {name}, it has [{names}]"
            ))
        })?;
        if values.insert(name.clone(), parameter.read(text)?).is_some() {
            return Err(invalid(format!("parameter {name} is given twice")));
        }
    }
    for parameter in declared
        .iter()
        .filter(|parameter| !given.iter().any(|(name, _)| *name == parameter.name))
    {
        let default = parameter.default_value.clone();
        let default = default.ok_or_else(|| {
            invalid(format!(
                "parameter {} has no default value and must be given",
                parameter.name
            ))
        })?;
        values.insert(parameter.name.clone(), default);
    }
    Ok(values)
}

fn invalid(message: String) -> InvalidParameter {
    InvalidParameter(message)
}
