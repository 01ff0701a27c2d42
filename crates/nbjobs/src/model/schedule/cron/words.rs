//! A cron expression in words, from the sets that decide when it is due, so that the words are true however it is
//! written.

use super::{Cron, DAY_OF_MONTH, DAY_OF_WEEK, Days, Field, HOURS, MINUTES, MONTH, YEARS, contains};

/// More times of a day than this are not listed.
const TIMES_MAX: usize = 4;
const WEEKDAYS_LONG: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
const MONTHS_LONG: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Cron {
    /// As people say it: `weekdays at 09:00`. None for times that would take longer to say than to read in the
    /// expression.
    pub(in super::super) fn words(&self) -> Option<String> {
        let times = self.times()?;
        let mut said = match self.days.words() {
            None if times.starts_with("at ") => format!("every day {times}"),
            None => times,
            Some(days) => format!("{days} {times}"),
        };
        if self.months != MONTH.full() {
            let months = members(&MONTH, self.months);
            let names = months.iter().filter_map(|n| MONTHS_LONG.get(n - 1));
            said += &format!(
                " in {}",
                and(names.map(|name| (*name).to_owned()).collect())
            );
        }
        if let (Some(first), Some(last)) = (self.years.first(), self.years.last())
            && self.years.len() <= usize::from(YEARS.1 - YEARS.0)
        {
            let is_range = usize::from(first.abs_diff(*last)) + 1 == self.years.len();
            let years = self.years.iter().map(i16::to_string);
            said += &match is_range && self.years.len() > 2 {
                true => format!(" from {first} to {last}"),
                false => format!(" in {}", and(years.collect())),
            };
        }
        Some(said)
    }

    fn times(&self) -> Option<String> {
        let (minutes, hours) = (members(&MINUTES, self.minutes), members(&HOURS, self.hours));
        let time = |hour: &usize, minute: &usize| format!("{hour:02}:{minute:02}");
        if minutes.len() * hours.len() <= TIMES_MAX {
            let times = hours
                .iter()
                .flat_map(|hour| minutes.iter().map(move |minute| time(hour, minute)));
            return Some(format!("at {}", and(times.collect())));
        }
        let rhythm = match minutes.as_slice() {
            [0] => "every hour".to_owned(),
            [minute] => format!("every hour at {minute} past"),
            _ => match step(&minutes, 60)? {
                1 => "every minute".to_owned(),
                step => format!("every {step} minutes"),
            },
        };
        let (first, last) = (hours.first()?, hours.last()?);
        match hours.len() {
            24 => Some(rhythm),
            // Without a gap, so that the hours have a beginning and an end.
            count if last - first + 1 == count => Some(format!(
                "{rhythm} from {} to {}",
                time(first, minutes.first()?),
                time(last, minutes.last()?)
            )),
            _ => match (minutes.as_slice(), step(&hours, 24)?) {
                ([0], step) if *first == 0 => Some(format!("every {step} hours")),
                ([minute], step) => {
                    Some(format!("every {step} hours from {}", time(first, minute)))
                }
                _ => None,
            },
        }
    }
}

impl Days {
    /// None for every day.
    fn words(self) -> Option<String> {
        let weekday = |day: &usize| WEEKDAYS_LONG.get(day - 1).copied().unwrap_or_default();
        let long = |day: u16| weekday(&usize::from(day));
        Some(match self {
            Self::OfMonth(days) if days == DAY_OF_MONTH.full() => return None,
            Self::OfWeek(days) if days == DAY_OF_WEEK.full() => return None,
            Self::OfMonth(days) => {
                let days = members(&DAY_OF_MONTH, days);
                format!(
                    "on the {} of the month",
                    and(days.into_iter().map(nth).collect())
                )
            }
            Self::LastOfMonth => "on the last day of the month".to_owned(),
            Self::LastWeekday => "on the last weekday of the month".to_owned(),
            Self::NearestWeekday(day) => format!(
                "on the weekday nearest to the {}",
                nth(usize::from(day.unsigned_abs()))
            ),
            Self::OfWeek(days) => match members(&DAY_OF_WEEK, days).as_slice() {
                [2, 3, 4, 5, 6] => "weekdays".to_owned(),
                [1, 7] => "weekends".to_owned(),
                days => {
                    // A week is said from Monday on.
                    let sunday = days.iter().filter(|day| **day == 1);
                    let rest = days.iter().filter(|day| **day != 1).chain(sunday);
                    and(rest.map(|day| weekday(day).to_owned() + "s").collect())
                }
            },
            Self::LastOfWeek(day) => format!("on the last {} of the month", long(day)),
            Self::NthOfWeek(day, number) => format!(
                "on the {} {} of the month",
                nth(usize::from(number.unsigned_abs())),
                long(day)
            ),
        })
    }
}

impl Field {
    /// The set of all values.
    fn full(&self) -> u64 {
        (self.low..=self.high).fold(0, |set, value| set | 1 << value)
    }
}

fn members(field: &Field, set: u64) -> Vec<usize> {
    let all = field.low..=field.high;
    all.filter(|value| contains(set, *value as i8))
        .map(usize::from)
        .collect()
}

/// The distance between values that are equally far apart, all around the clock.
fn step(values: &[usize], size: usize) -> Option<usize> {
    let [first, second, ..] = values else {
        return None;
    };
    let step = second - first;
    let is_even = values.windows(2).all(|pair| pair[1] - pair[0] == step);
    (is_even && *first < step && values.len() * step == size).then_some(step)
}

fn nth(number: usize) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// `a`, `a and b`, `a, b and c`.
fn and(mut items: Vec<String>) -> String {
    let last = items.pop().unwrap_or_default();
    match items.is_empty() {
        true => last,
        false => format!("{} and {last}", items.join(", ")),
    }
}
