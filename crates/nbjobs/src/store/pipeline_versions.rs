//! Versions of pipelines' definitions.

use super::page::{self, Columns};
use super::{Store, Tx, instant, micros};
use crate::model::list::Cursor;
use crate::model::pipeline::{ExecutionFilter, Pipeline, PipelineVersion};
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

fn version(row: &SqliteRow) -> anyhow::Result<PipelineVersion> {
    Ok(PipelineVersion {
        version: row.try_get("version")?,
        display_name: row.try_get("display_name")?,
        description: row.try_get("description")?,
        created_at: instant(row.try_get("created_at")?)?,
        last_execution: row.try_get("last_execution")?,
    })
}

impl Store {
    /// At most `limit` versions of a pipeline behind `after`, sorted by their numbers.
    pub async fn pipeline_versions(
        &self,
        pipeline: &str,
        filter: &ExecutionFilter,
        descending: bool,
        after: Option<&Cursor>,
        limit: u32,
    ) -> anyhow::Result<Vec<PipelineVersion>> {
        let mut query = QueryBuilder::<Sqlite>::new(
            "-- pipeline_versions
            SELECT version, display_name, description, created_at,
                (SELECT id FROM executions WHERE executions.pipeline = pipeline_versions.pipeline
                    AND executions.version = pipeline_versions.version
                    ORDER BY started_at DESC, id DESC LIMIT 1) AS last_execution
            FROM pipeline_versions WHERE pipeline = ",
        );
        query.push_bind(pipeline);
        if let Some(at) = filter.started_after {
            query.push(" AND created_at > ").push_bind(micros(at));
        }
        if let Some(at) = filter.started_before {
            query.push(" AND created_at < ").push_bind(micros(at));
        }
        let columns = Columns {
            value: "version",
            is_number: true,
            key: "pipeline",
        };
        page::push(&mut query, &columns, descending, after, limit);
        query
            .build()
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(version)
            .collect()
    }

    /// One version: itself, and its definition.
    pub async fn pipeline_version(
        &self,
        pipeline: &str,
        number: i64,
    ) -> anyhow::Result<Option<(PipelineVersion, String)>> {
        let row = sqlx::query(
            "-- pipeline_version
            SELECT *, NULL AS last_execution FROM pipeline_versions WHERE pipeline = $1 AND version = $2",
        )
        .bind(pipeline)
        .bind(number)
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| Ok((version(&row)?, row.try_get("definition")?)))
            .transpose()
    }
}

impl Tx {
    /// The definition of one version.
    pub async fn definition_of_version(
        &mut self,
        pipeline: &str,
        number: i64,
    ) -> anyhow::Result<Option<String>> {
        let definition = sqlx::query_scalar(
            "-- definition_of_version
            SELECT definition FROM pipeline_versions WHERE pipeline = $1 AND version = $2",
        )
        .bind(pipeline)
        .bind(number);
        Ok(definition.fetch_optional(self.conn()).await?)
    }

    /// Adds a pipeline's present definition to its versions, and forgets all but the latest `kept`.
    pub async fn insert_pipeline_version(
        &mut self,
        pipeline: &Pipeline,
        kept: i64,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "-- insert_pipeline_version
            INSERT INTO pipeline_versions (pipeline, version, definition, created_at) VALUES ($1, $2, $3, $4)",
        )
        .bind(&pipeline.name)
        .bind(pipeline.version)
        .bind(&pipeline.settings.definition)
        .bind(micros(now))
        .execute(self.conn())
        .await?;
        sqlx::query(
            "-- forget_pipeline_versions
            DELETE FROM pipeline_versions WHERE pipeline = $1 AND version <= $2",
        )
        .bind(&pipeline.name)
        .bind(pipeline.version - kept)
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Changes what is given of a version's texts; `false` if there is no such version.
    pub async fn update_pipeline_version(
        &mut self,
        pipeline: &str,
        number: i64,
        display_name: Option<&str>,
        description: Option<&str>,
    ) -> anyhow::Result<bool> {
        let done = sqlx::query(
            "-- update_pipeline_version
            UPDATE pipeline_versions SET display_name = COALESCE($3, display_name),
                description = COALESCE($4, description)
            WHERE pipeline = $1 AND version = $2",
        )
        .bind(pipeline)
        .bind(number)
        .bind(display_name)
        .bind(description)
        .execute(self.conn())
        .await?;
        Ok(done.rows_affected() == 1)
    }
}
