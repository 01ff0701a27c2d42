//! The checker of invariants. It knows what is due from the timing alone, and reads the rest from the rows.

use crate::app::App;
use crate::model::rule::{Firing, FiringStatus};
use crate::model::schedule::Timing;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// More than the ledger of any source holds here.
const ROWS_MAX: u32 = 100_000;

/// A rule or schedule as it was made.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// Its kind and name.
    pub name: String,
    pub timing: Timing,
    /// Its first due moment.
    pub first: Timestamp,
}

/// What a ledger holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// Due moments.
    pub due: u64,
    /// Of them those that started an execution.
    pub started: u64,
}

/// That every due moment up to `until` has one row, and that those that started have one execution and the others none.
pub(super) async fn ledger(app: &App, sources: &[Source], until: Timestamp) -> Count {
    let mut starts = app.store.starts_by_firing().await.expect("executions");
    let mut count = Count::default();
    for source in sources {
        let mut rows = app
            .store
            .firings(&source.name, ROWS_MAX)
            .await
            .expect("a ledger");
        rows.reverse();
        every_moment_has_a_row(source, &rows, until);
        for row in rows {
            let began = starts.remove(&(row.source.clone(), row.due)).unwrap_or(0);
            let wanted = u64::from(matches!(
                row.status,
                FiringStatus::Started | FiringStatus::Late
            ));
            assert_eq!(began, wanted, "executions of {row:?}");
            assert!(wanted == 1 || row.reason.is_some(), "no reason: {row:?}");
            count.due += 1;
            count.started += began;
        }
    }
    assert_eq!(starts, BTreeMap::new(), "executions without a row");
    count
}

fn every_moment_has_a_row(source: &Source, rows: &[Firing], until: Timestamp) {
    let due = std::iter::successors(Some(source.first), |last| source.timing.next_after(*last))
        .take_while(|due| source.timing.fires_at(*due) <= until);
    let mut rows = rows.iter().peekable();
    // A row that says so stands for all moments up to the next row.
    let mut is_summed_up = false;
    for due in due {
        match rows.next_if(|row| row.due == due) {
            Some(row) => {
                let reason = row.reason.as_deref().unwrap_or_default();
                is_summed_up = reason.contains("stands for all later moments");
            }
            None => assert!(
                is_summed_up,
                "{} has no row for {due}, next is {:?}",
                source.name,
                rows.peek()
            ),
        }
    }
    assert_eq!(rows.next(), None, "{} was not due then", source.name);
}
