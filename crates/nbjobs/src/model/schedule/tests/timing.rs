//! Time zones, dates and windows.

use super::super::*;
use super::at;
use jiff::Timestamp;
use proptest::prelude::*;

fn timing(expression: &str, zone: &str, window: Option<u32>) -> Timing {
    let window = window.map(|minutes| Window {
        width_s: minutes * 60,
        seed: "seed".into(),
    });
    Timing::of_schedule(expression, zone, None, None, window).unwrap()
}

fn moments(timing: &Timing, from: &str, n: usize) -> Vec<Timestamp> {
    std::iter::successors(timing.next_after(at(from)), |at| timing.next_after(*at))
        .take(n)
        .collect()
}

#[test]
fn skipped_times_are_not_due_and_doubled_ones_are_due_once() {
    // Berlin: 2027-03-28 skips 2:00 to 3:00, 2027-10-31 has 2:00 to 3:00 twice.
    let daily = timing("cron(30 2 * * ? *)", "Europe/Berlin", None);
    assert_eq!(
        moments(&daily, "2027-03-27T00:00", 2),
        [at("2027-03-27T01:30"), at("2027-03-29T00:30")]
    );
    assert_eq!(
        moments(&daily, "2027-10-30T12:00", 2),
        [at("2027-10-31T00:30"), at("2027-11-01T01:30")]
    );
    let often = timing("cron(0/30 * * * ? *)", "Europe/Berlin", None);
    assert_eq!(
        moments(&often, "2027-10-31T00:00", 3),
        [
            at("2027-10-31T00:30"),
            at("2027-10-31T02:00"),
            at("2027-10-31T02:30")
        ]
    );
    let rate = timing("rate(1 hour)", "Europe/Berlin", None);
    assert_eq!(
        moments(&rate, "2027-10-31T00:30", 2),
        [at("2027-10-31T01:30"), at("2027-10-31T02:30")]
    );
    let once = timing("at(2027-10-31T02:30:00)", "Europe/Berlin", None);
    assert_eq!(
        moments(&once, "2027-01-01T00:00", 5),
        [at("2027-10-31T00:30")]
    );
}

#[test]
fn dates_bound_a_schedule() {
    let bounded = Timing::of_schedule(
        "cron(0 9 * * ? *)",
        "UTC",
        Some(at("2027-01-02T09:00")),
        Some(at("2027-01-04T08:59")),
        None,
    )
    .unwrap();
    assert_eq!(
        moments(&bounded, "2026-01-01T00:00", 5),
        [at("2027-01-02T09:00"), at("2027-01-03T09:00")]
    );
}

proptest! {
    #[test]
    fn a_moment_fires_in_its_window_and_before_the_next(
        window in 1..=WINDOW_MINUTES_MAX, rate in 2..200_u32, second in 0..2_000_000_000_i64,
    ) {
        let timing = timing(&format!("rate({rate} minutes)"), "UTC", Some(window));
        let due = Timestamp::from_second(second).unwrap();
        let fires = timing.fires_at(due);
        let next = timing.next_after(due).unwrap();
        let width = fires.duration_since(due).as_secs();
        prop_assert!((0..i64::from(window) * 60).contains(&width));
        prop_assert!(fires < next && next <= timing.fires_at(next));
        prop_assert_eq!(super::super::due(&timing, due, fires, CatchUp::default()).fire, [due]);
        if width > 0 {
            let before = Timestamp::from_second(fires.as_second() - 1).unwrap();
            prop_assert_eq!(super::super::due(&timing, due, before, CatchUp::default()).fire, []);
        }
    }
}
