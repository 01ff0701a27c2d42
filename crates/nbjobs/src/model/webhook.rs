//! Webhooks, as EventBridge has them: an *API destination* says where and how, a *connection* says as whom. Knows no
//! rows, no doors and no HTTP.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Longest description, in characters (`ConnectionDescription`, `ApiDestinationDescription`).
pub const DESCRIPTION_LEN_MAX: usize = 512;
/// Longest endpoint, in characters (`HttpsEndpoint`).
pub const ENDPOINT_LEN_MAX: usize = 2048;
/// Invocations in a second when an API destination says nothing, and the most it can say: EventBridge's.
pub const RATE_MAX: u32 = 300;
/// Most connections, and most API destinations (EventBridge's quota).
pub const COUNT_MAX: i64 = 3000;
/// The methods that there are (`ApiDestinationHttpMethod`).
pub const METHODS: [&str; 7] = ["POST", "GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"];

/// A connection as stored. It holds secrets: it is never logged, and doors show [`Authorization::shown`].
#[derive(Clone, PartialEq, Eq)]
pub struct Connection {
    /// 1 to 64 of `[.A-Za-z0-9_-]`.
    pub name: String,
    /// The last part of its ARN.
    pub id: String,
    /// For people.
    pub description: Option<String>,
    /// As whom requests are made.
    pub authorization: Authorization,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
}

/// As whom requests are made, and what every request has besides.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorization {
    /// The credentials.
    pub credentials: Credentials,
    /// What is added to every request.
    #[serde(default)]
    pub invocation: InvocationParameters,
}

/// The credentials of a connection.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are EventBridge's")]
pub enum Credentials {
    /// `Authorization: Basic …`
    Basic { username: String, password: String },
    /// A header.
    ApiKey { name: String, value: String },
}

/// `ConnectionHttpParameters`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs, reason = "the names are EventBridge's")]
pub struct InvocationParameters {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub header_parameters: Vec<InvocationParameter>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query_string_parameters: Vec<InvocationParameter>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub body_parameters: Vec<InvocationParameter>,
}

/// `ConnectionHeaderParameter` and its siblings.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[allow(missing_docs, reason = "the names are EventBridge's")]
pub struct InvocationParameter {
    pub key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    #[serde(default)]
    pub is_value_secret: bool,
}

impl Credentials {
    /// EventBridge's word for the kind: `AuthorizationType`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Basic { .. } => "BASIC",
            Self::ApiKey { .. } => "API_KEY",
        }
    }
}

impl InvocationParameters {
    /// All of them, without the values that are secret.
    pub fn shown(&self) -> Self {
        let mut shown = self.clone();
        for list in [
            &mut shown.header_parameters,
            &mut shown.query_string_parameters,
            &mut shown.body_parameters,
        ] {
            for parameter in list.iter_mut().filter(|one| one.is_value_secret) {
                parameter.value = None;
            }
        }
        shown
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// An API destination as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiDestination {
    /// 1 to 64 of `[.A-Za-z0-9_-]`.
    pub name: String,
    /// The last part of its ARN.
    pub id: String,
    /// For people.
    pub description: Option<String>,
    /// The ARN of its connection.
    pub connection_arn: String,
    /// An `https` or `http` URL. Each `*` in its path stands for one of the target's path parameters.
    pub endpoint: String,
    /// One of [`METHODS`].
    pub method: String,
    /// Most invocations in a second.
    pub rate_max: u32,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub modified_at: Timestamp,
}
