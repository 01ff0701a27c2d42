//! Who asks: the session of the cookie, how they like to see things, and that a change is really theirs.

use super::failure::Failure;
use super::fields::Fields;
use super::{Ground, layout, sign_in};
use crate::app::sessions;
use crate::model::session::Session;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, FromRequestParts};
use axum::response::IntoResponse;
use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The cookie of the session.
pub(super) const SESSION_COOKIE: &str = "nbjobs_session";
/// The cookie of the choice between light and dark.
pub(super) const THEME_COOKIE: &str = "nbjobs_theme";
/// The cookie of the browser's time zone.
const ZONE_COOKIE: &str = "nbjobs_zone";
/// The largest form.
const FORM_BYTES_MAX: usize = 256 * 1024;

/// How pages look and say the time.
#[derive(Clone, Debug)]
pub(super) struct Taste {
    /// `light`, `dark`, or nothing for what the browser prefers.
    pub theme: Option<&'static str>,
    /// In which moments are shown.
    pub zone: TimeZone,
}

impl Taste {
    /// What the cookies say.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let zone = cookie(headers, ZONE_COOKIE);
        Self {
            theme: match cookie(headers, THEME_COOKIE) {
                Some("light") => Some("light"),
                Some("dark") => Some("dark"),
                _ => None,
            },
            zone: zone
                .and_then(|name| TimeZone::get(&name.replace("%2F", "/")).ok())
                .unwrap_or(TimeZone::UTC),
        }
    }
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    /// Their session.
    pub session: Session,
    /// What their forms must carry.
    pub token: String,
    /// How they like pages.
    pub taste: Taste,
    /// Where they are, to come back to.
    pub here: String,
    /// The moment of the request.
    pub now: Timestamp,
}

impl FromRequestParts<Ground> for Visitor {
    type Rejection = Response<Body>;

    async fn from_request_parts(
        parts: &mut Parts,
        ground: &Ground,
    ) -> Result<Self, Response<Body>> {
        let here = parts.uri.path_and_query().map_or("", |here| here.as_str());
        let value = cookie(&parts.headers, SESSION_COOKIE).unwrap_or_default();
        let session = sessions::of_cookie(&ground.app, value).await;
        let Some(session) = session.map_err(|e| Failure::from(e).into_response())? else {
            let next = Fields::default().with(&[("next", here)]);
            return Err(match parts.method {
                Method::GET => layout::redirect(&format!("{}?{next}", sign_in::PATH)),
                _ => layout::redirect(sign_in::PATH),
            });
        };
        let token = sessions::form_token(&ground.app, &session).await;
        Ok(Self {
            token: token.map_err(|e| Failure::from(e).into_response())?,
            session,
            taste: Taste::of(&parts.headers),
            here: here.to_owned(),
            now: ground.app.clock.now(),
        })
    }
}

/// A form that a page of this session has sent.
pub(super) struct Change {
    /// Who sent it.
    pub visitor: Visitor,
    /// What it holds.
    pub fields: Fields,
}

impl FromRequest<Ground> for Change {
    type Rejection = Response<Body>;

    async fn from_request(request: Request<Body>, ground: &Ground) -> Result<Self, Response<Body>> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, ground).await?;
        let fields = form(&parts.headers, body)
            .await
            .map_err(IntoResponse::into_response)?;
        if !sessions::is_same(fields.get("token").unwrap_or_default(), &visitor.token) {
            let text = "The form is not of this session. Go back, load the page again, and repeat the change.";
            return Err(Failure::new(StatusCode::FORBIDDEN, text).into_response());
        }
        Ok(Self { visitor, fields })
    }
}

/// The fields of a form; one that another site sends is refused, where the browser tells.
pub(super) async fn form(headers: &HeaderMap, body: Body) -> Result<Fields, Failure> {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    if site.is_some_and(|site| site != b"same-origin" && site != b"none") {
        let text = "The form comes from another site.";
        return Err(Failure::new(StatusCode::FORBIDDEN, text));
    }
    let bytes = to_bytes(body, FORM_BYTES_MAX).await.map_err(|_| {
        let text = format!("The form is larger than {FORM_BYTES_MAX} bytes, or was cut off.");
        Failure::new(StatusCode::PAYLOAD_TOO_LARGE, text)
    })?;
    Ok(Fields::parse(&bytes))
}

/// The value of a cookie.
fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(header::COOKIE).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}
