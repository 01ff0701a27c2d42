//! Parameters of the Parameter Store, by name and version.

use super::{Store, Tx, instant, micros};
use crate::model::parameter::{NameMatch, Parameter, ParameterFilter, ParameterType, Tier};
use anyhow::Context;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

fn parameter(row: &SqliteRow) -> anyhow::Result<Parameter> {
    let kind: String = row.try_get("type")?;
    let tier: String = row.try_get("tier")?;
    Ok(Parameter {
        name: row.try_get("name")?,
        version: row.try_get("version")?,
        kind: ParameterType::parse(&kind).with_context(|| format!("unknown type {kind}"))?,
        value: row.try_get("value")?,
        description: row.try_get("description")?,
        allowed_pattern: row.try_get("allowed_pattern")?,
        tier: Tier::parse(&tier).with_context(|| format!("unknown tier {tier}"))?,
        modified_at: instant(row.try_get("modified_at")?)?,
    })
}

impl Store {
    /// One version of a parameter; without a number the present one.
    pub async fn parameter(
        &self,
        name: &str,
        version: Option<i64>,
    ) -> anyhow::Result<Option<Parameter>> {
        let row = sqlx::query(
            "-- parameter
            SELECT * FROM parameters WHERE name = $1 AND ($2 IS NULL OR version = $2) ORDER BY version DESC LIMIT 1",
        )
        .bind(name)
        .bind(version)
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(parameter).transpose()
    }

    /// The present versions of at most `limit` parameters, by name, behind the name `after`.
    pub async fn parameters(
        &self,
        filter: &ParameterFilter,
        after: Option<&str>,
        limit: u32,
    ) -> anyhow::Result<Vec<Parameter>> {
        let mut query = QueryBuilder::<Sqlite>::new(
            "-- parameters
            SELECT * FROM parameters AS p
            WHERE version = (SELECT max(version) FROM parameters AS all_versions WHERE all_versions.name = p.name)",
        );
        if let Some(after) = after {
            query.push(" AND name > ").push_bind(after.to_owned());
        }
        push_path(&mut query, filter);
        push_any(
            &mut query,
            " AND type IN (",
            filter.kinds.iter().map(|kind| kind.as_str()),
        );
        push_any(
            &mut query,
            " AND tier IN (",
            filter.tiers.iter().map(|tier| tier.as_str()),
        );
        push_names(&mut query, &filter.names);
        query
            .push(" ORDER BY name LIMIT ")
            .push_bind(i64::from(limit));
        query
            .build()
            .fetch_all(&self.readers)
            .await?
            .iter()
            .map(parameter)
            .collect()
    }
}

/// Names without a slash are at the root, as those with only the first one.
fn push_path(query: &mut QueryBuilder<Sqlite>, filter: &ParameterFilter) {
    let Some(path) = &filter.path else {
        return;
    };
    let prefix = format!("{}/", path.trim_end_matches('/'));
    if prefix == "/" {
        query.push(" AND instr(ltrim(name, '/'), '/')");
    } else {
        query.push(" AND instr(name, ").push_bind(prefix.clone());
        query
            .push(") = 1 AND instr(substr(name, length(")
            .push_bind(prefix);
        query.push(") + 1), '/')");
    }
    // What was pushed last is 0 where no further level follows.
    query.push(if filter.recursive { " >= 0" } else { " = 0" });
}

fn push_any<'a>(
    query: &mut QueryBuilder<Sqlite>,
    condition: &str,
    words: impl Iterator<Item = &'a str>,
) {
    let mut words = words.peekable();
    if words.peek().is_none() {
        return;
    }
    query.push(condition);
    let mut list = query.separated(", ");
    for word in words {
        list.push_bind(word.to_owned());
    }
    query.push(")");
}

fn push_names(query: &mut QueryBuilder<Sqlite>, names: &[NameMatch]) {
    for (i, name) in names.iter().enumerate() {
        query.push(if i == 0 { " AND (" } else { " OR " });
        match name {
            NameMatch::Equals(text) => query.push("name = ").push_bind(text.clone()),
            NameMatch::BeginsWith(text) => query
                .push("instr(name, ")
                .push_bind(text.clone())
                .push(") = 1"),
            NameMatch::Contains(text) => query
                .push("instr(name, ")
                .push_bind(text.clone())
                .push(") > 0"),
        };
    }
    if !names.is_empty() {
        query.push(")");
    }
}

impl Tx {
    /// The present version of a parameter.
    pub async fn parameter(&mut self, name: &str) -> anyhow::Result<Option<Parameter>> {
        let row = sqlx::query(
            "-- parameter_in_tx
            SELECT * FROM parameters WHERE name = $1 ORDER BY version DESC LIMIT 1",
        )
        .bind(name)
        .fetch_optional(self.conn())
        .await?;
        row.as_ref().map(parameter).transpose()
    }

    /// How many parameters there are.
    pub async fn count_parameters(&mut self) -> anyhow::Result<i64> {
        let row = sqlx::query(
            "-- count_parameters
            SELECT count(DISTINCT name) FROM parameters",
        )
        .fetch_one(self.conn())
        .await?;
        Ok(row.try_get(0)?)
    }

    /// Adds a version and forgets those that are `keep` or more versions older.
    pub async fn insert_parameter(&mut self, new: &Parameter, keep: i64) -> anyhow::Result<()> {
        sqlx::query(
            "-- insert_parameter
            INSERT INTO parameters (name, version, type, value, description, allowed_pattern, tier, modified_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(&new.name)
        .bind(new.version)
        .bind(new.kind.as_str())
        .bind(&new.value)
        .bind(&new.description)
        .bind(&new.allowed_pattern)
        .bind(new.tier.as_str())
        .bind(micros(new.modified_at))
        .execute(self.conn())
        .await?;
        sqlx::query(
            "-- delete_old_parameter_versions
            DELETE FROM parameters WHERE name = $1 AND version <= $2",
        )
        .bind(&new.name)
        .bind(new.version - keep)
        .execute(self.conn())
        .await?;
        Ok(())
    }

    /// Removes all versions of a parameter; `false` if there was none.
    pub async fn delete_parameter(&mut self, name: &str) -> anyhow::Result<bool> {
        let done = sqlx::query(
            "-- delete_parameter
            DELETE FROM parameters WHERE name = $1",
        )
        .bind(name)
        .execute(self.conn())
        .await?;
        Ok(done.rows_affected() > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    async fn names(
        store: &Store,
        filter: ParameterFilter,
        after: Option<&str>,
        limit: u32,
    ) -> Vec<String> {
        let found = store
            .parameters(&filter, after, limit)
            .await
            .expect("a list");
        found.into_iter().map(|parameter| parameter.name).collect()
    }

    fn below(path: &str, recursive: bool) -> ParameterFilter {
        ParameterFilter {
            path: Some(path.into()),
            recursive,
            ..ParameterFilter::default()
        }
    }

    #[tokio::test]
    async fn lists_hold_the_present_version_of_what_their_filter_says() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("db"))
            .await
            .expect("a database");
        let mut tx = store.tx().await.expect("a transaction");
        let all = ["/a", "/a/b/deep", "/a/p1", "/a/p2", "/ab", "top"];
        for (name, version) in all
            .iter()
            .flat_map(|name| [(name, 1), (name, 2), (name, 3)])
        {
            let parameter = Parameter {
                name: (*name).into(),
                version,
                kind: if *name == "top" {
                    ParameterType::StringList
                } else {
                    ParameterType::String
                },
                value: version.to_string(),
                description: None,
                allowed_pattern: None,
                tier: Tier::Standard,
                modified_at: Timestamp::UNIX_EPOCH,
            };
            tx.insert_parameter(&parameter, 2).await.expect("a row");
        }
        assert_eq!(tx.count_parameters().await.expect("a number"), 6);
        tx.commit().await.expect("a commit");
        for (filter, want) in [
            (ParameterFilter::default(), &all[..]),
            (below("/", false), &["/a", "/ab", "top"]),
            (below("/", true), &all),
            (below("/a", false), &["/a/p1", "/a/p2"]),
            (below("/a/", true), &["/a/b/deep", "/a/p1", "/a/p2"]),
            (below("/none", true), &[]),
            (
                ParameterFilter {
                    kinds: vec![ParameterType::StringList, ParameterType::SecureString],
                    ..ParameterFilter::default()
                },
                &["top"],
            ),
            (
                ParameterFilter {
                    names: vec![
                        NameMatch::BeginsWith("/a/p".into()),
                        NameMatch::Equals("top".into()),
                    ],
                    ..ParameterFilter::default()
                },
                &["/a/p1", "/a/p2", "top"],
            ),
        ] {
            assert_eq!(
                names(&store, filter.clone(), None, 10).await,
                want,
                "{filter:?}"
            );
        }
        assert_eq!(
            names(&store, ParameterFilter::default(), Some("/a/p1"), 2).await,
            ["/a/p2", "/ab"]
        );
        for (version, want) in [(None, Some(3)), (Some(2), Some(2)), (Some(1), None)] {
            let found = store.parameter("/a", version).await.expect("an answer");
            assert_eq!(
                found.map(|parameter| parameter.version),
                want,
                "two versions are kept"
            );
        }
    }
}
