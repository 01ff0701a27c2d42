//! How long runs that have ended are kept. Knows no rows and no doors.

use super::policy::{self, KEEP_FOR, KEEP_RUNS, Policies};
use jiff::{SignedDuration, Timestamp};
use std::fmt;

/// Why a run that has ended need not be kept any longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// Its pipeline has so many later ones.
    KeepRuns(u32),
    /// It ended longer ago than this.
    KeepFor(SignedDuration),
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeepRuns(count) => write!(f, "it is not among the {count} latest ({KEEP_RUNS})"),
            Self::KeepFor(span) => {
                let span = policy::text(*span);
                write!(f, "it ended more than {span} ago ({KEEP_FOR})")
            }
        }
    }
}

/// Whether a run is not to be kept: the `place`th of those of its pipeline that have ended, from 1 for the latest, of
/// which `policies` are the policies. A job that is of no pipeline has no place.
///
/// A pipeline that is paused when so many runs in a row have failed keeps those, or it would never be paused.
pub fn expiry(
    policies: &Policies,
    place: Option<u32>,
    ended_at: Timestamp,
    now: Timestamp,
) -> Option<Expiry> {
    let needed = policies.pause_after_failures.unwrap_or(0);
    if place.is_some_and(|place| place <= needed) {
        return None;
    }
    let by_place = policies
        .keep_runs
        .filter(|keep| place.is_some_and(|place| place > *keep));
    let by_age = policies
        .keep_for
        .filter(|keep| now.duration_since(ended_at) > *keep);
    by_place
        .map(Expiry::KeepRuns)
        .or(by_age.map(Expiry::KeepFor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_kept_while_either_policy_wants_it_gone_for_no_reason() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().expect("an instant");
        let day = SignedDuration::from_hours(24);
        let ended = |days: i32| now - day * days;
        let policies = |keep_runs, keep_for: Option<i32>, pause_after_failures| Policies {
            keep_runs,
            keep_for: keep_for.map(|days| day * days),
            pause_after_failures,
            ..Policies::default()
        };
        let week = Some(Expiry::KeepFor(day * 7));
        for (policies, place, days, want) in [
            (policies(None, None, None), Some(999), 999, None),
            (policies(Some(2), None, None), Some(2), 999, None),
            (
                policies(Some(2), None, None),
                Some(3),
                0,
                Some(Expiry::KeepRuns(2)),
            ),
            (policies(Some(2), None, None), None, 999, None),
            (policies(None, Some(7), None), Some(1), 7, None),
            (policies(None, Some(7), None), Some(1), 8, week),
            (policies(None, Some(7), None), None, 8, week),
            (policies(Some(2), Some(7), None), Some(1), 8, week),
            (policies(Some(2), Some(7), Some(3)), Some(3), 8, None),
            (
                policies(Some(2), Some(7), Some(3)),
                Some(4),
                1,
                Some(Expiry::KeepRuns(2)),
            ),
        ] {
            let got = expiry(&policies, place, ended(days), now);
            assert_eq!(got, want, "{policies:?} {place:?} {days}");
        }
        // A clock that was set back deletes nothing.
        assert_eq!(
            expiry(&policies(None, Some(7), None), None, ended(-1), now),
            None
        );
    }
}
