//! A page of a sorted list, in SQL.

use crate::model::list::Cursor;
use sqlx::{QueryBuilder, Sqlite};

/// What a page is sorted by, as columns.
pub(super) struct Columns<'a> {
    /// The sort value.
    pub value: &'a str,
    /// Whether it is a number.
    pub is_number: bool,
    /// The column that breaks ties: unique.
    pub key: &'static str,
}

/// Appends what makes a query with a WHERE clause one page of a list: behind `after`, sorted, at most `limit` rows.
pub(super) fn push(
    query: &mut QueryBuilder<Sqlite>,
    columns: &Columns<'_>,
    descending: bool,
    after: Option<&Cursor>,
    limit: u32,
) {
    let Columns {
        value,
        is_number,
        key,
    } = columns;
    let (direction, beyond) = if descending {
        ("DESC", "<")
    } else {
        ("ASC", ">")
    };
    if let Some(cursor) = after {
        query.push(format!(" AND ({value}, {key}) {beyond} ("));
        if *is_number {
            // A forged token only begins the page elsewhere.
            query.push_bind(cursor.value.parse::<i64>().unwrap_or_default());
        } else {
            query.push_bind(&cursor.value);
        }
        query.push(", ").push_bind(&cursor.key).push(")");
    }
    query.push(format!(
        " ORDER BY {value} {direction}, {key} {direction} LIMIT "
    ));
    query.push_bind(i64::from(limit));
}
