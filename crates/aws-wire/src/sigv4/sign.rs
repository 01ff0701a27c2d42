//! Signs a request, as every AWS client does. Must not know the server's side.

use std::fmt;

use http::request::Parts;
use http::{HeaderValue, Uri, header};
use jiff::{Timestamp, fmt::strtime};

use super::canonical::Canonical;
use super::{ALGORITHM, CONTENT_SHA256, Scope, TIME_FORMAT, UNSIGNED_PAYLOAD, sha256_hex};

/// Headers that proxies and HTTP stacks change on the way, so that nobody signs them.
const UNSIGNED_HEADERS: [&str; 5] = [
    "authorization",
    "expect",
    "transfer-encoding",
    "user-agent",
    "x-amzn-trace-id",
];

/// An access key with its secret. The secret never shows in `Debug`.
#[derive(Clone)]
pub struct Credentials {
    /// The access key's id.
    pub access_key: String,
    /// The secret access key.
    pub secret_key: String,
    /// The session token of a temporary access key.
    pub session_token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("access_key", &self.access_key)
            .finish_non_exhaustive()
    }
}

/// The body of a request that is signed.
#[derive(Debug, Clone, Copy)]
pub enum Payload<'a> {
    /// The whole body.
    Bytes(&'a [u8]),
    /// The SHA-256 of a body that is not in memory, in lower-case hexadecimal.
    Sha256(&'a str),
    /// A body that goes unsigned, which only S3 takes.
    Unsigned,
}

/// Adds the headers that sign a request: `host` (when absent), `x-amz-date`, `x-amz-security-token`,
/// `x-amz-content-sha256` (for S3) and `authorization`. All headers that are there already get signed. The request's
/// URI is absolute, or the `host` header is set.
pub fn sign(
    parts: &mut Parts,
    payload: Payload<'_>,
    credentials: &Credentials,
    region: &str,
    service: &str,
    now: Timestamp,
) -> Result<(), http::Error> {
    let payload_hash = match payload {
        Payload::Bytes(bytes) => sha256_hex(bytes),
        Payload::Sha256(hash) => hash.to_owned(),
        Payload::Unsigned => UNSIGNED_PAYLOAD.to_owned(),
    };
    let amz_date = strtime::format(TIME_FORMAT, now).unwrap_or_default();
    let scope = Scope {
        date: amz_date.chars().take(8).collect(),
        region: region.to_owned(),
        service: service.to_owned(),
    };
    let headers = &mut parts.headers;
    if !headers.contains_key(header::HOST) {
        headers.insert(header::HOST, HeaderValue::from_str(&host(&parts.uri))?);
    }
    headers.insert("x-amz-date", HeaderValue::from_str(&amz_date)?);
    if let Some(token) = &credentials.session_token {
        headers.insert("x-amz-security-token", HeaderValue::from_str(token)?);
    }
    if service == "s3" || matches!(payload, Payload::Unsigned) {
        headers.insert(CONTENT_SHA256, HeaderValue::from_str(&payload_hash)?);
    }
    let mut signed_headers: Vec<String> = headers
        .keys()
        .map(|name| name.as_str().to_owned())
        .collect();
    signed_headers.retain(|name| !UNSIGNED_HEADERS.contains(&name.as_str()));
    signed_headers.sort();
    let canonical = Canonical {
        method: &parts.method,
        uri: &parts.uri,
        headers,
        signed_headers: &signed_headers,
        payload_hash: &payload_hash,
        service,
    };
    let signature = scope.signature(&credentials.secret_key, &amz_date, &canonical.request());
    let authorization = format!(
        "{ALGORITHM} Credential={}/{}, SignedHeaders={}, Signature={signature}",
        credentials.access_key,
        scope.text(),
        signed_headers.join(";"),
    );
    parts.headers.insert(
        header::AUTHORIZATION,
        HeaderValue::from_str(&authorization)?,
    );
    Ok(())
}

/// The authority as HTTP stacks send it: without user and without the scheme's own port.
fn host(uri: &Uri) -> String {
    let Some(name) = uri.host() else {
        return String::new();
    };
    match (uri.port_u16(), uri.scheme_str()) {
        (None, _) | (Some(80), Some("http")) | (Some(443), Some("https")) => name.to_owned(),
        (Some(port), _) => format!("{name}:{port}"),
    }
}
