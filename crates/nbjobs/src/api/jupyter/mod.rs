//! jupyter-scheduler's REST API, `/scheduler/…`, version 2.12: what its user interface in JupyterLab calls. Its jobs are
//! our training jobs, its job definitions are pipelines with their rule or schedule, whoever made them.
//!
//! Answers are jupyter-scheduler's, times are milliseconds since 1970, errors are `{"message", "reason"}`, and the message
//! is what the user sees. Unlike there, a status says what was wrong: 400, 403, 404, 409. Members and query keys that
//! are unknown are ignored, as JupyterLab's own cache-busters have to be.
//!
//! Ours alone are `/scheduler/inputs/…`, which takes in a notebook and its files, and the body of `download_files`, the
//! output's archive: this service sees no files of the user's. The package in `python/` puts both in their place.

mod batch;
mod config;
mod convert;
mod definition_requests;
mod downloads;
mod error;
mod inputs;
mod job_definitions;
mod jobs;
mod query;
mod requests;
mod runtime_environments;

use super::BODY_BYTES_MAX;
use crate::app::{App, keys};
use axum::body::{Body, to_bytes};
use error::Refusal;
use http::request::Parts;
use http::{Response, StatusCode, header};
use percent_encoding::percent_decode_str;
use query::Query;
use serde::Serialize;

/// Below this, everything is this door's.
const ROOT: &str = "/scheduler/";

/// What a request answers.
type Answer = Result<Response<Body>, Refusal>;

/// Whether a request is for this door: by its path, unless it is signed as AWS's are.
pub(super) fn is_jupyter(parts: &Parts) -> bool {
    let authorization = parts.headers.get(header::AUTHORIZATION);
    let is_signed = authorization.is_some_and(|value| value.as_bytes().starts_with(b"AWS4-"));
    parts.uri.path().starts_with(ROOT) && !is_signed
}

/// Answers one request.
pub(super) async fn answer(app: &App, parts: Parts, body: Body) -> Response<Body> {
    match route(app, &parts, body).await {
        Ok(response) => response,
        Err(refusal) => refusal.response(),
    }
}

async fn route(app: &App, parts: &Parts, body: Body) -> Answer {
    authenticate(app, parts).await?;
    let path = parts.uri.path().strip_prefix(ROOT).unwrap_or_default();
    let segments: Option<Vec<String>> = path
        .split('/')
        .map(|part| Some(percent_decode_str(part).decode_utf8().ok()?.into_owned()))
        .collect();
    let segments = segments.unwrap_or_default();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    let method = parts.method.as_str();
    match (method, &segments[..]) {
        ("PUT", ["inputs", id, _, ..]) => {
            inputs::put(app, id, &segments[2..].join("/"), body).await
        }
        ("DELETE", ["inputs", id]) => inputs::delete(app, id).await,
        ("GET", ["jobs", id, "download_files"]) => downloads::archive(app, id).await,
        _ => {
            let body = to_bytes(body, BODY_BYTES_MAX).await;
            let body = body.map_err(|_| {
                Refusal::invalid(format!(
                    "the request's body is larger than {BODY_BYTES_MAX} bytes, or was cut off"
                ))
            })?;
            small(app, method, &segments, &query, &body).await
        }
    }
}

/// Routes whose bodies are small.
async fn small(app: &App, method: &str, segments: &[&str], query: &Query, body: &[u8]) -> Answer {
    match (method, segments) {
        ("GET", ["jobs"]) => jobs::list(app, query).await,
        ("POST", ["jobs"]) => jobs::create(app, body).await,
        ("GET", ["jobs", "count"]) => jobs::count(app, query).await,
        ("GET", ["jobs", id]) => jobs::describe(app, id).await,
        ("PATCH", ["jobs", id]) => jobs::update(app, id, body).await,
        ("DELETE", ["jobs", id]) => jobs::delete(app, id).await,
        ("DELETE", ["batch", "jobs"]) => batch::delete_jobs(app, query).await,
        ("GET", ["job_definitions"]) => job_definitions::list(app, query).await,
        ("POST", ["job_definitions"]) => job_definitions::create(app, body).await,
        ("GET", ["job_definitions", id]) => job_definitions::describe(app, id).await,
        ("PATCH", ["job_definitions", id]) => job_definitions::update(app, id, body).await,
        ("DELETE", ["job_definitions", id]) => job_definitions::delete(app, id).await,
        ("POST", ["job_definitions", id, "jobs"]) => job_definitions::run(app, id, body).await,
        ("GET", ["runtime_environments"]) => runtime_environments::list(app).await,
        ("GET", ["config"]) => config::show(),
        _ if is_route(segments) => Err(Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            format!("{method} is not allowed here"),
        )),
        _ => Err(Refusal::new(
            StatusCode::NOT_FOUND,
            format!("there is no {ROOT}{}", segments.join("/")),
        )),
    }
}

/// Whether some method has a route here.
fn is_route(segments: &[&str]) -> bool {
    matches!(
        segments,
        ["jobs" | "job_definitions" | "runtime_environments" | "config"]
            | ["jobs" | "job_definitions" | "inputs", _]
            | ["jobs", _, "download_files"]
            | ["job_definitions", _, "jobs"]
            | ["batch", "jobs"]
    ) || matches!(segments, ["inputs", _, _, ..])
}

/// Lets in who has the token of an access key, as `Authorization: token …` (Jupyter's word) or `Bearer …`.
async fn authenticate(app: &App, parts: &Parts) -> Result<(), Refusal> {
    let value = parts.headers.get(header::AUTHORIZATION);
    let token = value
        .and_then(|value| value.to_str().ok()?.split_once(' '))
        .filter(|(scheme, _)| {
            scheme.eq_ignore_ascii_case("token") || scheme.eq_ignore_ascii_case("bearer")
        });
    let is_known = match token {
        Some((_, token)) => keys::has_token(app, token.trim()).await?,
        None => false,
    };
    if is_known {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::FORBIDDEN,
        "Forbidden: send `Authorization: token TOKEN` with the NBJOBS_TOKEN that `nbjobs env` prints".into(),
    ))
}

/// 200 with a document.
fn json<T: Serialize>(document: &T) -> Answer {
    let body =
        serde_json::to_vec(document).map_err(|error| Refusal::from(anyhow::Error::from(error)))?;
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/json"),
    );
    Ok(response)
}

/// 204.
fn nothing() -> Answer {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}
