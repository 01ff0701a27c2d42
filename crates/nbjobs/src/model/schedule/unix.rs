//! Unix's cron, five fields, in EventBridge's words and back: what jupyter-scheduler's clients write and read.
//!
//! The dialects differ in how days are said. Unix counts weekdays from 0 for Sunday (7 is Sunday, too), EventBridge from
//! 1, and one of EventBridge's two day fields is `?`. When Unix has both restricted, a day is due that meets *either*;
//! no EventBridge expression says that, and two of them would run twice on a day that meets both, so it is refused.

use super::cron::{DAY_OF_MONTH, DAY_OF_WEEK, Field, HOURS, MINUTES, MONTH, WEEKDAYS};
use super::{Expression, InvalidSchedule};

/// Crontab's names for lines.
const ALIASES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// EventBridge's expression that is due when the line is. The error is a reason without a full stop.
pub fn from_unix(line: &str) -> Result<String, String> {
    let line = line.trim();
    let alias = ALIASES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(line));
    let fields: Vec<&str> = alias
        .map_or(line, |(_, fields)| fields)
        .split_whitespace()
        .collect();
    let [minutes, hours, day, month, weekday] = fields[..] else {
        return Err(format!(
            "{line:?} has {} fields, not the five minute, hour, day of month, month, day of week, as in 0 9 * * 1-5",
            fields.len()
        ));
    };
    let (day, weekday) = (day_of_month(day)?, day_of_week(weekday)?);
    let (day, weekday) = match (day, weekday) {
        (None, None) => ("*".to_owned(), "?".to_owned()),
        (Some(day), None) => (day, "?".to_owned()),
        (None, Some(weekday)) => ("?".to_owned(), weekday),
        (Some(_), Some(_)) => {
            return Err(format!(
                "{line:?} restricts both day of month and day of week, so that cron runs it when either fits; use two schedules: {}",
                apart(&fields)
            ));
        }
    };
    let month = plain(&MONTH, month)?.to_ascii_uppercase();
    let expression = format!(
        "cron({} {} {day} {month} {weekday} *)",
        plain(&MINUTES, minutes)?,
        plain(&HOURS, hours)?,
    );
    let checked: Result<Expression, InvalidSchedule> = expression.parse();
    checked.map_err(|error| error.reason)?;
    Ok(expression)
}

/// The five-field line that is due when an EventBridge expression is; none if there is no such line: a rate, a year.
pub fn to_unix(expression: &str) -> Option<String> {
    let wanted: Expression = expression.parse().ok()?;
    let inner = expression.strip_prefix("cron(")?.strip_suffix(')')?;
    let fields: Vec<&str> = inner.split_ascii_whitespace().collect();
    let [minutes, hours, day, month, weekday, "*"] = fields[..] else {
        return None;
    };
    let weekday = unix_weekdays(weekday)?;
    let star = |field: &str| field.replace('?', "*");
    let as_written = format!("{minutes} {hours} {} {month} {}", star(day), star(&weekday));
    let is_same = |line: &String| {
        from_unix(line).is_ok_and(|back| back.parse::<Expression>().as_ref() == Ok(&wanted))
    };
    Some(as_written).filter(is_same).or_else(|| {
        // A range past the end (22-2) is EventBridge's alone.
        let day = listed(&DAY_OF_MONTH, day).unwrap_or_else(|| star(day));
        let line = format!(
            "{} {} {day} {} {}",
            listed(&MINUTES, minutes)?,
            listed(&HOURS, hours)?,
            listed(&MONTH, month)?,
            star(&weekday)
        );
        Some(line).filter(is_same)
    })
}

/// The two lines that one with both day fields stands for.
fn apart(fields: &[&str]) -> String {
    let (time, month) = (fields[..2].join(" "), fields[3]);
    format!(
        "{time} {} {month} * and {time} * {month} {}",
        fields[2], fields[4]
    )
}

/// A field that both dialects write in the same way, with values in its range and no range that runs backwards.
fn plain<'a>(field: &Field, text: &'a str) -> Result<&'a str, String> {
    let values = field.values(text)?;
    let backwards = text.split(',').find(|item| {
        let range = item.split('/').next().unwrap_or_default().split_once('-');
        range
            .and_then(|(a, b)| a.parse::<u16>().ok().zip(b.parse::<u16>().ok()))
            .is_some_and(|(a, b)| a > b)
    });
    match backwards {
        Some(range) if !values.is_empty() => Err(format!("the range {range} runs backwards")),
        _ => Ok(text),
    }
}

/// EventBridge's day of month; none when every day is meant.
fn day_of_month(text: &str) -> Result<Option<String>, String> {
    let upper = text.to_ascii_uppercase();
    if text == "?" || is_special(&upper, &['L', 'W']) {
        return Ok(Some(upper).filter(|text| text != "?"));
    }
    let mut values = DAY_OF_MONTH.values(plain(&DAY_OF_MONTH, text)?)?;
    values.sort_unstable();
    values.dedup();
    Ok((values.len() < 31).then(|| text.to_owned()))
}

/// Whether a field is one of those words (`L`, `LW`, `15W`, `5L`) that EventBridge has and Unix has not.
fn is_special(upper: &str, endings: &[char]) -> bool {
    let digits = upper.trim_end_matches(endings);
    digits.len() < upper.len() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// EventBridge's day of week; none when every day is meant.
fn day_of_week(text: &str) -> Result<Option<String>, String> {
    let upper = text.to_ascii_uppercase();
    if text == "?" {
        return Ok(None);
    }
    if let Some((day, nth)) = upper.split_once('#') {
        return Ok(Some(format!("{}#{nth}", weekday(day)? % 7 + 1)));
    }
    // The last Friday of a month; an L alone means different days in different dialects.
    if let Some(day) = upper
        .strip_suffix('L')
        .filter(|day| !day.is_empty() && !day.contains(','))
    {
        return Ok(Some(format!("{}L", weekday(day)? % 7 + 1)));
    }
    let mut days = Vec::new();
    for item in upper.split(',') {
        days.extend(weekdays(item)?);
    }
    days.sort_unstable();
    days.dedup();
    let has_numbers = upper.split(',').any(|item| {
        let range = item.split('/').next().unwrap_or_default();
        range.contains(|c: char| c.is_ascii_digit() || c == '*')
    });
    Ok(match (days.len(), has_numbers) {
        (7, _) => None,
        // Names are the same in both.
        (_, false) => Some(upper),
        _ => Some(runs(&days.iter().map(|day| day + 1).collect::<Vec<_>>())),
    })
}

/// The days, from 0 for Sunday, that an item of a list names.
fn weekdays(item: &str) -> Result<Vec<u16>, String> {
    let (range, step) = item.split_once('/').unwrap_or((item, "1"));
    let step = step
        .parse::<usize>()
        .ok()
        .filter(|step| (1..=7).contains(step))
        .ok_or_else(|| format!("the step {step:?} of days of the week is not in 1-7"))?;
    let (first, last) = match range.split_once('-') {
        _ if range == "*" => (0, 6),
        Some((first, last)) => (weekday(first)?, weekday(last)?),
        None if item.contains('/') => (weekday(range)? % 7, 6),
        None => (weekday(range)?, weekday(range)?),
    };
    let end = if first <= last { last } else { last + 7 };
    Ok((first..=end).step_by(step).map(|day| day % 7).collect())
}

/// A day by its name or its number: 0 is Sunday, and so is 7.
fn weekday(text: &str) -> Result<u16, String> {
    let named = WEEKDAYS.iter().zip(0..).find(|(name, _)| **name == text);
    named
        .map(|(_, day)| day)
        .or_else(|| text.parse().ok().filter(|day| *day <= 7))
        .ok_or_else(|| format!("{text:?} is not a day of the week, 0-7 or SUN-SAT"))
}

/// EventBridge's day of week, counted as Unix does.
fn unix_weekdays(text: &str) -> Option<String> {
    if !text.contains(|c: char| c.is_ascii_digit()) {
        return Some(text.to_owned());
    }
    let shifted = |day: &str| match day.parse::<u16>() {
        Ok(day) => Some(day.checked_sub(1)?.to_string()),
        Err(_) => Some(day.to_owned()),
    };
    if let Some((day, nth)) = text.split_once('#') {
        return Some(format!("{}#{nth}", shifted(day)?));
    }
    if let Some(day) = text.strip_suffix('L') {
        return Some(format!("{}L", shifted(day)?));
    }
    let mut days = DAY_OF_WEEK.values(text).ok()?;
    days.sort_unstable();
    days.dedup();
    Some(runs(&days.iter().map(|day| day - 1).collect::<Vec<_>>()))
}

/// A field's values one by one; `*` stays.
fn listed(field: &Field, text: &str) -> Option<String> {
    if text == "*" {
        return Some(text.to_owned());
    }
    let mut values = field.values(text).ok()?;
    values.sort_unstable();
    values.dedup();
    Some(runs(&values))
}

/// Ascending values as a list, in which three or more in a row are a range.
fn runs(values: &[u16]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut rest = values;
    while let Some(&first) = rest.first() {
        let len = rest
            .iter()
            .zip(first..)
            .take_while(|(value, wanted)| *value == wanted)
            .count();
        let (run, after) = rest.split_at(len);
        match run {
            [first, _, .., last] => parts.push(format!("{first}-{last}")),
            _ => parts.extend(run.iter().map(ToString::to_string)),
        }
        rest = after;
    }
    parts.join(",")
}
