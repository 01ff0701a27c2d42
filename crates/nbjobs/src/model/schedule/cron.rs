//! EventBridge's cron dialect: six fields, exactly one of the two day fields `?`, 1 = SUN, `L`, `W`, `LW`, `#`,
//! wrap-around ranges. No crate speaks it. Knows nothing of rates or rules.

mod words;

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
pub(super) const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// First and last year that EventBridge's year field can name.
const YEARS: (u16, u16) = (1970, 2199);

/// A parsed `cron(…)` expression. Sets are bit sets: bit n = value n.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    minutes: u64,
    hours: u64,
    days: Days,
    months: u64,
    /// Ascending.
    years: Vec<i16>,
}

/// The one of the two day fields that is not `?`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Days {
    /// Days of the month.
    OfMonth(u64),
    /// `L`: the month's last day.
    LastOfMonth,
    /// `LW`: the month's last weekday.
    LastWeekday,
    /// `15W`: the weekday nearest to a day of the month, never in another month.
    NearestWeekday(i8),
    /// Days of the week, bit 1 = Sunday.
    OfWeek(u64),
    /// `6L`: the month's last such day of the week.
    LastOfWeek(u16),
    /// `6#3`: the month's n-th such day of the week.
    NthOfWeek(u16, i8),
}

impl Cron {
    /// Reads what stands between the parentheses. The error is a reason without a full stop.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let [minutes, hours, day_of_month, month, day_of_week, year] = fields[..] else {
            return Err(format!(
                "cron({text}) has {} fields, not the six minutes hours day-of-month month day-of-week year",
                fields.len()
            ));
        };
        let days = match (day_of_month, day_of_week) {
            ("?", "?") => {
                return Err(
                    "day-of-month and day-of-week are both ?, one of them must say the day".into(),
                );
            }
            ("?", text) => parse_day_of_week(text)?,
            (text, "?") => parse_day_of_month(text)?,
            _ => {
                return Err(
                    "one of day-of-month and day-of-week must be ?, the other says the day".into(),
                );
            }
        };
        let mut years: Vec<i16> = YEAR
            .values(year)?
            .into_iter()
            .filter_map(|year| i16::try_from(year).ok())
            .collect();
        years.sort_unstable();
        years.dedup();
        Ok(Self {
            minutes: MINUTES.set(minutes)?,
            hours: HOURS.set(hours)?,
            days,
            months: MONTH.set(month)?,
            years,
        })
    }

    /// The first due moment strictly after `last`. In a zone with daylight saving, a local time that a day skips is
    /// not due, and one that a day has twice is due at its first occurrence, as EventBridge Scheduler documents.
    pub(super) fn next_after(&self, last: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut at = zone.to_datetime(last);
        loop {
            at = self.next_civil_after(at)?;
            let candidate = zone.to_ambiguous_timestamp(at);
            let due = match candidate.offset() {
                AmbiguousOffset::Gap { .. } => continue,
                _ => candidate.earlier().ok()?,
            };
            if due > last {
                return Some(due);
            }
        }
    }

    fn next_civil_after(&self, at: DateTime) -> Option<DateTime> {
        let from = at
            .date()
            .at(at.hour(), at.minute(), 0, 0)
            .checked_add(1.minute())
            .ok()?;
        let mut date = from.date();
        let mut earliest = (from.hour(), from.minute());
        loop {
            let year = *self.years.iter().find(|year| **year >= date.year())?;
            if year > date.year() {
                date = Date::new(year, 1, 1).ok()?;
            } else if !contains(self.months, date.month()) {
                date = date.last_of_month().tomorrow().ok()?;
            } else if let Some((hour, minute)) = self
                .days
                .contains(date)
                .then(|| self.first_time(earliest))
                .flatten()
            {
                return Some(date.at(hour, minute, 0, 0));
            } else {
                date = date.tomorrow().ok()?;
            }
            earliest = (0, 0);
        }
    }

    fn first_time(&self, (hour, minute): (i8, i8)) -> Option<(i8, i8)> {
        let in_this_hour =
            || first_from(self.minutes, minute).filter(|_| contains(self.hours, hour));
        in_this_hour().map(|minute| (hour, minute)).or_else(|| {
            Some((
                first_from(self.hours, hour + 1)?,
                first_from(self.minutes, 0)?,
            ))
        })
    }
}

impl Days {
    fn contains(self, date: Date) -> bool {
        let last = date.days_in_month();
        let weekday = u16::from(date.weekday().to_sunday_one_offset().unsigned_abs());
        match self {
            Self::OfMonth(days) => contains(days, date.day()),
            Self::LastOfMonth => date.day() == last,
            Self::LastWeekday => nearest_weekday(date, last) == Some(date.day()),
            Self::NearestWeekday(day) => nearest_weekday(date, day) == Some(date.day()),
            Self::OfWeek(days) => days >> weekday & 1 == 1,
            Self::LastOfWeek(day) => weekday == day && date.day() > last - 7,
            Self::NthOfWeek(day, nth) => weekday == day && (date.day() - 1) / 7 + 1 == nth,
        }
    }
}

/// The weekday nearest to `day` in `date`'s month; `None` when the month has no such day.
fn nearest_weekday(date: Date, day: i8) -> Option<i8> {
    let last = date.days_in_month();
    let target = Date::new(date.year(), date.month(), day).ok()?;
    Some(match target.weekday() {
        Weekday::Saturday if day == 1 => 3,
        Weekday::Saturday => day - 1,
        Weekday::Sunday if day == last => day - 2,
        Weekday::Sunday => day + 1,
        _ => day,
    })
}

fn contains(set: u64, value: i8) -> bool {
    set >> value & 1 == 1
}

fn first_from(set: u64, value: i8) -> Option<i8> {
    let rest = set.checked_shr(u32::from(value.unsigned_abs()))?;
    (rest != 0).then(|| value + rest.trailing_zeros() as i8)
}

/// One field's name, range and names of values.
pub(super) struct Field {
    name: &'static str,
    low: u16,
    high: u16,
    names: &'static [&'static str],
    /// A range may run past the end: FRI-MON, 22-2.
    wraps: bool,
}

pub(super) const MINUTES: Field = Field {
    name: "minutes",
    low: 0,
    high: 59,
    names: &[],
    wraps: true,
};
pub(super) const HOURS: Field = Field {
    name: "hours",
    low: 0,
    high: 23,
    names: &[],
    wraps: true,
};
pub(super) const DAY_OF_MONTH: Field = Field {
    name: "day-of-month",
    low: 1,
    high: 31,
    names: &[],
    wraps: true,
};
pub(super) const MONTH: Field = Field {
    name: "month",
    low: 1,
    high: 12,
    names: &MONTHS,
    wraps: true,
};
pub(super) const DAY_OF_WEEK: Field = Field {
    name: "day-of-week",
    low: 1,
    high: 7,
    names: &WEEKDAYS,
    wraps: true,
};
const NTH: Field = Field {
    name: "number after #",
    low: 1,
    high: 5,
    names: &[],
    wraps: false,
};
const YEAR: Field = Field {
    name: "year",
    low: YEARS.0,
    high: YEARS.1,
    names: &[],
    wraps: false,
};

fn parse_day_of_month(text: &str) -> Result<Days, String> {
    match text {
        "L" => Ok(Days::LastOfMonth),
        "LW" => Ok(Days::LastWeekday),
        _ => match text.strip_suffix('W') {
            Some(day) => Ok(Days::NearestWeekday(DAY_OF_MONTH.value(day)? as i8)),
            None => Ok(Days::OfMonth(DAY_OF_MONTH.set(text)?)),
        },
    }
}

fn parse_day_of_week(text: &str) -> Result<Days, String> {
    if let Some((day, nth)) = text.split_once('#') {
        return Ok(Days::NthOfWeek(
            DAY_OF_WEEK.value(day)?,
            NTH.value(nth)? as i8,
        ));
    }
    match text.strip_suffix('L') {
        Some("") => Ok(Days::OfWeek(1 << DAY_OF_WEEK.high)),
        Some(day) => Ok(Days::LastOfWeek(DAY_OF_WEEK.value(day)?)),
        None => Ok(Days::OfWeek(DAY_OF_WEEK.set(text)?)),
    }
}

impl Field {
    fn value(&self, text: &str) -> Result<u16, String> {
        let named = self
            .names
            .iter()
            .zip(self.low..)
            .find(|(name, _)| name.eq_ignore_ascii_case(text));
        let number = || {
            text.bytes()
                .all(|b| b.is_ascii_digit())
                .then(|| text.parse::<u16>().ok())
                .flatten()
        };
        named
            .map(|(_, value)| value)
            .or_else(number)
            .filter(|value| (self.low..=self.high).contains(value))
            .ok_or_else(|| format!("{text:?} in {} is not in {}", self.name, self.range()))
    }

    fn range(&self) -> String {
        match (self.names.first(), self.names.last()) {
            (Some(first), Some(last)) => format!("{}-{} or {first}-{last}", self.low, self.high),
            _ => format!("{}-{}", self.low, self.high),
        }
    }

    /// `*`, `a`, `a-b`, each with `/step`, and lists of them.
    pub(super) fn values(&self, text: &str) -> Result<Vec<u16>, String> {
        let mut all = Vec::new();
        for item in text.split(',') {
            let (range, step) = match item.split_once('/') {
                Some((range, step)) => (range, Some(self.step(step)?)),
                None => (item, None),
            };
            let (first, last) = match (range, range.split_once('-')) {
                ("*", _) => (self.low, self.high),
                (_, Some((first, last))) => (self.value(first)?, self.value(last)?),
                (one, None) => (
                    self.value(one)?,
                    if step.is_some() {
                        self.high
                    } else {
                        self.value(one)?
                    },
                ),
            };
            if first > last && !self.wraps {
                return Err(format!("the {} range {range} runs backwards", self.name));
            }
            let size = self.high - self.low + 1;
            let end = if first <= last { last } else { last + size };
            let steps = (first..=end).step_by(usize::from(step.unwrap_or(1)));
            all.extend(steps.map(|value| (value - self.low) % size + self.low));
        }
        Ok(all)
    }

    fn set(&self, text: &str) -> Result<u64, String> {
        Ok(self
            .values(text)?
            .into_iter()
            .fold(0, |set, value| set | 1 << value))
    }

    fn step(&self, text: &str) -> Result<u16, String> {
        let number = text
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| text.parse::<u16>().ok())
            .flatten();
        number
            .filter(|step| (1..=self.high).contains(step))
            .ok_or_else(|| {
                format!(
                    "the step {text:?} in {} is not in 1-{}",
                    self.name, self.high
                )
            })
    }
}
