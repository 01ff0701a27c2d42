//! `CreateConnection`, `UpdateConnection`, `DescribeConnection`, `ListConnections`, `DeleteConnection`. Secrets come in
//! here and are shown by none of them.

use super::super::json::{self, Answer, not_one_of, seconds};
use super::super::page;
use super::{CODES, PAGE_MAX};
use crate::app::webhooks::{self, ConnectionSettings};
use crate::app::{App, Error};
use crate::model::webhook::{Authorization, Connection, Credentials, InvocationParameters};
use aws_wire::ErrorShape;
use serde::Deserialize;
use serde_json::{Value, json};

/// The state of every connection: what was given counts.
const AUTHORIZED: &str = "AUTHORIZED";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Request {
    name: String,
    description: Option<String>,
    authorization_type: Option<String>,
    auth_parameters: Option<AuthParameters>,
    invocation_connectivity_parameters: Option<Value>,
    kms_key_identifier: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AuthParameters {
    basic_auth_parameters: Option<Basic>,
    #[serde(rename = "OAuthParameters")]
    oauth_parameters: Option<Value>,
    api_key_auth_parameters: Option<ApiKey>,
    invocation_http_parameters: Option<InvocationParameters>,
    connectivity_parameters: Option<Value>,
}

/// At an update, what is not given stays.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Basic {
    username: Option<String>,
    password: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ApiKey {
    api_key_name: Option<String>,
    api_key_value: Option<String>,
}

pub(super) async fn create(app: &App, body: &[u8]) -> Answer {
    let request: Request = json::request(body)?;
    check(&request)?;
    let (Some(kind), Some(parameters)) = (&request.authorization_type, request.auth_parameters)
    else {
        return Err(invalid(
            "AuthorizationType and AuthParameters are required.",
        ));
    };
    let settings = ConnectionSettings {
        description: request.description,
        authorization: Some(authorization(Some(kind), parameters, None)?),
    };
    let connection = webhooks::create_connection(app, &request.name, settings)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(created(app, &connection, AUTHORIZED))
}

pub(super) async fn update(app: &App, body: &[u8]) -> Answer {
    let request: Request = json::request(body)?;
    check(&request)?;
    let earlier = webhooks::connection(app, &request.name)
        .await
        .map_err(|e| CODES.shape(e))?;
    let kind = request.authorization_type.as_deref();
    let authorization = match request.auth_parameters {
        Some(parameters) => Some(authorization(
            kind,
            parameters,
            Some(&earlier.authorization),
        )?),
        None if kind.is_some_and(|kind| kind != earlier.authorization.credentials.kind()) => {
            return Err(invalid(
                "Another AuthorizationType needs its AuthParameters.",
            ));
        }
        None => None,
    };
    let settings = ConnectionSettings {
        description: request.description,
        authorization,
    };
    let connection = webhooks::update_connection(app, &request.name, settings)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(changed(app, &connection, AUTHORIZED))
}

/// Refuses what would be ignored.
fn check(request: &Request) -> Result<(), ErrorShape> {
    let auth = request.auth_parameters.as_ref();
    let private = request.invocation_connectivity_parameters.is_some()
        || auth.is_some_and(|auth| auth.connectivity_parameters.is_some());
    if private {
        return Err(invalid(
            "Connectivity to private resources (VPC Lattice) is not supported; endpoints on this network can be reached without.",
        ));
    }
    if request.kms_key_identifier.is_some() {
        return Err(invalid("KmsKeyIdentifier is not supported."));
    }
    Ok(())
}

/// What was given, over what there was.
fn authorization(
    kind: Option<&str>,
    parameters: AuthParameters,
    earlier: Option<&Authorization>,
) -> Result<Authorization, ErrorShape> {
    let kind = kind.or(earlier.map(|earlier| earlier.credentials.kind()));
    let oauth = "OAUTH_CLIENT_CREDENTIALS";
    if kind == Some(oauth) || parameters.oauth_parameters.is_some() {
        return Err(invalid(
            "AuthorizationType OAUTH_CLIENT_CREDENTIALS is not supported; API_KEY and BASIC are.",
        ));
    }
    let (old_basic, old_key) = match earlier.map(|earlier| &earlier.credentials) {
        Some(Credentials::Basic { username, password }) => (Some((username, password)), None),
        Some(Credentials::ApiKey { name, value }) => (None, Some((name, value))),
        None => (None, None),
    };
    let credentials = match kind {
        Some("BASIC") if parameters.api_key_auth_parameters.is_none() => {
            let given = parameters.basic_auth_parameters;
            let (username, password) =
                merged(given.map(|one| (one.username, one.password)), old_basic);
            Credentials::Basic {
                username: required(username, "basicAuthParameters.username")?,
                password: required(password, "basicAuthParameters.password")?,
            }
        }
        Some("API_KEY") if parameters.basic_auth_parameters.is_none() => {
            let given = parameters.api_key_auth_parameters;
            let given = given.map(|one| (one.api_key_name, one.api_key_value));
            let (name, value) = merged(given, old_key);
            Credentials::ApiKey {
                name: required(name, "apiKeyAuthParameters.apiKeyName")?,
                value: required(value, "apiKeyAuthParameters.apiKeyValue")?,
            }
        }
        Some("BASIC" | "API_KEY") => {
            return Err(invalid(
                "AuthParameters are not those of the AuthorizationType.",
            ));
        }
        other => {
            return Err(not_one_of(
                "authorizationType",
                other.unwrap_or_default(),
                "API_KEY, BASIC, OAUTH_CLIENT_CREDENTIALS",
            ));
        }
    };
    let invocation = parameters.invocation_http_parameters;
    let invocation = invocation.or(earlier.map(|earlier| earlier.invocation.clone()));
    Ok(Authorization {
        credentials,
        invocation: invocation.unwrap_or_default(),
    })
}

type Pair = (Option<String>, Option<String>);

fn merged(given: Option<Pair>, earlier: Option<(&String, &String)>) -> Pair {
    let (first, second) = given.unwrap_or_default();
    (
        first.or(earlier.map(|earlier| earlier.0.clone())),
        second.or(earlier.map(|earlier| earlier.1.clone())),
    )
}

/// The longest of these, in characters (`AuthHeaderParameters` and its siblings).
const SECRET_LEN_MAX: usize = 512;

/// The message does not repeat the value.
fn required(value: Option<String>, at: &str) -> Result<String, ErrorShape> {
    let fits = |value: &String| (1..=SECRET_LEN_MAX).contains(&value.chars().count());
    value.filter(fits).ok_or_else(|| {
        invalid(&format!(
            "1 validation error detected: Value at 'authParameters.{at}' failed to satisfy constraint: Member must have length between 1 and {SECRET_LEN_MAX}"
        ))
    })
}

fn invalid(message: &str) -> ErrorShape {
    CODES.shape(Error::Invalid(message.into()))
}

/// What every answer has. That of `CreateConnection` has no more.
fn created(app: &App, connection: &Connection, state: &str) -> Value {
    json!({
        "ConnectionArn": app.scope.connection(&connection.name, &connection.id),
        "ConnectionState": state,
        "CreationTime": seconds(connection.created_at),
        "LastModifiedTime": seconds(connection.modified_at),
    })
}

fn changed(app: &App, connection: &Connection, state: &str) -> Value {
    let mut document = created(app, connection, state);
    document["LastAuthorizedTime"] = seconds(connection.modified_at);
    document
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Named {
    name: String,
}

pub(super) async fn describe(app: &App, body: &[u8]) -> Answer {
    let request: Named = json::request(body)?;
    let connection = webhooks::connection(app, &request.name)
        .await
        .map_err(|e| CODES.shape(e))?;
    let mut document = summary(app, &connection);
    if let Some(description) = &connection.description {
        document["Description"] = description.clone().into();
    }
    let authorization = &connection.authorization;
    let mut parameters = match &authorization.credentials {
        Credentials::Basic { username, .. } => {
            json!({"BasicAuthParameters": {"Username": username}})
        }
        Credentials::ApiKey { name, .. } => json!({"ApiKeyAuthParameters": {"ApiKeyName": name}}),
    };
    if authorization.invocation != InvocationParameters::default() {
        parameters["InvocationHttpParameters"] = json!(authorization.invocation.shown());
    }
    document["AuthParameters"] = parameters;
    json::answer(document)
}

fn summary(app: &App, connection: &Connection) -> Value {
    let mut document = changed(app, connection, AUTHORIZED);
    document["Name"] = connection.name.clone().into();
    document["AuthorizationType"] = connection.authorization.credentials.kind().into();
    document
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListRequest {
    name_prefix: Option<String>,
    connection_state: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
}

/// The states that AWS has; every connection of ours is in one of them.
const STATES: [&str; 9] = [
    "CREATING",
    "UPDATING",
    "DELETING",
    AUTHORIZED,
    "DEAUTHORIZED",
    "AUTHORIZING",
    "DEAUTHORIZING",
    "ACTIVE",
    "FAILED_CONNECTIVITY",
];

pub(super) async fn list(app: &App, body: &[u8]) -> Answer {
    let request: ListRequest = json::request(body)?;
    let state = request.connection_state.as_deref().unwrap_or(AUTHORIZED);
    if !STATES.contains(&state) {
        return Err(not_one_of("connectionState", state, &STATES.join(", ")));
    }
    let limit = page::size(request.limit, PAGE_MAX, PAGE_MAX)?;
    let after: Option<String> = page::place(request.next_token.as_deref())?;
    let prefix = request.name_prefix.as_deref().unwrap_or_default();
    let after = after.unwrap_or_default();
    let (found, next) = webhooks::connections(app, prefix, &after, limit)
        .await
        .map_err(|e| CODES.shape(e))?;
    let shown = found.iter().filter(|_| state == AUTHORIZED);
    let shown: Vec<Value> = shown.map(|one| summary(app, one)).collect();
    let mut answer = json!({"Connections": shown});
    if let Some(token) = next.and_then(|next| page::token(&next)) {
        answer["NextToken"] = token.into();
    }
    json::answer(answer)
}

pub(super) async fn delete(app: &App, body: &[u8]) -> Answer {
    let request: Named = json::request(body)?;
    let connection = webhooks::delete_connection(app, &request.name)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(changed(app, &connection, "DELETING"))
}
