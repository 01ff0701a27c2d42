//! Tags of jobs, pipelines and rules. A resource is named by kind and name, such as `training-job/NAME`.

use super::{App, Error, Result, policies};
use crate::model::tag::{self, TAGS_MAX, Tag};

/// The tags of a resource, by key.
pub async fn list(app: &App, resource: &str) -> Result<Vec<Tag>> {
    Ok(app.store.tags(resource).await?)
}

/// Sets tags; a key that is there already gets the new value. Answers all tags of the resource afterwards.
pub async fn add(app: &App, resource: &str, tags: &[Tag]) -> Result<Vec<Tag>> {
    tag::validate(tags).map_err(Error::Invalid)?;
    let mut tx = app.store.tx().await?;
    tx.put_tags(resource, tags).await?;
    let all = tx.tags(resource).await?;
    if all.len() > TAGS_MAX {
        return Err(Error::Limit(format!(
            "{resource} would have {} tags; a resource can have at most {TAGS_MAX}",
            all.len()
        )));
    }
    policies::changed(&mut tx, app, resource).await?;
    tx.commit().await?;
    app.wake.scheduler();
    app.wake.dispatcher();
    Ok(all)
}

/// Removes tags by key.
pub async fn delete(app: &App, resource: &str, keys: &[String]) -> Result<()> {
    if keys.len() > TAGS_MAX {
        return Err(Error::Invalid(format!(
            "{} tag keys were given; there can be at most {TAGS_MAX}",
            keys.len()
        )));
    }
    let mut tx = app.store.tx().await?;
    tx.delete_tags(resource, keys).await?;
    policies::changed(&mut tx, app, resource).await?;
    tx.commit().await?;
    app.wake.scheduler();
    app.wake.dispatcher();
    Ok(())
}
