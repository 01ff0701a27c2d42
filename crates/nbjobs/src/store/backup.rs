//! A copy of all rows as they are at one moment.

use super::Store;
use anyhow::Context;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

impl Store {
    /// Writes the rows of one moment into a new database. Writers go on meanwhile.
    pub async fn copy_to(&self, file: &Path) -> anyhow::Result<()> {
        // It holds the secret keys; SQLite fills an empty file that is there.
        let empty = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(file)
            .with_context(|| format!("cannot write {}", file.display()))?;
        let name = file.to_str().context("the path is no text")?;
        sqlx::query("VACUUM INTO $1")
            .bind(name)
            .execute(&self.readers)
            .await
            .with_context(|| format!("cannot copy the database to {name}"))?;
        empty.sync_all()?;
        Ok(())
    }
}
