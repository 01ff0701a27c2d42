//! Logs of runs, as CloudWatch Logs shows those of training jobs: one group, a stream per run.

use super::{App, Error, Result};
use crate::model::job::Job;
use crate::model::log::{LogEvent, LogEventFilter, LogStream};
use jiff::Timestamp;

/// The log group of all runs.
pub const GROUP: &str = "/aws/sagemaker/TrainingJobs";

/// The stream of one run. SageMaker's agents name it after the job, the host and the moment of the start.
pub fn stream_name(job: &str, attempt: u32, started_at: Timestamp) -> String {
    let again = if attempt > 1 {
        format!("-{attempt}")
    } else {
        String::new()
    };
    format!("{job}/algo-1{again}-{}", started_at.as_second())
}

/// Streams whose names begin with `prefix`.
pub async fn streams(
    app: &App,
    group: &str,
    prefix: &str,
    by_time: bool,
    descending: bool,
    offset: u32,
    limit: u32,
) -> Result<Vec<LogStream>> {
    check_group(group)?;
    Ok(app
        .store
        .log_streams(group, prefix, by_time, descending, offset, limit)
        .await?)
}

/// A page of events, oldest first, or newest first when `descending`, and whether there are more.
pub async fn events(
    app: &App,
    group: &str,
    filter: &LogEventFilter,
    descending: bool,
    limit: u32,
) -> Result<(Vec<LogEvent>, bool)> {
    check_group(group)?;
    Ok(app
        .store
        .log_events(group, filter, descending, limit)
        .await?)
}

/// The log of one job, all its attempts: a page of events, and whether there are more.
pub async fn of_job(
    app: &App,
    job: &Job,
    after_id: Option<i64>,
    descending: bool,
    limit: u32,
) -> Result<(Vec<LogEvent>, bool)> {
    let Some(last) = app.store.attempt(&job.name).await? else {
        return Ok((Vec::new(), false));
    };
    let attempts = 1..=last.lease.attempt;
    let filter = LogEventFilter {
        streams: attempts
            .map(|attempt| stream_name(&job.name, attempt, job.created_at))
            .collect(),
        after_id,
        ..LogEventFilter::default()
    };
    Ok(app
        .store
        .log_events(GROUP, &filter, descending, limit)
        .await?)
}

fn check_group(group: &str) -> Result<()> {
    if group == GROUP {
        Ok(())
    } else {
        Err(Error::NotFound(
            "The specified log group does not exist.".into(),
        ))
    }
}
