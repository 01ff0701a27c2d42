//! Lists of jobs.

use super::{Job, JobStatus};
use crate::model::list::Cursor;
use jiff::Timestamp;

/// Which jobs a list shows. Every condition that is given must hold.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(
    missing_docs,
    reason = "the names say it; `after` and `before` leave the instant itself out, as AWS does"
)]
pub struct JobFilter {
    pub name_contains: Option<String>,
    /// Any of these; none given means any.
    pub statuses: Vec<JobStatus>,
    pub created_after: Option<Timestamp>,
    pub created_before: Option<Timestamp>,
    pub modified_after: Option<Timestamp>,
    pub modified_before: Option<Timestamp>,
    /// A part of the job's name, in any case.
    pub matches: Option<String>,
    /// The pipeline that started it.
    pub pipeline: Option<String>,
}

/// What a list of jobs is sorted by; the name breaks ties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum JobSort {
    Name,
    CreationTime,
    /// The status that AWS shows.
    Status,
}

impl JobSort {
    /// The place behind `job` in a list sorted so.
    pub fn behind(self, job: &Job) -> Cursor {
        Cursor {
            value: match self {
                Self::Name => job.name.clone(),
                Self::CreationTime => job.created_at.as_microsecond().to_string(),
                Self::Status => job.status.training_job_status().to_owned(),
            },
            key: job.name.clone(),
        }
    }
}
