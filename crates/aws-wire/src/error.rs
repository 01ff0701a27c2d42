//! The error that every AWS protocol carries: a status, a code and a message. Must not know which operation failed.

use std::borrow::Cow;

use http::StatusCode;

/// An error as an AWS client sees it, before it is written in the form of one protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ErrorShape {
    /// HTTP status of the answer.
    pub status: StatusCode,
    /// The code that clients match on, such as `ValidationException`.
    pub code: Cow<'static, str>,
    /// The text shown to the caller.
    pub message: String,
}

impl ErrorShape {
    /// An error with this status, code and message.
    pub fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
        }
    }

    /// An error with status 400, the usual status of a caller's mistake in AWS's JSON services.
    pub fn bad_request(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }
}
