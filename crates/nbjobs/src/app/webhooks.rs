//! Connections and API destinations: create, update, describe, list, delete.

use super::constraint::{at_most, broken, pattern};
use super::{App, Error, Result};
use crate::model::arn::{Arn, Resource};
use crate::model::naming::is_rule_name;
use crate::model::webhook::{
    ApiDestination, Authorization, COUNT_MAX, Connection, DESCRIPTION_LEN_MAX, ENDPOINT_LEN_MAX,
    METHODS, RATE_MAX,
};
use uuid::Uuid;

const NAME_PATTERN: &str = "[\\.\\-_A-Za-z0-9]+";

/// What is asked of a connection; at an update, what is not given stays.
#[derive(Clone, Default)]
#[allow(missing_docs, reason = "the fields are those of Connection")]
pub struct ConnectionSettings {
    pub description: Option<String>,
    pub authorization: Option<Authorization>,
}

/// What is asked of an API destination; at an update, what is not given stays.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs, reason = "the fields are those of ApiDestination")]
pub struct DestinationSettings {
    pub description: Option<String>,
    pub connection_arn: Option<String>,
    pub endpoint: Option<String>,
    pub method: Option<String>,
    pub rate_max: Option<i64>,
}

/// Creates a connection.
pub async fn create_connection(
    app: &App,
    name: &str,
    settings: ConnectionSettings,
) -> Result<Connection> {
    check_name(name)?;
    check_description(settings.description.as_deref())?;
    let authorization = settings
        .authorization
        .ok_or_else(|| Error::Invalid("AuthParameters are required.".into()))?;
    let now = app.clock.now();
    let connection = Connection {
        name: name.to_owned(),
        id: Uuid::new_v4().to_string(),
        description: settings.description,
        authorization,
        created_at: now,
        modified_at: now,
    };
    check_authorization(&connection.authorization)?;
    let mut tx = app.store.tx().await?;
    if tx.connection(name).await?.is_some() {
        return Err(Error::Exists(format!("Connection {name} already exists.")));
    }
    if tx.count_webhooks().await?.0 >= COUNT_MAX {
        return Err(limit());
    }
    tx.put_connection(&connection).await?;
    tx.commit().await?;
    Ok(connection)
}

/// Changes a connection.
pub async fn update_connection(
    app: &App,
    name: &str,
    settings: ConnectionSettings,
) -> Result<Connection> {
    check_description(settings.description.as_deref())?;
    let mut tx = app.store.tx().await?;
    let mut connection = tx
        .connection(name)
        .await?
        .ok_or_else(|| no_connection(name))?;
    if let Some(authorization) = settings.authorization {
        check_authorization(&authorization)?;
        connection.authorization = authorization;
    }
    connection.description = settings.description.or(connection.description);
    connection.modified_at = app.clock.now();
    tx.put_connection(&connection).await?;
    tx.commit().await?;
    Ok(connection)
}

/// One connection.
pub async fn connection(app: &App, name: &str) -> Result<Connection> {
    let connection = app.store.connection(name).await?;
    connection.ok_or_else(|| no_connection(name))
}

/// One page of connections by name, and the name behind which the next page begins.
pub async fn connections(
    app: &App,
    prefix: &str,
    after: &str,
    limit: u32,
) -> Result<(Vec<Connection>, Option<String>)> {
    let mut found = app.store.connections(prefix, after, limit + 1).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|last| last.name.clone());
    Ok((found, next))
}

/// Removes a connection. API destinations that use it cannot be invoked any more.
pub async fn delete_connection(app: &App, name: &str) -> Result<Connection> {
    let mut tx = app.store.tx().await?;
    let connection = tx.connection(name).await?;
    let connection = connection.ok_or_else(|| no_connection(name))?;
    tx.delete_connection(name).await?;
    tx.commit().await?;
    Ok(connection)
}

/// Creates an API destination.
pub async fn create_destination(
    app: &App,
    name: &str,
    settings: DestinationSettings,
) -> Result<ApiDestination> {
    check_name(name)?;
    let now = app.clock.now();
    let mut destination = ApiDestination {
        name: name.to_owned(),
        id: Uuid::new_v4().to_string(),
        description: None,
        connection_arn: String::new(),
        endpoint: String::new(),
        method: String::new(),
        rate_max: RATE_MAX,
        created_at: now,
        modified_at: now,
    };
    apply(app, &mut destination, settings).await?;
    let mut tx = app.store.tx().await?;
    if tx.api_destination(name).await?.is_some() {
        return Err(Error::Exists(format!(
            "An api-destination '{name}' already exists."
        )));
    }
    if tx.count_webhooks().await?.1 >= COUNT_MAX {
        return Err(limit());
    }
    tx.put_api_destination(&destination).await?;
    tx.commit().await?;
    Ok(destination)
}

/// Changes an API destination.
pub async fn update_destination(
    app: &App,
    name: &str,
    settings: DestinationSettings,
) -> Result<ApiDestination> {
    let mut destination = self::destination(app, name).await?;
    apply(app, &mut destination, settings).await?;
    destination.modified_at = app.clock.now();
    let mut tx = app.store.tx().await?;
    if tx.api_destination(name).await?.is_none() {
        return Err(no_destination(name));
    }
    tx.put_api_destination(&destination).await?;
    tx.commit().await?;
    Ok(destination)
}

/// One API destination.
pub async fn destination(app: &App, name: &str) -> Result<ApiDestination> {
    let destination = app.store.api_destination(name).await?;
    destination.ok_or_else(|| no_destination(name))
}

/// One page of API destinations by name, and the name behind which the next page begins.
pub async fn destinations(
    app: &App,
    prefix: &str,
    connection_arn: Option<&str>,
    after: &str,
    limit: u32,
) -> Result<(Vec<ApiDestination>, Option<String>)> {
    let mut found = app
        .store
        .api_destinations(prefix, connection_arn, after, limit + 1)
        .await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|last| last.name.clone());
    Ok((found, next))
}

/// Removes an API destination.
pub async fn delete_destination(app: &App, name: &str) -> Result<()> {
    let mut tx = app.store.tx().await?;
    if tx.api_destination(name).await?.is_none() {
        return Err(no_destination(name));
    }
    tx.delete_api_destination(name).await?;
    Ok(tx.commit().await?)
}

/// Puts checked settings into an API destination.
async fn apply(
    app: &App,
    destination: &mut ApiDestination,
    settings: DestinationSettings,
) -> Result<()> {
    check_description(settings.description.as_deref())?;
    destination.description = settings.description.or(destination.description.take());
    if let Some(arn) = settings.connection_arn {
        let Ok(Arn {
            resource: Resource::Connection { name, id },
            ..
        }) = arn.parse()
        else {
            return Err(broken(
                &arn,
                "connectionArn",
                "Member must be the ARN of a connection",
            ));
        };
        let found = app.store.connection(&name).await?;
        if found.is_none_or(|found| found.id != id) {
            return Err(no_connection(&name));
        }
        destination.connection_arn = arn;
    }
    if let Some(endpoint) = settings.endpoint {
        check_endpoint(&endpoint)?;
        destination.endpoint = endpoint;
    }
    if let Some(method) = settings.method {
        if !METHODS.contains(&method.as_str()) {
            let all = METHODS.join(", ");
            let constraint = format!("Member must satisfy enum value set: [{all}]");
            return Err(broken(&method, "httpMethod", &constraint));
        }
        destination.method = method;
    }
    if let Some(rate) = settings.rate_max {
        let rate = u32::try_from(rate)
            .ok()
            .filter(|rate| (1..=RATE_MAX).contains(rate));
        destination.rate_max = rate.ok_or_else(|| {
            broken(
                &settings.rate_max.unwrap_or_default().to_string(),
                "invocationRateLimitPerSecond",
                &format!("Member must have value between 1 and {RATE_MAX}, inclusive"),
            )
        })?;
    }
    Ok(())
}

/// An endpoint is a whole URL. EventBridge takes `https` only; ours may be on the same network, so `http` is one too.
fn check_endpoint(endpoint: &str) -> Result<()> {
    at_most(endpoint, "invocationEndpoint", ENDPOINT_LEN_MAX)?;
    let url: Option<http::Uri> = endpoint.parse().ok();
    let fits = url.is_some_and(|url| {
        matches!(url.scheme_str(), Some("https" | "http"))
            && url
                .host()
                .is_some_and(|host| !host.is_empty() && !host.contains('*'))
            && !url
                .authority()
                .is_some_and(|authority| authority.as_str().contains('@'))
    });
    if fits && !endpoint.contains('#') {
        return Ok(());
    }
    Err(broken(
        endpoint,
        "invocationEndpoint",
        "Member must be a URL such as https://hooks.example.com/services/*, without a user or a fragment",
    ))
}

/// Refuses what could not be sent; the message does not repeat what may be secret.
fn check_authorization(authorization: &Authorization) -> Result<()> {
    use crate::model::webhook::Credentials;
    if let Credentials::ApiKey { name, value } = &authorization.credentials {
        check_header(name, value)?;
    }
    for header in &authorization.invocation.header_parameters {
        check_header(&header.key, header.value.as_deref().unwrap_or_default())?;
    }
    Ok(())
}

fn check_header(name: &str, value: &str) -> Result<()> {
    let fits = http::HeaderName::from_bytes(name.as_bytes()).is_ok()
        && http::HeaderValue::from_str(value).is_ok();
    if fits {
        return Ok(());
    }
    Err(Error::Invalid(format!(
        "{name:?} is not a header that can be sent with the value that was given."
    )))
}

fn check_name(name: &str) -> Result<()> {
    pattern(is_rule_name(name), name, "name", NAME_PATTERN)
}

fn check_description(description: Option<&str>) -> Result<()> {
    at_most(
        description.unwrap_or_default(),
        "description",
        DESCRIPTION_LEN_MAX,
    )
}

fn no_connection(name: &str) -> Error {
    Error::NotFound(format!(
        "Failed to describe the connection(s). Connection '{name}' does not exist."
    ))
}

fn no_destination(name: &str) -> Error {
    Error::NotFound(format!(
        "Failed to describe the api-destination(s). An api-destination '{name}' does not exist."
    ))
}

fn limit() -> Error {
    Error::Limit("The requested resource exceeds the maximum number allowed.".into())
}
