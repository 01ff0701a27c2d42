//! The S3 door: the `s3s` crate speaks the protocol, [`crate::objects`] has the bytes, and this module joins them.
//! Only this folder knows `s3s`. It must not know jobs.
//!
//! What S3 has and we have not is refused by name (ACLs that are not private, customer keys, locks, storage classes,
//! versions). Three things are remembered and told back without being done, because clients ask for them and look for
//! the answer: a bucket's versioning status, a bucket's default encryption and an object's encryption.

mod attributes;
mod auth;
mod body;
mod buckets;
mod convert;
mod copy;
mod delete;
mod door;
mod error;
mod listing;
mod notifications;
mod objects;
mod query;
mod unsupported;
mod uploads;

use std::sync::Arc;

use aws_wire::RequestId;
use aws_wire::sigv4::{Claim, Protocol, Secret, SignatureError};
use axum::body::{Body, HttpBody as _};
use http::request::Parts;
use http::{Method, Request, Response, header};
use percent_encoding::percent_decode_str;
use s3s::S3Error;
use s3s::service::{S3Service, S3ServiceBuilder};

use crate::app::App;
use crate::clock::Clock;

use auth::Keys;
use door::Door;

/// The S3 service. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    app: App,
    inner: Arc<S3Service>,
}

/// Whether a request is for S3, from what its signature says, which is not yet proven and may be misshapen.
pub(super) fn is_s3(parts: &Parts) -> bool {
    const SCOPE: &str = "/s3/aws4_request";
    let authorization = parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    match authorization {
        Some(authorization) => authorization.contains(SCOPE),
        None => {
            let mut pairs = parts.uri.query().unwrap_or_default().split('&');
            let credential = pairs.find_map(|pair| pair.strip_prefix("X-Amz-Credential="));
            is_presigned_v2(parts)
                || credential.is_some_and(|text| {
                    percent_decode_str(text)
                        .decode_utf8_lossy()
                        .ends_with(SCOPE)
                })
        }
    }
}

/// `aws s3 presign` still makes URLs of signature version 2 unless it is told otherwise.
fn is_presigned_v2(parts: &Parts) -> bool {
    let query = parts.uri.query().unwrap_or_default();
    let has = |name: &str| {
        query
            .split('&')
            .any(|pair| pair.split('=').next() == Some(name))
    };
    !parts.headers.contains_key(header::AUTHORIZATION)
        && has("AWSAccessKeyId")
        && has("Signature")
        && has("Expires")
}

impl Service {
    /// The service onto `app`.
    pub fn new(app: App) -> Self {
        let mut builder = S3ServiceBuilder::new(Door::new(app.clone()));
        builder.set_auth(Keys::new(app.clone()));
        Self {
            app,
            inner: Arc::new(builder.build()),
        }
    }

    /// Answers one request, which is authenticated here. `id` names it to the caller.
    pub async fn answer(&self, request: Request<Body>, id: &RequestId) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let with_body = !body.is_end_stream();
        let checked = match query::check(&parts.uri) {
            Ok(()) => self.authenticate(&parts).await,
            refused => refused,
        };
        let response = match checked {
            Ok(()) => {
                let request = Request::from_parts(parts, s3s::Body::http_body_unsync(body));
                self.inner
                    .call(request)
                    .await
                    .map_err(|failure| error::internal(&anyhow::anyhow!("{failure:?}")))
            }
            Err(refused) => Err(refused),
        };
        let mut response = error::finish(response);
        response
            .headers_mut()
            .insert("x-amz-request-id", id.header_value());
        if with_body && !response.status().is_success() {
            // The body may not have been read, and a client that waits for "100 Continue" will not send it: what comes
            // next on this connection could be taken for it.
            let close = header::HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        response
    }

    /// `s3s` checks signatures too, and those of chunks in bodies. But it lets pass headers that are not signed, the old
    /// version in headers, and whole forms into memory. So the head of each request has to pass here before.
    async fn authenticate(&self, parts: &Parts) -> Result<(), S3Error> {
        let content_type = parts
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        if parts.method == Method::POST
            && content_type.is_some_and(|value| value.starts_with("multipart/form-data"))
        {
            return Err(error::not_implemented("PostObject (a browser's form)"));
        }
        if is_presigned_v2(parts) {
            return Ok(());
        }
        let shape = |refused: SignatureError| error::from_shape(&refused.shape(Protocol::S3));
        let claim = Claim::parse(parts).map_err(shape)?;
        let key = self
            .app
            .store
            .secret(claim.access_key())
            .await
            .map_err(|failure| error::internal(&failure))?;
        let secret = Secret {
            key: key.ok_or_else(|| shape(SignatureError::UnknownKey))?,
            session_token: None,
        };
        claim
            .verify_head(parts, Clock::machine_now(), &secret)
            .map_err(shape)?;
        Ok(())
    }
}
