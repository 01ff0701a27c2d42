//! Tests of patterns, inputs, deliveries and the service's own events.

mod change;
mod delivery;
mod input;
mod pattern;
