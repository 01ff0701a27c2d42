//! Signature Version 4: who sent a request, and that nobody changed it. Works for every service and must not know what
//! the services do.
//!
//! Both forms are covered: the `Authorization` header and the presigned query. See AWS's "Signature Version 4 for API
//! requests"; `tests/it/botocore.rs` holds this module against botocore's own signers.

mod canonical;
mod error;
mod sign;
mod verify;

pub use error::{Protocol, SignatureError};
pub use sign::{Credentials, Payload, sign};
pub use verify::{Claim, Identity, Secret, verify};

use hmac::{Hmac, KeyInit, Mac};
use jiff::SignedDuration;
use sha2::{Digest, Sha256};

/// The only algorithm that is spoken here.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The last element of every credential scope.
const TERMINATOR: &str = "aws4_request";
/// Stands for the body's hash where the body is not signed, as in presigned S3 requests.
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";
/// The header that carries the body's hash, in hexadecimal.
const CONTENT_SHA256: &str = "x-amz-content-sha256";
/// Form of the request's time, always UTC.
const TIME_FORMAT: &str = "%Y%m%dT%H%M%SZ";

/// How far the clocks of client and server may be apart.
pub const SKEW_MAX: SignedDuration = SignedDuration::from_mins(15);
/// Longest life of a presigned request: seven days, in seconds.
pub const EXPIRES_MAX_S: i64 = 604_800;

/// The day, region and service that a signing key is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Scope {
    /// `YYYYMMDD`.
    date: String,
    region: String,
    service: String,
}

impl Scope {
    fn text(&self) -> String {
        format!(
            "{}/{}/{}/{TERMINATOR}",
            self.date, self.region, self.service
        )
    }

    /// The signature of a canonical request, in hexadecimal.
    fn signature(&self, secret: &str, amz_date: &str, canonical_request: &[u8]) -> String {
        let hash = sha256_hex(canonical_request);
        let string_to_sign = format!("{ALGORITHM}\n{amz_date}\n{}\n{hash}", self.text());
        let key = [&self.date, &self.region, &self.service]
            .into_iter()
            .fold(format!("AWS4{secret}").into_bytes(), |key, part| {
                hmac(&key, part.as_bytes()).to_vec()
            });
        let key = hmac(&key, TERMINATOR.as_bytes());
        hex::encode(hmac(&key, string_to_sign.as_bytes()))
    }
}

fn hmac(key: &[u8], data: &[u8]) -> [u8; 32] {
    // HMAC takes keys of every length, so this cannot fail.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(data);
    mac.finalize().into_bytes().into()
}

fn sha256_hex(data: &[u8]) -> String {
    hex::encode(Sha256::digest(data))
}
