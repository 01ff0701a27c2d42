//! A parameter's value: what YAML, JSON or a command line can say. Knows no language.

use serde_json::{Number, json};

/// A value as Python would hold it: whole numbers and floats differ, floats may be infinite, mappings keep their order.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A float, maybe infinite or not a number.
    Float(f64),
    /// A text.
    Str(String),
    /// A list.
    List(Vec<Value>),
    /// A mapping with text keys, in the order given.
    Dict(Vec<(String, Value)>),
}

impl Value {
    /// As JSON, for the notebook's metadata. What JSON has no number for becomes a text: whole numbers beyond 64 bits,
    /// `inf`, `-inf` and `nan`.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => json!(value),
            Value::Int(value) => {
                Number::from_i128(*value).map_or_else(|| json!(value.to_string()), Into::into)
            }
            Value::Float(value) => Number::from_f64(*value)
                .map_or_else(|| json!(crate::number::python_repr(*value)), Into::into),
            Value::Str(value) => json!(value),
            Value::List(values) => values.iter().map(Value::to_json).collect(),
            Value::Dict(entries) => entries
                .iter()
                .map(|(key, value)| (key.clone(), value.to_json()))
                .collect(),
        }
    }
}

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(value) => Value::Bool(value),
            serde_json::Value::Number(number) => match number.as_i128() {
                Some(value) => Value::Int(value),
                None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            serde_json::Value::String(value) => Value::Str(value),
            serde_json::Value::Array(values) => {
                Value::List(values.into_iter().map(Into::into).collect())
            }
            serde_json::Value::Object(object) => Value::Dict(
                object
                    .into_iter()
                    .map(|(key, value)| (key, value.into()))
                    .collect(),
            ),
        }
    }
}

/// Parameters by name. A name set again keeps its first place, like a key of a Python dict.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameters(Vec<(String, Value)>);

impl Parameters {
    /// Sets a parameter.
    pub fn set(&mut self, name: impl Into<String>, value: Value) {
        let name = name.into();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// A parameter's value.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// All parameters, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As a JSON object, for `metadata.papermill.parameters`.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        self.iter()
            .map(|(name, value)| (name.to_owned(), value.to_json()))
            .collect()
    }
}

impl<N: Into<String>> FromIterator<(N, Value)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(values: I) -> Self {
        let mut parameters = Self::default();
        values
            .into_iter()
            .for_each(|(name, value)| parameters.set(name, value));
        parameters
    }
}
