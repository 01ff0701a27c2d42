//! Log groups, as CloudWatch Logs shows them: the logs of runs (one group, a stream per run), the dead letters of rules
//! (one group, a stream per rule), and groups that somebody made as targets of rules.

use super::constraint::pattern;
use super::{App, Error, Result};
use crate::model::job::Job;
use crate::model::log::{LogEvent, LogEventFilter, LogStream};
use crate::store::Tx;
use jiff::Timestamp;

/// The log group of all runs.
pub const GROUP: &str = "/aws/sagemaker/TrainingJobs";

/// The log group of deliveries that were given up; a stream per rule.
pub const DEAD_LETTERS: &str = "/aws/events/dead-letter";

/// The groups that are there from the first start.
const OWN_GROUPS: [&str; 2] = [DEAD_LETTERS, GROUP];
/// Most groups that can be made. CloudWatch's quota is larger; these are read as a whole.
pub const GROUPS_MAX: usize = 1000;
const GROUP_LEN_MAX: usize = 512;

/// A log group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// All log groups, by name.
pub async fn groups(app: &App) -> Result<Vec<Group>> {
    let mut groups: Vec<Group> = OWN_GROUPS
        .iter()
        .map(|name| Group {
            name: (*name).to_owned(),
            created_at: app.since,
        })
        .collect();
    let made = app.store.log_groups().await?.into_iter();
    groups.extend(made.map(|(name, created_at)| Group { name, created_at }));
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(groups)
}

/// Makes a log group.
pub async fn create_group(app: &App, name: &str) -> Result<()> {
    check_group_name(name)?;
    let exists = || Error::Exists("The specified log group already exists".into());
    if OWN_GROUPS.contains(&name) {
        return Err(exists());
    }
    if app.store.log_groups().await?.len() >= GROUPS_MAX {
        return Err(Error::Limit(format!(
            "There are {GROUPS_MAX} log groups, the most that can be"
        )));
    }
    let mut tx = app.store.tx().await?;
    if !tx.insert_log_group(name, app.clock.now()).await? {
        return Err(exists());
    }
    Ok(tx.commit().await?)
}

/// Removes a log group that somebody made, with all that is in it.
pub async fn delete_group(app: &App, name: &str) -> Result<()> {
    check_group_name(name)?;
    if OWN_GROUPS.contains(&name) {
        return Err(Error::Invalid(format!(
            "The log group {name} is the service's own and cannot be deleted"
        )));
    }
    let mut tx = app.store.tx().await?;
    if !tx.delete_log_group(name).await? {
        return Err(group_not_found());
    }
    Ok(tx.commit().await?)
}

/// Appends one event to a stream of a log group, which is made if it is not there. `false` if there is no such group.
pub async fn append(
    tx: &mut Tx,
    group: &str,
    stream: &str,
    message: String,
    now: Timestamp,
) -> anyhow::Result<bool> {
    if !OWN_GROUPS.contains(&group) && !tx.has_log_group(group).await? {
        return Ok(false);
    }
    tx.create_log_stream(group, stream, now).await?;
    tx.append_log(group, stream, &[message], now).await?;
    Ok(true)
}

fn check_group_name(name: &str) -> Result<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-/#".contains(c);
    let fits = (1..=GROUP_LEN_MAX).contains(&name.len()) && name.chars().all(fits);
    pattern(fits, name, "logGroupName", "[\\.\\-_/#A-Za-z0-9]+")
}

fn group_not_found() -> Error {
    Error::NotFound("The specified log group does not exist.".into())
}

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
    check_group(app, group).await?;
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
    check_group(app, group).await?;
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

async fn check_group(app: &App, group: &str) -> Result<()> {
    if OWN_GROUPS.contains(&group) {
        return Ok(());
    }
    let made = app.store.log_groups().await?;
    match made.iter().any(|(name, _)| name == group) {
        true => Ok(()),
        false => Err(group_not_found()),
    }
}
