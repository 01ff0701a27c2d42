//! Whether there is room for bytes. Must not know who asks.

use super::error::Result;
use super::{Objects, disk};

/// As many bytes as a small output takes.
const PROBE_BYTES: usize = 256 * 1024;

impl Objects {
    /// Whether a small object could be stored: its bytes are written, made durable, and taken back.
    pub async fn probe(&self) -> Result<()> {
        self.run(|inner| {
            let staged = inner.layout.new_staging();
            let written = disk::write_file(&staged, &vec![0; PROBE_BYTES]);
            disk::remove(&staged)?;
            Ok(written?)
        })
        .await
    }
}
