//! REST-JSON, as EventBridge Scheduler speaks it: the operation is in the method and the path, the error's code in a
//! header. Must not know any operation.

use http::{HeaderName, HeaderValue, Response, StatusCode, header};

use crate::error::ErrorShape;
use crate::request_id::{self, RequestId};

const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// An answer with status 200 and this document.
pub fn response(body: &serde_json::Value, id: &RequestId) -> Response<Vec<u8>> {
    with_body(StatusCode::OK, body, id)
}

/// The error as `{"Message": message}`, with its code in `x-amzn-ErrorType`.
pub fn error_response(error: &ErrorShape, id: &RequestId) -> Response<Vec<u8>> {
    let body = serde_json::json!({ "Message": error.message });
    let mut response = with_body(error.status, &body, id);
    // A code is a word, so it always fits into a header.
    if let Ok(code) = HeaderValue::from_str(&error.code) {
        response.headers_mut().insert(ERROR_TYPE, code);
    }
    response
}

fn with_body(status: StatusCode, body: &serde_json::Value, id: &RequestId) -> Response<Vec<u8>> {
    let mut response = Response::new(body.to_string().into_bytes());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(request_id::HEADER, id.header_value());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_its_code_in_the_header() {
        let error = ErrorShape::new(
            StatusCode::NOT_FOUND,
            "ResourceNotFoundException",
            "no \"x\"",
        );
        let id = RequestId::new();
        let answer = error_response(&error, &id);
        assert_eq!(answer.status(), 404);
        assert_eq!(
            answer.headers()["x-amzn-errortype"],
            "ResourceNotFoundException"
        );
        assert_eq!(answer.headers()["x-amzn-requestid"], id.as_str());
        assert_eq!(answer.body(), br#"{"Message":"no \"x\""}"#);
    }
}
