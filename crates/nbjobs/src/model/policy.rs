//! What a user may ask beyond AWS's own fields: tags with the prefix `nbjobs:`, so that every client can set them,
//! AWS's UI included. docs/policies.md says what each does. Knows no rows and no doors.

use super::schedule::{CATCH_UP_DEFAULT, CatchUp, MissedRuns};
use super::tag::Tag;
use jiff::SignedDuration;

/// What all tags of ours begin with; such a key that is none of them is refused, because it is a slip.
pub const PREFIX: &str = "nbjobs:";

/// A run is due while an earlier one goes on: see [`Overlap`].
pub const OVERLAP: &str = "nbjobs:overlap";
/// Runs were missed: see [`MissedRuns`].
pub const MISSED_RUNS: &str = "nbjobs:missed-runs";
/// How old a missed run may be and still start.
pub const CATCH_UP_WINDOW: &str = "nbjobs:catch-up-window";
/// How long after it is due a run starts at most.
pub const START_JITTER: &str = "nbjobs:start-jitter";
/// So many failed runs in a row pause the schedule.
pub const PAUSE_AFTER_FAILURES: &str = "nbjobs:pause-after-failures";
/// How many more attempts a job whose notebook fails has.
pub const RETRIES: &str = "nbjobs:retries";
/// How long after its failure a job's second attempt begins; each further one waits twice as long.
pub const RETRY_BACKOFF: &str = "nbjobs:retry-backoff";
/// How long one attempt may take.
pub const ATTEMPT_TIMEOUT: &str = "nbjobs:attempt-timeout";
/// How many jobs of a pipeline run at a time.
pub const MAX_CONCURRENT: &str = "nbjobs:max-concurrent";
/// Which of the jobs that wait gets the next place: the one with the highest.
pub const PRIORITY: &str = "nbjobs:priority";
/// How many of a pipeline's executions that have ended are kept: the latest. See [`super::retention`].
pub const KEEP_RUNS: &str = "nbjobs:keep-runs";
/// How long a run is kept after its end.
pub const KEEP_FOR: &str = "nbjobs:keep-for";

/// Most further attempts, as SageMaker's `MaximumRetryAttempts`.
const RETRIES_MAX: i64 = 30;
/// See [`RETRY_BACKOFF`].
const RETRY_BACKOFF_DEFAULT: SignedDuration = SignedDuration::from_secs(30);
/// No attempt waits longer than this, unless the first wait is longer.
const RETRY_BACKOFF_MAX: SignedDuration = SignedDuration::from_hours(1);

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What happens to a due moment when an earlier run has not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overlap {
    /// It starts all the same, as on AWS.
    #[default]
    Allow,
    /// It does not start.
    Skip,
    /// It starts when the earlier run has ended.
    Queue,
    /// The earlier run is stopped, then it starts.
    Replace,
}

/// What tags say; a field is none when its tag is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is the tag of its name")]
pub struct Policies {
    pub overlap: Option<Overlap>,
    pub missed_runs: Option<MissedRuns>,
    pub catch_up_window: Option<SignedDuration>,
    pub start_jitter: Option<SignedDuration>,
    pub pause_after_failures: Option<u32>,
    pub retries: Option<u32>,
    pub retry_backoff: Option<SignedDuration>,
    pub attempt_timeout: Option<SignedDuration>,
    pub max_concurrent: Option<u32>,
    pub priority: Option<i32>,
    pub keep_runs: Option<u32>,
    pub keep_for: Option<SignedDuration>,
}

impl Policies {
    /// What these tags say. A value that cannot be read counts as absent: [`check`] refused it when it was to be set.
    pub fn of(tags: &[Tag]) -> Self {
        let mut policies = Self::default();
        for tag in tags {
            // What is refused changes nothing.
            let _ = policies.set(tag);
        }
        policies
    }

    /// These, and where they say nothing, `others`.
    pub fn or(self, others: Self) -> Self {
        Self {
            overlap: self.overlap.or(others.overlap),
            missed_runs: self.missed_runs.or(others.missed_runs),
            catch_up_window: self.catch_up_window.or(others.catch_up_window),
            start_jitter: self.start_jitter.or(others.start_jitter),
            pause_after_failures: self.pause_after_failures.or(others.pause_after_failures),
            retries: self.retries.or(others.retries),
            retry_backoff: self.retry_backoff.or(others.retry_backoff),
            attempt_timeout: self.attempt_timeout.or(others.attempt_timeout),
            max_concurrent: self.max_concurrent.or(others.max_concurrent),
            priority: self.priority.or(others.priority),
            keep_runs: self.keep_runs.or(others.keep_runs),
            keep_for: self.keep_for.or(others.keep_for),
        }
    }

    /// What happens to moments that passed while nobody looked.
    pub fn catch_up(&self) -> CatchUp {
        CatchUp {
            runs: self.missed_runs.unwrap_or_default(),
            window: self.catch_up_window.unwrap_or(CATCH_UP_DEFAULT),
        }
    }

    /// How long after the failure of an attempt, counted from 1, the next one begins.
    pub fn backoff(&self, attempt: u32) -> SignedDuration {
        let first = self.retry_backoff.unwrap_or(RETRY_BACKOFF_DEFAULT);
        let doublings = attempt.saturating_sub(1).min(16);
        let longest = first.max(RETRY_BACKOFF_MAX);
        first.saturating_mul(1 << doublings).min(longest)
    }

    fn set(&mut self, tag: &Tag) -> Result<(), String> {
        let wrong =
            |what: &str| format!("the tag {} has the value '{}'; {what}", tag.key, tag.value);
        let number = |low: i64, high: i64| {
            let number: Option<i64> = tag.value.parse().ok();
            let number = number.filter(|n| (low..=high).contains(n));
            number.ok_or_else(|| wrong(&format!("it must be a whole number from {low} to {high}")))
        };
        let count = |high: i64| number(1, high).map(|n| u32::try_from(n).ok());
        let span = |low: SignedDuration, high: SignedDuration| {
            let span = duration(&tag.value).filter(|span| (low..=high).contains(span));
            span.ok_or_else(|| {
                let (low, high) = (text(low), text(high));
                wrong(&format!("it must be a number and s, m, h or d, such as 90s, 15m, 24h or 7d, from {low} to {high}"))
            })
        };
        match tag.key.as_str() {
            OVERLAP => {
                self.overlap = Some(match tag.value.as_str() {
                    "allow" => Overlap::Allow,
                    "skip" => Overlap::Skip,
                    "queue" => Overlap::Queue,
                    "replace" => Overlap::Replace,
                    _ => return Err(wrong("it must be allow, skip, queue or replace")),
                });
            }
            MISSED_RUNS => {
                self.missed_runs = Some(match tag.value.as_str() {
                    "skip" => MissedRuns::Skip,
                    "once" => MissedRuns::Once,
                    "all" => MissedRuns::All,
                    _ => return Err(wrong("it must be skip, once or all")),
                });
            }
            CATCH_UP_WINDOW => self.catch_up_window = Some(span(MINUTE, DAY * 7)?),
            START_JITTER => self.start_jitter = Some(span(SignedDuration::ZERO, DAY)?),
            PAUSE_AFTER_FAILURES => self.pause_after_failures = count(1000)?,
            RETRIES => self.retries = u32::try_from(number(0, RETRIES_MAX)?).ok(),
            RETRY_BACKOFF => self.retry_backoff = Some(span(SignedDuration::ZERO, DAY)?),
            ATTEMPT_TIMEOUT => {
                self.attempt_timeout = Some(span(SignedDuration::from_secs(1), DAY * 28)?);
            }
            KEEP_RUNS => self.keep_runs = count(100_000)?,
            KEEP_FOR => self.keep_for = Some(span(MINUTE, DAY * 3650)?),
            MAX_CONCURRENT => self.max_concurrent = count(1000)?,
            PRIORITY => self.priority = i32::try_from(number(-100, 100)?).ok(),
            key if key.starts_with(PREFIX) => {
                return Err(format!(
                    "the tag {key} is none that nbjobs knows; those that begin with {PREFIX} are in docs/policies.md"
                ));
            }
            _ => {}
        }
        Ok(())
    }
}

/// Refuses tags of ours that say nothing we could do; the error says which and what would be right.
pub fn check(tags: &[Tag]) -> Result<(), String> {
    let mut policies = Policies::default();
    tags.iter().try_for_each(|tag| policies.set(tag))
}

/// A whole number and a unit: `90s`, `15m`, `24h`, `7d`.
pub fn duration(text: &str) -> Option<SignedDuration> {
    let unit_s = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    let digits = &text[..text.len() - 1];
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let number: i64 = digits.parse().ok().filter(|_| plain)?;
    Some(SignedDuration::from_secs(number.checked_mul(unit_s)?))
}

/// The inverse of [`duration`], in the largest unit that is exact.
pub fn text(span: SignedDuration) -> String {
    let seconds = span.as_secs();
    let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm')];
    let fits = units
        .into_iter()
        .find(|(unit_s, _)| seconds != 0 && seconds % unit_s == 0);
    let (unit_s, unit) = fits.unwrap_or((1, 's'));
    format!("{}{unit}", seconds / unit_s)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tag(key: &str, value: &str) -> Tag {
        Tag {
            key: key.into(),
            value: value.into(),
        }
    }

    #[test]
    fn each_tag_takes_its_values_and_names_what_would_be_right() {
        for (key, good, bad, right) in [
            (
                OVERLAP,
                &["allow", "skip", "queue", "replace"][..],
                &["", "Skip", "forbid"][..],
                "allow, skip, queue or replace",
            ),
            (
                MISSED_RUNS,
                &["skip", "once", "all"],
                &["none"],
                "skip, once or all",
            ),
            (
                CATCH_UP_WINDOW,
                &["1m", "24h", "7d"],
                &["0m", "8d", "24", "-1h", "h"],
                "from 1m to 7d",
            ),
            (
                START_JITTER,
                &["0s", "90s", "1d"],
                &["25h", "1.5m", "+1s"],
                "from 0s to 1d",
            ),
            (
                PAUSE_AFTER_FAILURES,
                &["1", "1000"],
                &["0", "x"],
                "from 1 to 1000",
            ),
            (RETRIES, &["0", "30"], &["31", "-1", "x"], "from 0 to 30"),
            (
                RETRY_BACKOFF,
                &["0s", "10m", "1d"],
                &["25h", "x"],
                "from 0s to 1d",
            ),
            (
                ATTEMPT_TIMEOUT,
                &["1s", "28d"],
                &["0s", "29d"],
                "from 1s to 28d",
            ),
            (
                MAX_CONCURRENT,
                &["1", "1000"],
                &["0", "1001", "all"],
                "from 1 to 1000",
            ),
            (
                PRIORITY,
                &["-100", "0", "100"],
                &["101", "high"],
                "from -100 to 100",
            ),
            (
                KEEP_RUNS,
                &["1", "100000"],
                &["0", "all"],
                "from 1 to 100000",
            ),
            (
                KEEP_FOR,
                &["1m", "90d", "3650d"],
                &["59s", "3651d", "1y"],
                "from 1m to 3650d",
            ),
            ("nbjobs:overlaps", &[], &["skip"], "docs/policies.md"),
        ] {
            for value in good.iter().copied() {
                assert_eq!(check(&[tag(key, value)]), Ok(()), "{key}={value}");
                assert_ne!(
                    Policies::of(&[tag(key, value)]),
                    Policies::default(),
                    "{key}"
                );
            }
            for value in bad.iter().copied() {
                let error = check(&[tag(key, value)]).expect_err(value);
                assert!(error.contains(key) && error.contains(right), "{error}");
                assert_eq!(Policies::of(&[tag(key, value)]), Policies::default());
            }
        }
        assert_eq!(check(&[tag("team", "x"), tag("nbjob", "")]), Ok(()));
    }

    #[test]
    fn each_attempt_waits_twice_as_long_as_the_one_before() {
        let waits = |first: &str| {
            let policies = Policies::of(&[tag(RETRY_BACKOFF, first)]);
            [1, 2, 3, 30].map(|attempt| text(policies.backoff(attempt)))
        };
        assert_eq!(waits("20s"), ["20s", "40s", "80s", "1h"]);
        assert_eq!(waits("0s"), ["0s"; 4]);
        assert_eq!(waits("2h"), ["2h"; 4]);
        assert_eq!(Policies::default().backoff(1), RETRY_BACKOFF_DEFAULT);
    }

    #[test]
    fn the_nearer_tag_wins() {
        let near = Policies::of(&[tag(OVERLAP, "skip")]);
        let far = Policies::of(&[tag(OVERLAP, "queue"), tag(MISSED_RUNS, "all")]);
        let both = near.or(far);
        assert_eq!(both.overlap, Some(Overlap::Skip));
        assert_eq!(both.missed_runs, Some(MissedRuns::All));
    }

    proptest! {
        #[test]
        fn durations_round_trip(seconds in 0..i64::from(u32::MAX)) {
            let span = SignedDuration::from_secs(seconds);
            prop_assert_eq!(duration(&text(span)), Some(span));
        }

        #[test]
        fn reading_never_panics(key in "nbjobs:[a-z-]{0,20}|.{0,10}", value in ".{0,20}") {
            let tags = [tag(&key, &value)];
            let _ = (check(&tags), Policies::of(&tags), duration(&value));
        }
    }
}
