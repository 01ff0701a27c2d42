//! When a rule or a schedule is due: an expression, read in a time zone, between two dates, and how far into its
//! flexible window each due moment fires. Knows no targets and no rows.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use super::Expression;

/// Longest name of a time zone, in characters (`ScheduleExpressionTimezone` in EventBridge Scheduler's service model).
pub const TIMEZONE_LEN_MAX: usize = 50;
/// Widest flexible window, in minutes (`MaximumWindowInMinutes` in EventBridge Scheduler's service model).
pub const WINDOW_MINUTES_MAX: u32 = 1_440;

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub struct Timing {
    when: When,
    zone: TimeZone,
    starts_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
    window: Option<Window>,
}

#[derive(Debug, Clone, PartialEq)]
enum When {
    Repeated(Expression),
    Once(Timestamp),
}

/// A flexible time window. Each due moment fires once, somewhere in the window behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// How wide it is, in seconds.
    pub width_s: u32,
    /// Whose it is: with the due moment it decides where in the window that one fires, so that it is decided once.
    pub seed: String,
}

/// What EventBridge Scheduler refuses; a sentence in its words, then the reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidTiming(pub String);

impl Timing {
    /// The timing of an EventBridge rule: UTC, without an end.
    pub fn of_rule(expression: Expression) -> Self {
        Self {
            when: When::Repeated(expression),
            zone: TimeZone::UTC,
            starts_at: None,
            ends_at: None,
            window: None,
        }
    }

    /// The timing of an EventBridge Scheduler schedule: `cron(…)`, `rate(…)` or `at(yyyy-mm-ddThh:mm:ss)`, read in the
    /// IANA time zone `zone`. A one-time schedule ignores both dates, as Scheduler documents.
    pub fn of_schedule(
        expression: &str,
        zone: &str,
        starts_at: Option<Timestamp>,
        ends_at: Option<Timestamp>,
        window: Option<Window>,
    ) -> Result<Self, InvalidTiming> {
        let invalid = |reason: &dyn fmt::Display| {
            InvalidTiming(format!(
                "Invalid Schedule Expression {expression}. Reason: {reason}."
            ))
        };
        let zone = TimeZone::get(zone)
            .ok()
            .filter(|_| zone.len() <= TIMEZONE_LEN_MAX)
            .ok_or_else(|| {
                InvalidTiming(format!(
                    "Invalid ScheduleExpressionTimezone {zone:?}: it is not a time zone of the IANA database, such as Asia/Tokyo"
                ))
            })?;
        let one_time = expression
            .strip_prefix("at(")
            .and_then(|text| text.strip_suffix(')'));
        let when = match one_time {
            Some(text) => When::Once(once(text, &zone).map_err(|reason| invalid(&reason))?),
            None => When::Repeated(
                expression
                    .parse()
                    .map_err(|error: super::InvalidSchedule| invalid(&error.reason))?,
            ),
        };
        let (starts_at, ends_at) = match when {
            When::Once(_) => (None, None),
            When::Repeated(_) => (starts_at, ends_at),
        };
        if starts_at
            .zip(ends_at)
            .is_some_and(|(start, end)| end <= start)
        {
            return Err(InvalidTiming(
                "The EndDate you specify must be later than the StartDate.".into(),
            ));
        }
        Ok(Self {
            when,
            zone,
            starts_at,
            ends_at,
            window,
        })
    }

    /// The same with a flexible window, or without one.
    pub fn within(self, window: Option<Window>) -> Self {
        Self { window, ..self }
    }

    /// Whether it is due only once, and when.
    pub fn once(&self) -> Option<Timestamp> {
        match self.when {
            When::Once(at) => Some(at),
            When::Repeated(_) => None,
        }
    }

    /// The first due moment at or after `now` of something made at `created_at`. A rate counts from the start date, or
    /// from when it was made, and that moment is its first.
    pub fn first(&self, created_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
        match &self.when {
            When::Repeated(expression @ Expression::Rate(_)) => {
                let anchor = whole_second(self.starts_at.unwrap_or(created_at));
                self.bounded(expression.first_from(anchor, now, &self.zone))
            }
            _ => self.next_after(now - SignedDuration::from_nanos(1)),
        }
    }

    /// The first due moment strictly after `last`; `None` when it is over. A rate counts from `last`.
    pub fn next_after(&self, last: Timestamp) -> Option<Timestamp> {
        match &self.when {
            When::Once(at) => Some(*at).filter(|at| *at > last),
            When::Repeated(expression) => {
                let from = match (expression, self.starts_at) {
                    (Expression::Cron(_), Some(start)) => {
                        last.max(start - SignedDuration::from_nanos(1))
                    }
                    _ => last,
                };
                self.bounded(expression.next_after_in(from, &self.zone))
            }
        }
    }

    /// The first due moment at or after `floor` in the sequence that goes on from the due moment `from`. Equals calling
    /// [`Timing::next_after`] again and again, in constant time.
    pub(super) fn first_from(&self, from: Timestamp, floor: Timestamp) -> Option<Timestamp> {
        match &self.when {
            When::Once(at) => Some(*at).filter(|at| *at >= floor.max(from)),
            When::Repeated(expression) => {
                self.bounded(expression.first_from(from, floor, &self.zone))
            }
        }
    }

    /// When a due moment fires: itself, or within its window, but before the next one is due.
    pub fn fires_at(&self, due: Timestamp) -> Timestamp {
        let Some(window) = &self.window else {
            return due;
        };
        let mut room = i64::from(window.width_s);
        if let Some(next) = self.next_after(due) {
            room = room.min(next.duration_since(due).as_secs());
        }
        let hash = Sha256::digest(format!("{} {}", window.seed, due.as_second()));
        let number = hash
            .iter()
            .take(7)
            .fold(0_i64, |number, byte| number << 8 | i64::from(*byte));
        due.checked_add(SignedDuration::from_secs(number % room.max(1)))
            .unwrap_or(due)
    }

    fn bounded(&self, due: Option<Timestamp>) -> Option<Timestamp> {
        due.filter(|due| self.ends_at.is_none_or(|end| *due <= end))
    }
}

fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// The moment of `at(yyyy-mm-ddThh:mm:ss)`. A local time that a day has twice is its first occurrence; one that a day
/// skips would never come, and is refused.
fn once(text: &str, zone: &TimeZone) -> Result<Timestamp, String> {
    let is_plain = text.len() == "yyyy-mm-ddThh:mm:ss".len() && text.as_bytes()[10] == b'T';
    let local: DateTime = text
        .parse()
        .ok()
        .filter(|_| is_plain)
        .ok_or("at(…) holds a local time, as in at(2030-01-31T09:00:00)")?;
    let candidate = zone.to_ambiguous_timestamp(local);
    if matches!(candidate.offset(), jiff::tz::AmbiguousOffset::Gap { .. }) {
        return Err(format!(
            "{text} does not exist in that time zone: its clocks are set forward over it"
        ));
    }
    candidate.earlier().map_err(|error| error.to_string())
}
