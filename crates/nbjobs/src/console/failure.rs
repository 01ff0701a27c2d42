//! Pages that say what went wrong.

use super::{layout, sign_in};
use crate::app::Error;
use axum::body::Body;
use axum::response::IntoResponse;
use http::{Response, StatusCode};
use maud::html;
use tracing::error;

/// Why a page could not be shown or a change not made.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    text: String,
}

impl Failure {
    /// A failure with a status and a sentence for people.
    pub(super) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { status, text }
    }

    /// 404.
    pub(super) fn not_found(text: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, text)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::Exists(_) | Error::Conflict(_) => StatusCode::CONFLICT,
            Error::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Error::Limit(_) => StatusCode::TOO_MANY_REQUESTS,
            Error::Full => StatusCode::INSUFFICIENT_STORAGE,
            Error::Internal(cause) => {
                error!(error = format!("{cause:#}"), "a page failed");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        let text = match error {
            Error::Internal(_) => "This is a fault of the service. Its log says more.".to_owned(),
            other => other.to_string(),
        };
        Self { status, text }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Error::from(error).into()
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response<Body> {
        let title = match self.status {
            StatusCode::NOT_FOUND => "Not found",
            StatusCode::FORBIDDEN => "Not allowed",
            StatusCode::CONFLICT => "That cannot be done now",
            StatusCode::UNPROCESSABLE_ENTITY | StatusCode::BAD_REQUEST => "That is not right",
            StatusCode::PAYLOAD_TOO_LARGE => "Too large",
            StatusCode::TOO_MANY_REQUESTS => "Too many",
            StatusCode::INSUFFICIENT_STORAGE => "The disk is full",
            _ => "Something went wrong",
        };
        let body = html! {
            p.error-code { (self.status.as_u16()) }
            h1 { (title) }
            p { (self.text) }
            p { a href=(super::ROOT) { "To the console" } " · " a href=(sign_in::PATH) { "Sign in" } }
        };
        layout::plain(self.status, title, &body)
    }
}
