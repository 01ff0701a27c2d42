//! AWS JSON 1.1, as SageMaker, EventBridge, SSM and CloudWatch Logs speak it: the target header, the answer and the
//! error body. Must not know any operation.

use http::{HeaderMap, Response, StatusCode, header};
use serde::Serialize;

use crate::error::ErrorShape;
use crate::request_id::{self, RequestId};

/// Content type of requests and answers.
pub const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// What the `X-Amz-Target` header names, such as `SageMaker.CreateTrainingJob`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The service's prefix: `SageMaker`, `AWSEvents`, `AmazonSSM`, `Logs_20140328`.
    pub service: String,
    /// The operation: `CreateTrainingJob`.
    pub operation: String,
}

impl Target {
    /// Reads the target. A missing or misshapen header is AWS's `UnknownOperationException`.
    pub fn parse(headers: &HeaderMap) -> Result<Self, ErrorShape> {
        let Some(value) = headers.get("x-amz-target") else {
            return Err(unknown_operation(
                "the X-Amz-Target header is missing; it names Service.Operation",
            ));
        };
        let text = value.to_str().unwrap_or_default();
        match text.rsplit_once('.') {
            Some((service, operation)) if !service.is_empty() && !operation.is_empty() => {
                Ok(Self {
                    service: service.to_owned(),
                    operation: operation.to_owned(),
                })
            }
            _ => Err(unknown_operation(format!(
                "X-Amz-Target '{text}' is not of the form Service.Operation"
            ))),
        }
    }
}

/// The error for an operation that the service does not have.
pub fn unknown_operation(message: impl Into<String>) -> ErrorShape {
    ErrorShape::bad_request("UnknownOperationException", message)
}

/// An answer with status 200 and this body. A body that cannot be written as JSON becomes an `InternalFailure`.
pub fn response<T: Serialize + ?Sized>(body: &T, id: &RequestId) -> Response<Vec<u8>> {
    match serde_json::to_vec(body) {
        Ok(bytes) => with_body(StatusCode::OK, bytes, id),
        Err(error) => {
            let text = format!("the answer could not be written: {error}");
            error_response(
                &ErrorShape::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", text),
                id,
            )
        }
    }
}

/// An answer with status 200 and no body, as AWS gives for operations without an output shape.
pub fn empty_response(id: &RequestId) -> Response<Vec<u8>> {
    with_body(StatusCode::OK, Vec::new(), id)
}

/// The error as `{"__type": code, "message": message}`.
pub fn error_response(error: &ErrorShape, id: &RequestId) -> Response<Vec<u8>> {
    let body = serde_json::json!({ "__type": error.code, "message": error.message });
    with_body(error.status, body.to_string().into_bytes(), id)
}

fn with_body(status: StatusCode, body: Vec<u8>, id: &RequestId) -> Response<Vec<u8>> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static(CONTENT_TYPE),
    );
    headers.insert(request_id::HEADER, id.header_value());
    response
}

/// Timestamps as JSON 1.1 has them: a number of seconds since 1970, here with millisecond precision. For
/// `#[serde(with = "aws_wire::json11::epoch_seconds")]`.
pub mod epoch_seconds {
    use jiff::Timestamp;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes seconds with at most three digits after the point.
    pub fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(time.as_millisecond() as f64 / 1000.0)
    }

    /// Reads a whole or fractional number of seconds, rounded to the millisecond.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        from_seconds(f64::deserialize(deserializer)?).map_err(D::Error::custom)
    }

    fn from_seconds(seconds: f64) -> Result<Timestamp, String> {
        // A float outside of i64 saturates, which jiff then refuses as out of range; NaN has no moment either.
        if seconds.is_nan() {
            return Err("a timestamp must be a number of seconds since 1970".to_owned());
        }
        Timestamp::from_millisecond((seconds * 1000.0).round() as i64).map_err(|_| {
            format!("timestamp {seconds} is out of range; it is a number of seconds since 1970")
        })
    }

    /// The same for `Option<Timestamp>`; add `skip_serializing_if = "Option::is_none"` and `default`.
    pub mod option {
        use jiff::Timestamp;
        use serde::de::Error as _;
        use serde::{Deserialize, Deserializer, Serializer};

        /// Writes seconds, or null.
        pub fn serialize<S: Serializer>(
            time: &Option<Timestamp>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            match time {
                Some(time) => super::serialize(time, serializer),
                None => serializer.serialize_none(),
            }
        }

        /// Reads seconds, or null.
        pub fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Timestamp>, D::Error> {
            let seconds = Option::<f64>::deserialize(deserializer)?;
            seconds
                .map(super::from_seconds)
                .transpose()
                .map_err(D::Error::custom)
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Times {
        #[serde(with = "epoch_seconds")]
        at: Timestamp,
        #[serde(
            with = "epoch_seconds::option",
            default,
            skip_serializing_if = "Option::is_none"
        )]
        end: Option<Timestamp>,
    }

    #[test]
    fn target_names_service_and_operation() {
        let parse = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-amz-target", header::HeaderValue::from_static(value));
            Target::parse(&headers)
                .map(|t| (t.service, t.operation))
                .map_err(|e| e.code)
        };
        let ok = |s: &str, o: &str| Ok((s.to_owned(), o.to_owned()));
        assert_eq!(
            parse("SageMaker.CreateTrainingJob"),
            ok("SageMaker", "CreateTrainingJob")
        );
        assert_eq!(
            parse("Logs_20140328.GetLogEvents"),
            ok("Logs_20140328", "GetLogEvents")
        );
        for bad in ["", "SageMaker", ".X", "SageMaker."] {
            assert_eq!(parse(bad), Err("UnknownOperationException".into()), "{bad}");
        }
        assert!(Target::parse(&HeaderMap::new()).is_err());
    }

    #[test]
    fn times_are_seconds_with_milliseconds() {
        let times = Times {
            at: Timestamp::from_millisecond(1_671_926_400_123).unwrap(),
            end: None,
        };
        assert_eq!(
            serde_json::to_string(&times).unwrap(),
            r#"{"at":1671926400.123}"#
        );
        for text in [
            r#"{"at":1671926400.123}"#,
            r#"{"at":1671926400.1234,"end":null}"#,
        ] {
            assert_eq!(serde_json::from_str::<Times>(text).unwrap(), times);
        }
        let whole: Times = serde_json::from_str(r#"{"at":1671926400,"end":-1.5}"#).unwrap();
        assert_eq!(whole.at, Timestamp::from_second(1_671_926_400).unwrap());
        assert_eq!(whole.end, Some(Timestamp::from_millisecond(-1500).unwrap()));
        for bad in [
            r#"{"at":1e300}"#,
            r#"{"at":"2022-01-01"}"#,
            r#"{"at":0,"end":-1e300}"#,
        ] {
            assert!(serde_json::from_str::<Times>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn error_has_the_body_that_clients_read() {
        let id = RequestId::new();
        let answer = error_response(
            &ErrorShape::bad_request("ValidationException", "name \"x\" is taken"),
            &id,
        );
        assert_eq!(answer.status(), 400);
        assert_eq!(
            answer.headers()["content-type"],
            "application/x-amz-json-1.1"
        );
        assert_eq!(answer.headers()["x-amzn-requestid"], id.as_str());
        assert_eq!(
            answer.body(),
            br#"{"__type":"ValidationException","message":"name \"x\" is taken"}"#
        );
    }
}
