//! How a list is sorted, and where the next page of it begins.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A place behind one row of a sorted list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The row's sort value: its name, or microseconds since 1970.
    pub value: String,
    /// The row's key, which breaks ties.
    pub key: String,
}

/// What a list is sorted by; the key breaks ties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// The rows' own names.
    Name,
    /// When they were made.
    CreationTime,
}

/// How a list is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order<S = Sort> {
    /// By what.
    pub by: S,
    /// Largest first.
    pub descending: bool,
}

impl Cursor {
    /// The place behind a row with this name, moment of making and key, in a list sorted by `by`.
    pub fn behind(by: Sort, name: &str, created_at: Timestamp, key: &str) -> Self {
        let value = match by {
            Sort::Name => name.to_owned(),
            Sort::CreationTime => created_at.as_microsecond().to_string(),
        };
        Self {
            value,
            key: key.to_owned(),
        }
    }
}
