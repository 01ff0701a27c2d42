//! Follows the log file of a run and makes its lines log events, each exactly once: how far it came
//! is stored in the transaction that stores the events.

use super::RETRY_PAUSE;
use crate::app::{App, logs};
use crate::fd;
use crate::rundir::{self, RunDir};
use crate::store::{Lease, LeaseLost};
use anyhow::Context;
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;
use tracing::error;

/// The largest message of CloudWatch Logs, in bytes; longer lines are cut.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// How much of one run's log becomes log events. All of it is in the output archive.
const LOG_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How much is read and stored at a time.
const BATCH_BYTES: usize = 1024 * 1024;
/// How many lines are stored at a time: other writers wait for them.
const BATCH_LINES_MAX: usize = 1000;
/// The shortest time between two transactions, so that a chatty run does not keep the database busy.
const BATCH_PAUSE: Duration = Duration::from_millis(100);

/// The log of one run.
pub(super) struct LogTail<'a> {
    app: &'a App,
    lease: &'a Lease,
    run: &'a RunDir,
    stream: String,
    stored_bytes: u64,
}

impl<'a> LogTail<'a> {
    /// Goes on behind the first `stored_bytes` bytes.
    pub(super) fn new(
        app: &'a App,
        lease: &'a Lease,
        run: &'a RunDir,
        stream: String,
        stored_bytes: u64,
    ) -> Self {
        Self {
            app,
            lease,
            run,
            stream,
            stored_bytes,
        }
    }

    /// Stores lines as they are written, until the run has `ended` and its last line is stored. What the database
    /// cannot take now, it is given again.
    pub(super) async fn follow(
        mut self,
        ended: impl Future<Output = anyhow::Result<()>>,
    ) -> anyhow::Result<()> {
        let changes = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        inotify::add_watch(&changes, self.run.log(), WatchFlags::MODIFY)
            .with_context(|| format!("cannot watch {}", self.run.log().display()))?;
        let changes = fd::readable(changes)?;
        tokio::pin!(ended);
        loop {
            self.store_lines(false).await?;
            tokio::select! {
                ready = changes.readable() => {
                    // What changed does not matter, so the queue is only emptied.
                    let _ = rustix::io::read(changes.get_ref(), &mut [0; 4096]);
                    ready?.clear_ready();
                }
                done = &mut ended => {
                    done?;
                    return self.store_lines(true).await;
                }
            }
            tokio::time::sleep(BATCH_PAUSE).await;
        }
    }

    async fn wait_to_try_again(&self, error: &anyhow::Error) {
        error!(
            job = self.lease.job,
            error = format!("{error:#}"),
            "could not store a run's log; trying again"
        );
        tokio::time::sleep(RETRY_PAUSE).await;
    }

    /// Stores the lines that are there. A last line without an end counts only when `at_end`.
    async fn store_lines(&mut self, at_end: bool) -> anyhow::Result<()> {
        while let Some((lines, read_bytes)) = self.next_lines(at_end)? {
            while let Err(error) = self.store(&lines, read_bytes).await {
                if error.is::<LeaseLost>() {
                    return Err(error);
                }
                self.wait_to_try_again(&error).await;
            }
            self.stored_bytes = read_bytes;
        }
        Ok(())
    }

    /// The next lines, and how much of the log they come up to.
    fn next_lines(&self, at_end: bool) -> anyhow::Result<Option<(Vec<String>, u64)>> {
        let room = LOG_BYTES_MAX.saturating_sub(self.stored_bytes);
        let mut file = rundir::open_regular(&self.run.log())?;
        file.seek(SeekFrom::Start(self.stored_bytes))?;
        let mut bytes = Vec::new();
        file.take(room.min(BATCH_BYTES as u64))
            .read_to_end(&mut bytes)?;
        let whole = whole_lines(&bytes, at_end);
        if whole == 0 {
            return Ok(None);
        }
        let mut lines = messages(&bytes[..whole]);
        let read_bytes = self.stored_bytes + whole as u64;
        if read_bytes >= LOG_BYTES_MAX {
            lines.push(format!(
                "nbjobs: the log goes on in output.tar.gz; here it ends after {LOG_BYTES_MAX} bytes"
            ));
        }
        Ok(Some((lines, read_bytes)))
    }

    async fn store(&self, lines: &[String], read_bytes: u64) -> anyhow::Result<()> {
        let mut tx = self.app.store.tx().await?;
        tx.require(self.lease).await?;
        let is_new = tx
            .advance_log_bytes(self.lease, self.stored_bytes, read_bytes)
            .await?;
        if !is_new {
            return Ok(());
        }
        let now = self.app.clock.now();
        tx.create_log_stream(logs::GROUP, &self.stream, now).await?;
        tx.append_log(logs::GROUP, &self.stream, lines, now).await?;
        tx.commit().await
    }
}

/// How many of the bytes are the next lines: [`BATCH_LINES_MAX`] at most. A line that has no end yet counts when it is
/// longer than a message, or when none will come (`at_end`).
fn whole_lines(bytes: &[u8], at_end: bool) -> usize {
    let ends = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .map(|(at, _)| at + 1);
    match ends.take(BATCH_LINES_MAX).last() {
        Some(end) => end,
        None if at_end || bytes.len() >= MESSAGE_BYTES_MAX => bytes.len(),
        None => 0,
    }
}

/// The lines as messages: valid text, at most as long as CloudWatch's, none empty (it takes no empty message).
fn messages(bytes: &[u8]) -> Vec<String> {
    bytes
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.is_empty())
        .flat_map(|line| line.chunks(MESSAGE_BYTES_MAX))
        .map(|line| String::from_utf8_lossy(line).replace('\0', "\u{fffd}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_ends_with_a_line() {
        assert_eq!(whole_lines(b"a\nb\nc", false), 4);
        assert_eq!(whole_lines(b"a", false), 0);
        assert_eq!(whole_lines(b"a", true), 1);
        assert_eq!(whole_lines(b"", true), 0);
        let long = vec![b'x'; MESSAGE_BYTES_MAX];
        assert_eq!(whole_lines(&long, false), MESSAGE_BYTES_MAX);
        let many = b"x\n".repeat(BATCH_LINES_MAX + 1);
        assert_eq!(whole_lines(&many, true), 2 * BATCH_LINES_MAX);
    }

    #[test]
    fn lines_become_messages() {
        assert_eq!(messages(b"a\r\n\nb\xff\n c"), ["a", "b\u{fffd}", " c"]);
        let long = vec![b'x'; MESSAGE_BYTES_MAX + 1];
        assert_eq!(messages(&long).len(), 2);
    }
}
