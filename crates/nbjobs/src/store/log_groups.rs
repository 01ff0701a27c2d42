//! Log groups that somebody made.

use super::{Store, Tx, instant, micros};
use jiff::Timestamp;
use sqlx::Row;

impl Store {
    /// All log groups that somebody made, by name, with the moment when.
    pub async fn log_groups(&self) -> anyhow::Result<Vec<(String, Timestamp)>> {
        let rows = sqlx::query(
            "-- log_groups
            SELECT name, created_at FROM log_groups ORDER BY name",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| Ok((row.try_get("name")?, instant(row.try_get("created_at")?)?)))
            .collect()
    }
}

impl Tx {
    /// Whether somebody made this log group.
    pub async fn has_log_group(&mut self, name: &str) -> anyhow::Result<bool> {
        let row = sqlx::query(
            "-- has_log_group
            SELECT 1 FROM log_groups WHERE name = $1",
        );
        Ok(row.bind(name).fetch_optional(self.conn()).await?.is_some())
    }

    /// Makes a log group; `false` if it is there.
    pub async fn insert_log_group(&mut self, name: &str, now: Timestamp) -> anyhow::Result<bool> {
        let done = sqlx::query(
            "-- insert_log_group
            INSERT INTO log_groups (name, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        )
        .bind(name)
        .bind(micros(now))
        .execute(self.conn())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Removes a log group with all that is in it; `false` if there is none.
    pub async fn delete_log_group(&mut self, name: &str) -> anyhow::Result<bool> {
        let done = sqlx::query(
            "-- delete_log_group
            DELETE FROM log_groups WHERE name = $1",
        )
        .bind(name)
        .execute(self.conn())
        .await?;
        for deletion in [
            "-- delete_log_group_streams
            DELETE FROM log_streams WHERE log_group = $1",
            "-- delete_log_group_events
            DELETE FROM log_events WHERE log_group = $1",
        ] {
            sqlx::query(deletion)
                .bind(name)
                .execute(self.conn())
                .await?;
        }
        Ok(done.rows_affected() == 1)
    }
}
