//! Errors of requests: what a service answered, or that it could not be asked.

use http::StatusCode;
use serde_json::Value;

/// A service refused. Shown, it is the line that AWS's own command line prints.
#[derive(Debug, thiserror::Error)]
#[error("An error occurred ({code}) when calling the {operation} operation: {message}")]
pub struct ServiceError {
    /// Such as `ValidationException`.
    pub code: String,
    /// Such as `CreateTrainingJob`.
    pub operation: String,
    /// The service's own words.
    pub message: String,
}

/// The server could not be asked, or did not answer. Whether it did what was asked is not known.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot reach the server at {endpoint}: {cause}; is it running, and is AWS_ENDPOINT_URL its address?"
)]
pub struct Unreachable {
    /// Host and port.
    pub endpoint: String,
    /// What went wrong on the way.
    pub cause: ureq::Error,
}

impl ServiceError {
    /// Whether a service said that the thing is not there.
    pub fn is_not_found(error: &anyhow::Error) -> bool {
        error.downcast_ref::<Self>().is_some_and(|error| {
            matches!(
                &*error.code,
                "ResourceNotFound" | "ResourceNotFoundException"
            )
        })
    }

    /// The error in a JSON 1.1 answer.
    pub(super) fn from_json(operation: &str, status: StatusCode, body: &str) -> Self {
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let text = |keys: &[&str]| {
            keys.iter()
                .find_map(|key| body[key].as_str())
                .map(str::to_owned)
        };
        // Some services put a namespace in front (`com.amazonaws.x#Code`), some a URL behind (`Code:http…`).
        let code = text(&["__type", "code"]).map(|code| {
            let code = code.rsplit('#').next().unwrap_or_default();
            code.split(':').next().unwrap_or_default().to_owned()
        });
        Self::new(operation, status, code, text(&["message", "Message"]))
    }

    /// The error in an answer of S3 or of a query service.
    pub(super) fn from_xml(operation: &str, status: StatusCode, body: &str) -> Self {
        Self::new(
            operation,
            status,
            xml_text(body, "Code"),
            xml_text(body, "Message"),
        )
    }

    fn new(
        operation: &str,
        status: StatusCode,
        code: Option<String>,
        message: Option<String>,
    ) -> Self {
        Self {
            code: code.unwrap_or_else(|| status.as_u16().to_string()),
            operation: operation.to_owned(),
            message: message
                .unwrap_or_else(|| status.canonical_reason().unwrap_or_default().to_owned()),
        }
    }
}

/// The text of the first element with this name. AWS's small answers nest no elements of one name and use no CDATA.
pub(super) fn xml_text(xml: &str, element: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{element}>"))?;
    let (text, _) = rest.split_once(&format!("</{element}>"))?;
    let plain = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&#39;", "'");
    Some(plain.replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_read_as_awss_own_command_line_prints_them() {
        let bad = StatusCode::BAD_REQUEST;
        let json = |body| ServiceError::from_json("StopTrainingJob", bad, body).to_string();
        let when = "when calling the StopTrainingJob operation:";
        let namespaced =
            r#"{"__type":"com.amazonaws.sagemaker#ValidationException","Message":"no"}"#;
        assert_eq!(
            json(namespaced),
            format!("An error occurred (ValidationException) {when} no")
        );
        let plain = r#"{"__type":"ResourceNotFound","message":"gone"}"#;
        assert_eq!(
            json(plain),
            format!("An error occurred (ResourceNotFound) {when} gone")
        );
        assert_eq!(
            json("<html>"),
            format!("An error occurred (400) {when} Bad Request")
        );
        let xml = "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>a &amp;lt; b</Message></Error>";
        assert_eq!(
            ServiceError::from_xml("GetObject", StatusCode::NOT_FOUND, xml).to_string(),
            "An error occurred (NoSuchKey) when calling the GetObject operation: a &lt; b"
        );
    }
}
