//! Tests of schedule expressions.

mod due;
mod expressions;
mod properties;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse()
        .unwrap_or_else(|_| format!("{text}:00Z").parse().unwrap())
}

fn schedule(text: &str) -> Schedule {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}
