//! What those who watch over the service ask, over plain HTTP: whether it lives (`/healthz`), whether it can take work
//! (`/readyz`), and its numbers (`/metrics`).
//!
//! The first two say nothing of anybody's work and are open. The numbers do, and jobs on the same machine can reach this
//! port, so they need the bearer token that the service was started with, unless it was told to show them to all.

use super::plain;
use crate::app::{App, health};
use axum::body::Body;
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode, header};
use subtle::ConstantTimeEq;
use tracing::{error, warn};

/// Who may read `/metrics`.
#[derive(Clone, Debug, Default)]
pub enum MetricsAccess {
    /// Nobody.
    #[default]
    Nobody,
    /// Who sends this bearer token.
    Token(String),
    /// Everybody.
    Everybody,
}

/// The type of OpenMetrics' text form.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Whether a request that nobody signed is for this door.
pub(super) fn is_probe(parts: &Parts) -> bool {
    parts.method == Method::GET
        && matches!(
            parts.uri.path(),
            "/health" | "/healthz" | "/readyz" | "/metrics"
        )
}

pub(super) async fn answer(app: &App, access: &MetricsAccess, parts: &Parts) -> Response<Body> {
    match parts.uri.path() {
        "/readyz" => match health::check(app).await {
            Ok(()) => plain(StatusCode::OK, "ok\n"),
            Err(error) => {
                warn!(error = format!("{error:#}"), "not ready");
                plain(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "the service cannot write to its disk; see its log\n",
                )
            }
        },
        "/metrics" => metrics(app, access, parts).await,
        _ => plain(StatusCode::OK, "ok\n"),
    }
}

async fn metrics(app: &App, access: &MetricsAccess, parts: &Parts) -> Response<Body> {
    match access {
        MetricsAccess::Everybody => {}
        MetricsAccess::Token(token) if has_token(parts, token) => {}
        MetricsAccess::Token(_) => {
            return plain(
                StatusCode::UNAUTHORIZED,
                "send the metrics token: Authorization: Bearer TOKEN\n",
            );
        }
        MetricsAccess::Nobody => {
            return plain(
                StatusCode::FORBIDDEN,
                "start nbjobs serve with NBJOBS_METRICS_TOKEN, or with --metrics-open to show the numbers to everybody\n",
            );
        }
    }
    match health::metrics(app).await {
        Ok(text) => {
            let mut response = Response::new(Body::from(text));
            let kind = HeaderValue::from_static(OPENMETRICS);
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response
        }
        Err(error) => {
            error!(error = format!("{error:#}"), "the numbers cannot be told");
            plain(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the numbers cannot be told; see the service's log\n",
            )
        }
    }
}

fn has_token(parts: &Parts, token: &str) -> bool {
    let sent = parts.headers.get(header::AUTHORIZATION);
    let sent = sent.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    sent.is_some_and(|sent| bool::from(sent.ct_eq(token.as_bytes())))
}
