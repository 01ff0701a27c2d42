//! Refusals in jupyter-scheduler's form: `{"message": "…", "reason": null}`. Its user interface shows the message.

use crate::app::Error;
use axum::body::Body;
use http::{Response, StatusCode, header};
use serde_json::json;

/// A request that is not done.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: String) -> Self {
        Self { status, message }
    }

    /// What was asked for cannot be right.
    pub(super) fn invalid(message: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn response(self) -> Response<Body> {
        let body = json!({"message": self.message, "reason": null});
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            header::HeaderValue::from_static("application/json"),
        );
        // A body that was not read could be taken for the next request.
        headers.insert(
            header::CONNECTION,
            header::HeaderValue::from_static("close"),
        );
        response
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = match &error {
            Error::NotFound(_) => StatusCode::NOT_FOUND,
            Error::Exists(_) | Error::Conflict(_) => StatusCode::CONFLICT,
            Error::Invalid(_) | Error::InvalidPattern(_) | Error::Limit(_) => {
                StatusCode::BAD_REQUEST
            }
            Error::Full => StatusCode::SERVICE_UNAVAILABLE,
            Error::Internal(cause) => {
                return Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    super::super::internal(cause).message,
                );
            }
        };
        Self::new(status, error.to_string())
    }
}

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        Error::from(error).into()
    }
}
