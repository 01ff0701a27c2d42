//! Tests through the doors of the real binary.

#![allow(
    clippy::disallowed_methods,
    reason = "tests start the program and tell it its environment"
)]

mod rules;
mod serve;
mod support;
mod tidy;
