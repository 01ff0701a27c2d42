//! What the JSON 1.1 doors share: reading a request, writing an answer, refusing an operation.

use super::internal;
use crate::app;
use aws_wire::{ErrorShape, json11};
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What a door answers: a document, or nothing for operations without an output.
pub(super) type Answer = Result<Option<Value>, ErrorShape>;

/// Reads a request. An unknown member is refused by name: a parameter is honoured or refused, never ignored.
pub(super) fn request<T: DeserializeOwned>(body: &[u8]) -> Result<T, ErrorShape> {
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    let value: Value = serde_json::from_slice(body).map_err(|error| {
        ErrorShape::bad_request(
            "SerializationException",
            format!("the body is not JSON: {error}"),
        )
    })?;
    serde_json::from_value(value).map_err(|error| {
        ErrorShape::bad_request(
            "ValidationException",
            format!("1 validation error detected: {error}"),
        )
    })
}

/// An answer with a body.
pub(super) fn answer<T: Serialize>(body: T) -> Answer {
    serde_json::to_value(body)
        .map(Some)
        .map_err(|error| internal(&error.into()))
}

/// Epoch seconds with milliseconds, AWS JSON's form of an instant.
pub(super) fn seconds(at: Timestamp) -> Value {
    json11::epoch_seconds::serialize(&at, serde_json::value::Serializer).unwrap_or(Value::Null)
}

/// The error for a word that is not one of those an enumeration has.
pub(super) fn not_one_of(field: &str, value: &str, allowed: &str) -> ErrorShape {
    ErrorShape::bad_request(
        "ValidationException",
        format!(
            "1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: Member must satisfy enum value set: [{allowed}]"
        ),
    )
}

/// The error for an operation that AWS has and we don't.
pub(super) fn not_implemented(service: &str, operation: &str) -> ErrorShape {
    json11::unknown_operation(format!(
        "{operation} of {service} is not implemented by nbjobs"
    ))
}

/// The codes in which one service tells a verb's errors; the rest is the same everywhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Codes {
    /// The thing is not there.
    pub not_found: &'static str,
    /// The name is taken.
    pub exists: &'static str,
    /// Its state does not allow it.
    pub conflict: &'static str,
    /// The request cannot be right.
    pub invalid: &'static str,
    /// Too many or too large.
    pub limit: &'static str,
}

impl Codes {
    /// A verb's error as this service tells it.
    pub(super) fn shape(self, error: app::Error) -> ErrorShape {
        let message = error.to_string();
        let code = match error {
            app::Error::NotFound(_) => self.not_found,
            app::Error::Exists(_) => self.exists,
            app::Error::Conflict(_) => self.conflict,
            app::Error::Invalid(_) => self.invalid,
            app::Error::InvalidPattern(_) => "InvalidEventPatternException",
            app::Error::Limit(_) => self.limit,
            app::Error::Full => {
                return ErrorShape::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "ServiceUnavailable",
                    message,
                );
            }
            app::Error::Internal(error) => return internal(&error),
        };
        ErrorShape::bad_request(code, message)
    }
}
