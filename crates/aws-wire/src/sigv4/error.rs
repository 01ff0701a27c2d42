//! Why a signature was refused, and what AWS answers then in each protocol. Must not know how a signature is made.

use http::StatusCode;

use crate::error::ErrorShape;

/// The protocols whose answers to a bad signature differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// SageMaker, EventBridge, SSM, CloudWatch Logs.
    Json11,
    /// STS, IAM.
    Query,
    /// S3's XML over REST.
    S3,
}

/// Why a request is not what its sender signed, or cannot be known to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Neither an `Authorization` header nor a presigned query.
    #[error("Request is missing Authentication Token")]
    Missing,
    /// A part of the signature is absent or misshapen; the text names it.
    #[error("{0}")]
    Incomplete(String),
    /// No such access key.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// The session token is absent, wrong, or given with a key that has none.
    #[error("The security token included in the request is invalid.")]
    Token,
    /// The request's time is too far from the server's; the text names both.
    #[error("{0}")]
    Skewed(String),
    /// A presigned request is used after its time.
    #[error("{0}")]
    Expired(String),
    /// A header that must be signed is there but isn't; the text names it.
    #[error("{0}")]
    UnsignedHeader(String),
    /// `x-amz-content-sha256` isn't the hash of the body.
    #[error("The provided 'x-amz-content-sha256' header does not match what was computed.")]
    BodyHash,
    /// The signature is wrong: another secret, or a changed request.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

impl SignatureError {
    /// The error as AWS gives it in a protocol.
    pub fn shape(&self, protocol: Protocol) -> ErrorShape {
        match protocol {
            Protocol::Json11 => ErrorShape::bad_request(self.json11_code(), self.to_string()),
            Protocol::Query => {
                ErrorShape::new(self.query_status(), self.query_code(), self.to_string())
            }
            Protocol::S3 => self.s3_shape(),
        }
    }

    fn json11_code(&self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationTokenException",
            Self::Incomplete(_) => "IncompleteSignatureException",
            Self::UnknownKey | Self::Token => "UnrecognizedClientException",
            Self::Skewed(_)
            | Self::Expired(_)
            | Self::UnsignedHeader(_)
            | Self::BodyHash
            | Self::Mismatch => "InvalidSignatureException",
        }
    }

    fn query_code(&self) -> &'static str {
        match self {
            Self::Missing => "MissingAuthenticationToken",
            Self::Incomplete(_) => "IncompleteSignature",
            Self::UnknownKey | Self::Token => "InvalidClientTokenId",
            Self::Skewed(_)
            | Self::Expired(_)
            | Self::UnsignedHeader(_)
            | Self::BodyHash
            | Self::Mismatch => "SignatureDoesNotMatch",
        }
    }

    fn query_status(&self) -> StatusCode {
        match self {
            Self::Incomplete(_) => StatusCode::BAD_REQUEST,
            _ => StatusCode::FORBIDDEN,
        }
    }

    fn s3_shape(&self) -> ErrorShape {
        let forbidden = |code, message: &str| ErrorShape::new(StatusCode::FORBIDDEN, code, message);
        match self {
            Self::Missing => forbidden("AccessDenied", "Access Denied"),
            Self::Incomplete(text) => ErrorShape::bad_request("AuthorizationHeaderMalformed", text),
            Self::UnknownKey => forbidden(
                "InvalidAccessKeyId",
                "The AWS Access Key Id you provided does not exist in our records.",
            ),
            Self::Token => ErrorShape::bad_request(
                "InvalidToken",
                "The provided token is malformed or otherwise invalid.",
            ),
            Self::Skewed(_) => forbidden(
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
            ),
            Self::Expired(_) => forbidden("AccessDenied", "Request has expired"),
            Self::UnsignedHeader(_) => forbidden(
                "AccessDenied",
                "There were headers present in the request which were not signed",
            ),
            Self::BodyHash => {
                ErrorShape::bad_request("XAmzContentSHA256Mismatch", self.to_string())
            }
            Self::Mismatch => forbidden(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. Check your key and \
                 signing method.",
            ),
        }
    }
}
