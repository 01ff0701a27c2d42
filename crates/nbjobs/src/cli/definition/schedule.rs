//! Schedules on the command line: EventBridge's expressions, and advice to those who write Unix's.

use crate::model::schedule::{self, Expression};

/// An expression that EventBridge takes, as given.
pub(super) fn parse(text: &str) -> Result<String, String> {
    let text = text.trim();
    let inner = text
        .strip_prefix("cron(")
        .and_then(|rest| rest.strip_suffix(')'));
    let line = inner.unwrap_or(text);
    if line.split_whitespace().count() == 5 {
        let cron = schedule::from_unix(line)?;
        return Err(format!(
            "EventBridge's cron has six fields, in UTC; write '{cron}'"
        ));
    }
    text.parse::<Expression>()
        .map_err(|error| error.to_string())?;
    Ok(text.to_owned())
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
