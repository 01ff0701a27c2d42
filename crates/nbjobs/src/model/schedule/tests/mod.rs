//! Tests of schedule expressions.

mod due;
mod expressions;
mod properties;
mod timing;
mod unix;
mod words;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse()
        .unwrap_or_else(|_| format!("{text}:00Z").parse().unwrap())
}

fn schedule(text: &str) -> Expression {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn timing_of(text: &str) -> Timing {
    Timing::of_rule(schedule(text))
}
