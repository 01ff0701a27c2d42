//! Tags of any resource. A resource is named by kind and name, such as `training-job/NAME`.

use super::{Store, Tx};
use crate::model::tag::Tag;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// The tag that Studio's lists show and sort by. Jobs and pipelines have its value in their own row, too: `name_tag`.
pub(super) const NAME: &str = "sagemaker:name";

pub(super) fn tag(row: &SqliteRow) -> anyhow::Result<Tag> {
    Ok(Tag {
        key: row.try_get(0)?,
        value: row.try_get(1)?,
    })
}

impl Store {
    /// The tags of a resource, by key.
    pub async fn tags(&self, resource: &str) -> anyhow::Result<Vec<Tag>> {
        sqlx::query(
            "-- tags
            SELECT key, value FROM tags WHERE resource = $1 ORDER BY key",
        )
        .bind(resource)
        .fetch_all(&self.readers)
        .await?
        .iter()
        .map(tag)
        .collect()
    }
}

impl Tx {
    /// The tags of a resource, by key.
    pub async fn tags(&mut self, resource: &str) -> anyhow::Result<Vec<Tag>> {
        sqlx::query(
            "-- tags_in_tx
            SELECT key, value FROM tags WHERE resource = $1 ORDER BY key",
        )
        .bind(resource)
        .fetch_all(self.conn())
        .await?
        .iter()
        .map(tag)
        .collect()
    }

    /// Sets tags; a key that is there already gets the new value.
    pub async fn put_tags(&mut self, resource: &str, tags: &[Tag]) -> anyhow::Result<()> {
        for tag in tags {
            sqlx::query(
                "-- put_tags
                INSERT INTO tags (resource, key, value) VALUES ($1, $2, $3)
                ON CONFLICT (resource, key) DO UPDATE SET value = excluded.value",
            )
            .bind(resource)
            .bind(&tag.key)
            .bind(&tag.value)
            .execute(self.conn())
            .await?;
            if tag.key == NAME {
                self.set_name_tag(resource, &tag.value).await?;
            }
        }
        Ok(())
    }

    async fn set_name_tag(&mut self, resource: &str, value: &str) -> anyhow::Result<()> {
        let (sql, name) = if let Some(name) = resource.strip_prefix("training-job/") {
            (
                "-- set_name_tag_of_job
                UPDATE jobs SET name_tag = $1 WHERE name = $2",
                name,
            )
        } else if let Some(name) = resource.strip_prefix("pipeline/") {
            (
                "-- set_name_tag_of_pipeline
                UPDATE pipelines SET name_tag = $1 WHERE name = $2",
                name,
            )
        } else {
            return Ok(());
        };
        sqlx::query(sql)
            .bind(value)
            .bind(name)
            .execute(self.conn())
            .await?;
        Ok(())
    }

    /// Removes the tags with these keys; a key that is not there is no error.
    pub async fn delete_tags(&mut self, resource: &str, keys: &[String]) -> anyhow::Result<()> {
        for key in keys {
            sqlx::query(
                "-- delete_tags
                DELETE FROM tags WHERE resource = $1 AND key = $2",
            )
            .bind(resource)
            .bind(key)
            .execute(self.conn())
            .await?;
            if key == NAME {
                self.set_name_tag(resource, "").await?;
            }
        }
        Ok(())
    }

    /// Removes every tag of a resource that goes away.
    pub async fn delete_all_tags(&mut self, resource: &str) -> anyhow::Result<()> {
        sqlx::query(
            "-- delete_all_tags
            DELETE FROM tags WHERE resource = $1",
        )
        .bind(resource)
        .execute(self.conn())
        .await?;
        Ok(())
    }
}
