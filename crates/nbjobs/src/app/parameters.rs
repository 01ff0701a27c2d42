//! Parameters of the Parameter Store: put, get, list, delete.

use super::{App, Error, Result};
use crate::model::parameter::{
    NewParameter, PARAMETERS_MAX, Parameter, ParameterFilter, VERSIONS_MAX,
};
use crate::model::tag::{self, Tag};

/// The key under which a parameter's tags stand.
pub fn resource(name: &str) -> String {
    format!("parameter/{name}")
}

/// Makes a parameter, or with `overwrite` the next version of one. Answers the version.
pub async fn put(app: &App, new: NewParameter, overwrite: bool, tags: &[Tag]) -> Result<Parameter> {
    tag::validate(tags).map_err(Error::Invalid)?;
    let mut tx = app.store.tx().await?;
    let before = tx.parameter(&new.name).await?;
    let kind = match (&before, new.kind) {
        (Some(_), _) if !overwrite => {
            return Err(Error::Exists(
                "The parameter already exists. To overwrite this value, set the overwrite option in the request to \
                 true."
                    .into(),
            ));
        }
        (Some(before), Some(kind)) if kind != before.kind => {
            return Err(Error::Conflict(format!(
                "The parameter {} is a {}; its type cannot be changed to {kind}. Delete it first.",
                new.name, before.kind
            )));
        }
        (Some(before), _) => before.kind,
        (None, Some(kind)) => kind,
        (None, None) => {
            return Err(Error::Invalid(
                "A parameter type is required when you create a parameter.".into(),
            ));
        }
    };
    if before.is_none() && tx.count_parameters().await? >= PARAMETERS_MAX {
        return Err(Error::Limit(format!(
            "There are {PARAMETERS_MAX} parameters already; delete some first."
        )));
    }
    let parameter = Parameter {
        name: new.name,
        version: before.map_or(1, |before| before.version + 1),
        kind,
        value: new.value,
        description: new.description,
        allowed_pattern: new.allowed_pattern,
        tier: new.tier,
        modified_at: app.clock.now(),
    };
    tx.insert_parameter(&parameter, VERSIONS_MAX).await?;
    tx.put_tags(&resource(&parameter.name), tags).await?;
    tx.commit().await?;
    Ok(parameter)
}

/// One version of a parameter; without a number the present one. `None` if it is not there.
pub async fn get(app: &App, name: &str, version: Option<i64>) -> Result<Option<Parameter>> {
    Ok(app.store.parameter(name, version).await?)
}

/// One page of parameters by name, and the name behind which the next one begins.
pub async fn list(
    app: &App,
    filter: &ParameterFilter,
    after: Option<&str>,
    limit: u32,
) -> Result<(Vec<Parameter>, Option<String>)> {
    let mut parameters = app.store.parameters(filter, after, limit + 1).await?;
    let more = parameters.len() > limit as usize;
    parameters.truncate(limit as usize);
    let next = parameters
        .last()
        .filter(|_| more)
        .map(|last| last.name.clone());
    Ok((parameters, next))
}

/// Removes parameters with all their versions and tags. Answers the names of those that were there.
pub async fn delete(app: &App, names: &[String]) -> Result<Vec<String>> {
    let mut tx = app.store.tx().await?;
    let mut deleted = Vec::new();
    for name in names {
        if tx.delete_parameter(name).await? {
            tx.delete_all_tags(&resource(name)).await?;
            deleted.push(name.clone());
        }
    }
    tx.commit().await?;
    Ok(deleted)
}
