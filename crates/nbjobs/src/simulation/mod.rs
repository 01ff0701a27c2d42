//! A deterministic simulation: the real engine, store and objects under a clock, a backend and a disk that do their
//! worst, and a checker that reads the ledger. A seed is all that befalls a life.
//!
//! A crash drops all that is in memory; what was committed stays, as SQLite's full sync and the objects' renames have it.
//! A loss of power also ends all drivers and loses files of runs that nobody has synced.
//!
//! `NBJOBS_SIMULATED_SEEDS=N` lives N lives instead of CI's few, `NBJOBS_FIRST_SEED=S` begins with another one.

mod backend;
mod check;
mod firings;
mod lives;
mod world;

use std::path::Path;
use std::str::FromStr;
use tempfile::TempDir;

/// Seeds to live: those of CI, or as many as the environment says.
#[allow(
    clippy::disallowed_methods,
    reason = "whoever runs the tests by hand says so in their environment"
)]
fn seeds(in_ci: u64) -> std::ops::Range<u64> {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .and_then(|text| u64::from_str(&text).ok())
    };
    let first = number("NBJOBS_FIRST_SEED").unwrap_or(1);
    first..first + number("NBJOBS_SIMULATED_SEEDS").unwrap_or(in_ci)
}

/// A folder in memory where there is one: a sync is simulated, and need not be waited for.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = match memory.is_dir() {
        true => tempfile::tempdir_in(memory),
        false => tempfile::tempdir(),
    };
    made.expect("a folder")
}

/// Lives each seed on one of two threads, and answers with what they add up to.
fn live_all<T: Send>(
    seeds: std::ops::Range<u64>,
    live: impl AsyncFn(u64) -> T + Sync,
    mut add: impl FnMut(T),
) {
    let (first, end) = (seeds.start, seeds.end);
    let lived = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2)
            .map(|offset| {
                let live = &live;
                scope.spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .build()
                        .expect("a runtime");
                    let mine = (first + offset..end).step_by(2);
                    mine.map(|seed| {
                        // Its number stands in the output of a test that fails.
                        println!("seed {seed}");
                        runtime.block_on(live(seed))
                    })
                    .collect::<Vec<T>>()
                })
            })
            .collect();
        let joined = threads.into_iter().map(|thread| {
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        joined.flatten().collect::<Vec<T>>()
    });
    lived.into_iter().for_each(&mut add);
}
