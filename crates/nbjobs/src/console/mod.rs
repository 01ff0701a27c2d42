//! The door for people: a web console, rendered here as HTML. All of it is below [`ROOT`], which no signed request has
//! in its path, so it cannot be mistaken for a bucket. It reads rows and posts verbs, as the other doors do.
//!
//! Whoever is not signed in sees the sign-in page and nothing else. Every page comes with a content security policy that
//! runs only our own files, and every change carries a token of the session.

mod again;
mod assets;
mod cells;
mod definition;
mod definitions;
mod failure;
mod fields;
mod files;
mod job;
mod jobs;
mod layout;
mod live;
mod log;
mod moment;
mod prepared;
mod sign_in;
mod status;
mod visitor;

use crate::app::App;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::{get, post};
use failure::Failure;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response};
use prepared::Preparations;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// The path of the first page.
pub const ROOT: &str = "/console/";

/// What runs and loads in our pages: our own files, nothing inline, nothing from elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Headers that every answer has, unless its page says otherwise.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// The console. Cheap to clone.
#[derive(Clone)]
pub struct Console(Router);

/// What the pages work on.
#[derive(Clone)]
struct Ground {
    app: App,
    refusals: Arc<sign_in::Refusals>,
    prepared: Arc<Preparations>,
    /// Ends what would never end by itself.
    shutdown: CancellationToken,
}

impl Console {
    /// The console onto `app`, until `shutdown`. It keeps what it has made of outputs in `folder`, which it empties.
    pub fn new(app: App, folder: PathBuf, shutdown: CancellationToken) -> anyhow::Result<Self> {
        let ground = Ground {
            app,
            refusals: Arc::default(),
            prepared: Arc::new(Preparations::new(folder)?),
            shutdown,
        };
        let router = Router::new()
            .route("/", get(async || layout::redirect(ROOT)))
            .route("/console", get(async || layout::redirect(ROOT)))
            .route(ROOT, get(async || layout::redirect(jobs::PATH)))
            .route("/console/static/{file}", get(assets::get))
            .route(sign_in::PATH, get(sign_in::page).post(sign_in::with_key))
            .route("/console/sign-out", post(sign_in::sign_out))
            .route("/console/theme", post(layout::set_theme))
            .route(jobs::PATH, get(jobs::page).post(jobs::change))
            .route("/console/jobs/{name}", get(job::page))
            .route("/console/jobs/{name}/live", get(live::events))
            .route("/console/jobs/{name}/stop", post(job::stop))
            .route(
                "/console/jobs/{name}/run-again",
                get(again::page).post(again::run),
            )
            .route("/console/jobs/{name}/notebook", get(files::notebook))
            .route("/console/jobs/{name}/log", get(log::download))
            .route("/console/jobs/{name}/archive", get(files::archive))
            .route("/console/jobs/{name}/files/{*path}", get(files::file))
            .route(definitions::PATH, get(definitions::page))
            .route("/console/definitions/{id}", get(definition::page))
            .route(
                "/console/definitions/{id}/{action}",
                post(definition::action),
            )
            .route(
                "/console/definitions/{id}/schedule",
                get(definition::schedule::page).post(definition::schedule::change),
            )
            .fallback(nothing_here)
            .method_not_allowed_fallback(nothing_here)
            .with_state(ground);
        Ok(Self(router))
    }

    /// Whether an unsigned request is for people: below [`ROOT`], or a browser at the root of the port.
    pub fn owns(method: &Method, path: &str, headers: &HeaderMap) -> bool {
        let is_browser = || {
            let accept = headers.get(header::ACCEPT).map(HeaderValue::as_bytes);
            accept.is_some_and(|kinds| kinds.windows(9).any(|part| part == b"text/html"))
        };
        path == "/console"
            || path.starts_with(ROOT)
            || (path == "/" && method == Method::GET && is_browser())
    }

    /// Answers one request.
    pub async fn answer(self, request: Request<Body>) -> Response<Body> {
        let answer = self.0.oneshot(request).await;
        let mut response = answer.unwrap_or_else(|error: Infallible| match error {});
        for (name, value) in HEADERS {
            let value = HeaderValue::from_static(value);
            response.headers_mut().entry(name).or_insert(value);
        }
        response
    }
}

async fn nothing_here(State(_): State<Ground>) -> Failure {
    Failure::not_found("There is no page here.")
}
