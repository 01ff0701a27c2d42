//! Schedules on the command line: EventBridge's expressions, and advice to those who write Unix's.

use crate::model::schedule::Expression;

/// An expression that EventBridge takes, as given.
pub(super) fn parse(text: &str) -> Result<String, String> {
    let text = text.trim();
    if let Some(cron) = from_unix(text) {
        return Err(format!(
            "EventBridge's cron has six fields, in UTC; write '{cron}'"
        ));
    }
    text.parse::<Expression>()
        .map_err(|error| error.to_string())?;
    Ok(text.to_owned())
}

/// What a five-field cron line is in EventBridge's form, if `text` is one: a year is added, one of the two day fields
/// becomes `?`, and weekdays count from 1 for Sunday.
fn from_unix(text: &str) -> Option<String> {
    let inner = text
        .strip_prefix("cron(")
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or(text);
    let fields: Vec<&str> = inner.split_whitespace().collect();
    let [minutes, hours, day, month, weekday] = fields[..] else {
        return None;
    };
    let (day, weekday) = match (day, weekday) {
        (day, "*" | "?") => (day, "?".to_owned()),
        // EventBridge cannot say "either day"; the weekday is what such lines are mostly about.
        (_, weekday) => ("?", from_unix_weekday(weekday)),
    };
    let cron = format!("cron({minutes} {hours} {day} {month} {weekday} *)");
    cron.parse::<Expression>()
        .is_ok()
        .then_some(cron)
        .or_else(|| Some("cron(0 9 * * ? *)".into()))
}

/// Adds 1 to each weekday's number (0 and 7 are Sunday), but not to a step (`/2`) or to which one of a month (`#2`).
fn from_unix_weekday(field: &str) -> String {
    let mut counts = true;
    field
        .chars()
        .map(|c| match c {
            '/' | '#' => {
                counts = false;
                c
            }
            ',' | '-' => {
                counts = true;
                c
            }
            '0' | '7' if counts => '1',
            '1'..='6' if counts => char::from(c as u8 + 1),
            _ => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eventbridges_expressions_pass_as_they_are() {
        for text in [
            "cron(0 9 * * ? *)",
            "rate(5 minutes)",
            "cron(0/15 8-17 ? * MON-FRI *)",
            "cron(0 0 L * ? 2030)",
        ] {
            assert_eq!(parse(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn unix_lines_are_refused_with_the_form_that_is_right() {
        for (unix, right) in [
            ("0 9 * * *", "'cron(0 9 * * ? *)'"),
            ("0 9 * * 1-5", "'cron(0 9 ? * 2-6 *)'"),
            ("cron(0 9 * * MON-FRI)", "'cron(0 9 ? * MON-FRI *)'"),
            ("30 1 1 * *", "'cron(30 1 1 * ? *)'"),
            ("0 0 * * 0,6", "'cron(0 0 ? * 1,7 *)'"),
            ("0 0 * * 7", "'cron(0 0 ? * 1 *)'"),
            ("0 0 * * 5#2", "'cron(0 0 ? * 6#2 *)'"),
            ("a b c d e", "'cron(0 9 * * ? *)'"),
        ] {
            let error = parse(unix).expect_err(unix);
            assert!(
                error.ends_with(&format!("write {right}")),
                "{unix}: {error}"
            );
        }
    }

    #[test]
    fn other_text_is_refused_with_eventbridges_words() {
        for text in [
            "",
            "daily",
            "rate(0 minutes)",
            "cron(0 9 * * * *)",
            "cron(61 9 * * ? *)",
        ] {
            let error = parse(text).expect_err(text);
            assert!(
                error.starts_with("Parameter ScheduleExpression is not valid."),
                "{error}"
            );
        }
    }
}
