use jiff::civil::Date;
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse()
        .unwrap_or_else(|_| format!("{text}:00Z").parse().unwrap())
}

fn schedule(text: &str) -> Schedule {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

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
            .parse::<Schedule>()
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
        long.parse::<Schedule>()
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
    let Schedule::Rate(rate) = schedule("rate(48 hours)") else {
        panic!("a rate")
    };
    assert_eq!(
        (rate.to_string().as_str(), rate.period()),
        ("rate(2 days)", SignedDuration::from_hours(48))
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

#[test]
fn missed_moments_fire_once_and_are_all_written_down() {
    let daily = schedule("cron(0 9 * * ? *)");
    let on_time = due(&daily, at("2026-11-23T09:00"), at("2026-11-23T09:00"));
    let expected = Due {
        fire: Some(at("2026-11-23T09:00")),
        missed: vec![],
        missed_rest: None,
        next: Some(at("2026-11-24T09:00")),
    };
    assert_eq!(on_time, expected);
    let after_a_weekend = due(&daily, at("2026-11-20T09:00"), at("2026-11-22T10:00"));
    assert_eq!(after_a_weekend.fire, Some(at("2026-11-22T09:00")));
    assert_eq!(
        after_a_weekend.missed,
        [at("2026-11-20T09:00"), at("2026-11-21T09:00")]
    );
    let monthly = due(
        &schedule("cron(0 9 1 * ? *)"),
        at("2026-11-01T09:00"),
        at("2026-11-02T09:01"),
    );
    assert_eq!(
        (monthly.fire, monthly.missed),
        (None, vec![at("2026-11-01T09:00")])
    );
    let not_yet = due(
        &daily,
        at("2026-11-23T09:00"),
        at("2026-11-23T08:59:59.999Z"),
    );
    assert_eq!(
        (not_yet.fire, not_yet.missed, not_yet.next),
        (None, vec![], Some(at("2026-11-23T09:00")))
    );
}

#[test]
fn a_long_absence_costs_a_bounded_number_of_rows() {
    for text in ["cron(* * * * ? *)", "rate(1 minute)"] {
        let due = due(
            &schedule(text),
            at("1996-01-01T00:00"),
            at("2026-11-23T12:00:30Z"),
        );
        assert_eq!(due.fire, Some(at("2026-11-23T12:00")));
        assert_eq!(
            (due.missed.len(), due.missed[99]),
            (100, at("1996-01-01T01:39"))
        );
        assert_eq!(
            (due.missed_rest, due.next),
            (Some(at("1996-01-01T01:40")), Some(at("2026-11-23T12:01")))
        );
    }
    let over = due(
        &schedule("cron(* * * * ? 1996)"),
        at("1996-01-01T00:00"),
        at("2026-11-23T12:00"),
    );
    assert_eq!(
        (over.fire, over.missed_rest, over.next),
        (None, Some(at("1996-01-01T01:40")), None)
    );
}

/// Sets of values, and the field that says them in a random notation.
fn field(low: i8, high: i8) -> impl Strategy<Value = (Vec<i8>, String)> {
    let all = (low..=high).collect::<Vec<_>>();
    prop_oneof![
        Just((all, "*".to_owned())),
        (low..=high, 1..=high).prop_map(move |(from, step)| {
            (
                (from..=high).step_by(step as usize).collect(),
                format!("{from}/{step}"),
            )
        }),
        (low..=high, low..=high).prop_map(move |(a, b)| {
            let values = (low..=high).filter(|v| {
                if a <= b {
                    (a..=b).contains(v)
                } else {
                    *v >= a || *v <= b
                }
            });
            (values.collect(), format!("{a}-{b}"))
        }),
        prop::collection::vec(low..=high, 1..4).prop_map(|values| {
            let text = values
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(",");
            (values, text)
        }),
    ]
}

fn instant() -> impl Strategy<Value = Timestamp> {
    (1_600_000_000_i64..2_500_000_000, 0..1_000_000_000)
        .prop_map(|(s, ns)| Timestamp::new(s, ns).unwrap())
}

proptest! {
    #[test]
    fn next_after_equals_a_search_minute_by_minute(
        minutes in field(0, 59), hours in field(0, 23), days in field(1, 31), months in field(1, 12),
        weekdays in field(1, 7), by_week: bool, after in instant(),
    ) {
        let text = if by_week {
            format!("cron({} {} ? {} {} *)", minutes.1, hours.1, months.1, weekdays.1)
        } else {
            format!("cron({} {} {} {} ? *)", minutes.1, hours.1, days.1, months.1)
        };
        let found = schedule(&text).next_after(after);
        let start = after.to_zoned_datetime(TimeZone::UTC).datetime();
        let day_is_due = |date: Date| months.0.contains(&date.month())
            && if by_week { weekdays.0.contains(&date.weekday().to_sunday_one_offset()) } else { days.0.contains(&date.day()) };
        let naive = start.date().series(jiff::Span::new().days(1)).take(9 * 366).filter(|date| day_is_due(*date))
            .flat_map(|date| (0..1440_i16).map(move |minute| date.at((minute / 60) as i8, (minute % 60) as i8, 0, 0)))
            .filter(|at| *at > start)
            .find(|at| hours.0.contains(&at.hour()) && minutes.0.contains(&at.minute()))
            .map(|at| at.to_zoned_datetime(TimeZone::UTC).unwrap().timestamp());
        prop_assert_eq!(found, naive, "{}", text);
        prop_assert!(found.is_none_or(|found| found > after));
    }

    #[test]
    fn parsing_never_panics(text in "(cron|rate)\\([0-9A-Z*?/#,LW -]{0,40}\\)|.{0,60}") {
        if let Ok(schedule) = text.parse::<Schedule>() {
            let after = at("2026-11-23T12:00");
            prop_assert!(schedule.next_after(after).is_none_or(|next| next > after));
        }
    }

    #[test]
    fn no_due_moment_is_doubled_or_lost(
        rate_minutes in 2..2000_u32, cron: bool, steps in prop::collection::vec(0..20_000_i64, 1..20),
    ) {
        let text = if cron { "cron(7/20 */5 * * ? *)".to_owned() } else { format!("rate({rate_minutes} minutes)") };
        let schedule = schedule(&text);
        let start = at("2026-11-23T12:00");
        let mut next = schedule.next_after(start);
        let (mut now, mut seen) = (start, Vec::new());
        for minutes in steps {
            now += SignedDuration::from_mins(minutes);
            let due = due(&schedule, next.unwrap(), now);
            seen.extend(due.missed);
            let mut rest = due.missed_rest;
            while let Some(moment) = rest.filter(|moment| *moment <= now && Some(*moment) != due.fire) {
                seen.push(moment);
                rest = schedule.next_after(moment);
            }
            seen.extend(due.fire);
            next = due.next;
            prop_assert!(next.is_some_and(|next| next > now));
        }
        let all = std::iter::successors(schedule.next_after(start), |last| schedule.next_after(*last));
        prop_assert_eq!(seen, all.take_while(|moment| *moment <= now).collect::<Vec<_>>());
    }
}
