//! The command line's side of notebook jobs: its options, the files that go along, and what is taken back when a later
//! step fails. What is sent is in [`crate::model::notebook_job`].

mod files;
mod options;
mod policies;
mod rollback;

pub use files::Files;
pub use options::{Options, Parameters};
pub use policies::{JobPolicies, SchedulePolicies};
pub use rollback::{Rollback, Step};
