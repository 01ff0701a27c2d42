//! What checkers of invariants ask and no verb does.

use super::{Store, instant};
use jiff::Timestamp;
use sqlx::Row;
use std::collections::BTreeMap;

impl Store {
    /// How many executions each due moment has started.
    pub(crate) async fn starts_by_firing(
        &self,
    ) -> anyhow::Result<BTreeMap<(String, Timestamp), u64>> {
        let rows = sqlx::query(
            "-- starts_by_firing
            SELECT fired_by, due, COUNT(*) AS starts FROM executions WHERE fired_by IS NOT NULL GROUP BY fired_by, due",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                let key = (row.try_get("fired_by")?, instant(row.try_get("due")?)?);
                Ok((key, u64::try_from(row.try_get::<i64, _>("starts")?)?))
            })
            .collect()
    }

    /// The ids of executions by the token that started them.
    pub(crate) async fn executions_of_tokens(&self) -> anyhow::Result<Vec<(String, String)>> {
        let rows = sqlx::query(
            "-- executions_of_tokens
            SELECT token, id FROM executions WHERE token IS NOT NULL",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| Ok((row.try_get("token")?, row.try_get("id")?)))
            .collect()
    }

    /// The most tries that a job has had.
    pub(crate) async fn attempts_max(&self) -> anyhow::Result<i64> {
        let max = sqlx::query_scalar(
            "-- attempts_max
            SELECT coalesce(max(number), 0) FROM attempts",
        );
        Ok(max.fetch_one(&self.readers).await?)
    }
}
