//! Who is signed in to the console, and what signs the sessions.

use super::{Store, Tx, instant, micros};
use crate::model::session::Session;
use jiff::Timestamp;
use sqlx::Row;

/// The name of the key that signs sessions and links.
const SIGNING_KEY: &str = "console";

impl Store {
    /// The key that signs sessions and links; none before the first start made it.
    pub async fn signing_key(&self) -> anyhow::Result<Option<String>> {
        let row = sqlx::query(
            "-- signing_key
            SELECT value FROM signing_keys WHERE name = $1",
        )
        .bind(SIGNING_KEY)
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    /// A session that has not expired at `now`.
    pub async fn session(&self, id: &str, now: Timestamp) -> anyhow::Result<Option<Session>> {
        let row = sqlx::query(
            "-- session
            SELECT id, access_key_id, expires_at FROM sessions WHERE id = $1 AND expires_at > $2",
        )
        .bind(id)
        .bind(micros(now))
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| {
            Ok(Session {
                id: row.try_get(0)?,
                access_key_id: row.try_get(1)?,
                expires_at: instant(row.try_get(2)?)?,
            })
        })
        .transpose()
    }
}

impl Tx {
    /// Keeps the key that signs sessions and links, unless there is one.
    pub async fn insert_signing_key(&mut self, value: &str, now: Timestamp) -> anyhow::Result<()> {
        sqlx::query(
            "-- insert_signing_key
            INSERT INTO signing_keys (name, value, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )
        .bind(SIGNING_KEY)
        .bind(value)
        .bind(micros(now))
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Adds a session, and forgets those that have expired.
    pub async fn insert_session(
        &mut self,
        session: &Session,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "-- delete_expired_sessions
            DELETE FROM sessions WHERE expires_at <= $1",
        )
        .bind(micros(now))
        .execute(self.conn())
        .await?;
        sqlx::query(
            "-- insert_session
            INSERT INTO sessions (id, access_key_id, created_at, expires_at) VALUES ($1, $2, $3, $4)",
        )
        .bind(&session.id)
        .bind(&session.access_key_id)
        .bind(micros(now))
        .bind(micros(session.expires_at))
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Ends a session.
    pub async fn delete_session(&mut self, id: &str) -> anyhow::Result<()> {
        sqlx::query(
            "-- delete_session
            DELETE FROM sessions WHERE id = $1",
        )
        .bind(id)
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Uses a one-time link up; `false` if it was used before. Forgets those that have expired.
    pub async fn use_link(
        &mut self,
        id: &str,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> anyhow::Result<bool> {
        sqlx::query(
            "-- delete_expired_links
            DELETE FROM used_links WHERE expires_at <= $1",
        )
        .bind(micros(now))
        .execute(self.conn())
        .await?;
        let done = sqlx::query(
            "-- use_link
            INSERT INTO used_links (id, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        )
        .bind(id)
        .bind(micros(expires_at))
        .execute(self.conn())
        .await?;
        Ok(done.rows_affected() == 1)
    }
}
