//! Searches. Of an expression, SQL decides what it can (see [`condition`]); the caller, who has the documents, decides
//! the rest. A search reads one snapshot. Only the names of candidates are sorted; rows are read for one batch at a time.

mod columns;
mod condition;

use super::page::{self, Columns};
use super::{Store, jobs, pipelines};
use crate::model::job::Job;
use crate::model::list::Cursor;
use crate::model::pipeline::Pipeline;
use crate::model::search::{Property, Resource, Search};
use crate::model::tag::Tag;
use columns::Table;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};
use std::collections::HashMap;

/// A tag that so many resources have, or more, is not rare.
const RARE_MAX: i64 = 2000;

/// A resource that may be what is searched for, its tags, and the place behind it in the order asked for.
#[derive(Debug)]
pub struct Candidate<T> {
    /// The resource.
    pub resource: T,
    /// Its tags by key.
    pub tags: Vec<Tag>,
    /// Where a page that ends with it goes on.
    pub place: Cursor,
}

impl Store {
    /// At most `limit` jobs behind `after`, in order, among which are all that match.
    pub async fn job_candidates(
        &self,
        search: &Search,
        after: Option<&Cursor>,
        limit: u32,
    ) -> anyhow::Result<Vec<Candidate<Job>>> {
        let table = Table::of(Resource::TrainingJob);
        let mut snapshot = self.readers.begin().await?;
        let places = places(&mut snapshot, &table, search, after, limit).await?;
        let rows = named(&mut snapshot, &table, &places).await?;
        let found = rows.iter().map(jobs::job).map(|job| Ok(keyed(job?)));
        let found: anyhow::Result<HashMap<String, Job>> = found.collect();
        candidates(&mut snapshot, &table, places, found?).await
    }

    /// The same for pipelines.
    pub async fn pipeline_candidates(
        &self,
        search: &Search,
        after: Option<&Cursor>,
        limit: u32,
    ) -> anyhow::Result<Vec<Candidate<Pipeline>>> {
        let table = Table::of(Resource::Pipeline);
        let mut snapshot = self.readers.begin().await?;
        let places = places(&mut snapshot, &table, search, after, limit).await?;
        let rows = named(&mut snapshot, &table, &places).await?;
        let found = rows
            .iter()
            .map(pipelines::pipeline)
            .map(|pipeline| pipeline.map(|pipeline| (pipeline.name.clone(), pipeline)));
        let found: anyhow::Result<HashMap<String, Pipeline>> = found.collect();
        candidates(&mut snapshot, &table, places, found?).await
    }
}

/// A tag that every match has and few resources have, such as the id of one definition: it is quicker to look at those
/// than at all.
async fn rare_tag<'s>(
    connection: &mut SqliteConnection,
    search: &'s Search,
) -> anyhow::Result<Option<(&'s str, &'s str)>> {
    let mut rarest = (RARE_MAX, None);
    let required = search.expression.as_ref().map(condition::required_tags);
    for (key, value) in required.unwrap_or_default() {
        let count: i64 = sqlx::query_scalar(
            "-- count_tagged
            SELECT COUNT(*) FROM (SELECT 1 FROM tags WHERE key = $1 AND value = $2 LIMIT $3)",
        )
        .bind(key)
        .bind(value)
        .bind(RARE_MAX)
        .fetch_one(&mut *connection)
        .await?;
        if count < rarest.0 {
            rarest = (count, Some((key, value)));
        }
    }
    Ok(rarest.1)
}

/// The names of candidates, each with its place.
async fn places(
    connection: &mut SqliteConnection,
    table: &Table,
    search: &Search,
    after: Option<&Cursor>,
    limit: u32,
) -> anyhow::Result<Vec<Cursor>> {
    let sort = table.sort(&search.order.by);
    let rare = rare_tag(connection, search).await?;
    let mut query = QueryBuilder::<Sqlite>::new("-- search\nSELECT name, ");
    query
        .push(&sort.sql)
        .push(" AS value FROM ")
        .push(table.name);
    query.push(" WHERE ");
    match &search.expression {
        Some(expression) => condition::push(&mut query, table, expression),
        None => {
            query.push("1 = 1");
        }
    }
    if let Some((key, value)) = rare {
        query.push(format!(
            " AND name IN (SELECT {} FROM tags WHERE key = ",
            table.untagged_sql()
        ));
        query
            .push_bind(key)
            .push(" AND value = ")
            .push_bind(value)
            .push(")");
    }
    let columns = Columns {
        value: &sort.sql,
        is_number: sort.is_number,
        key: "name",
    };
    page::push(&mut query, &columns, search.order.descending, after, limit);
    let rows = query.build().fetch_all(&mut *connection).await?;
    rows.iter().map(|row| place(row, sort.is_number)).collect()
}

async fn named(
    connection: &mut SqliteConnection,
    table: &Table,
    places: &[Cursor],
) -> anyhow::Result<Vec<SqliteRow>> {
    let mut query = QueryBuilder::<Sqlite>::new("-- found\nSELECT * FROM ");
    query.push(table.name).push(" WHERE name IN (");
    let mut names = query.separated(", ");
    for place in places {
        names.push_bind(&place.key);
    }
    query.push(")");
    Ok(query.build().fetch_all(&mut *connection).await?)
}

/// The resources in the order of their places.
async fn candidates<T>(
    connection: &mut SqliteConnection,
    table: &Table,
    places: Vec<Cursor>,
    mut found: HashMap<String, T>,
) -> anyhow::Result<Vec<Candidate<T>>> {
    let mut query = QueryBuilder::<Sqlite>::new(
        "-- found_tags\nSELECT resource, key, value FROM tags WHERE resource IN (",
    );
    let mut resources = query.separated(", ");
    for place in &places {
        resources.push_bind(table.tagged(&place.key));
    }
    query.push(") ORDER BY resource, key");
    let mut tags: HashMap<String, Vec<Tag>> = HashMap::new();
    for row in query.build().fetch_all(&mut *connection).await? {
        tags.entry(row.try_get(0)?).or_default().push(Tag {
            key: row.try_get(1)?,
            value: row.try_get(2)?,
        });
    }
    let candidate = |place: Cursor| {
        Some(Candidate {
            resource: found.remove(&place.key)?,
            tags: tags.remove(&table.tagged(&place.key)).unwrap_or_default(),
            place,
        })
    };
    Ok(places.into_iter().filter_map(candidate).collect())
}

fn keyed(job: Job) -> (String, Job) {
    (job.name.clone(), job)
}

fn place(row: &SqliteRow, is_number: bool) -> anyhow::Result<Cursor> {
    let value = if is_number {
        row.try_get::<i64, _>("value")?.to_string()
    } else {
        row.try_get("value")?
    };
    Ok(Cursor {
        value,
        key: row.try_get("name")?,
    })
}
