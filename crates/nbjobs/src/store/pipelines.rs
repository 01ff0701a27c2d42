//! Pipelines.

use super::page::{self, Columns};
use super::{Store, Tx, instant, micros};
use crate::model::list::{Cursor, Order, Sort};
use crate::model::pipeline::{Pipeline, PipelineFilter, Settings};
use anyhow::Context;
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

pub(super) fn pipeline(row: &SqliteRow) -> anyhow::Result<Pipeline> {
    let parallel_max: Option<i64> = row.try_get("parallel_max")?;
    let settings = Settings {
        display_name: row.try_get("display_name")?,
        description: row.try_get("description")?,
        definition: row.try_get("definition")?,
        role_arn: row.try_get("role_arn")?,
        parallel_max: parallel_max.map(u32::try_from).transpose()?,
    };
    Ok(Pipeline {
        name: row.try_get("name")?,
        settings,
        version: row.try_get("version")?,
        created_at: instant(row.try_get("created_at")?)?,
        modified_at: instant(row.try_get("modified_at")?)?,
        last_run_at: row
            .try_get::<Option<i64>, _>("last_run_at")?
            .map(instant)
            .transpose()?,
    })
}

impl Store {
    /// One pipeline.
    pub async fn pipeline(&self, name: &str) -> anyhow::Result<Option<Pipeline>> {
        let row = sqlx::query(
            "-- pipeline
            SELECT * FROM pipelines WHERE name = $1",
        )
        .bind(name)
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(pipeline).transpose()
    }

    /// At most `limit` pipelines behind `after` in the order asked for.
    pub async fn pipelines(
        &self,
        filter: &PipelineFilter,
        order: Order,
        after: Option<&Cursor>,
        limit: u32,
    ) -> anyhow::Result<Vec<Pipeline>> {
        let mut query = QueryBuilder::<Sqlite>::new(
            "-- pipelines
            SELECT * FROM pipelines WHERE 1 = 1",
        );
        if let Some(prefix) = &filter.name_prefix {
            query
                .push(" AND substr(name, 1, length(")
                .push_bind(prefix)
                .push(")) = ")
                .push_bind(prefix);
        }
        if let Some(at) = filter.created_after {
            query.push(" AND created_at > ").push_bind(micros(at));
        }
        if let Some(at) = filter.created_before {
            query.push(" AND created_at < ").push_bind(micros(at));
        }
        let columns = Columns {
            value: match order.by {
                Sort::Name => "name",
                Sort::CreationTime => "created_at",
            },
            is_number: order.by == Sort::CreationTime,
            key: "name",
        };
        page::push(&mut query, &columns, order.descending, after, limit);
        query
            .build()
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(pipeline)
            .collect()
    }
}

impl Tx {
    /// One pipeline.
    pub async fn pipeline(&mut self, name: &str) -> anyhow::Result<Option<Pipeline>> {
        let row = sqlx::query(
            "-- pipeline_in_tx
            SELECT * FROM pipelines WHERE name = $1",
        )
        .bind(name)
        .fetch_optional(self.conn())
        .await?;
        row.as_ref().map(pipeline).transpose()
    }

    /// The token of the request that created a pipeline.
    pub async fn pipeline_token(&mut self, name: &str) -> anyhow::Result<Option<String>> {
        sqlx::query_scalar(
            "-- pipeline_token
            SELECT token FROM pipelines WHERE name = $1",
        )
        .bind(name)
        .fetch_optional(self.conn())
        .await
        .context("cannot read a pipeline's token")
    }

    /// How many pipelines there are.
    pub async fn count_pipelines(&mut self) -> anyhow::Result<i64> {
        let count = sqlx::query_scalar(
            "-- count_pipelines
            SELECT COUNT(*) FROM pipelines",
        );
        Ok(count.fetch_one(self.conn()).await?)
    }

    /// Adds a pipeline; `false` if its name is taken.
    pub async fn insert_pipeline(
        &mut self,
        pipeline: &Pipeline,
        token: &str,
    ) -> anyhow::Result<bool> {
        let settings = &pipeline.settings;
        let done = sqlx::query(
            "-- insert_pipeline
            INSERT INTO pipelines
                (name, display_name, description, definition, role_arn, parallel_max, token, created_at, modified_at,
                version)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
        )
        .bind(&pipeline.name)
        .bind(&settings.display_name)
        .bind(&settings.description)
        .bind(&settings.definition)
        .bind(&settings.role_arn)
        .bind(settings.parallel_max.map(i64::from))
        .bind(token)
        .bind(micros(pipeline.created_at))
        .bind(micros(pipeline.modified_at))
        .bind(pipeline.version)
        .execute(self.conn())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Replaces a pipeline's settings, version and time of change.
    pub async fn update_pipeline(&mut self, pipeline: &Pipeline) -> anyhow::Result<()> {
        let settings = &pipeline.settings;
        sqlx::query(
            "-- update_pipeline
            UPDATE pipelines SET display_name = $2, description = $3, definition = $4, role_arn = $5,
                parallel_max = $6, modified_at = $7, version = $8
            WHERE name = $1",
        )
        .bind(&pipeline.name)
        .bind(&settings.display_name)
        .bind(&settings.description)
        .bind(&settings.definition)
        .bind(&settings.role_arn)
        .bind(settings.parallel_max.map(i64::from))
        .bind(micros(pipeline.modified_at))
        .bind(pipeline.version)
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Notes that an execution of a pipeline was started.
    pub async fn set_last_run(&mut self, name: &str, now: Timestamp) -> anyhow::Result<()> {
        sqlx::query(
            "-- set_last_run
            UPDATE pipelines SET last_run_at = $2 WHERE name = $1",
        )
        .bind(name)
        .bind(micros(now))
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Removes a pipeline and all its executions; their jobs stay.
    pub async fn delete_pipeline(&mut self, name: &str) -> anyhow::Result<()> {
        sqlx::query(
            "-- forget_pipeline_in_jobs
            UPDATE jobs SET pipeline = NULL, execution = NULL
            WHERE execution IN (SELECT id FROM executions WHERE pipeline = $1)",
        )
        .bind(name)
        .execute(self.conn())
        .await?;
        sqlx::query(
            "-- delete_pipeline
            DELETE FROM pipelines WHERE name = $1",
        )
        .bind(name)
        .execute(self.conn())
        .await?;
        Ok(())
    }
}
