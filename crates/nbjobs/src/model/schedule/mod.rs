//! When a rule or a schedule is due: EventBridge's `cron(…)` and `rate(…)` expressions, EventBridge Scheduler's `at(…)`. Knows no rules, targets or stored rows.

mod cron;
mod due;
mod timing;
mod unix;

pub use cron::Cron;
pub use due::{
    CATCH_UP_DEFAULT, CAUGHT_UP_MAX, CatchUp, Due, LATE_AFTER, MISSED_LISTED_MAX, MissedRuns, due,
};
pub use timing::{InvalidTiming, TIMEZONE_LEN_MAX, Timing, WINDOW_MINUTES_MAX, Window};
pub use unix::{from_unix, to_unix};

use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Longest expression, in characters (`ScheduleExpression` in EventBridge's service model).
pub const EXPRESSION_LEN_MAX: usize = 256;

/// A schedule expression that repeats, as EventBridge rules and EventBridge Scheduler have it. Due on whole minutes (`cron`) or whole seconds
/// (`rate`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// `cron(minutes hours day-of-month month day-of-week year)`
    Cron(Cron),
    /// `rate(value unit)`
    Rate(Rate),
}

/// A fixed interval: `rate(5 minutes)`, `rate(1 hour)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    period_s: i64,
}

/// A schedule expression that EventBridge refuses. Shown, it is EventBridge's message, then our reason in one sentence;
/// AWS's clients match on the code (`ValidationException`).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Parameter ScheduleExpression is not valid. Reason: {reason}.")]
pub struct InvalidSchedule {
    /// What was wrong and what would be right, without a full stop.
    pub reason: String,
}

impl Expression {
    /// The first due moment strictly after `last`, in UTC; `None` when there is none.
    ///
    /// A `cron` looks at the calendar. A `rate` counts from `last`, cut to a whole second: `last` is the moment the rule
    /// was created or enabled, and from then on the last due moment, so that lateness never shifts the rhythm.
    pub fn next_after(&self, last: Timestamp) -> Option<Timestamp> {
        self.next_after_in(last, &TimeZone::UTC)
    }

    /// As [`Expression::next_after`], with the calendar of `zone`.
    pub fn next_after_in(&self, last: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Cron(cron) => cron.next_after(last, zone),
            Self::Rate(rate) => rate.nth_after(last, 1),
        }
    }

    /// The first due moment at or after `floor` in the sequence that goes on from the due moment `from`. Equals calling
    /// [`Expression::next_after_in`] again and again, in constant time.
    fn first_from(&self, from: Timestamp, floor: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        if floor <= from {
            return Some(from);
        }
        match self {
            Self::Cron(_) => self.next_after_in(floor - SignedDuration::from_nanos(1), zone),
            Self::Rate(rate) => {
                let gap_ns = floor.as_nanosecond() - from.as_nanosecond();
                let periods = gap_ns.div_euclid(rate.period_ns())
                    + i128::from(gap_ns % rate.period_ns() != 0);
                rate.nth_after(from, i64::try_from(periods).ok()?)
            }
        }
    }
}

/// A schedule as people say it: `weekdays at 09:00`, `every 5 minutes`, `once, on 24 December 2026 at 18:00`. None for
/// one that takes longer to say than to read, and for what is no schedule.
pub fn words(expression: &str) -> Option<String> {
    let inside = |name: &str| expression.strip_prefix(name)?.strip_suffix(')');
    if let Some(moment) = inside("at(") {
        let moment: DateTime = moment.parse().ok()?;
        return Some(moment.strftime("once, on %-d %B %Y at %H:%M").to_string());
    }
    match expression.parse().ok()? {
        Expression::Cron(cron) => cron.words(),
        Expression::Rate(_) => {
            let rhythm = inside("rate(")?.trim();
            Some(format!(
                "every {}",
                rhythm.strip_prefix("1 ").unwrap_or(rhythm)
            ))
        }
    }
}

impl Rate {
    fn period_ns(self) -> i128 {
        i128::from(self.period_s) * 1_000_000_000
    }

    fn nth_after(self, last: Timestamp, n: i64) -> Option<Timestamp> {
        let second = last.as_nanosecond().div_euclid(1_000_000_000);
        let due = second + i128::from(self.period_s) * i128::from(n);
        Timestamp::from_second(i64::try_from(due).ok()?).ok()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let [value, unit] = fields[..] else {
            return Err(format!(
                "rate({text}) is not a value and a unit, as in rate(5 minutes)"
            ));
        };
        if !value.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!(
                "the rate's value {value:?} is not a positive whole number"
            ));
        }
        let count: u32 = value
            .parse()
            .map_err(|_| format!("the rate's value {value} is more than {}", u32::MAX))?;
        let (unit_s, plural) = match unit {
            "minute" => (60, false),
            "minutes" => (60, true),
            "hour" => (3_600, false),
            "hours" => (3_600, true),
            "day" => (86_400, false),
            "days" => (86_400, true),
            _ => {
                return Err(format!(
                    "the rate's unit {unit:?} is not one of minute(s), hour(s), day(s)"
                ));
            }
        };
        match count {
            0 => Err("the rate's value 0 is not a positive whole number".into()),
            1 if plural => Err(format!(
                "a value of 1 goes with the singular, rate(1 {})",
                unit.trim_end_matches('s')
            )),
            2.. if !plural => Err(format!(
                "a value of {count} goes with the plural, rate({count} {unit}s)"
            )),
            _ => Ok(Self {
                period_s: i64::from(count) * unit_s,
            }),
        }
    }
}

impl FromStr for Expression {
    type Err = InvalidSchedule;

    fn from_str(text: &str) -> Result<Self, InvalidSchedule> {
        parse(text).map_err(|reason| InvalidSchedule { reason })
    }
}

fn parse(text: &str) -> Result<Expression, String> {
    if text.chars().count() > EXPRESSION_LEN_MAX {
        return Err(format!(
            "the expression is longer than {EXPRESSION_LEN_MAX} characters"
        ));
    }
    let inside = |name: &str| {
        text.strip_prefix(name)?
            .strip_prefix('(')?
            .strip_suffix(')')
    };
    if let Some(fields) = inside("cron") {
        return Cron::parse(fields).map(Expression::Cron);
    }
    if let Some(fields) = inside("rate") {
        return Rate::parse(fields).map(Expression::Rate);
    }
    Err(format!(
        "{text:?} is neither cron(minutes hours day-of-month month day-of-week year) nor rate(value unit)"
    ))
}

#[cfg(test)]
mod tests;
