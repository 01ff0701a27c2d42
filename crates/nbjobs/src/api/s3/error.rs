//! Errors as S3 tells them. Must not know which operation failed.

use aws_wire::ErrorShape;
use aws_wire::sigv4::{Protocol, SignatureError};
use axum::body::Body;
use http::{Response, StatusCode, header};
use s3s::{HttpResponse, S3Error, S3ErrorCode, s3_error};
use tracing::error;

use crate::objects::error::Error;

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self(from_objects(error))
    }
}

impl From<S3Error> for Refused {
    fn from(error: S3Error) -> Self {
        Self(error)
    }
}

/// An S3 error on its way out; `?` makes one of an error of the object store.
pub(super) struct Refused(pub S3Error);

/// What an operation of this door gives.
pub(super) type Answer<T> = Result<T, Refused>;

fn from_objects(error: Error) -> S3Error {
    let text = error.to_string();
    match error {
        Error::NoSuchBucket(_) => s3_error!(NoSuchBucket, "The specified bucket does not exist"),
        Error::BucketExists(_) => {
            s3_error!(
                BucketAlreadyOwnedByYou,
                "Your previous request to create the named bucket succeeded and you already own it."
            )
        }
        Error::BucketNotEmpty(_) => s3_error!(
            BucketNotEmpty,
            "The bucket you tried to delete is not empty"
        ),
        Error::InvalidBucketName(_) => {
            s3_error!(InvalidBucketName, "The specified bucket is not valid.")
        }
        Error::NoSuchKey(_) => s3_error!(NoSuchKey, "The specified key does not exist."),
        Error::InvalidKeyLength(0) => s3_error!(InvalidArgument, "{}", text),
        Error::InvalidKeyLength(_) => s3_error!(KeyTooLongError, "Your key is too long"),
        Error::PreconditionFailed => precondition_failed(),
        Error::NoSuchUpload(_) => s3_error!(
            NoSuchUpload,
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."
        ),
        Error::InvalidPartNumber(_) => {
            s3_error!(
                InvalidArgument,
                "Part number must be an integer between 1 and 10000, inclusive"
            )
        }
        Error::InvalidPart(_) => s3_error!(
            InvalidPart,
            "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag."
        ),
        Error::InvalidPartOrder => {
            s3_error!(
                InvalidPartOrder,
                "The list of parts was not in ascending order. Parts must be ordered by part number."
            )
        }
        Error::PartTooSmall { .. } => {
            s3_error!(
                EntityTooSmall,
                "Your proposed upload is smaller than the minimum allowed size"
            )
        }
        Error::ChecksumMismatch => s3_error!(BadDigest, "{}", text),
        Error::TooLarge { .. } => s3_error!(EntityTooLarge, "{}", text),
        Error::StorageFull => {
            let shape = ErrorShape::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "InsufficientStorage",
                text,
            );
            from_shape(&shape)
        }
        Error::Body(error) => body_broke(&error),
        Error::InUse | Error::Io(_) => internal(&error.into()),
    }
}

/// `s3s` checks the body's signature while it is read and keeps the types of these errors for itself; their texts are
/// all that is left to tell them by.
fn body_broke(error: &std::io::Error) -> S3Error {
    let text = error.to_string();
    if text.contains("Sha256Mismatch") {
        return from_shape(&SignatureError::BodyHash.shape(Protocol::S3));
    }
    if text.contains("SignatureMismatch") {
        return from_shape(&SignatureError::Mismatch.shape(Protocol::S3));
    }
    s3_error!(
        IncompleteBody,
        "The body is not what its headers say: {}",
        text
    )
}

/// An error with this status, code and text.
pub(super) fn from_shape(shape: &ErrorShape) -> S3Error {
    let code = S3ErrorCode::from_bytes(shape.code.as_bytes()).unwrap_or(S3ErrorCode::InternalError);
    let mut error = S3Error::with_message(code, shape.message.clone());
    error.set_status_code(shape.status);
    error
}

pub(super) fn precondition_failed() -> S3Error {
    s3_error!(
        PreconditionFailed,
        "At least one of the pre-conditions you specified did not hold"
    )
}

/// For what S3 has and we have not.
pub(super) fn not_implemented(what: &str) -> S3Error {
    s3_error!(NotImplemented, "{} is not implemented by nbjobs", what)
}

/// A fault of ours: logged here, told to the caller without its inside.
pub(super) fn internal(failure: &anyhow::Error) -> S3Error {
    error!(error = format!("{failure:#}"), "an S3 request failed");
    s3_error!(
        InternalError,
        "We encountered an internal error. Please try again."
    )
}

/// An answer on its way out. Errors that `s3s` makes itself have a code but no text, so they get one.
pub(super) fn finish(response: Result<HttpResponse, S3Error>) -> Response<Body> {
    let response = response
        .or_else(S3Error::to_http_response)
        .unwrap_or_else(|_| {
            let mut response = HttpResponse::default();
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        });
    let status = response.status();
    let Some(text) =
        error_text(&response).filter(|_| status.is_client_error() || status.is_server_error())
    else {
        return response.map(Body::new);
    };
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(text))
}

/// The body of an error without a text, with a text.
fn error_text(response: &HttpResponse) -> Option<String> {
    let xml = String::from_utf8(response.body().bytes()?.to_vec()).ok()?;
    let (head, rest) = xml
        .split_once("</Code>")
        .filter(|(_, rest)| !rest.contains("<Message>"))?;
    let code = head.rsplit_once("<Code>")?.1;
    let text = match code {
        "SignatureDoesNotMatch" => {
            return Some(with_text(
                head,
                &SignatureError::Mismatch.shape(Protocol::S3).message,
                rest,
            ));
        }
        "InvalidURI" => "Couldn't parse the specified URI.",
        "InvalidBucketName" => "The specified bucket is not valid.",
        "KeyTooLongError" => "Your key is too long",
        "IncompleteBody" => {
            "You did not provide the number of bytes specified by the Content-Length HTTP header"
        }
        "MissingContentLength" => "You must provide the Content-Length HTTP header.",
        "MaxMessageLengthExceeded" => "Your request was too big.",
        "MalformedXML" => {
            "The XML you provided was not well-formed or did not validate against our published schema"
        }
        "MethodNotAllowed" => "The specified method is not allowed against this resource.",
        other => other,
    };
    Some(with_text(head, text, rest))
}

fn with_text(head: &str, text: &str, rest: &str) -> String {
    format!("{head}</Code><Message>{text}</Message>{rest}")
}
