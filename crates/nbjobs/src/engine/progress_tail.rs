//! Follows what a driver tells while its notebook runs, for whoever looks on. The file is in the run's hands: lines that
//! are not ours are passed over, and there is a limit to all of it.

use crate::app::App;
use crate::fd;
use crate::model::progress::Progress;
use crate::rundir::{self, RunDir};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

/// How much is read in all: what a driver tells at most, and room for its cells.
const BYTES_MAX: u64 = 32 * 1024 * 1024;
/// The shortest time between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// Follows the file from its first line until the run has `ended`. An error ends the following, not the run.
pub(super) async fn follow(
    app: &App,
    job: &str,
    run: &RunDir,
    ended: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let changes = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
    inotify::add_watch(&changes, run.progress(), WatchFlags::MODIFY)?;
    let changes = fd::readable(changes)?;
    tokio::pin!(ended);
    app.live.begin(job);
    let mut read_bytes = 0;
    loop {
        let told = next(run, &mut read_bytes)?;
        if !told.is_empty() {
            app.live.tell(job, told);
            app.store.tell(job);
        }
        tokio::select! {
            ready = changes.readable() => {
                // What changed does not matter, so the queue is only emptied.
                let _ = rustix::io::read(changes.get_ref(), &mut [0; 4096]);
                ready?.clear_ready();
            }
            done = &mut ended => return done,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// The whole lines behind `read_bytes`.
fn next(run: &RunDir, read_bytes: &mut u64) -> anyhow::Result<Vec<Progress>> {
    let mut file = rundir::open_regular(&run.progress())?;
    file.seek(SeekFrom::Start(*read_bytes))?;
    let mut bytes = Vec::new();
    file.take(BYTES_MAX.saturating_sub(*read_bytes))
        .read_to_end(&mut bytes)?;
    let whole = bytes
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |at| at + 1);
    *read_bytes += whole as u64;
    let lines = bytes[..whole].split(|b| *b == b'\n');
    Ok(lines
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_lines_of_ours_are_read_once() {
        let dir = tempfile::tempdir().expect("a folder");
        let run = RunDir::new(dir.path().join("r"));
        run.create().expect("an empty run");
        let cleared = |cell: usize| format!("{{\"event\":\"cleared\",\"cell\":{cell}}}\n");
        let mut read_bytes = 0;
        std::fs::write(run.progress(), cleared(1) + "not ours\n" + &cleared(2)[..9])
            .expect("lines");
        let told = next(&run, &mut read_bytes).expect("lines");
        assert_eq!(told, [Progress::Cleared { cell: 1 }]);
        std::fs::write(run.progress(), cleared(1) + "not ours\n" + &cleared(2)).expect("lines");
        let told = next(&run, &mut read_bytes).expect("lines");
        assert_eq!(told, [Progress::Cleared { cell: 2 }]);
        assert!(next(&run, &mut read_bytes).expect("lines").is_empty());
    }
}
