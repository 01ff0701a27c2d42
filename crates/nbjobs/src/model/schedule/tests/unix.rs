//! Unix's cron and EventBridge's.

use super::super::*;
use super::schedule;
use jiff::tz::TimeZone;
use proptest::prelude::*;

#[test]
fn a_line_in_eventbridges_words_and_back() {
    for (line, expression, back) in [
        ("0 9 * * *", "cron(0 9 * * ? *)", "0 9 * * *"),
        ("*/5 * * * *", "cron(*/5 * * * ? *)", "*/5 * * * *"),
        ("30 1 1 * *", "cron(30 1 1 * ? *)", "30 1 1 * *"),
        (
            "0 0 * * MON-FRI",
            "cron(0 0 ? * MON-FRI *)",
            "0 0 * * MON-FRI",
        ),
        ("0 0 * * mon", "cron(0 0 ? * MON *)", "0 0 * * MON"),
        ("0 9 * * 1-5", "cron(0 9 ? * 2-6 *)", "0 9 * * 1-5"),
        ("0 9 * * 5-7", "cron(0 9 ? * 1,6,7 *)", "0 9 * * 0,5,6"),
        ("0 9 * * 7-7", "cron(0 9 ? * 1 *)", "0 9 * * 0"),
        ("0 9 * * 7-2", "cron(0 9 ? * 1-3 *)", "0 9 * * 0-2"),
        ("0 9 * * 0-7", "cron(0 9 * * ? *)", "0 9 * * *"),
        ("0 9 * * 0", "cron(0 9 ? * 1 *)", "0 9 * * 0"),
        ("0 9 * * 7", "cron(0 9 ? * 1 *)", "0 9 * * 0"),
        ("0 9 * * */2", "cron(0 9 ? * 1,3,5,7 *)", "0 9 * * 0,2,4,6"),
        ("0 9 * * 5-1", "cron(0 9 ? * 1,2,6,7 *)", "0 9 * * 0,1,5,6"),
        (
            "0 9 * * SAT-SUN",
            "cron(0 9 ? * SAT-SUN *)",
            "0 9 * * SAT-SUN",
        ),
        ("0 9 * * 0-6", "cron(0 9 * * ? *)", "0 9 * * *"),
        ("0 9 1-31 * 1", "cron(0 9 ? * 2 *)", "0 9 * * 1"),
        ("0 9 ? * 1", "cron(0 9 ? * 2 *)", "0 9 * * 1"),
        (
            "0 9 * jan,Jul *",
            "cron(0 9 * JAN,JUL ? *)",
            "0 9 * JAN,JUL *",
        ),
        ("0 0 15W * *", "cron(0 0 15W * ? *)", "0 0 15W * *"),
        ("0 0 l * *", "cron(0 0 L * ? *)", "0 0 L * *"),
        ("0 0 * * 5L", "cron(0 0 ? * 6L *)", "0 0 * * 5L"),
        ("0 0 * * 5#2", "cron(0 0 ? * 6#2 *)", "0 0 * * 5#2"),
        ("@daily", "cron(0 0 * * ? *)", "0 0 * * *"),
    ] {
        assert_eq!(from_unix(line).as_deref(), Ok(expression), "{line}");
        assert_eq!(to_unix(expression).as_deref(), Some(back), "{expression}");
    }
}

#[test]
fn what_cannot_be_said_is_refused_with_the_reason() {
    for (line, reason) in [
        ("", "0 fields"),
        ("0 9 * *", "4 fields"),
        ("0 0 12 * * *", "6 fields"),
        ("cron(0 9 * * ? *)", "6 fields"),
        ("60 * * * *", "\"60\" in minutes is not in 0-59"),
        ("5-1 * * * *", "the range 5-1 runs backwards"),
        ("0 9 * * 8", "\"8\" is not a day of the week"),
        ("0 9 * * L", "\"L\" is not a day of the week"),
        ("a b c d e", "\"c\" in day-of-month"),
        ("0 9 13 * 5", "use two schedules: 0 9 13 * * and 0 9 * * 5"),
        ("0 9 */2 * 1", "either fits"),
        ("0 0 32 * *", "\"32\""),
    ] {
        let error = from_unix(line).expect_err(line);
        assert!(error.contains(reason), "{line}: {error}");
    }
}

#[test]
fn what_unix_has_no_words_for_is_none() {
    for expression in [
        "rate(5 minutes)",
        "cron(0 9 * * ? 2030)",
        "daily",
        "at(2030-01-01T00:00:00)",
    ] {
        assert_eq!(to_unix(expression), None, "{expression}");
    }
    assert_eq!(
        to_unix("cron(0 22-1 * * ? *)").as_deref(),
        Some("0 0,1,22,23 * * *")
    );
}

fn field(low: u16, high: u16) -> impl Strategy<Value = String> {
    prop_oneof![
        Just("*".to_owned()),
        (1..=high.min(9)).prop_map(|step| format!("*/{step}")),
        (low..=high).prop_map(|one| one.to_string()),
        (low..=high, low..=high).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        prop::collection::vec(low..=high, 1..4).prop_map(|all| all
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(",")),
    ]
}

/// Whether a field of numbers holds of a value, as crontab's manual says.
fn holds(field: &str, low: u16, high: u16, value: u16) -> bool {
    field.split(',').any(|item| {
        let (range, step) = item.split_once('/').unwrap_or((item, "1"));
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (low, high),
            Some((a, b)) => (a.parse().unwrap(), b.parse().unwrap()),
            None => (range.parse().unwrap(), range.parse().unwrap()),
        };
        (first..=last)
            .step_by(step.parse().unwrap())
            .any(|one| one == value)
    })
}

proptest! {
    #[test]
    fn a_line_is_due_when_its_expression_is(
        minute in field(0, 59), hour in field(0, 23), day in field(1, 31), month in field(1, 12),
        weekday in field(0, 7), by_week: bool, second in 1_600_000_000_i64..2_000_000_000,
    ) {
        let line = if by_week {
            format!("{minute} {hour} * {month} {weekday}")
        } else {
            format!("{minute} {hour} {day} {month} *")
        };
        let expression = from_unix(&line).unwrap();
        let back = to_unix(&expression).unwrap();
        prop_assert_eq!(schedule(&from_unix(&back).unwrap()), schedule(&expression));
        let Some(due) = schedule(&expression).next_after(Timestamp::from_second(second).unwrap()) else {
            return Ok(());
        };
        // It holds of the moment found, and of none in the day before it that was skipped.
        let is_due = |at: Timestamp| {
            let local = TimeZone::UTC.to_datetime(at);
            let sunday = local.date().weekday().to_sunday_zero_offset() as u16;
            holds(&minute, 0, 59, local.minute() as u16)
                && holds(&hour, 0, 23, local.hour() as u16)
                && holds(&month, 1, 12, local.month() as u16)
                && if by_week {
                    holds(&weekday, 0, 7, sunday) || sunday == 0 && holds(&weekday, 0, 7, 7)
                } else {
                    holds(&day, 1, 31, local.day() as u16)
                }
        };
        prop_assert!(is_due(due), "{} at {}", line, due);
        for minutes in 1..1440 {
            let earlier = due - SignedDuration::from_mins(minutes);
            if earlier.as_second() <= second {
                break;
            }
            prop_assert!(!is_due(earlier), "{} at {}", line, earlier);
        }
    }
}
