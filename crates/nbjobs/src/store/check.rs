//! Looks whether the rows are whole and agree with each other.

use super::{MIGRATIONS, Store};
use crate::model::finding::Finding;
use crate::model::job::Job;
use sqlx::Row;
use std::collections::BTreeSet;

/// What must not be there: the kind of thing, and a query for its names and what is wrong with each.
const UNLAWFUL: &[(&str, &str)] = &[
    (
        "job",
        "-- check_attempts
        SELECT name, 'it is ' || status || ' but has no attempt' FROM jobs
        WHERE status IN ('InProgress', 'Stopping') AND NOT EXISTS (SELECT 1 FROM attempts WHERE job = jobs.name)",
    ),
    (
        "execution",
        "-- check_steps
        SELECT steps.execution || '/' || steps.name, 'the step is ' || steps.status || ' but its job ' || job || ' is ' || jobs.status
        FROM steps JOIN jobs ON jobs.name = steps.job
        WHERE steps.status IN ('Executing', 'Stopping') AND jobs.status IN ('Completed', 'Failed', 'Stopped')",
    ),
    (
        "execution",
        "-- check_ended_executions
        SELECT execution || '/' || steps.name, 'the step is ' || steps.status || ' but the execution is ' || executions.status
        FROM steps JOIN executions ON executions.id = steps.execution
        WHERE executions.status IN ('Stopped', 'Failed', 'Succeeded') AND steps.ended_at IS NULL",
    ),
    (
        "execution",
        "-- check_executions
        SELECT id, 'it is ' || status || ' but none of its steps goes on' FROM executions
        WHERE status IN ('Executing', 'Stopping')
        AND NOT EXISTS (SELECT 1 FROM steps WHERE execution = id AND ended_at IS NULL)",
    ),
];

/// Jobs that are read at a time.
const PAGE: i64 = 500;

/// How a database's tables stand to those that this program knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// They are the same.
    Current,
    /// An older program made them; the next start brings them up to date.
    Older,
    /// A newer program made them.
    Newer,
}

impl Store {
    /// How the tables stand to this program's.
    pub async fn schema(&self) -> anyhow::Result<Schema> {
        let rows = sqlx::query(
            "-- schema
            SELECT version FROM _sqlx_migrations WHERE success",
        )
        .fetch_all(&self.readers)
        .await?;
        let found: BTreeSet<i64> = rows
            .iter()
            .map(|row| row.try_get(0))
            .collect::<Result<_, _>>()?;
        let known: BTreeSet<i64> = MIGRATIONS.iter().map(|one| one.version).collect();
        Ok(if !found.is_subset(&known) {
            Schema::Newer
        } else if found == known {
            Schema::Current
        } else {
            Schema::Older
        })
    }

    /// Looks at the file itself: its pages, its indexes, the references between its rows.
    pub async fn check_file(&self) -> anyhow::Result<Vec<Finding>> {
        let mut findings = Vec::new();
        for row in sqlx::query("PRAGMA integrity_check")
            .fetch_all(&self.readers)
            .await?
        {
            let problem: String = row.try_get(0)?;
            if problem != "ok" {
                findings.push(Finding::wrong("database", super::FILE, problem));
            }
        }
        for row in sqlx::query("PRAGMA foreign_key_check")
            .fetch_all(&self.readers)
            .await?
        {
            let (table, parent): (String, String) = (row.try_get(0)?, row.try_get(2)?);
            let problem = format!("a row of {table} names a row of {parent} that is not there");
            findings.push(Finding::wrong("database", super::FILE, problem));
        }
        Ok(findings)
    }

    /// Looks whether rows contradict each other.
    pub async fn check_rows(&self) -> anyhow::Result<Vec<Finding>> {
        let mut findings = Vec::new();
        for (kind, query) in UNLAWFUL {
            for row in sqlx::query(*query).fetch_all(&self.readers).await? {
                let (subject, problem): (String, String) = (row.try_get(0)?, row.try_get(1)?);
                findings.push(Finding::wrong(kind, subject, problem));
            }
        }
        Ok(findings)
    }

    /// The jobs behind a name, in the order of names, a page of them; each with its name, as it may be one that cannot
    /// be read.
    pub async fn jobs_to_check(
        &self,
        after: &str,
    ) -> anyhow::Result<Vec<(String, anyhow::Result<Job>)>> {
        let rows = sqlx::query(
            "-- jobs_to_check
            SELECT * FROM jobs WHERE name > $1 ORDER BY name LIMIT $2",
        )
        .bind(after)
        .bind(PAGE)
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| Ok((row.try_get("name")?, super::jobs::job(row))))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn rows_that_contradict_each_other_are_found() {
        let dir = tempfile::tempdir().expect("a folder");
        let store = Store::open(&dir.path().join("db")).await.expect("a store");
        assert_eq!(store.schema().await.expect("a look"), Schema::Current);
        assert_eq!(store.check_rows().await.expect("a look"), []);
        let mut tx = store.tx().await.expect("a transaction");
        sqlx::raw_sql(
            "INSERT INTO jobs (name, status, secondary_status, transitions, spec, created_at, modified_at, ended_at, failure_reason)
            VALUES ('runs', 'InProgress', 'Training', '[]', '{}', 1, 1, NULL, NULL),
                ('over', 'Failed', 'Failed', '[]', '{}', 1, 1, 1, 'why');
            INSERT INTO pipelines (name, definition, role_arn, token, created_at, modified_at)
            VALUES ('p', '{}', 'r', 't', 1, 1);
            INSERT INTO executions (id, pipeline, status, definition, parameters, started_at, modified_at)
            VALUES ('waits', 'p', 'Executing', '{}', '{}', 1, 1), ('stuck', 'p', 'Executing', '{}', '{}', 1, 1);
            INSERT INTO steps (execution, number, name, status, job, started_at)
            VALUES ('waits', 1, 's', 'Executing', 'over', 1);",
        )
        .execute(tx.conn())
        .await
        .expect("rows");
        tx.commit().await.expect("a commit");
        let found: Vec<String> = store
            .check_rows()
            .await
            .expect("a look")
            .iter()
            .map(|finding| format!("{} {}", finding.check, finding.subject))
            .collect();
        assert_eq!(found, ["job runs", "execution waits/s", "execution stuck"]);
        let jobs = store.jobs_to_check("over").await.expect("jobs");
        assert_eq!(jobs.len(), 1);
        // Its spec is no job's.
        assert!(store.jobs_to_check("").await.expect("jobs")[0].1.is_err());
        assert_eq!(store.check_file().await.expect("a look"), []);
    }
}
