//! nbjobs: SageMaker Studio's Notebook Jobs, self-hosted.
//!
//! The modules in reading order; each may use those above it that its row in
//! ARCHITECTURE.md names (`tests/it/tidy.rs` keeps that table):
//! [`model`] nouns, [`clock`] time, [`config`] settings, [`store`] rows, [`objects`] bytes,
//! [`backend`] where attempts run, [`driver`] the program that runs one attempt, [`app`] verbs,
//! [`engine`] what happens without a caller, [`api`] doors for programs, [`cli`] wiring.

pub mod api;
pub mod app;
pub mod backend;
pub mod cli;
pub mod clock;
pub mod config;
pub mod driver;
pub mod engine;
pub mod model;
pub mod objects;
pub mod rundir;
pub mod store;
