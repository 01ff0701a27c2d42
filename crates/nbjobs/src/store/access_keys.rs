//! The keys that sign requests.

use super::{Store, Tx, micros};
use jiff::Timestamp;
use sqlx::Row;

/// A key pair as AWS's clients are given it.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// `AKIA` and 16 characters.
    pub access_key_id: String,
    /// 40 characters. SigV4 needs it in the clear.
    pub secret_access_key: String,
}

impl std::fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccessKey({})", self.access_key_id)
    }
}

impl Store {
    /// The secret of one key.
    pub async fn secret(&self, access_key_id: &str) -> anyhow::Result<Option<String>> {
        let row = sqlx::query(
            "-- secret
            SELECT secret_access_key FROM access_keys WHERE access_key_id = $1",
        )
        .bind(access_key_id)
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    /// The oldest key: the one that the first start made.
    pub async fn first_access_key(&self) -> anyhow::Result<Option<AccessKey>> {
        let row = sqlx::query(
            "-- first_access_key
            SELECT access_key_id, secret_access_key FROM access_keys ORDER BY created_at, access_key_id LIMIT 1",
        )
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| {
            Ok(AccessKey {
                access_key_id: row.try_get(0)?,
                secret_access_key: row.try_get(1)?,
            })
        })
        .transpose()
    }
}

impl Tx {
    /// Adds a key.
    pub async fn insert_access_key(
        &mut self,
        key: &AccessKey,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "-- insert_access_key
            INSERT INTO access_keys (access_key_id, secret_access_key, created_at) VALUES ($1, $2, $3)",
        )
        .bind(&key.access_key_id)
        .bind(&key.secret_access_key)
        .bind(micros(now))
        .execute(self.conn())
        .await?;
        Ok(())
    }
}
