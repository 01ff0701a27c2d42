//! Properties of every schedule.

use super::super::*;
use super::{at, schedule};
use jiff::civil::Date;
use proptest::prelude::*;

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
        if let Ok(schedule) = text.parse::<Expression>() {
            let after = at("2026-11-23T12:00");
            prop_assert!(schedule.next_after(after).is_none_or(|next| next > after));
        }
    }

    #[test]
    fn no_due_moment_is_doubled_or_lost(
        rate_minutes in 2..2000_u32, cron: bool, runs in 0..3, window_h in 1..168_i64, steps in prop::collection::vec(0..20_000_i64, 1..20),
    ) {
        let text = if cron { "cron(7/20 */5 * * ? *)".to_owned() } else { format!("rate({rate_minutes} minutes)") };
        let schedule = schedule(&text);
        let start = at("2026-11-23T12:00");
        let mut next = schedule.next_after(start);
        let (mut now, mut seen) = (start, Vec::new());
        for minutes in steps {
            now += SignedDuration::from_mins(minutes);
            let runs = [MissedRuns::Skip, MissedRuns::Once, MissedRuns::All][runs as usize];
            let catch_up = CatchUp { runs, window: SignedDuration::from_hours(window_h) };
            let due = due(&Timing::of_rule(schedule.clone()), next.unwrap(), now, catch_up);
            seen.extend(due.missed);
            let mut rest = due.missed_rest;
            while let Some(moment) = rest.filter(|moment| *moment <= now && due.fire.first() != Some(moment)) {
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
