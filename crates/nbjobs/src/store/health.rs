//! What the watchers of the service ask of the rows.

use super::Store;
use crate::model::job::JobStatus;
use sqlx::Row;

/// As many bytes as the rows of a small job and the beginning of its log take.
const PROBE_BYTES: usize = 64 * 1024;

impl Store {
    /// Whether there is room for rows: writes as many bytes as a small job does, durably, and takes them back.
    pub async fn probe(&self) -> anyhow::Result<()> {
        let mut tx = self.tx().await?;
        sqlx::query("INSERT INTO probe VALUES ($1)")
            .bind("x".repeat(PROBE_BYTES))
            .execute(tx.conn())
            .await?;
        tx.commit().await?;
        let mut tx = self.tx().await?;
        sqlx::query("DELETE FROM probe").execute(tx.conn()).await?;
        tx.commit().await
    }

    /// How many jobs there are of each status that is not final.
    pub async fn unfinished_jobs(&self) -> anyhow::Result<Vec<(&'static str, i64)>> {
        let mut counts = Vec::new();
        for status in JobStatus::ALL {
            if status.is_final() {
                continue;
            }
            let row = sqlx::query(
                "-- unfinished_jobs
                SELECT count(*) FROM jobs WHERE status IN ('Queued', 'InProgress', 'Stopping') AND status = $1",
            )
            .bind(status.as_str())
            .fetch_one(&self.readers)
            .await?;
            counts.push((status.as_str(), row.try_get(0)?));
        }
        Ok(counts)
    }
}
