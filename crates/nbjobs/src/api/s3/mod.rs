//! The S3 door: the `s3s` crate speaks the protocol, [`crate::objects`] has the bytes, and this module joins them.
//! Only this folder knows `s3s`. It must not know jobs.
//!
//! What S3 has and we have not is refused by name (ACLs that are not private, customer keys, locks, storage classes,
//! versions). Three things are remembered and told back without being done, because clients ask for them and look for
//! the answer: a bucket's versioning status, a bucket's default encryption and an object's encryption.

mod auth;
mod body;
mod buckets;
mod convert;
mod copy;
mod door;
mod error;
mod listing;
mod objects;
mod unsupported;
mod uploads;

use std::sync::Arc;

use aws_wire::sigv4::{Claim, Protocol, SignatureError};
use axum::body::Body;
use http::{Method, Request, Response, StatusCode, header};
use s3s::S3Error;
use s3s::service::{S3Service, S3ServiceBuilder};
use tracing::error;

use crate::app::App;
use crate::clock::Clock;

use auth::Keys;
use door::Door;

/// The S3 service. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    inner: Arc<S3Service>,
}

impl Service {
    /// The service onto `app`.
    pub fn new(app: App) -> Self {
        let mut builder = S3ServiceBuilder::new(Door::new(app.clone()));
        builder.set_auth(Keys::new(app));
        Self {
            inner: Arc::new(builder.build()),
        }
    }

    /// Answers one request, which is authenticated here.
    pub async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        if let Err(refused) = check_head(&parts) {
            return refuse(refused);
        }
        let request = Request::from_parts(parts, s3s::Body::http_body_unsync(body));
        match self.inner.call(request).await {
            Ok(response) => response.map(Body::new),
            Err(failure) => {
                error!(error = ?failure, "an S3 request failed");
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                response
            }
        }
    }
}

/// What `s3s` leaves open: it takes the old signature version, takes unsigned headers, and reads whole forms into
/// memory. So the head of each request has to pass here before.
fn check_head(parts: &http::request::Parts) -> Result<(), S3Error> {
    let shape = |refused: SignatureError| error::from_shape(&refused.shape(Protocol::S3));
    let content_type = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    if parts.method == Method::POST
        && content_type.is_some_and(|value| value.starts_with("multipart/form-data"))
    {
        return Err(error::not_implemented("PostObject (a browser's form)"));
    }
    let claim = Claim::parse(parts).map_err(shape)?;
    claim
        .check_head(&parts.headers, Clock::machine_now())
        .map_err(shape)?;
    if claim.has_session_token() {
        return Err(shape(SignatureError::Token)); // we give out no temporary keys
    }
    Ok(())
}

fn refuse(refused: S3Error) -> Response<Body> {
    match refused.to_http_response() {
        Ok(response) => response.map(Body::new),
        Err(_) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::FORBIDDEN;
            response
        }
    }
}
