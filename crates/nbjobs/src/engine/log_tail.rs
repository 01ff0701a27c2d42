//! Follows the log file of a run and makes its lines log events, each exactly once: how far it came
//! is stored in the transaction that stores the events.

use super::RETRY_PAUSE;
use crate::app::{App, Error, logs};
use crate::fd;
use crate::rundir::RunDir;
use crate::store::Lease;
use anyhow::Context;
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

/// The largest message of CloudWatch Logs, in bytes; longer lines are cut.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// How much of one run's log becomes log events. All of it is in the output archive.
const LOG_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// How much is read and stored at a time.
const BATCH_BYTES: usize = 1024 * 1024;
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

    /// Stores lines as they are written, until the run has `ended` and its last line is stored.
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
            self.store_all(false).await?;
            tokio::select! {
                ready = changes.readable() => {
                    // What changed does not matter, so the queue is only emptied.
                    let _ = rustix::io::read(changes.get_ref(), &mut [0; 4096]);
                    ready?.clear_ready();
                }
                done = &mut ended => {
                    done?;
                    return self.store_all(true).await;
                }
            }
            tokio::time::sleep(BATCH_PAUSE).await;
        }
    }

    /// Stores all lines there are. While the disk is full it waits: a log has no gaps.
    async fn store_all(&mut self, at_end: bool) -> anyhow::Result<()> {
        loop {
            match self.store_lines(at_end).await.map_err(Error::from) {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(Error::Full) => tokio::time::sleep(RETRY_PAUSE).await,
                Err(error) => return Err(error.into_cause()),
            }
        }
    }

    /// Stores the next lines; `false` when there are none. A last line without an end counts only when `at_end`.
    async fn store_lines(&mut self, at_end: bool) -> anyhow::Result<bool> {
        let Some(room) = LOG_BYTES_MAX
            .checked_sub(self.stored_bytes)
            .filter(|room| *room > 0)
        else {
            return Ok(false);
        };
        let mut file = File::open(self.run.log())?;
        file.seek(SeekFrom::Start(self.stored_bytes))?;
        let mut bytes = Vec::new();
        file.take(room.min(BATCH_BYTES as u64))
            .read_to_end(&mut bytes)?;
        let whole = match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => last + 1,
            None if at_end || bytes.len() >= MESSAGE_BYTES_MAX => bytes.len(),
            None => 0,
        };
        if whole == 0 {
            return Ok(false);
        }
        let mut lines = messages(&bytes[..whole]);
        let stored_bytes = self.stored_bytes + whole as u64;
        if stored_bytes >= LOG_BYTES_MAX {
            lines.push(format!(
                "nbjobs: the log goes on in output.tar.gz; here it ends after {LOG_BYTES_MAX} bytes"
            ));
        }
        let mut tx = self.app.store.tx().await?;
        let now = self.app.clock.now();
        tx.create_log_stream(logs::GROUP, &self.stream, now).await?;
        tx.append_log(logs::GROUP, &self.stream, &lines, now)
            .await?;
        tx.set_log_bytes(self.lease, stored_bytes).await?;
        tx.commit().await?;
        self.stored_bytes = stored_bytes;
        Ok(true)
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
    fn lines_become_messages() {
        assert_eq!(messages(b"a\r\n\nb\xff\n c"), ["a", "b\u{fffd}", " c"]);
        let long = vec![b'x'; MESSAGE_BYTES_MAX + 1];
        assert_eq!(messages(&long).len(), 2);
    }
}
