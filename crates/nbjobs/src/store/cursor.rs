//! Where the next page of a list begins.

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
pub struct Order {
    /// By what.
    pub by: Sort,
    /// Largest first.
    pub descending: bool,
}

impl Order {
    /// SQL's direction, and the comparison that leads behind a row.
    pub(super) fn words(self) -> (&'static str, &'static str) {
        if self.descending {
            ("DESC", "<")
        } else {
            ("ASC", ">")
        }
    }
}
