//! Bytes of the AWS protocols: signatures, JSON 1.1, REST-JSON, query, errors. Knows the form of a request and of an answer,
//! never what an operation means.

pub mod error;
pub mod json11;
pub mod query;
pub mod request_id;
pub mod rest_json;
pub mod sigv4;

pub use error::ErrorShape;
pub use request_id::RequestId;
