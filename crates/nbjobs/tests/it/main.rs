//! Tests through the doors of the real binary.

mod serve;
mod support;
