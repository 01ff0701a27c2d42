//! SageMaker's search expressions: conditions on the properties of a document, joined by `And` and `Or`, nested.
//! Pure; knows no rows. The same expression is the judge here and, as far as that is sensible, SQL in the store.

mod evaluate;
mod expression;
mod property;
#[cfg(test)]
mod tests;

pub use expression::{
    CONDITIONS_MAX, Condition, Expression, Join, LIST_MAX, Nested, Operand, Operator, Test,
};
pub use property::{Kind, Property, Resource};

use super::list::{Cursor, Order};

/// One search.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// Which resources are found; none given means all.
    pub expression: Option<Expression>,
    /// By which property they are sorted. A resource that lacks it counts as having the least value.
    pub order: Order<Property>,
    /// Behind which place the page begins.
    pub after: Option<Cursor>,
    /// Most results of the page.
    pub limit: u32,
}

/// Why an expression is refused, in a sentence that names the part that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSearch(pub String);
