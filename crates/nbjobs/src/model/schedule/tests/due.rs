//! What fires and what is written down after an absence.

use super::super::*;
use super::{at, timing_of};

/// After an absence, without a policy.
fn due(timing: &Timing, next_due: Timestamp, now: Timestamp) -> Due {
    super::super::due(timing, next_due, now, CatchUp::default())
}

#[test]
fn each_policy_says_which_missed_moments_fire() {
    let hourly = timing_of("rate(1 hour)");
    let asked = |runs, hours| CatchUp {
        runs,
        window: SignedDuration::from_hours(hours),
    };
    let (first, now) = (at("2026-11-20T00:00"), at("2026-11-22T12:30"));
    for (runs, hours, fired, missed) in [
        (MissedRuns::Skip, 24, 0, 61),
        (MissedRuns::Once, 24, 1, 60),
        (MissedRuns::All, 24, 24, 37),
        (MissedRuns::All, 168, 61, 0),
        (MissedRuns::Once, 0, 0, 61),
    ] {
        let due = super::super::due(&hourly, first, now, asked(runs, hours));
        assert_eq!(
            (due.fire.len(), due.missed.len(), due.missed_rest),
            (fired, missed, None),
            "{runs:?} {hours}"
        );
        assert_eq!(due.next, Some(at("2026-11-22T13:00")));
        assert!(
            due.fire
                .last()
                .is_none_or(|at| *at == now - SignedDuration::from_mins(30))
        );
    }
    // A moment that is a little late was not missed; the 100 latest are the most that fire.
    let minutely = timing_of("rate(1 minute)");
    let skipped = super::super::due(&minutely, first, now, asked(MissedRuns::Skip, 24));
    assert_eq!((skipped.fire, skipped.missed.len()), (vec![now], 100));
    let all = super::super::due(&minutely, first, now, asked(MissedRuns::All, 24));
    assert_eq!((all.fire.len(), all.fire[99]), (CAUGHT_UP_MAX, now));
    assert_eq!(all.missed_rest, Some(at("2026-11-20T01:40")));
}

#[test]
fn missed_moments_fire_once_and_are_all_written_down() {
    let daily = timing_of("cron(0 9 * * ? *)");
    let on_time = due(&daily, at("2026-11-23T09:00"), at("2026-11-23T09:00"));
    let expected = Due {
        fire: vec![at("2026-11-23T09:00")],
        missed: vec![],
        missed_rest: None,
        next: Some(at("2026-11-24T09:00")),
    };
    assert_eq!(on_time, expected);
    let after_a_weekend = due(&daily, at("2026-11-20T09:00"), at("2026-11-22T10:00"));
    assert_eq!(after_a_weekend.fire, [at("2026-11-22T09:00")]);
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
        (vec![], vec![at("2026-11-01T09:00")])
    );
    let not_yet = due(
        &daily,
        at("2026-11-23T09:00"),
        at("2026-11-23T08:59:59.999Z"),
    );
    assert_eq!(
        (not_yet.fire, not_yet.missed, not_yet.next),
        (vec![], vec![], Some(at("2026-11-23T09:00")))
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
        assert_eq!(due.fire, [at("2026-11-23T12:00")]);
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
        (vec![], Some(at("1996-01-01T01:40")), None)
    );
}
