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
    })
}

impl Store {
    /// At most `limit` due moments of a rule or schedule, the latest first.
    pub async fn firings(&self, source: &str, limit: u32) -> anyhow::Result<Vec<Firing>> {
        sqlx::query(
            "-- firings
            SELECT * FROM firings WHERE source = $1 ORDER BY due DESC LIMIT $2",
        )
        .bind(source)
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?
        .iter()
        .map(firing)
        .collect()
    }
}

impl Tx {
    /// Writes a due moment down; `false` if it is in the ledger already, so that it is not to fire again.
    pub async fn insert_firing(&mut self, firing: &Firing) -> anyhow::Result<bool> {
        let done = sqlx::query(
            "-- insert_firing
            INSERT INTO firings (source, due, status, decided_at, reason) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT DO NOTHING",
        )
        .bind(&firing.source)
        .bind(micros(firing.due))
        .bind(firing.status.as_str())
        .bind(micros(firing.decided_at))
        .bind(&firing.reason)
        .execute(self.conn())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Says what became of a due moment that was written down in this transaction.
    pub async fn update_firing(&mut self, firing: &Firing) -> anyhow::Result<()> {
        sqlx::query(
            "-- update_firing
            UPDATE firings SET status = $3, reason = $4 WHERE source = $1 AND due = $2",
        )
        .bind(&firing.source)
        .bind(micros(firing.due))
        .bind(firing.status.as_str())
        .bind(&firing.reason)
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
