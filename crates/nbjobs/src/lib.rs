//! nbjobs: SageMaker Studio's Notebook Jobs, self-hosted.
//!
//! The modules in reading order: [`model`] nouns, [`clock`] time, [`config`] settings, [`store`] rows, [`objects`]
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
pub mod fd;
pub mod model;
pub mod objects;
pub mod rundir;
pub mod store;
