//! The nouns and their lawful changes. Pure: no IO, no async, no clock; `now` is an argument.

pub mod arn;
pub mod event;
pub mod finding;
pub mod job;
pub mod list;
pub mod log;
pub mod naming;
pub mod notebook_job;
pub mod parameter;
pub mod pipeline;
pub mod policy;
pub mod progress;
pub mod retention;
pub mod rule;
pub mod schedule;
pub mod scheduled;
pub mod search;
pub mod session;
pub mod studio;
pub mod tag;
pub mod webhook;
