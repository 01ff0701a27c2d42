//! Whether an expression holds of a document.

use super::expression::number;
use super::{Condition, Expression, Join, Nested, Operand, Operator, Test};
use serde_json::Value;
use std::cmp::Ordering;

impl Expression {
    /// Whether it holds of a document as the Describe operation shows it, with `Tags` as a list of keys and values.
    pub fn matches(&self, document: &Value) -> bool {
        match self {
            Self::Condition(condition) => condition.matches(document),
            Self::Nested(nested) => nested.matches(document),
            Self::Joined(Join::And, parts) => parts.iter().all(|part| part.matches(document)),
            Self::Joined(Join::Or, parts) => parts.iter().any(|part| part.matches(document)),
        }
    }
}

impl Condition {
    fn matches(&self, document: &Value) -> bool {
        self.test.matches(&values(document, &self.property.steps()))
    }
}

impl Nested {
    fn matches(&self, document: &Value) -> bool {
        let steps = self.list().steps().len();
        let items = values(document, &self.list().steps());
        items.iter().any(|item| {
            self.conditions().iter().all(|condition| {
                let inner = condition.property.steps();
                condition.test.matches(&values(item, &inner[steps..]))
            })
        })
    }
}

/// The values at a path; a list on the way stands for its items.
fn values<'a>(value: &'a Value, steps: &[&str]) -> Vec<&'a Value> {
    match (value, steps) {
        (Value::Array(items), _) if !is_tags(items) => {
            items.iter().flat_map(|item| values(item, steps)).collect()
        }
        (Value::Array(tags), [key]) => tags
            .iter()
            .filter(|tag| tag["Key"] == **key)
            .map(|tag| &tag["Value"])
            .collect(),
        (Value::Null, _) => Vec::new(),
        (value, []) => vec![value],
        (value, [step, rest @ ..]) => value
            .get(step)
            .map_or_else(Vec::new, |inner| values(inner, rest)),
    }
}

fn is_tags(items: &[Value]) -> bool {
    items
        .first()
        .is_some_and(|item| item.get("Key").is_some() && item.get("Value").is_some())
}

impl Test {
    /// Whether it holds of a property's values. A property without any value differs from every value.
    pub fn matches(&self, values: &[&Value]) -> bool {
        match self.operator {
            Operator::Exists => !values.is_empty(),
            Operator::NotExists => values.is_empty(),
            Operator::NotEquals => !values.iter().any(|value| self.equals(value)),
            Operator::Equals | Operator::In => values.iter().any(|value| self.equals(value)),
            Operator::Contains => values.iter().any(|value| self.is_part(value)),
            Operator::GreaterThan => self.any_is(values, &[Ordering::Greater]),
            Operator::GreaterThanOrEqualTo => {
                self.any_is(values, &[Ordering::Greater, Ordering::Equal])
            }
            Operator::LessThan => self.any_is(values, &[Ordering::Less]),
            Operator::LessThanOrEqualTo => self.any_is(values, &[Ordering::Less, Ordering::Equal]),
        }
    }

    fn is_part(&self, value: &Value) -> bool {
        match (&self.operand, value) {
            (Operand::Text(part), Value::String(text)) => text.contains(part),
            _ => false,
        }
    }

    fn equals(&self, value: &Value) -> bool {
        match (&self.operand, value) {
            (Operand::Text(wanted), Value::String(text)) => wanted == text,
            (Operand::Decimal(_, wanted), Value::String(text)) if wanted == text => true,
            (Operand::AnyOf(wanted), Value::String(text)) => wanted.contains(text),
            (Operand::Boolean(wanted), Value::Bool(flag)) => wanted == flag,
            _ => self.order(value) == Some(Ordering::Equal),
        }
    }

    fn any_is(&self, values: &[&Value], orders: &[Ordering]) -> bool {
        values
            .iter()
            .filter_map(|value| self.order(value))
            .any(|order| orders.contains(&order))
    }

    /// How the value stands to the operand, where both have an order.
    fn order(&self, value: &Value) -> Option<Ordering> {
        match &self.operand {
            Operand::Number(wanted) => value.as_f64()?.partial_cmp(wanted),
            Operand::Millisecond(wanted) => {
                Some(((value.as_f64()? * 1000.0).round() as i64).cmp(wanted))
            }
            Operand::Decimal(wanted, text) => {
                let found = number(value.as_str()?)?;
                // SageMaker: compared with a whole number, a decimal counts as its whole part.
                let is_whole = text.parse::<i64>().is_ok();
                (if is_whole { found.trunc() } else { found }).partial_cmp(wanted)
            }
            _ => None,
        }
    }
}
