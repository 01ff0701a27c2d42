//! Tests through the doors of the real binary.

#![allow(
    clippy::disallowed_methods,
    reason = "tests start the program and tell it its environment"
)]
#![allow(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

mod cli;
mod oracle;
mod rules;
mod run;
mod s3;
mod serve;
mod ssm;
mod support;
mod tidy;
