//! Notebook jobs and their definitions with what their tags say of them, a page of a list at a time.

use super::jobs::job;
use super::pipelines::pipeline;
use super::tags::tag;
use super::{Store, Tx, micros};
use crate::model::job::Job;
use crate::model::notebook_job::{
    ARCHIVED_TAG, DEFINITION_TAG, DefinitionColumn, DefinitionsQuery, Direction, JobColumn,
    JobsQuery, NAME_TAG, ORIGIN_TAG, Page, SCHEDULING_TAG,
};
use crate::model::pipeline::Pipeline;
use crate::model::tag::Tag;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

type Query = QueryBuilder<Sqlite>;

/// A page of a list: each item with its tags, and how many items the list has.
#[derive(Debug)]
pub struct Listed<T> {
    /// The items in order.
    pub items: Vec<(T, Vec<Tag>)>,
    /// Those of all pages.
    pub total: i64,
}

/// A table whose rows have tags.
#[derive(Clone, Copy)]
struct Table {
    name: &'static str,
    /// What stands before a row's name in its tags' resource.
    kind: &'static str,
    /// The notebook's file name.
    notebook: &'static str,
}

const JOBS: Table = Table {
    name: "jobs",
    kind: "training-job/",
    notebook: "COALESCE(json_extract(spec, '$.\"Environment\".\"SM_INPUT_NOTEBOOK_NAME\"'), '')",
};
const PIPELINES: Table = Table {
    name: "pipelines",
    kind: "pipeline/",
    notebook: "COALESCE(json_extract(definition, '$.Steps[0].Arguments.Environment.SM_INPUT_NOTEBOOK_NAME'), '')",
};

impl Store {
    /// A page of the jobs that were not deleted in Studio or here.
    pub async fn notebook_jobs(&self, wanted: &JobsQuery) -> anyhow::Result<Listed<Job>> {
        let mut snapshot = self.readers.begin().await?;
        let conditions = |query: &mut Query| {
            JOBS.push_not_archived(query);
            if let Some(definition) = &wanted.definition {
                JOBS.push_tag(query, DEFINITION_TAG, definition);
            }
            if let Some(status) = wanted.status {
                query.push(" AND status = ").push_bind(status.as_str());
            }
            if let Some(from) = wanted.started_from {
                query.push(" AND started_at >= ").push_bind(micros(from));
            }
            JOBS.push_common(query, wanted.name_prefix.as_deref(), &wanted.tags);
        };
        let order: Vec<String> = wanted
            .sort
            .iter()
            .map(|(column, direction)| sorted(&job_column(*column), *direction))
            .collect();
        let total = JOBS.count(&mut snapshot, conditions).await?;
        let rows = JOBS
            .page(&mut snapshot, conditions, &order, wanted.page)
            .await?;
        let found: anyhow::Result<Vec<Job>> = rows.iter().map(job).collect();
        let items = JOBS
            .tagged(&mut snapshot, found?, |job| job.name.clone())
            .await?;
        Ok(Listed { items, total })
    }

    /// A page of the pipelines that the extension, the SDK's notebook step or we made of notebooks.
    pub async fn definitions(&self, wanted: &DefinitionsQuery) -> anyhow::Result<Listed<Pipeline>> {
        let mut snapshot = self.readers.begin().await?;
        let conditions = |query: &mut Query| {
            PIPELINES.push_not_archived(query);
            query.push(" AND name IN (SELECT substr(resource, 10) FROM tags WHERE (key, value) IN (VALUES (");
            query.push_bind(SCHEDULING_TAG).push(", 'true'), (");
            query.push_bind(ORIGIN_TAG);
            query.push(", 'PIPELINE_STEP')) AND resource LIKE 'pipeline/%')");
            if let Some(id) = &wanted.id {
                query.push(" AND name = ").push_bind(id.clone());
            }
            if let Some(from) = wanted.created_from {
                query.push(" AND created_at >= ").push_bind(micros(from));
            }
            PIPELINES.push_common(query, wanted.name_prefix.as_deref(), &wanted.tags);
        };
        let order: Vec<String> = wanted
            .sort
            .iter()
            .map(|(column, direction)| sorted(&definition_column(*column), *direction))
            .collect();
        let total = PIPELINES.count(&mut snapshot, conditions).await?;
        let rows = PIPELINES
            .page(&mut snapshot, conditions, &order, wanted.page)
            .await?;
        let found: anyhow::Result<Vec<Pipeline>> = rows.iter().map(pipeline).collect();
        let items = PIPELINES
            .tagged(&mut snapshot, found?, |pipeline| pipeline.name.clone())
            .await?;
        Ok(Listed { items, total })
    }
}

impl Tx {
    /// The name of the job that has this tag; the first, if there are several.
    pub async fn job_with_tag(&mut self, key: &str, value: &str) -> anyhow::Result<Option<String>> {
        let name = sqlx::query_scalar(
            "-- job_with_tag
            SELECT substr(resource, 14) FROM tags WHERE key = $1 AND value = $2 AND resource LIKE 'training-job/%'
            ORDER BY resource LIMIT 1",
        )
        .bind(key)
        .bind(value);
        Ok(name.fetch_optional(self.conn()).await?)
    }
}

fn job_column(column: JobColumn) -> String {
    match column {
        JobColumn::Id => "name".into(),
        JobColumn::Name => JOBS.shown_name(),
        JobColumn::InputFilename => JOBS.notebook.into(),
        JobColumn::CreateTime => "created_at".into(),
        JobColumn::UpdateTime => "modified_at".into(),
        JobColumn::StartTime => "started_at".into(),
        JobColumn::EndTime => "ended_at".into(),
        JobColumn::Status => "status".into(),
    }
}

fn definition_column(column: DefinitionColumn) -> String {
    match column {
        DefinitionColumn::Id => "name".into(),
        DefinitionColumn::Name => PIPELINES.shown_name(),
        DefinitionColumn::InputFilename => PIPELINES.notebook.into(),
        DefinitionColumn::CreateTime => "created_at".into(),
        DefinitionColumn::UpdateTime => "modified_at".into(),
    }
}

fn sorted(column: &str, direction: Direction) -> String {
    let word = match direction {
        Direction::Ascending => "ASC",
        Direction::Descending => "DESC",
    };
    format!("{column} {word}")
}

impl Table {
    /// The name that its user gave it, else its own.
    fn shown_name(self) -> String {
        format!(
            "COALESCE((SELECT value FROM tags WHERE resource = '{}' || name AND key = '{NAME_TAG}'), name)",
            self.kind
        )
    }

    /// What was deleted is little, and looked up once; the first condition of a list.
    fn push_not_archived(self, query: &mut Query) {
        query.push(format!(
            " WHERE name NOT IN (SELECT substr(resource, {}) FROM tags WHERE key = '{ARCHIVED_TAG}' AND value = 'true'
                AND resource LIKE '{}%')",
            self.kind.len() + 1,
            self.kind
        ));
    }

    fn push_tag(self, query: &mut Query, key: &str, value: &str) {
        query.push(format!(
            " AND name IN (SELECT substr(resource, {}) FROM tags WHERE resource LIKE '{}%' AND key = ",
            self.kind.len() + 1,
            self.kind
        ));
        query.push_bind(key.to_owned()).push(" AND value = ");
        query.push_bind(value.to_owned()).push(")");
    }

    fn push_common(self, query: &mut Query, prefix: Option<&str>, tags: &[(String, String)]) {
        if let Some(prefix) = prefix {
            query.push(format!(
                " AND lower(substr({}, 1, length(",
                self.shown_name()
            ));
            query.push_bind(prefix.to_owned()).push("))) = lower(");
            query.push_bind(prefix.to_owned()).push(")");
        }
        for (key, value) in tags {
            self.push_tag(query, key, value);
        }
    }

    async fn count(
        self,
        connection: &mut SqliteConnection,
        conditions: impl Fn(&mut Query),
    ) -> anyhow::Result<i64> {
        let mut query = Query::new(format!(
            "-- count_listed\nSELECT COUNT(*) FROM {}",
            self.name
        ));
        conditions(&mut query);
        Ok(query.build_query_scalar().fetch_one(connection).await?)
    }

    async fn page(
        self,
        connection: &mut SqliteConnection,
        conditions: impl Fn(&mut Query),
        order: &[String],
        page: Page,
    ) -> anyhow::Result<Vec<SqliteRow>> {
        // Names are sorted and skipped; whole rows are read for the page alone.
        let mut query = Query::new(format!(
            "-- listed\nSELECT * FROM {0} WHERE name IN (SELECT name FROM {0}",
            self.name
        ));
        let order = [
            order,
            &["created_at DESC".to_owned(), "name DESC".to_owned()],
        ]
        .concat();
        let order = order.join(", ");
        conditions(&mut query);
        query.push(format!(" ORDER BY {order} LIMIT "));
        query.push_bind(i64::from(page.limit)).push(" OFFSET ");
        query.push_bind(i64::from(page.offset));
        query.push(format!(") ORDER BY {order}"));
        Ok(query.build().fetch_all(connection).await?)
    }

    async fn tagged<T>(
        self,
        connection: &mut SqliteConnection,
        items: Vec<T>,
        name: impl Fn(&T) -> String,
    ) -> anyhow::Result<Vec<(T, Vec<Tag>)>> {
        let mut tagged = Vec::with_capacity(items.len());
        for item in items {
            let rows = sqlx::query(
                "-- tags_of_listed
                SELECT key, value FROM tags WHERE resource = $1 ORDER BY key",
            )
            .bind(format!("{}{}", self.kind, name(&item)))
            .fetch_all(&mut *connection)
            .await?;
            let tags: anyhow::Result<Vec<Tag>> = rows.iter().map(tag).collect();
            tagged.push((item, tags?));
        }
        Ok(tagged)
    }
}
