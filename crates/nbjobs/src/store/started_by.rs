//! What the rows around jobs say of them, for many jobs at once.

use super::{Store, instant};
use crate::model::job::StartedBy;
use sqlx::{QueryBuilder, Row, Sqlite};
use std::collections::HashMap;

impl Store {
    /// Who started each of these jobs; a job that was started on demand and has no name for people may be missing.
    /// `display_name_tag` is the tag that holds that name, `resource` what a job's tags stand under.
    pub async fn started_by(
        &self,
        jobs: &[String],
        display_name_tag: &str,
        resource: impl Fn(&str) -> String,
    ) -> anyhow::Result<HashMap<String, StartedBy>> {
        let mut found: HashMap<String, StartedBy> = HashMap::new();
        let mut query = QueryBuilder::<Sqlite>::new(
            "-- started_by
            SELECT s.job, e.pipeline, e.id, e.fired_by, e.due FROM steps s JOIN executions e ON e.id = s.execution
            WHERE s.source IS NULL AND s.job IN (",
        );
        let mut names = query.separated(", ");
        for job in jobs {
            names.push_bind(job);
        }
        query.push(")");
        for row in query.build().fetch_all(&self.readers).await? {
            let source: Option<String> = row.try_get(3)?;
            let due: Option<i64> = row.try_get(4)?;
            let fired_by = source
                .zip(due)
                .map(|(source, due)| Ok::<_, anyhow::Error>((source, instant(due)?)));
            let started = StartedBy {
                pipeline: row.try_get(1)?,
                execution: row.try_get(2)?,
                fired_by: fired_by.transpose()?,
                display_name: None,
            };
            found.insert(row.try_get(0)?, started);
        }
        // The plus keeps SQLite from looking through all tags of this key; each job has few.
        let mut query = QueryBuilder::<Sqlite>::new(
            "-- display_names
            SELECT resource, value FROM tags WHERE +key = ",
        );
        query.push_bind(display_name_tag).push(" AND resource IN (");
        let by_resource: HashMap<String, &String> =
            jobs.iter().map(|job| (resource(job), job)).collect();
        let mut resources = query.separated(", ");
        for resource in by_resource.keys() {
            resources.push_bind(resource);
        }
        query.push(")");
        for row in query.build().fetch_all(&self.readers).await? {
            let resource: String = row.try_get(0)?;
            if let Some(job) = by_resource.get(&resource) {
                found.entry((*job).clone()).or_default().display_name = row.try_get(1)?;
            }
        }
        Ok(found)
    }
}
