//! Sign in, with an access key or the one-time link that `nbjobs serve` prints, and sign out.

use super::failure::Failure;
use super::fields::Fields;
use super::visitor::{self, Change, SESSION_COOKIE};
use super::{Ground, ROOT, layout};
use crate::app::sessions;
use crate::model::session::Session;
use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse;
use http::header::{self, HeaderValue};
use http::{Request, Response, StatusCode, Uri};
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Where it is.
pub(super) const PATH: &str = "/console/sign-in";

/// How many wrong secrets one access key may be tried with in [`REFUSALS_WINDOW`].
const REFUSALS_MAX: u32 = 10;
const REFUSALS_WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// How many access keys are counted at a time.
const COUNTED_MAX: usize = 10_000;

/// Counts wrong sign-ins by access key, so that nobody can guess for long, nor keep others out.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<HashMap<String, (u32, Timestamp)>>);

impl Refusals {
    /// Counts one try before it is made; `false` if there were too many.
    fn may_try(&self, access_key_id: &str, now: Timestamp) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= COUNTED_MAX {
            counts.retain(|_, (_, since)| now.duration_since(*since) < REFUSALS_WINDOW);
        }
        if counts.len() >= COUNTED_MAX && !counts.contains_key(access_key_id) {
            return false;
        }
        let count = counts.entry(access_key_id.to_owned()).or_insert((0, now));
        if now.duration_since(count.1) >= REFUSALS_WINDOW {
            *count = (0, now);
        }
        count.0 += 1;
        count.0 <= REFUSALS_MAX
    }

    fn forget(&self, access_key_id: &str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.remove(access_key_id);
    }
}

/// The form; or, with a link's token, the sign-in itself.
pub(super) async fn page(
    State(ground): State<Ground>,
    uri: Uri,
) -> Result<Response<Body>, Failure> {
    let query = Fields::of_uri(&uri);
    let Some(token) = query.get("token") else {
        return Ok(form(StatusCode::OK, &query, None));
    };
    match sessions::sign_in_with_link(&ground.app, token).await? {
        Some(session) => welcome(&ground, &session, &query).await,
        None => {
            let text = "This link was used before, or is too old. `nbjobs console` prints a new one; or sign in with an access key.";
            Ok(form(StatusCode::FORBIDDEN, &query, Some(text)))
        }
    }
}

/// Signs in with an access key.
pub(super) async fn with_key(
    State(ground): State<Ground>,
    request: Request<Body>,
) -> Result<Response<Body>, Failure> {
    let (parts, body) = request.into_parts();
    let fields = visitor::form(&parts.headers, body).await?;
    let key = fields.get("access_key_id").unwrap_or_default();
    let secret = fields.get("secret_access_key").unwrap_or_default();
    if key.len() > 128 || !ground.refusals.may_try(key, ground.app.clock.now()) {
        let text = "Too many wrong tries with this access key. Wait five minutes, or use a link from `nbjobs console`.";
        return Ok(form(StatusCode::TOO_MANY_REQUESTS, &fields, Some(text)));
    }
    match sessions::sign_in(&ground.app, key, secret).await? {
        Some(session) => {
            ground.refusals.forget(key);
            welcome(&ground, &session, &fields).await
        }
        None => {
            let text = "There is no such access key with this secret. `nbjobs env` prints both.";
            Ok(form(StatusCode::FORBIDDEN, &fields, Some(text)))
        }
    }
}

/// Ends the session.
pub(super) async fn sign_out(
    State(ground): State<Ground>,
    change: Change,
) -> Result<Response<Body>, Failure> {
    sessions::sign_out(&ground.app, &change.visitor.session).await?;
    Ok((set_cookie("", 0), layout::redirect(PATH)).into_response())
}

/// Sets the cookie and goes on. The browser goes by itself, because it withholds the cookie from what follows a link of
/// another site.
async fn welcome(
    ground: &Ground,
    session: &Session,
    fields: &Fields,
) -> Result<Response<Body>, Failure> {
    let next = fields
        .get("next")
        .filter(|next| is_ours(next))
        .unwrap_or(ROOT);
    let cookie = sessions::cookie(&ground.app, session).await?;
    let body = html! {
        h1 { "You are signed in" }
        p { a href=(next) { "Go on" } }
    };
    let onward = [(header::REFRESH, format!("0; url={next}"))];
    let page = layout::plain(StatusCode::OK, "Signed in", &body);
    Ok((
        set_cookie(&cookie, sessions::LIFETIME.as_secs()),
        onward,
        page,
    )
        .into_response())
}

fn set_cookie(value: &str, seconds: i64) -> [(header::HeaderName, String); 1] {
    let path = ROOT.trim_end_matches('/');
    let text = format!(
        "{SESSION_COOKIE}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict"
    );
    [(header::SET_COOKIE, text)]
}

/// Whether a path leads to a page of ours, and can stand in a header.
pub(super) fn is_ours(path: &str) -> bool {
    let path = path.strip_prefix(ROOT);
    path.is_some_and(|rest| {
        !rest.starts_with('/') && !rest.contains(['\\', ';']) && HeaderValue::from_str(rest).is_ok()
    })
}

fn form(status: StatusCode, fields: &Fields, problem: Option<&str>) -> Response<Body> {
    let body: Markup = html! {
        h1 { "Sign in" }
        form.card.narrow method="post" action=(PATH) {
            @if let Some(next) = fields.get("next") { input type="hidden" name="next" value=(next); }
            label for="access_key_id" { "Access key" }
            input #access_key_id name="access_key_id" autocomplete="username" required autofocus spellcheck="false"
                value=[fields.get("access_key_id")] aria-describedby=[problem.map(|_| "problem")];
            label for="secret_access_key" { "Secret" }
            input #secret_access_key name="secret_access_key" type="password" autocomplete="current-password" required
                aria-describedby=[problem.map(|_| "problem")];
            @if let Some(problem) = problem { p.problem #problem role="alert" { (problem) } }
            button.primary type="submit" { "Sign in" }
        }
        p.hint { "The service prints a link that signs you in when it starts, and " code { "nbjobs console" } " prints another. "
            code { "nbjobs env" } " prints the access key." }
    };
    layout::plain(status, "Sign in", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_follow_a_sign_in() {
        for good in ["/console/", "/console/jobs?q=a+b"] {
            assert!(is_ours(good), "{good}");
        }
        for bad in [
            "/",
            "//evil",
            "https://evil",
            "/console//evil",
            "/console/\\evil",
            "/console/x\r\ny",
        ] {
            assert!(!is_ours(bad), "{bad}");
        }
    }

    #[test]
    fn guesses_are_counted_by_access_key() {
        let (refusals, now) = (Refusals::default(), Timestamp::UNIX_EPOCH);
        for _ in 0..REFUSALS_MAX {
            assert!(refusals.may_try("a", now));
        }
        assert!(!refusals.may_try("a", now));
        assert!(refusals.may_try("b", now));
        assert!(refusals.may_try("a", now + REFUSALS_WINDOW));
    }
}
