//! The id that an answer carries, so that a caller and a log can name the same request. Must not know the request.

use std::fmt;

use http::{HeaderName, HeaderValue};

/// The response header of the JSON and query protocols that carries a [`RequestId`].
pub const HEADER: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// The response header of S3 that carries a [`RequestId`].
pub const S3_HEADER: HeaderName = HeaderName::from_static("x-amz-request-id");

/// A request's id: a random UUID in its usual text form, as AWS's JSON and query services give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// A new id.
    #[allow(clippy::new_without_default)] // two defaults would differ
    pub fn new() -> Self {
        Self(uuid::Uuid::new_v4().to_string())
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as the value of [`HEADER`] or [`S3_HEADER`].
    pub fn header_value(&self) -> HeaderValue {
        // A UUID's text is ASCII, so this always succeeds.
        HeaderValue::from_str(&self.0).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
