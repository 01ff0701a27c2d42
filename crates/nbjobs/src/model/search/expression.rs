//! An expression whose every part is known to be meaningful.

use super::property::LISTS;
use super::{InvalidSearch, Kind, Property};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// Most conditions in a whole expression (SageMaker).
pub const CONDITIONS_MAX: usize = 50;
/// Most parts of one list of filters, nested filters or expressions (SageMaker).
pub const LIST_MAX: usize = 20;
/// The longest value, in characters (`FilterValue`).
const VALUE_CHARS_MAX: usize = 1024;

/// How the parts of an expression are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Join {
    /// Every part must hold.
    #[default]
    And,
    /// One part must.
    Or,
}

/// SageMaker's operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "SageMaker documents them")]
pub enum Operator {
    Equals,
    NotEquals,
    GreaterThan,
    GreaterThanOrEqualTo,
    LessThan,
    LessThanOrEqualTo,
    Contains,
    Exists,
    NotExists,
    In,
}

/// What a property is compared with, read as the property's kind wants it.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// Nothing: it is asked whether the property is there.
    None,
    /// One text.
    Text(String),
    /// Any of these texts.
    AnyOf(Vec<String>),
    /// A number.
    Number(f64),
    /// A number for a hyperparameter, with the text as it was given: whole numbers compare with whole parts.
    Decimal(f64, String),
    /// An instant, in milliseconds since 1970.
    Millisecond(i64),
    /// Yes or no.
    Boolean(bool),
}

/// What must hold of a property's value.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// How it is compared.
    pub operator: Operator,
    /// With what.
    pub operand: Operand,
}

/// A test of one property: SageMaker's `Filter`.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Which property.
    pub property: Property,
    /// What must hold of it.
    pub test: Test,
}

/// Conditions on one item of a list: SageMaker's `NestedFilters`.
#[derive(Clone, Debug, PartialEq)]
pub struct Nested {
    list: Property,
    conditions: Vec<Condition>,
}

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// One condition.
    Condition(Condition),
    /// Conditions that one item of a list must meet, all of them.
    Nested(Nested),
    /// Expressions joined.
    Joined(Join, Vec<Expression>),
}

impl Operator {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Equals,
        Self::NotEquals,
        Self::GreaterThan,
        Self::GreaterThanOrEqualTo,
        Self::LessThan,
        Self::LessThanOrEqualTo,
        Self::Contains,
        Self::Exists,
        Self::NotExists,
        Self::In,
    ];

    /// SageMaker's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equals => "Equals",
            Self::NotEquals => "NotEquals",
            Self::GreaterThan => "GreaterThan",
            Self::GreaterThanOrEqualTo => "GreaterThanOrEqualTo",
            Self::LessThan => "LessThan",
            Self::LessThanOrEqualTo => "LessThanOrEqualTo",
            Self::Contains => "Contains",
            Self::Exists => "Exists",
            Self::NotExists => "NotExists",
            Self::In => "In",
        }
    }

    fn fits(self, kind: Kind) -> bool {
        use Operator::{Contains, Equals, Exists, In, NotEquals, NotExists};
        match self {
            Exists | NotExists => true,
            Equals | NotEquals => kind != Kind::Group,
            Contains | In => matches!(kind, Kind::Text | Kind::HyperParameter),
            _ => matches!(kind, Kind::Number | Kind::Time | Kind::HyperParameter),
        }
    }
}

impl Condition {
    /// Makes a condition. Without an operator, a value means equality, as SageMaker documents.
    pub fn new(
        property: Property,
        operator: Option<Operator>,
        value: Option<&str>,
    ) -> Result<Self, InvalidSearch> {
        let name = property.name();
        let operator = match (operator, value) {
            (Some(operator), _) => operator,
            (None, Some(_)) => Operator::Equals,
            (None, None) => {
                return Err(InvalidSearch(format!(
                    "The filter on '{name}' has neither an Operator nor a Value"
                )));
            }
        };
        if !operator.fits(property.kind()) {
            return Err(InvalidSearch(format!(
                "The operator {} is not supported for the property '{name}'",
                operator.as_str()
            )));
        }
        let operand = operand(&property, operator, value)?;
        Ok(Self {
            property,
            test: Test { operator, operand },
        })
    }
}

fn operand(
    property: &Property,
    operator: Operator,
    value: Option<&str>,
) -> Result<Operand, InvalidSearch> {
    let name = property.name();
    let value = match (operator, value) {
        (Operator::Exists | Operator::NotExists, None) => return Ok(Operand::None),
        (Operator::Exists | Operator::NotExists, Some(_)) => {
            return Err(InvalidSearch(format!(
                "The filter on '{name}' has a Value, which {} does not take",
                operator.as_str()
            )));
        }
        (_, None) => {
            return Err(InvalidSearch(format!(
                "The filter on '{name}' has no Value, which {} needs",
                operator.as_str()
            )));
        }
        (_, Some(value)) => value,
    };
    if !(1..=VALUE_CHARS_MAX).contains(&value.chars().count()) {
        return Err(InvalidSearch(format!(
            "The Value of the filter on '{name}' must have 1 to {VALUE_CHARS_MAX} characters"
        )));
    }
    let wrong = |wanted: &str| {
        InvalidSearch(format!(
            "The Value '{value}' of the filter on '{name}' must be {wanted}"
        ))
    };
    if operator == Operator::In {
        return Ok(Operand::AnyOf(
            value
                .split(',')
                .map(|part| part.trim().to_owned())
                .collect(),
        ));
    }
    match property.kind() {
        Kind::Text => Ok(Operand::Text(value.to_owned())),
        Kind::Number => number(value)
            .map(Operand::Number)
            .ok_or_else(|| wrong("a number")),
        Kind::Time => millisecond(value)
            .map(Operand::Millisecond)
            .ok_or_else(|| wrong("an ISO 8601 date-time such as 2022-12-25T15:23:04")),
        Kind::Boolean => value
            .parse()
            .map(Operand::Boolean)
            .map_err(|_| wrong("true or false")),
        Kind::HyperParameter => match (number(value), operator) {
            (_, Operator::Contains) | (None, Operator::Equals | Operator::NotEquals) => {
                Ok(Operand::Text(value.to_owned()))
            }
            (Some(number), _) => Ok(Operand::Decimal(number, value.to_owned())),
            (None, _) => Err(wrong("a number")),
        },
        Kind::Group => Ok(Operand::None),
    }
}

/// A finite number.
pub(super) fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// ISO 8601; without an offset it is UTC, without a time it is midnight.
fn millisecond(text: &str) -> Option<i64> {
    let utc = |at: DateTime| TimeZone::UTC.to_timestamp(at).ok();
    let at = text
        .parse::<Timestamp>()
        .ok()
        .or_else(|| utc(text.parse::<DateTime>().ok()?))
        .or_else(|| utc(text.parse::<Date>().ok()?.into()))?;
    Some(at.as_millisecond())
}

impl Nested {
    /// Makes a nested filter. Its conditions are on properties of the list's items.
    pub fn new(list: Property, conditions: Vec<Condition>) -> Result<Self, InvalidSearch> {
        let name = list.name();
        if !LISTS.contains(&name) {
            return Err(InvalidSearch(format!(
                "NestedPropertyName '{name}' is not a list of structures; it must be one of {}",
                LISTS.join(", ")
            )));
        }
        if conditions.is_empty() {
            return Err(InvalidSearch(format!(
                "The nested filter on '{name}' has no Filters"
            )));
        }
        let below = |condition: &Condition| {
            let rest = condition.property.name().strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with('.'))
        };
        if let Some(stray) = conditions.iter().find(|condition| !below(condition)) {
            return Err(InvalidSearch(format!(
                "The property '{}' is not below NestedPropertyName '{name}'",
                stray.property.name()
            )));
        }
        Ok(Self { list, conditions })
    }

    pub(super) fn list(&self) -> &Property {
        &self.list
    }

    pub(super) fn conditions(&self) -> &[Condition] {
        &self.conditions
    }
}

impl Expression {
    /// How many conditions it has.
    pub fn count(&self) -> usize {
        match self {
            Self::Condition(_) => 1,
            Self::Nested(nested) => nested.conditions.len(),
            Self::Joined(_, parts) => parts.iter().map(Self::count).sum(),
        }
    }
}
