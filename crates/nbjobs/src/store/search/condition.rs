//! What of an expression SQL can decide: a condition that every match meets. What SQL can't say holds for every row, so
//! `And` and `Or` of such conditions are such conditions again, and the caller's evaluation has the last word.

use super::columns::Table;
use crate::model::search::{Condition, Expression, Join, Kind, Operand, Operator};
use sqlx::{QueryBuilder, Sqlite};

type Query = QueryBuilder<Sqlite>;

/// Microseconds in a millisecond, the unit in which instants are shown.
const MICROS: i64 = 1000;

pub(super) fn push(query: &mut Query, table: &Table, expression: &Expression) {
    match expression {
        Expression::Condition(condition) => push_condition(query, table, condition),
        Expression::Nested(_) => push_any(query),
        Expression::Joined(join, parts) => {
            let word = match join {
                Join::And => " AND ",
                Join::Or => " OR ",
            };
            query.push("(");
            for (i, part) in parts.iter().enumerate() {
                if i > 0 {
                    query.push(word);
                }
                push(query, table, part);
            }
            query.push(")");
        }
    }
}

/// The tags that every match has, with their values.
pub(super) fn required_tags(expression: &Expression) -> Vec<(&str, &str)> {
    match expression {
        Expression::Joined(Join::And, parts) => parts.iter().flat_map(required_tags).collect(),
        Expression::Joined(Join::Or, parts) if parts.len() == 1 => required_tags(&parts[0]),
        Expression::Condition(condition) => {
            match (
                condition.property.tag(),
                condition.test.operator,
                &condition.test.operand,
            ) {
                (Some(key), Operator::Equals, Operand::Text(value)) => vec![(key, value)],
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

fn push_any(query: &mut Query) {
    query.push("1 = 1");
}

fn push_condition(query: &mut Query, table: &Table, condition: &Condition) {
    let property = &condition.property;
    if let Some(key) = property.tag() {
        push_tag(query, table, key, condition);
        return;
    }
    match (table.column(property), property.kind()) {
        (Some(column), Kind::Time) => push_time(query, column, condition),
        (Some(column), Kind::Text) => push_text(query, column, condition, true),
        (None, Kind::Text) => match table.in_spec(property) {
            Some(value) => push_text(query, &value, condition, false),
            None => push_any(query),
        },
        _ => push_any(query),
    }
}

/// A tag is looked up by the resource's key; of an index by value, the one with few rows would have to be known.
fn push_tag(query: &mut Query, table: &Table, key: &str, condition: &Condition) {
    let is_absence = matches!(
        condition.test.operator,
        Operator::NotEquals | Operator::NotExists
    );
    query.push(if is_absence {
        "NOT EXISTS ("
    } else {
        "EXISTS ("
    });
    query.push(format!(
        "SELECT 1 FROM tags WHERE resource = {} AND key = ",
        table.tagged_sql()
    ));
    query.push_bind(key.to_owned());
    match &condition.test.operand {
        Operand::Text(text) if condition.test.operator == Operator::Contains => {
            push_contains(query.push(" AND "), "value", text);
        }
        Operand::Text(text) => {
            query.push(" AND value = ").push_bind(text.clone());
        }
        Operand::AnyOf(texts) => push_in(query.push(" AND "), "value", texts),
        _ => {}
    }
    query.push(")");
}

fn push_contains(query: &mut Query, value: &str, part: &str) {
    query
        .push(format!("instr({value}, "))
        .push_bind(part.to_owned())
        .push(") > 0");
}

fn push_in(query: &mut Query, value: &str, texts: &[String]) {
    query.push(format!("{value} IN ("));
    let mut list = query.separated(", ");
    for text in texts {
        list.push_bind(text.clone());
    }
    query.push(")");
}

/// A text. Of a value in the specification, an empty one may be shown or not, so its absence is not decided here.
fn push_text(query: &mut Query, value: &str, condition: &Condition, is_column: bool) {
    match (condition.test.operator, &condition.test.operand) {
        (Operator::Equals, Operand::Text(text)) => {
            query.push(format!("{value} = ")).push_bind(text.clone());
        }
        (Operator::NotEquals, Operand::Text(text)) if is_column => {
            query
                .push(format!("({value}) IS NOT "))
                .push_bind(text.clone());
        }
        (Operator::Contains, Operand::Text(part)) => push_contains(query, value, part),
        (Operator::In, Operand::AnyOf(texts)) => push_in(query, value, texts),
        (Operator::Exists, _) => {
            query.push(format!("{value} IS NOT NULL"));
        }
        (Operator::NotExists, _) if is_column => {
            query.push(format!("{value} IS NULL"));
        }
        _ => push_any(query),
    }
}

/// An instant, which is shown in whole milliseconds.
fn push_time(query: &mut Query, column: &str, condition: &Condition) {
    let Operand::Millisecond(at) = condition.test.operand else {
        query.push(match condition.test.operator {
            Operator::NotExists => format!("{column} IS NULL"),
            _ => format!("{column} IS NOT NULL"),
        });
        return;
    };
    let first = at.saturating_mul(MICROS);
    let next = first.saturating_add(MICROS);
    let mut compare = |sign: &str, micros: i64| {
        query.push(format!("{column} {sign} ")).push_bind(micros);
    };
    match condition.test.operator {
        Operator::GreaterThan => compare(">=", next),
        Operator::GreaterThanOrEqualTo => compare(">=", first),
        Operator::LessThan => compare("<", first),
        Operator::LessThanOrEqualTo => compare("<", next),
        Operator::Equals => {
            compare(">=", first);
            query.push(format!(" AND {column} < ")).push_bind(next);
        }
        _ => push_any(query),
    }
}
