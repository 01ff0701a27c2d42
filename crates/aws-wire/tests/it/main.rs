//! Tests of the AWS protocols against the vendor's own client, and by property.

#![allow(clippy::unwrap_used)] // clippy only knows `#[test]` functions as tests, not their helpers

mod botocore;
mod properties;
