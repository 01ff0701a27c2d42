//! nbjobs: SageMaker Studio's Notebook Jobs, self-hosted.
//!
//! The modules in reading order: [`model`] nouns, [`clock`] time, [`config`] settings, [`metrics`] numbers, [`store`] rows, [`objects`]
//! bytes, [`rundir`] the folder between server and driver, [`backend`] where attempts run, [`driver`] the program
//! that runs one, [`app`] verbs, [`engine`] what happens without a caller, [`api`] doors for programs,
//! [`console`] the door for people, [`cli`] wiring.
//! ARCHITECTURE.md says which may use which; a test keeps it.

pub mod api;
pub mod app;
pub mod backend;
pub mod cli;
pub mod clock;
pub mod config;
pub mod console;
pub mod driver;
pub mod engine;
#[cfg(test)]
mod faults;
pub mod fd;
pub mod metrics;
pub mod model;
pub mod objects;
#[cfg(test)]
#[path = "../tests/it/support/promise.rs"]
mod promise;
pub mod rundir;
#[cfg(test)]
mod simulation;
pub mod store;
