//! Tokens of requests that were done.

use super::{Tx, micros};
use jiff::Timestamp;

impl Tx {
    /// What was asked for with a token.
    pub async fn request_of_token(
        &mut self,
        operation: &str,
        token: &str,
    ) -> anyhow::Result<Option<String>> {
        let request = sqlx::query_scalar(
            "-- request_of_token
            SELECT request FROM request_tokens WHERE operation = $1 AND token = $2",
        )
        .bind(operation)
        .bind(token);
        Ok(request.fetch_optional(self.conn()).await?)
    }

    /// Remembers what was asked for with a token.
    pub async fn insert_request_token(
        &mut self,
        operation: &str,
        token: &str,
        request: &str,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "-- insert_request_token
            INSERT INTO request_tokens (operation, token, request, at) VALUES ($1, $2, $3, $4)",
        )
        .bind(operation)
        .bind(token)
        .bind(request)
        .bind(micros(now))
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Forgets tokens from before `before`.
    pub async fn delete_request_tokens(&mut self, before: Timestamp) -> anyhow::Result<()> {
        sqlx::query(
            "-- delete_request_tokens
            DELETE FROM request_tokens WHERE at < $1",
        )
        .bind(micros(before))
        .execute(self.conn())
        .await?;
        Ok(())
    }
}
