//! The conditions of a Condition step: comparisons of values that may be expressions.

use std::cmp::Ordering;

use serde::Deserialize;
use serde_json::Value;

use super::expression::Scope;

/// One condition, as in the definition.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "Type", rename_all_fields = "PascalCase", deny_unknown_fields)]
#[allow(
    missing_docs,
    reason = "the members are those of the definition's schema"
)]
pub enum Condition {
    /// The values are the same.
    Equals {
        left_value: Value,
        right_value: Value,
    },
    /// Left is the larger number.
    GreaterThan {
        left_value: Value,
        right_value: Value,
    },
    /// Left is not the smaller number.
    GreaterThanOrEqualTo {
        left_value: Value,
        right_value: Value,
    },
    /// Left is the smaller number.
    LessThan {
        left_value: Value,
        right_value: Value,
    },
    /// Left is not the larger number.
    LessThanOrEqualTo {
        left_value: Value,
        right_value: Value,
    },
    /// The value is one of those listed.
    In {
        query_value: Value,
        values: Vec<Value>,
    },
    /// The condition does not hold.
    Not { condition: Box<Condition> },
    /// One of the conditions holds.
    Or { conditions: Vec<Condition> },
}

impl Condition {
    /// Everything in it that may be an expression.
    pub(super) fn values(&self) -> Vec<&Value> {
        match self {
            Self::Equals {
                left_value,
                right_value,
            }
            | Self::GreaterThan {
                left_value,
                right_value,
            }
            | Self::GreaterThanOrEqualTo {
                left_value,
                right_value,
            }
            | Self::LessThan {
                left_value,
                right_value,
            }
            | Self::LessThanOrEqualTo {
                left_value,
                right_value,
            } => vec![left_value, right_value],
            Self::In {
                query_value,
                values,
            } => values.iter().chain([query_value]).collect(),
            Self::Not { condition } => condition.values(),
            Self::Or { conditions } => conditions.iter().flat_map(Self::values).collect(),
        }
    }

    /// Whether it holds; the error is a reason without a full stop.
    pub(super) fn holds(&self, scope: &Scope<'_>) -> Result<bool, String> {
        let ordered = |left: &Value, right: &Value, wanted: fn(Ordering) -> bool| {
            let (left, right) = (scope.evaluate(left)?, scope.evaluate(right)?);
            let order = number(&left)
                .zip(number(&right))
                .and_then(|(left, right)| left.partial_cmp(&right));
            order
                .map(wanted)
                .ok_or_else(|| format!("{left} and {right} are not two numbers to compare"))
        };
        match self {
            Self::Equals {
                left_value,
                right_value,
            } => Ok(equal(
                &scope.evaluate(left_value)?,
                &scope.evaluate(right_value)?,
            )),
            Self::GreaterThan {
                left_value,
                right_value,
            } => ordered(left_value, right_value, Ordering::is_gt),
            Self::GreaterThanOrEqualTo {
                left_value,
                right_value,
            } => ordered(left_value, right_value, Ordering::is_ge),
            Self::LessThan {
                left_value,
                right_value,
            } => ordered(left_value, right_value, Ordering::is_lt),
            Self::LessThanOrEqualTo {
                left_value,
                right_value,
            } => ordered(left_value, right_value, Ordering::is_le),
            Self::In {
                query_value,
                values,
            } => {
                let wanted = scope.evaluate(query_value)?;
                for value in values {
                    if equal(&scope.evaluate(value)?, &wanted) {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not { condition } => condition.holds(scope).map(|holds| !holds),
            Self::Or { conditions } => {
                for condition in conditions {
                    if condition.holds(scope)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }
}

/// A job's hyperparameters and variables are texts, so a text that is a number counts as one beside a number.
fn equal(left: &Value, right: &Value) -> bool {
    if left.is_number() || right.is_number() {
        return number(left)
            .zip(number(right))
            .is_some_and(|(left, right)| left == right);
    }
    match (left, right) {
        (Value::Bool(truth), Value::String(text)) | (Value::String(text), Value::Bool(truth)) => {
            text.eq_ignore_ascii_case(if *truth { "true" } else { "false" })
        }
        _ => left == right,
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|n: &f64| n.is_finite()),
        _ => None,
    }
}
