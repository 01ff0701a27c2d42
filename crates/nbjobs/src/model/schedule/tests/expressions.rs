//! Tables of expressions, their due moments and refusals.

use super::super::*;
use super::{at, schedule};

/// The next three due moments after Monday 2026-11-23 12:00 UTC, without seconds.
fn next_three(text: &str) -> String {
    let schedule = schedule(text);
    let mut last = at("2026-11-23T12:00");
    let mut shown = Vec::new();
    while let Some(next) = schedule.next_after(last).filter(|_| shown.len() < 3) {
        shown.push(
            next.to_zoned_datetime(TimeZone::UTC)
                .strftime("%a %F %H:%M")
                .to_string(),
        );
        last = next;
    }
    shown.join(", ")
}

#[test]
fn expressions_are_due_as_eventbridge_documents() {
    let table = [
        // The examples of EventBridge's user guide.
        (
            "cron(0 10 * * ? *)",
            "Tue 2026-11-24 10:00, Wed 2026-11-25 10:00, Thu 2026-11-26 10:00",
        ),
        (
            "cron(15 12 * * ? *)",
            "Mon 2026-11-23 12:15, Tue 2026-11-24 12:15, Wed 2026-11-25 12:15",
        ),
        (
            "cron(0 18 ? * MON-FRI *)",
            "Mon 2026-11-23 18:00, Tue 2026-11-24 18:00, Wed 2026-11-25 18:00",
        ),
        (
            "cron(0 8 1 * ? *)",
            "Tue 2026-12-01 08:00, Fri 2027-01-01 08:00, Mon 2027-02-01 08:00",
        ),
        (
            "cron(0/15 * * * ? *)",
            "Mon 2026-11-23 12:15, Mon 2026-11-23 12:30, Mon 2026-11-23 12:45",
        ),
        (
            "cron(0/10 * ? * MON-FRI *)",
            "Mon 2026-11-23 12:10, Mon 2026-11-23 12:20, Mon 2026-11-23 12:30",
        ),
        (
            "cron(0/5 8-17 ? * MON-FRI *)",
            "Mon 2026-11-23 12:05, Mon 2026-11-23 12:10, Mon 2026-11-23 12:15",
        ),
        (
            "cron(0/30 20-2 ? * MON-FRI *)",
            "Mon 2026-11-23 20:00, Mon 2026-11-23 20:30, Mon 2026-11-23 21:00",
        ),
        (
            "cron(0 12 ? * 3#2 *)",
            "Tue 2026-12-08 12:00, Tue 2027-01-12 12:00, Tue 2027-02-09 12:00",
        ),
        (
            "cron(0 12 3W * ? *)",
            "Thu 2026-12-03 12:00, Mon 2027-01-04 12:00, Wed 2027-02-03 12:00",
        ),
        (
            "cron(0 0 1 JAN,FEB,MAR ? *)",
            "Fri 2027-01-01 00:00, Mon 2027-02-01 00:00, Mon 2027-03-01 00:00",
        ),
        (
            "cron(1/10 * * * ? *)",
            "Mon 2026-11-23 12:01, Mon 2026-11-23 12:11, Mon 2026-11-23 12:21",
        ),
        // What AWS's JupyterLab extension makes of its users' five-field expressions.
        (
            "cron(0 0 ? * MON-FRI *)",
            "Tue 2026-11-24 00:00, Wed 2026-11-25 00:00, Thu 2026-11-26 00:00",
        ),
        (
            "cron(0 9 ? * 2-6 *)",
            "Tue 2026-11-24 09:00, Wed 2026-11-25 09:00, Thu 2026-11-26 09:00",
        ),
        (
            "cron(*/15 * ? * 1 *)",
            "Sun 2026-11-29 00:00, Sun 2026-11-29 00:15, Sun 2026-11-29 00:30",
        ),
        (
            "cron(0 * ? * * *)",
            "Mon 2026-11-23 13:00, Mon 2026-11-23 14:00, Mon 2026-11-23 15:00",
        ),
        (
            "cron(30 1 1 * ? *)",
            "Tue 2026-12-01 01:30, Fri 2027-01-01 01:30, Mon 2027-02-01 01:30",
        ),
        (
            "cron(0 0 ? * 1,7 *)",
            "Sat 2026-11-28 00:00, Sun 2026-11-29 00:00, Sat 2026-12-05 00:00",
        ),
        (
            "cron(0 0 ? * 6#3 *)",
            "Fri 2026-12-18 00:00, Fri 2027-01-15 00:00, Fri 2027-02-19 00:00",
        ),
        (
            "cron(0 0 ? * */3 *)",
            "Wed 2026-11-25 00:00, Sat 2026-11-28 00:00, Sun 2026-11-29 00:00",
        ),
        // The special characters.
        (
            "cron(5,35 14 * * ? *)",
            "Mon 2026-11-23 14:05, Mon 2026-11-23 14:35, Tue 2026-11-24 14:05",
        ),
        (
            "cron(0 0 L * ? *)",
            "Mon 2026-11-30 00:00, Thu 2026-12-31 00:00, Sun 2027-01-31 00:00",
        ),
        (
            "cron(0 12 LW * ? *)",
            "Mon 2026-11-30 12:00, Thu 2026-12-31 12:00, Fri 2027-01-29 12:00",
        ),
        (
            "cron(0 12 15W * ? *)",
            "Tue 2026-12-15 12:00, Fri 2027-01-15 12:00, Mon 2027-02-15 12:00",
        ),
        (
            "cron(0 12 1W * ? *)",
            "Tue 2026-12-01 12:00, Fri 2027-01-01 12:00, Mon 2027-02-01 12:00",
        ),
        (
            "cron(0 12 1W 5 ? *)",
            "Mon 2027-05-03 12:00, Mon 2028-05-01 12:00, Tue 2029-05-01 12:00",
        ),
        (
            "cron(0 12 31W * ? *)",
            "Thu 2026-12-31 12:00, Fri 2027-01-29 12:00, Wed 2027-03-31 12:00",
        ),
        (
            "cron(0 12 ? * L *)",
            "Sat 2026-11-28 12:00, Sat 2026-12-05 12:00, Sat 2026-12-12 12:00",
        ),
        (
            "cron(0 12 ? * 6L *)",
            "Fri 2026-11-27 12:00, Fri 2026-12-25 12:00, Fri 2027-01-29 12:00",
        ),
        (
            "cron(0 12 ? * friL *)",
            "Fri 2026-11-27 12:00, Fri 2026-12-25 12:00, Fri 2027-01-29 12:00",
        ),
        (
            "cron(0 12 ? * FRI#5 *)",
            "Fri 2027-01-29 12:00, Fri 2027-04-30 12:00, Fri 2027-07-30 12:00",
        ),
        (
            "cron(0 12 ? * FRI-MON *)",
            "Fri 2026-11-27 12:00, Sat 2026-11-28 12:00, Sun 2026-11-29 12:00",
        ),
        (
            "cron(0 22-2/2 * * ? *)",
            "Mon 2026-11-23 22:00, Tue 2026-11-24 00:00, Tue 2026-11-24 02:00",
        ),
        (
            "cron(0 12 1/5 * ? *)",
            "Thu 2026-11-26 12:00, Tue 2026-12-01 12:00, Sun 2026-12-06 12:00",
        ),
        (
            "cron(0 10 ? JAN,JUL SUN 2027-2028)",
            "Sun 2027-01-03 10:00, Sun 2027-01-10 10:00, Sun 2027-01-17 10:00",
        ),
        (
            "cron(0 0 1 1 ? 2027/2)",
            "Fri 2027-01-01 00:00, Mon 2029-01-01 00:00, Wed 2031-01-01 00:00",
        ),
        (
            "cron(0 12 29 2 ? *)",
            "Tue 2028-02-29 12:00, Sun 2032-02-29 12:00, Fri 2036-02-29 12:00",
        ),
        (
            "cron(59 23 31 12 ? 2026,2199)",
            "Thu 2026-12-31 23:59, Tue 2199-12-31 23:59",
        ),
        // Lawful, and never due again.
        ("cron(0 12 * * ? 2020)", ""),
        ("cron(0 12 31 2 ? *)", ""),
        // Rates count from the moment given.
        (
            "rate(1 minute)",
            "Mon 2026-11-23 12:01, Mon 2026-11-23 12:02, Mon 2026-11-23 12:03",
        ),
        (
            "rate(5 minutes)",
            "Mon 2026-11-23 12:05, Mon 2026-11-23 12:10, Mon 2026-11-23 12:15",
        ),
        (
            "rate(1 hour)",
            "Mon 2026-11-23 13:00, Mon 2026-11-23 14:00, Mon 2026-11-23 15:00",
        ),
        (
            "rate(7 days)",
            "Mon 2026-11-30 12:00, Mon 2026-12-07 12:00, Mon 2026-12-14 12:00",
        ),
        ("rate(4294967295 days)", ""),
    ];
    for (expression, expected) in table {
        assert_eq!(next_three(expression), expected, "{expression}");
    }
}

#[test]
fn refusals_name_what_was_wrong() {
    let table = [
        ("", "neither cron("),
        ("0 9 * * ? *", "neither cron("),
        ("cron(0 9 * * ? *", "neither cron("),
        ("at(2027-01-01T00:00:00)", "neither cron("),
        ("cron(0 9 * * ?)", "has 5 fields"),
        ("cron(0 0 9 * * ? *)", "has 7 fields"),
        ("cron(0 12 * * * *)", "must be ?"),
        ("cron(0 12 1 * MON *)", "must be ?"),
        ("cron(0 12 ? * ? *)", "both ?"),
        ("cron(60 12 * * ? *)", "\"60\" in minutes is not in 0-59"),
        ("cron(? 12 * * ? *)", "\"?\" in minutes"),
        ("cron(0 24 * * ? *)", "\"24\" in hours"),
        ("cron(0 -1 * * ? *)", "\"\" in hours"),
        ("cron(0 12 32 * ? *)", "\"32\" in day-of-month"),
        ("cron(0 12 0 * ? *)", "\"0\" in day-of-month"),
        ("cron(0 12 1W,15W * ? *)", "in day-of-month"),
        ("cron(0 12 L-3 * ? *)", "\"L\" in day-of-month"),
        (
            "cron(0 12 * 13 ? *)",
            "\"13\" in month is not in 1-12 or JAN-DEC",
        ),
        ("cron(0 12 * JANUARY ? *)", "\"JANUARY\" in month"),
        (
            "cron(0 12 ? * 0 *)",
            "\"0\" in day-of-week is not in 1-7 or SUN-SAT",
        ),
        ("cron(0 12 ? * 8 *)", "\"8\" in day-of-week"),
        ("cron(0 12 ? * 15W *)", "in day-of-week"),
        ("cron(0 12 ? * 3#1,6#3 *)", "in number after #"),
        (
            "cron(0 12 ? * 6#6 *)",
            "\"6\" in number after # is not in 1-5",
        ),
        ("cron(0 12 * * ? 1969)", "\"1969\" in year"),
        ("cron(0 12 * * ? 2200)", "\"2200\" in year"),
        ("cron(0 12 * * ? 2030-2027)", "runs backwards"),
        ("cron(0/0 12 * * ? *)", "the step \"0\""),
        ("cron(0/60 12 * * ? *)", "the step \"60\""),
        ("cron(0/ 12 * * ? *)", "the step \"\""),
        ("cron(/5 12 * * ? *)", "\"\" in minutes"),
        ("cron(1,,2 12 * * ? *)", "\"\" in minutes"),
        ("cron(+1 12 * * ? *)", "\"+1\" in minutes"),
        ("cron(99999999999 12 * * ? *)", "in minutes"),
        ("rate(5)", "not a value and a unit"),
        ("rate(0 minutes)", "not a positive whole number"),
        ("rate(-5 minutes)", "not a positive whole number"),
        ("rate(1.5 hours)", "not a positive whole number"),
        ("rate(1 minutes)", "rate(1 minute)"),
        ("rate(5 minute)", "rate(5 minutes)"),
        ("rate(5 seconds)", "not one of minute(s), hour(s), day(s)"),
        ("rate(4294967296 days)", "is more than"),
    ];
    for (expression, reason) in table {
        let error = expression
            .parse::<Expression>()
            .expect_err(expression)
            .to_string();
        assert!(
            error.starts_with("Parameter ScheduleExpression is not valid."),
            "{expression}: {error}"
        );
        assert!(error.contains(reason), "{expression}: {error}");
    }
    let long = format!("cron(0 12 * * ? {})", "2027,".repeat(60) + "2027");
    assert!(
        long.parse::<Expression>()
            .unwrap_err()
            .to_string()
            .contains("longer than 256")
    );
}

#[test]
fn a_rate_keeps_its_rhythm_on_whole_seconds() {
    let five = schedule("rate(5 minutes)");
    assert_eq!(
        five.next_after(at("2026-11-23T12:00:07.9Z")),
        Some(at("2026-11-23T12:05:07Z"))
    );
    assert_eq!(
        five.next_after(at("2026-11-23T12:05:07Z")),
        Some(at("2026-11-23T12:10:07Z"))
    );
}

#[test]
fn daylight_saving_skips_a_missing_time_and_does_not_repeat_a_doubled_one() {
    let zone = TimeZone::get("America/New_York").unwrap();
    let daily = schedule("cron(30 2 * * ? *)");
    let spring = daily.next_after_in(at("2026-03-07T12:00"), &zone).unwrap();
    assert_eq!(
        spring,
        at("2026-03-09T06:30"),
        "02:30 does not exist on 8 March"
    );
    let daily = schedule("cron(30 1 * * ? *)");
    let autumn = daily.next_after_in(at("2026-11-01T00:00"), &zone).unwrap();
    assert_eq!(autumn, at("2026-11-01T05:30"), "the first 01:30");
    assert_eq!(
        daily.next_after_in(autumn, &zone),
        Some(at("2026-11-02T06:30"))
    );
    let half_hourly = schedule("cron(0/30 * * * ? *)");
    assert_eq!(
        half_hourly.next_after_in(autumn, &zone),
        Some(at("2026-11-01T07:00"))
    );
    assert_eq!(
        half_hourly.next_after_in(at("2026-11-01T06:10"), &zone),
        Some(at("2026-11-01T07:00"))
    );
}
