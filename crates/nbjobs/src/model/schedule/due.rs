//! What to do at a moment about a schedule that may have been missed for a while: which due moment fires, which are
//! only written down. Pure, so that "no due moment is doubled or lost" is a property to test.

use jiff::{SignedDuration, Timestamp};

use super::Timing;

/// How old the latest missed moment may be and still fire (the default missed-run policy, "once").
pub const LATEST_MISSED_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// How many missed moments are written down one by one; the rest share one summarising row.
pub const MISSED_LISTED_MAX: usize = 100;

/// What a schedule asks for at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The moment to fire now: the latest due one, unless it is older than [`LATEST_MISSED_WITHIN`].
    pub fire: Option<Timestamp>,
    /// Earlier moments that passed without firing, oldest first, at most [`MISSED_LISTED_MAX`].
    pub missed: Vec<Timestamp>,
    /// The first of the missed moments after those; it stands for all of them up to the one that fires, or to now.
    pub missed_rest: Option<Timestamp>,
    /// The next due moment, which fires after now; `None` when the schedule is over.
    pub next: Option<Timestamp>,
}

/// Goes through the due moments from `next_due` up to those that fire at `now`. Nothing is due when that of `next_due`
/// is still to come.
///
/// The work is bounded however long the service was away: [`MISSED_LISTED_MAX`] moments one by one, then a jump to the
/// window in which a missed moment may still fire, which holds at most a day of minutes.
pub fn due(timing: &Timing, next_due: Timestamp, now: Timestamp) -> Due {
    let window = now
        .checked_sub(LATEST_MISSED_WITHIN)
        .unwrap_or(Timestamp::MIN);
    let has_come = |at: &Timestamp| timing.fires_at(*at) <= now;
    let (mut fire, mut missed, mut missed_rest) = (None, Vec::new(), None);
    let mut next = Some(next_due);
    while let Some(at) = next.filter(|at| has_come(at) && missed.len() < MISSED_LISTED_MAX) {
        missed.push(at);
        next = timing.next_after(at);
    }
    if let Some(first) = next.filter(has_come) {
        next = timing.first_from(first, window);
        while let Some(at) = next.filter(has_come) {
            fire = Some(at);
            next = timing.next_after(at);
        }
        missed_rest = Some(first).filter(|first| Some(*first) != fire);
    } else {
        fire = missed.pop_if(|latest| timing.fires_at(*latest) >= window);
    }
    Due {
        fire,
        missed,
        missed_rest,
        next,
    }
}
