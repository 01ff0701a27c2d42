//! Policies on the command line: an option for each tag with the prefix `nbjobs:`.

use crate::model::policy;
use crate::model::tag::Tag;

macro_rules! reader {
    ($name:ident, $key:expr) => {
        fn $name(value: &str) -> Result<Tag, String> {
            tag($key, value)
        }
    };
}
reader!(overlap, policy::OVERLAP);
reader!(missed_runs, policy::MISSED_RUNS);
reader!(catch_up_window, policy::CATCH_UP_WINDOW);
reader!(start_jitter, policy::START_JITTER);
reader!(pause_after_failures, policy::PAUSE_AFTER_FAILURES);
reader!(retries, policy::RETRIES);
reader!(retry_backoff, policy::RETRY_BACKOFF);
reader!(attempt_timeout, policy::ATTEMPT_TIMEOUT);
reader!(max_concurrent, policy::MAX_CONCURRENT);
reader!(priority, policy::PRIORITY);
reader!(keep_runs, policy::KEEP_RUNS);
reader!(keep_for, policy::KEEP_FOR);

/// What a run does in odd cases. See docs/policies.md.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Policies")]
pub struct JobPolicies {
    /// How many more attempts a run whose notebook fails has [default: 0]
    #[arg(long, value_name = "N", value_parser = retries)]
    retries: Option<Tag>,
    /// How long after a failure the next attempt begins, such as 5m; each further one waits twice as long [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = retry_backoff)]
    retry_backoff: Option<Tag>,
    /// How long one attempt may take, such as 2h
    #[arg(long, value_name = "DURATION", value_parser = attempt_timeout)]
    attempt_timeout: Option<Tag>,
    /// Of the runs that wait, those with the highest start first: from -100 to 100 [default: 0]
    #[arg(long, value_name = "N", value_parser = priority, allow_negative_numbers = true)]
    priority: Option<Tag>,
    /// Delete a run so long after its end, such as 90d [default: never]
    #[arg(long, value_name = "DURATION", value_parser = keep_for)]
    keep_for: Option<Tag>,
}

/// What a definition's schedule and its runs do in odd cases. See docs/policies.md.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Policies")]
pub struct SchedulePolicies {
    /// A run is due while an earlier one goes on: allow, skip, queue or replace [default: allow]
    #[arg(long, value_name = "POLICY", value_parser = overlap)]
    overlap: Option<Tag>,
    /// Runs were missed while the service was down: skip, once or all [default: once]
    #[arg(long, value_name = "POLICY", value_parser = missed_runs)]
    missed_runs: Option<Tag>,
    /// How old a missed run may be and still start, such as 90m or 2d [default: 24h]
    #[arg(long, value_name = "DURATION", value_parser = catch_up_window)]
    catch_up_window: Option<Tag>,
    /// Start each run up to so long after it is due, such as 5m, always the same for the same moment
    #[arg(long, value_name = "DURATION", value_parser = start_jitter)]
    start_jitter: Option<Tag>,
    /// Pause the schedule when so many runs in a row have failed
    #[arg(long, value_name = "N", value_parser = pause_after_failures)]
    pause_after_failures: Option<Tag>,
    /// Let so many runs at most go on at a time; the others wait [default: no limit]
    #[arg(long, value_name = "N", value_parser = max_concurrent)]
    max_concurrent: Option<Tag>,
    /// Keep only so many runs that have ended, the latest [default: all]
    #[arg(long, value_name = "N", value_parser = keep_runs)]
    keep_runs: Option<Tag>,
    #[command(flatten)]
    job: JobPolicies,
}

impl JobPolicies {
    /// The tags that say the same.
    pub fn tags(self) -> Vec<Tag> {
        [
            self.retries,
            self.retry_backoff,
            self.attempt_timeout,
            self.priority,
            self.keep_for,
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl SchedulePolicies {
    /// The tags that say the same.
    pub fn tags(self) -> Vec<Tag> {
        let own = [
            self.overlap,
            self.missed_runs,
            self.catch_up_window,
            self.start_jitter,
            self.pause_after_failures,
            self.max_concurrent,
            self.keep_runs,
        ];
        own.into_iter().flatten().chain(self.job.tags()).collect()
    }
}

fn tag(key: &str, value: &str) -> Result<Tag, String> {
    let tag = Tag {
        key: key.to_owned(),
        value: value.to_owned(),
    };
    policy::check(std::slice::from_ref(&tag))?;
    Ok(tag)
}
