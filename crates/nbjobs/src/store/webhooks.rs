//! Connections and API destinations.

use super::{Store, Tx, instant, micros};
use crate::model::webhook::{ApiDestination, Connection};
use anyhow::Context;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

fn connection(row: &SqliteRow) -> anyhow::Result<Connection> {
    Ok(Connection {
        name: row.try_get("name")?,
        id: row.try_get("id")?,
        description: row.try_get("description")?,
        authorization: serde_json::from_str(row.try_get("authorization")?)
            .ok()
            .context("a connection's authorization cannot be read")?,
        created_at: instant(row.try_get("created_at")?)?,
        modified_at: instant(row.try_get("modified_at")?)?,
    })
}

fn api_destination(row: &SqliteRow) -> anyhow::Result<ApiDestination> {
    Ok(ApiDestination {
        name: row.try_get("name")?,
        id: row.try_get("id")?,
        description: row.try_get("description")?,
        connection_arn: row.try_get("connection_arn")?,
        endpoint: row.try_get("endpoint")?,
        method: row.try_get("method")?,
        rate_max: u32::try_from(row.try_get::<i64, _>("rate_max")?)?,
        created_at: instant(row.try_get("created_at")?)?,
        modified_at: instant(row.try_get("modified_at")?)?,
    })
}

impl Store {
    /// One connection.
    pub async fn connection(&self, name: &str) -> anyhow::Result<Option<Connection>> {
        let row = sqlx::query(
            "-- connection
            SELECT * FROM connections WHERE name = $1",
        );
        let row = row.bind(name).fetch_optional(&self.readers).await?;
        row.as_ref().map(connection).transpose()
    }

    /// At most `limit` connections by name, behind the name `after`, whose names begin with `prefix`.
    pub async fn connections(
        &self,
        prefix: &str,
        after: &str,
        limit: u32,
    ) -> anyhow::Result<Vec<Connection>> {
        sqlx::query(
            "-- connections
            SELECT * FROM connections WHERE substr(name, 1, length($1)) = $1 AND name > $2 ORDER BY name LIMIT $3",
        )
        .bind(prefix)
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?
        .iter()
        .map(connection)
        .collect()
    }

    /// One API destination.
    pub async fn api_destination(&self, name: &str) -> anyhow::Result<Option<ApiDestination>> {
        let row = sqlx::query(
            "-- api_destination
            SELECT * FROM api_destinations WHERE name = $1",
        );
        let row = row.bind(name).fetch_optional(&self.readers).await?;
        row.as_ref().map(api_destination).transpose()
    }

    /// At most `limit` API destinations by name, behind the name `after`, whose names begin with `prefix`; with a
    /// connection's ARN, only those that use it.
    pub async fn api_destinations(
        &self,
        prefix: &str,
        connection_arn: Option<&str>,
        after: &str,
        limit: u32,
    ) -> anyhow::Result<Vec<ApiDestination>> {
        sqlx::query(
            "-- api_destinations
            SELECT * FROM api_destinations WHERE substr(name, 1, length($1)) = $1 AND name > $2
                AND ($3 IS NULL OR connection_arn = $3) ORDER BY name LIMIT $4",
        )
        .bind(prefix)
        .bind(after)
        .bind(connection_arn)
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?
        .iter()
        .map(api_destination)
        .collect()
    }
}

impl Tx {
    /// One connection.
    pub async fn connection(&mut self, name: &str) -> anyhow::Result<Option<Connection>> {
        let row = sqlx::query(
            "-- connection_in_tx
            SELECT * FROM connections WHERE name = $1",
        );
        let row = row.bind(name).fetch_optional(self.conn()).await?;
        row.as_ref().map(connection).transpose()
    }

    /// One API destination.
    pub async fn api_destination(&mut self, name: &str) -> anyhow::Result<Option<ApiDestination>> {
        let row = sqlx::query(
            "-- api_destination_in_tx
            SELECT * FROM api_destinations WHERE name = $1",
        );
        let row = row.bind(name).fetch_optional(self.conn()).await?;
        row.as_ref().map(api_destination).transpose()
    }

    /// How many connections and how many API destinations there are.
    pub async fn count_webhooks(&mut self) -> anyhow::Result<(i64, i64)> {
        let counts = sqlx::query_as(
            "-- count_webhooks
            SELECT (SELECT COUNT(*) FROM connections), (SELECT COUNT(*) FROM api_destinations)",
        );
        Ok(counts.fetch_one(self.conn()).await?)
    }

    /// Adds a connection, or replaces the one with its name.
    pub async fn put_connection(&mut self, connection: &Connection) -> anyhow::Result<()> {
        sqlx::query(
            "-- put_connection
            INSERT INTO connections (name, id, description, authorization, created_at, modified_at)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (name) DO UPDATE SET description = excluded.description,
                authorization = excluded.authorization, modified_at = excluded.modified_at",
        )
        .bind(&connection.name)
        .bind(&connection.id)
        .bind(&connection.description)
        .bind(serde_json::to_string(&connection.authorization)?)
        .bind(micros(connection.created_at))
        .bind(micros(connection.modified_at))
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Adds an API destination, or replaces the one with its name.
    pub async fn put_api_destination(&mut self, one: &ApiDestination) -> anyhow::Result<()> {
        sqlx::query(
            "-- put_api_destination
            INSERT INTO api_destinations (name, id, description, connection_arn, endpoint, method, rate_max,
                created_at, modified_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (name) DO UPDATE SET description = excluded.description,
                connection_arn = excluded.connection_arn, endpoint = excluded.endpoint, method = excluded.method,
                rate_max = excluded.rate_max, modified_at = excluded.modified_at",
        )
        .bind(&one.name)
        .bind(&one.id)
        .bind(&one.description)
        .bind(&one.connection_arn)
        .bind(&one.endpoint)
        .bind(&one.method)
        .bind(i64::from(one.rate_max))
        .bind(micros(one.created_at))
        .bind(micros(one.modified_at))
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Removes a connection.
    pub async fn delete_connection(&mut self, name: &str) -> anyhow::Result<()> {
        let deletion = sqlx::query(
            "-- delete_connection
            DELETE FROM connections WHERE name = $1",
        );
        deletion.bind(name).execute(self.conn()).await?;
        Ok(())
    }

    /// Removes an API destination.
    pub async fn delete_api_destination(&mut self, name: &str) -> anyhow::Result<()> {
        let deletion = sqlx::query(
            "-- delete_api_destination
            DELETE FROM api_destinations WHERE name = $1",
        );
        deletion.bind(name).execute(self.conn()).await?;
        Ok(())
    }
}
