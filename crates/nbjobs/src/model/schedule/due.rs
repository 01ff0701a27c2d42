//! What to do at a moment about a schedule that may have been missed for a while: which due moments fire, which are
//! only written down. Pure, so that "no due moment is doubled or lost" is a property to test.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::Timing;

/// How long after it was to fire a start counts as late.
pub const LATE_AFTER: SignedDuration = SignedDuration::from_secs(60);

/// How old a missed moment may be and still fire, when nothing else is asked for.
pub const CATCH_UP_DEFAULT: SignedDuration = SignedDuration::from_hours(24);

/// How many missed moments are written down one by one; the rest share one summarising row.
pub const MISSED_LISTED_MAX: usize = 100;

/// How many missed moments fire after one absence at most.
pub const CAUGHT_UP_MAX: usize = 100;

/// Which of the moments that passed while nobody looked fire.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MissedRuns {
    /// None of them.
    Skip,
    /// The latest.
    #[default]
    Once,
    /// All, at most [`CAUGHT_UP_MAX`], oldest first.
    All,
}

/// What happens to moments that passed while nobody looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatchUp {
    /// Which fire.
    pub runs: MissedRuns,
    /// How old they may be.
    pub window: SignedDuration,
}

impl Default for CatchUp {
    fn default() -> Self {
        Self {
            runs: MissedRuns::default(),
            window: CATCH_UP_DEFAULT,
        }
    }
}

/// What a schedule asks for at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// The moments to fire now, oldest first: the one whose time has come, and those that are caught up with.
    pub fire: Vec<Timestamp>,
    /// Earlier moments that passed without firing, oldest first, at most [`MISSED_LISTED_MAX`].
    pub missed: Vec<Timestamp>,
    /// The first of the missed moments after those; it stands for all of them up to the first that fires, or to now.
    pub missed_rest: Option<Timestamp>,
    /// The next due moment, which fires after now; `None` when the schedule is over.
    pub next: Option<Timestamp>,
}

/// Goes through the due moments from `next_due` up to those that fire at `now`. Nothing is due when that of `next_due`
/// is still to come.
///
/// The work is bounded however long the service was away: [`MISSED_LISTED_MAX`] moments one by one, then a jump to the
/// window in which a missed moment may still fire.
pub fn due(timing: &Timing, next_due: Timestamp, now: Timestamp, catch_up: CatchUp) -> Due {
    let (oldest, fire_max) = match catch_up.runs {
        // What is a little late was not missed.
        MissedRuns::Skip => (LATE_AFTER, 1),
        MissedRuns::Once => (catch_up.window, 1),
        MissedRuns::All => (catch_up.window, CAUGHT_UP_MAX),
    };
    let floor = now.checked_sub(oldest).unwrap_or(Timestamp::MIN);
    let has_come = |at: &Timestamp| timing.fires_at(*at) <= now;
    let is_too_old = |at: &Timestamp| timing.fires_at(*at) < floor;
    let mut due = Due::default();
    let mut next = Some(next_due);
    while let Some(at) = next.filter(is_too_old) {
        if !due.miss(at) {
            next = timing.first_from(at, floor);
            break;
        }
        next = timing.next_after(at);
    }
    let mut fire = VecDeque::new();
    while let Some(at) = next.filter(has_come) {
        fire.push_back(at);
        if fire.len() > fire_max {
            due.miss(fire[0]);
            fire.pop_front();
        }
        next = timing.next_after(at);
    }
    Due {
        fire: fire.into(),
        next,
        ..due
    }
}

impl Due {
    /// Notes a missed moment, later than those before; `false` if from here on one stands for the rest.
    fn miss(&mut self, at: Timestamp) -> bool {
        if self.missed.len() < MISSED_LISTED_MAX {
            self.missed.push(at);
        } else {
            self.missed_rest.get_or_insert(at);
        }
        self.missed_rest.is_none()
    }
}
