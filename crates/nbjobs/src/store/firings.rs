//! The ledger of due moments.

use super::{Store, Tx, instant, micros};
use crate::model::rule::{Firing, FiringStatus};
use anyhow::Context;
use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

fn firing(row: &SqliteRow) -> anyhow::Result<Firing> {
    let status: String = row.try_get("status")?;
    Ok(Firing {
        source: row.try_get("source")?,
        due: instant(row.try_get("due")?)?,
        status: FiringStatus::parse(&status).with_context(|| format!("unknown status {status}"))?,
        decided_at: instant(row.try_get("decided_at")?)?,
        reason: row.try_get("reason")?,
        started: serde_json::from_str(row.try_get("started")?)
            .context("what a firing started cannot be read")?,
    })
}

impl Store {
    /// At most `limit` due moments of a rule or schedule, the latest first.
    pub async fn firings(&self, source: &str, limit: u32) -> anyhow::Result<Vec<Firing>> {
        self.firings_before(source, None, limit).await
    }

    /// At most `limit` due moments of a rule or schedule before `before`, the latest first.
    pub async fn firings_before(
        &self,
        source: &str,
        before: Option<Timestamp>,
        limit: u32,
    ) -> anyhow::Result<Vec<Firing>> {
        sqlx::query(
            "-- firings
            SELECT * FROM firings WHERE source = $1 AND due < $3 ORDER BY due DESC LIMIT $2",
        )
        .bind(source)
        .bind(i64::from(limit))
        .bind(before.map_or(i64::MAX, micros))
        .fetch_all(&self.readers)
        .await?
        .iter()
        .map(firing)
        .collect()
    }
}

impl Store {
    /// The oldest due moment of each rule and schedule that waits for an earlier run to end.
    pub async fn queued_firings(&self) -> anyhow::Result<Vec<(String, Timestamp)>> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "-- queued_firings
            SELECT source, MIN(due) FROM firings WHERE status = 'Queued' GROUP BY source",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter()
            .map(|(source, due)| Ok((source, instant(due)?)))
            .collect()
    }
}

impl Tx {
    /// One due moment.
    pub async fn firing(&mut self, source: &str, due: Timestamp) -> anyhow::Result<Option<Firing>> {
        let row = sqlx::query(
            "-- firing
            SELECT * FROM firings WHERE source = $1 AND due = $2",
        )
        .bind(source)
        .bind(micros(due))
        .fetch_optional(self.conn())
        .await?;
        row.as_ref().map(firing).transpose()
    }

    /// The due moments of a rule or schedule that wait for an earlier run to end, oldest first.
    pub async fn queued_firings(&mut self, source: &str) -> anyhow::Result<Vec<Firing>> {
        sqlx::query(
            "-- queued_firings_of
            SELECT * FROM firings WHERE source = $1 AND status = 'Queued' ORDER BY due",
        )
        .bind(source)
        .fetch_all(self.conn())
        .await?
        .iter()
        .map(firing)
        .collect()
    }

    /// Writes a due moment down; `false` if it is in the ledger already, so that it is not to fire again.
    pub async fn insert_firing(&mut self, firing: &Firing) -> anyhow::Result<bool> {
        let done = sqlx::query(
            "-- insert_firing
            INSERT INTO firings (source, due, status, decided_at, reason, started)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT DO NOTHING",
        )
        .bind(&firing.source)
        .bind(micros(firing.due))
        .bind(firing.status.as_str())
        .bind(micros(firing.decided_at))
        .bind(&firing.reason)
        .bind(serde_json::to_string(&firing.started)?)
        .execute(self.conn())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Says what has become of a due moment that is in the ledger.
    pub async fn update_firing(&mut self, firing: &Firing) -> anyhow::Result<()> {
        sqlx::query(
            "-- update_firing
            UPDATE firings SET status = $3, reason = $4, decided_at = $5, started = $6 WHERE source = $1 AND due = $2",
        )
        .bind(&firing.source)
        .bind(micros(firing.due))
        .bind(firing.status.as_str())
        .bind(&firing.reason)
        .bind(micros(firing.decided_at))
        .bind(serde_json::to_string(&firing.started)?)
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Forgets the due moments of a rule or schedule before `before`.
    pub async fn delete_firings(&mut self, source: &str, before: Timestamp) -> anyhow::Result<()> {
        sqlx::query(
            "-- delete_firings
            DELETE FROM firings WHERE source = $1 AND due < $2",
        )
        .bind(source)
        .bind(micros(before))
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Forgets all due moments of a rule or schedule that goes away.
    pub async fn delete_ledger(&mut self, source: &str) -> anyhow::Result<()> {
        sqlx::query(
            "-- delete_ledger
            DELETE FROM firings WHERE source = $1",
        )
        .bind(source)
        .execute(self.conn())
        .await?;
        Ok(())
    }
}
