//! Doors for programs: one port, told apart before anything is read.
//!
//! 1. `X-Amz-Target`: an AWS JSON 1.1 service (SageMaker, EventBridge, SSM, CloudWatch Logs), or
//!    our own operations in the same protocol;
//! 2. else the service in the signature's credential scope: `s3`, `scheduler`, `sts`, `iam` and `ec2` have doors of their
//!    own, and an unsigned form goes to [`sts`];
//! 3. else the paths of jupyter-scheduler (`/scheduler/…`), whose requests carry a token instead of a signature;
//! 4. else our own paths ([`probes`]). What is below `/console/` and unsigned is the console's, and comes not here.
//!
//! Every request but `/healthz` and `/readyz` is authenticated. A door does four things: parse, call one verb, convert, answer.

mod constraints;
mod ec2;
pub mod events;
mod iam;
mod json;
mod jupyter;
pub mod logs;
pub mod nbjobs;
mod page;
pub mod probes;
pub mod s3;
pub mod sagemaker;
pub mod scheduler;
pub mod ssm;
pub mod sts;

use crate::app::App;
use aws_wire::sigv4::{Claim, Protocol, Secret, SignatureError};
use aws_wire::{ErrorShape, RequestId, json11, query, rest_json};
use axum::body::{Body, to_bytes};
use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, header};
use tracing::{debug, error};

/// The largest body of a JSON or query request: a pipeline definition of 1 MiB, escaped, fits.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The door of all doors. Cheap to clone.
#[derive(Clone)]
pub struct Doors {
    app: App,
    s3: s3::Service,
    metrics: probes::MetricsAccess,
}

impl Doors {
    /// The doors onto `app`; its numbers are told to those whom `metrics` says.
    pub fn new(app: App, metrics: probes::MetricsAccess) -> Self {
        Self {
            metrics,
            s3: s3::Service::new(app.clone()),
            app,
        }
    }

    /// Answers one request.
    pub async fn answer(self, request: Request<Body>) -> Response<Body> {
        let id = RequestId::new();
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let target = request
            .headers()
            .get("x-amz-target")
            .and_then(|t| t.to_str().ok())
            .map(str::to_owned);
        let response = self.route(request, &id).await;
        debug!(%id, %method, path, target, status = response.status().as_u16(), "answered");
        response
    }

    async fn route(self, request: Request<Body>, id: &RequestId) -> Response<Body> {
        if request.headers().contains_key("x-amz-target") {
            return self.json(request, id).await.map(Body::from);
        }
        let (parts, body) = request.into_parts();
        if s3::is_s3(&parts) {
            return self.s3.answer(Request::from_parts(parts, body), id).await;
        }
        if jupyter::is_jupyter(&parts) {
            return jupyter::answer(&self.app, parts, body).await;
        }
        match signing_service(&parts).as_deref() {
            Some("scheduler") => self.scheduler(parts, body, id).await.map(Body::from),
            Some("ec2") => self.ec2(parts, body, id).await.map(Body::from),
            Some(service @ ("iam" | "sts")) => {
                self.query(service, parts, body, id).await.map(Body::from)
            }
            None if is_form(&parts) => self.query("sts", parts, body, id).await.map(Body::from),
            None if probes::is_probe(&parts) => {
                probes::answer(&self.app, &self.metrics, &parts).await
            }
            None if parts.uri.path() == "/" && parts.method == Method::GET => plain(
                StatusCode::FORBIDDEN,
                "nbjobs answers signed AWS requests here; run `eval \"$(nbjobs env)\"` and use any AWS client\n",
            ),
            // A path without a signature is an anonymous S3 request, which S3 refuses.
            _ => self.s3.answer(Request::from_parts(parts, body), id).await,
        }
    }

    async fn json(self, request: Request<Body>, id: &RequestId) -> Response<Vec<u8>> {
        let (parts, body) = request.into_parts();
        match self.json_answer(&parts, body).await {
            Ok(Some(value)) => json11::response(&value, id),
            Ok(None) => json11::empty_response(id),
            Err(shape) => json11::error_response(&shape, id),
        }
    }

    async fn json_answer(
        &self,
        parts: &Parts,
        body: Body,
    ) -> Result<Option<serde_json::Value>, ErrorShape> {
        let body = read(body).await?;
        self.authenticate(parts, &body, Protocol::Json11).await?;
        let target = json11::Target::parse(&parts.headers)?;
        let operation = target.operation.as_str();
        let (service, code) = match target.service.as_str() {
            "SageMaker" => ("sagemaker", "ValidationException"),
            "AWSEvents" => ("events", "ValidationException"),
            "Logs_20140328" => ("logs", "InvalidParameterException"),
            _ => ("ssm", "ValidationException"),
        };
        constraints::check(service, operation, &body, code)?;
        match target.service.as_str() {
            "SageMaker" => sagemaker::call(&self.app, operation, &body).await,
            "AWSEvents" => events::call(&self.app, operation, &body).await,
            "Logs_20140328" => logs::call(&self.app, operation, &body).await,
            "AmazonSSM" => ssm::call(&self.app, operation, &body).await,
            nbjobs::SERVICE => nbjobs::call(&self.app, operation, &body).await,
            other => Err(json11::unknown_operation(format!(
                "nbjobs does not have the service {other}, which {operation} belongs to"
            ))),
        }
    }

    async fn scheduler(self, parts: Parts, body: Body, id: &RequestId) -> Response<Vec<u8>> {
        let answer = async {
            let body = read(body).await?;
            self.authenticate(&parts, &body, Protocol::Json11).await?;
            scheduler::call(&self.app, &parts, &body).await
        };
        match answer.await {
            Ok(value) => rest_json::response(&value.unwrap_or_else(|| serde_json::json!({})), id),
            Err(shape) => rest_json::error_response(&shape, id),
        }
    }

    async fn query(
        self,
        service: &str,
        parts: Parts,
        body: Body,
        id: &RequestId,
    ) -> Response<Vec<u8>> {
        let (namespace, answer) = match service {
            "iam" => (iam::NAMESPACE, self.iam_answer(&parts, body, id).await),
            _ => (sts::NAMESPACE, self.sts_answer(&parts, body, id).await),
        };
        answer.unwrap_or_else(|shape| query::error_response(&shape, namespace, id))
    }

    async fn sts_answer(
        &self,
        parts: &Parts,
        body: Body,
        id: &RequestId,
    ) -> Result<Response<Vec<u8>>, ErrorShape> {
        let body = read(body).await?;
        sts::check_action(&form(parts, &body)?)?;
        let key = self.authenticate(parts, &body, Protocol::Query).await?;
        Ok(sts::get_caller_identity(&self.app, &key, id))
    }

    async fn iam_answer(
        &self,
        parts: &Parts,
        body: Body,
        id: &RequestId,
    ) -> Result<Response<Vec<u8>>, ErrorShape> {
        let body = read(body).await?;
        self.authenticate(parts, &body, Protocol::Query).await?;
        iam::call(&self.app, &form(parts, &body)?, id)
    }

    async fn ec2(self, parts: Parts, body: Body, id: &RequestId) -> Response<Vec<u8>> {
        let answer = async {
            let body = read(body).await?;
            self.authenticate(&parts, &body, Protocol::Query).await?;
            ec2::call(&self.app, &form(&parts, &body)?, id)
        };
        let answer = answer.await;
        answer.unwrap_or_else(|shape| query::ec2_error_response(&shape, id))
    }

    /// Who signed this request. The machine's own time counts, because the client's does.
    async fn authenticate(
        &self,
        parts: &Parts,
        body: &[u8],
        protocol: Protocol,
    ) -> Result<String, ErrorShape> {
        let refused = |error: SignatureError| error.shape(protocol);
        let claim = Claim::parse(parts).map_err(refused)?;
        let key = self
            .app
            .store
            .secret(claim.access_key())
            .await
            .map_err(|e| internal(&e))?;
        let secret = Secret {
            key: key.ok_or_else(|| refused(SignatureError::UnknownKey))?,
            session_token: None,
        };
        let identity = claim
            .verify(parts, body, crate::clock::Clock::machine_now(), &secret)
            .map_err(refused)?;
        Ok(identity.access_key)
    }
}

/// Whether a request is of a program that signs, well or badly: those are the doors', whatever their path.
pub fn is_signed(parts: &Parts) -> bool {
    // `AWS` begins both kinds of signatures; what else stands there is a proxy's.
    let authorization = parts.headers.get(header::AUTHORIZATION);
    parts.headers.contains_key("x-amz-target")
        || authorization.is_some_and(|value| value.as_bytes().starts_with(b"AWS"))
        || s3::is_s3(parts)
        || signing_service(parts).is_some()
}

/// The service that the signature is for; not yet proven.
fn signing_service(parts: &Parts) -> Option<String> {
    Claim::parse(parts)
        .ok()
        .map(|claim| claim.service().to_owned())
}

/// Whether an unsigned request has the form of the query protocol: STS has actions that need no signature.
fn is_form(parts: &Parts) -> bool {
    let kind = parts.headers.get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| {
        kind.as_bytes()
            .starts_with(b"application/x-www-form-urlencoded")
    })
}

/// The form of a request. A presigned query request has it in the URI.
fn form(parts: &Parts, body: &[u8]) -> Result<query::Form, ErrorShape> {
    let in_uri = parts.uri.query().unwrap_or_default().as_bytes();
    query::Form::parse(if body.is_empty() { in_uri } else { body })
}

async fn read(body: Body) -> Result<Bytes, ErrorShape> {
    to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| {
        ErrorShape::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            format!("the request's body is larger than {BODY_BYTES_MAX} bytes, or was cut off"),
        )
    })
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}

/// A fault of ours: logged here, told to the caller without its inside.
fn internal(error: &anyhow::Error) -> ErrorShape {
    error!(error = format!("{error:#}"), "a request failed");
    ErrorShape::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "InternalFailure",
        "The request processing has failed because of an unknown error, exception or failure; see the server's log",
    )
}
