//! Checks a signature. Must not know where secrets are kept: they are given in.

use std::fmt;

use http::request::Parts;
use http::{HeaderMap, Uri, header};
use jiff::tz::TimeZone;
use jiff::{Timestamp, fmt::strtime};
use percent_encoding::percent_decode_str;
use subtle::ConstantTimeEq;

use super::canonical::Canonical;
use super::error::SignatureError;
use super::sha256_hex;
use super::{
    ALGORITHM, CONTENT_SHA256, EXPIRES_MAX_S, SKEW_MAX, Scope, TERMINATOR, TIME_FORMAT,
    UNSIGNED_PAYLOAD,
};

/// What belongs to an access key. Its text never shows in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// The secret access key.
    pub key: String,
    /// The session token, for a temporary access key.
    pub session_token: Option<String>,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").finish_non_exhaustive()
    }
}

/// Who signed a request, and for what. Proven only when [`Claim::verify`] gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The access key that signed.
    pub access_key: String,
    /// The region that the request was signed for, such as `us-east-1`.
    pub region: String,
    /// The service's signing name, such as `sagemaker`, `events` or `s3`.
    pub service: String,
}

/// What a request says about its sender, not yet proven. It names the access key whose [`Secret`] proves it.
#[derive(Debug, Clone)]
pub struct Claim {
    identity: Identity,
    scope: Scope,
    amz_date: String,
    signed_headers: Vec<String>,
    signature: String,
    session_token: Option<String>,
    /// Seconds, for the presigned form.
    expires_s: Option<i64>,
}

/// Checks a request whose secrets can be looked up at once; see [`Claim`] for the two steps.
pub fn verify(
    parts: &Parts,
    body: &[u8],
    now: Timestamp,
    secret_of: impl FnOnce(&str) -> Option<Secret>,
) -> Result<Identity, SignatureError> {
    let claim = Claim::parse(parts)?;
    let secret = secret_of(claim.access_key()).ok_or(SignatureError::UnknownKey)?;
    claim.verify(parts, body, now, &secret)
}

impl Claim {
    /// Reads the claim from the `Authorization` header, else from a presigned query.
    pub fn parse(parts: &Parts) -> Result<Self, SignatureError> {
        match parts.headers.get(header::AUTHORIZATION) {
            Some(value) => Self::from_header(value.to_str().unwrap_or_default(), &parts.headers),
            None => Self::from_query(&parts.uri),
        }
    }

    /// The access key, to look up its secret.
    pub fn access_key(&self) -> &str {
        &self.identity.access_key
    }

    /// The signing name of the service, to route by. Not yet proven.
    pub fn service(&self) -> &str {
        &self.identity.service
    }

    fn from_header(authorization: &str, headers: &HeaderMap) -> Result<Self, SignatureError> {
        let Some(rest) = authorization.strip_prefix(ALGORITHM) else {
            return Err(incomplete(format!(
                "Authorization header requires the algorithm {ALGORITHM}."
            )));
        };
        let field = |name: &str| {
            let fields = rest
                .split(',')
                .filter_map(|field| field.trim().split_once('='));
            let value = fields
                .filter(|(n, _)| *n == name)
                .map(|(_, value)| value)
                .next();
            value.ok_or_else(|| {
                incomplete(format!("Authorization header requires '{name}' parameter."))
            })
        };
        let text = |name: &str| {
            headers
                .get(name)
                .and_then(|v| v.to_str().ok())
                .map(str::to_owned)
        };
        let amz_date = text("x-amz-date").ok_or_else(|| {
            incomplete("Authorization header requires existence of a 'X-Amz-Date' header.")
        })?;
        let signature = field("Signature")?.to_owned();
        let token = text("x-amz-security-token");
        Self::new(
            field("Credential")?,
            amz_date,
            field("SignedHeaders")?,
            signature,
            token,
            None,
        )
    }

    fn from_query(uri: &Uri) -> Result<Self, SignatureError> {
        let query = uri.query().unwrap_or_default();
        let value = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let (_, value) = pairs.find(|(n, _)| *n == name)?;
            Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
        };
        if value("X-Amz-Algorithm").as_deref() != Some(ALGORITHM) {
            return Err(SignatureError::Missing);
        }
        let require = |name: &str| {
            value(name).ok_or_else(|| incomplete(format!("The query requires '{name}'.")))
        };
        let expires_s = require("X-Amz-Expires")?
            .parse()
            .ok()
            .filter(|s| (1..=EXPIRES_MAX_S).contains(s));
        let Some(expires_s) = expires_s else {
            return Err(incomplete(format!(
                "X-Amz-Expires must be a number of seconds from 1 to {EXPIRES_MAX_S}."
            )));
        };
        Self::new(
            &require("X-Amz-Credential")?,
            require("X-Amz-Date")?,
            &require("X-Amz-SignedHeaders")?,
            require("X-Amz-Signature")?,
            value("X-Amz-Security-Token"),
            Some(expires_s),
        )
    }

    fn new(
        credential: &str,
        amz_date: String,
        signed_headers: &str,
        signature: String,
        session_token: Option<String>,
        expires_s: Option<i64>,
    ) -> Result<Self, SignatureError> {
        let elements: Vec<&str> = credential.split('/').collect();
        let [access_key, date, region, service, TERMINATOR] = elements[..] else {
            return Err(incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, \
                 e.g. keyid/date/region/service/{TERMINATOR}, got '{credential}'"
            )));
        };
        Ok(Self {
            identity: Identity {
                access_key: access_key.to_owned(),
                region: region.to_owned(),
                service: service.to_owned(),
            },
            scope: Scope {
                date: date.to_owned(),
                region: region.to_owned(),
                service: service.to_owned(),
            },
            amz_date,
            signed_headers: signed_headers.split(';').map(str::to_owned).collect(),
            signature,
            session_token,
            expires_s,
        })
    }

    /// Proves the claim for this request and its whole body. `now` is the server's time.
    pub fn verify(
        self,
        parts: &Parts,
        body: &[u8],
        now: Timestamp,
        secret: &Secret,
    ) -> Result<Identity, SignatureError> {
        let payload_hash = self.payload_hash(&parts.headers, body)?;
        self.verify_with(parts, &payload_hash, now, secret)
    }

    /// Proves the claim for this request but for its body, which may be too large to wait for: that the body has the
    /// hash which the request names is for the caller to check while it passes. Only S3 works so.
    pub fn verify_head(
        self,
        parts: &Parts,
        now: Timestamp,
        secret: &Secret,
    ) -> Result<Identity, SignatureError> {
        let named = parts
            .headers
            .get(CONTENT_SHA256)
            .map(|value| value.to_str().unwrap_or_default());
        let payload_hash = match (named, self.expires_s) {
            (Some(named), None) => named.to_owned(),
            (_, Some(_)) => UNSIGNED_PAYLOAD.to_owned(),
            (None, None) => {
                return Err(incomplete(
                    "Missing required header for this request: x-amz-content-sha256",
                ));
            }
        };
        self.verify_with(parts, &payload_hash, now, secret)
    }

    fn verify_with(
        self,
        parts: &Parts,
        payload_hash: &str,
        now: Timestamp,
        secret: &Secret,
    ) -> Result<Identity, SignatureError> {
        self.check_time(now)?;
        self.check_token(secret)?;
        self.check_signed_headers(&parts.headers)?;
        let canonical = Canonical {
            method: &parts.method,
            uri: &parts.uri,
            headers: &parts.headers,
            signed_headers: &self.signed_headers,
            payload_hash,
            service: &self.scope.service,
        };
        let signature = self
            .scope
            .signature(&secret.key, &self.amz_date, &canonical.request());
        if bool::from(signature.as_bytes().ct_eq(self.signature.as_bytes())) {
            Ok(self.identity)
        } else {
            Err(SignatureError::Mismatch)
        }
    }

    fn check_time(&self, now: Timestamp) -> Result<(), SignatureError> {
        let signed = strtime::parse(TIME_FORMAT, &self.amz_date)
            .and_then(|broken_down| broken_down.to_datetime())
            .and_then(|datetime| TimeZone::UTC.to_timestamp(datetime));
        let Ok(signed) = signed else {
            return Err(incomplete(format!(
                "Date must be in ISO-8601 'basic format'. Got '{}'.",
                self.amz_date
            )));
        };
        if !self.amz_date.starts_with(&self.scope.date) || self.scope.date.len() != 8 {
            return Err(incomplete(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != \
                 '{}'.",
                self.scope.date, self.amz_date
            )));
        }
        let text = |time: Timestamp| strtime::format(TIME_FORMAT, time).unwrap_or_default();
        let age = now.duration_since(signed);
        let skew_minutes = SKEW_MAX.as_mins();
        if age < -SKEW_MAX {
            return Err(SignatureError::Skewed(format!(
                "Signature not yet current: {} is still later than {} ({} + {skew_minutes} min.)",
                self.amz_date,
                text(now.saturating_add(SKEW_MAX).unwrap_or(now)),
                text(now)
            )));
        }
        match self.expires_s {
            Some(seconds) if age.as_secs() >= seconds => Err(SignatureError::Expired(format!(
                "Signature expired: {} is more than {seconds} s before {}",
                self.amz_date,
                text(now)
            ))),
            None if age > SKEW_MAX => Err(SignatureError::Skewed(format!(
                "Signature expired: {} is now earlier than {} ({} - {skew_minutes} min.)",
                self.amz_date,
                text(now.saturating_sub(SKEW_MAX).unwrap_or(now)),
                text(now)
            ))),
            _ => Ok(()),
        }
    }

    fn check_token(&self, secret: &Secret) -> Result<(), SignatureError> {
        match (&secret.session_token, &self.session_token) {
            (None, None) => Ok(()),
            (Some(kept), Some(given)) if bool::from(kept.as_bytes().ct_eq(given.as_bytes())) => {
                Ok(())
            }
            _ => Err(SignatureError::Token),
        }
    }

    /// An unsigned header of these could be put in by anyone on the way, and services act on them.
    fn check_signed_headers(&self, headers: &HeaderMap) -> Result<(), SignatureError> {
        let signed = |name: &str| self.signed_headers.iter().any(|signed| signed == name);
        if !signed(header::HOST.as_str()) {
            return Err(SignatureError::UnsignedHeader(
                "'Host' must be a 'SignedHeader' in the AWS Authorization header.".to_owned(),
            ));
        }
        match headers
            .keys()
            .find(|name| name.as_str().starts_with("x-amz-") && !signed(name.as_str()))
        {
            None => Ok(()),
            Some(name) => Err(SignatureError::UnsignedHeader(format!(
                "'{name}' must be a 'SignedHeader' in the AWS Authorization header."
            ))),
        }
    }

    /// The hash in the canonical request. Only S3 lets a body go unsigned, in the presigned form or when the client
    /// says so; everywhere else it is the body's own.
    fn payload_hash(&self, headers: &HeaderMap, body: &[u8]) -> Result<String, SignatureError> {
        let said = headers
            .get(CONTENT_SHA256)
            .map(|value| value.to_str().unwrap_or_default());
        if self.scope.service == "s3"
            && said.map_or(self.expires_s.is_some(), |said| said == UNSIGNED_PAYLOAD)
        {
            return Ok(UNSIGNED_PAYLOAD.to_owned());
        }
        let actual = sha256_hex(body);
        match said {
            Some(said) if said != actual => Err(SignatureError::BodyHash),
            _ => Ok(actual),
        }
    }
}

fn incomplete(message: impl Into<String>) -> SignatureError {
    SignatureError::Incomplete(message.into())
}
