//! What fires and what is written down after an absence.

use super::super::*;
use super::{at, timing_of};

#[test]
fn missed_moments_fire_once_and_are_all_written_down() {
    let daily = timing_of("cron(0 9 * * ? *)");
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
        &timing_of("cron(0 9 1 * ? *)"),
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
            &timing_of(text),
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
        &timing_of("cron(* * * * ? 1996)"),
        at("1996-01-01T00:00"),
        at("2026-11-23T12:00"),
    );
    assert_eq!(
        (over.fire, over.missed_rest, over.next),
        (None, Some(at("1996-01-01T01:40")), None)
    );
}
