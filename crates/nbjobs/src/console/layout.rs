//! What all pages have in common: head, navigation, the switch between light and dark.

use super::visitor::{Change, THEME_COOKIE, Taste, Visitor};
use super::{ROOT, assets, definitions, jobs};
use axum::body::Body;
use axum::response::IntoResponse;
use http::{Response, StatusCode, header};
use maud::{DOCTYPE, Markup, html};

/// How long the choice between light and dark is kept, in seconds: a year.
const THEME_SECONDS: u32 = 31_536_000;

/// The places of the navigation.
const PLACES: [(&str, &str); 2] = [(jobs::PATH, "Jobs"), (definitions::PATH, "Definitions")];

/// A page for somebody who is signed in.
pub(super) fn page(visitor: &Visitor, title: &str, place: &str, body: &Markup) -> Response<Body> {
    let inner = html! {
        a.skip href="#main" { "Skip to the content" }
        header.bar {
            a.brand href=(ROOT) { (mark()) "nbjobs" }
            nav aria-label="Console" {
                @for (path, name) in PLACES {
                    a href=(path) aria-current=[(path == place).then_some("page")] { (name) }
                }
            }
            div.tools {
                form method="post" action="/console/theme" {
                    (token(visitor))
                    input type="hidden" name="next" value=(visitor.here);
                    @let theme = visitor.taste.theme;
                    @let (next, label) = match theme {
                        None => ("dark", "Theme: as the browser. Switch to dark"),
                        Some("dark") => ("light", "Theme: dark. Switch to light"),
                        Some(_) => ("auto", "Theme: light. Switch to the browser's"),
                    };
                    button.quiet type="submit" name="theme" value=(next) aria-label=(label) title=(label) { (theme_icon(theme)) }
                }
                form method="post" action="/console/sign-out" {
                    (token(visitor))
                    button.quiet type="submit" { "Sign out" }
                }
            }
        }
        main #main { (body) }
        footer { "Times are in " (visitor.taste.zone.iana_name().unwrap_or("UTC")) " · nbjobs " (env!("CARGO_PKG_VERSION")) }
    };
    document(StatusCode::OK, title, Some(&visitor.taste), &inner)
}

/// A page without navigation, for anybody.
pub(super) fn plain(status: StatusCode, title: &str, body: &Markup) -> Response<Body> {
    let inner = html! {
        header.bar { a.brand href=(ROOT) { (mark()) "nbjobs" } }
        main.plain #main { (body) }
    };
    document(status, title, None, &inner)
}

fn document(
    status: StatusCode,
    title: &str,
    taste: Option<&Taste>,
    body: &Markup,
) -> Response<Body> {
    let text = html! {
        (DOCTYPE)
        html lang="en" data-theme=[taste.and_then(|taste| taste.theme)] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                // htmx would put its style into the page, which our policy does not let it.
                meta name="htmx-config" content=r#"{"includeIndicatorCSS":false,"extensions":"sse"}"#;
                title { (title) " · nbjobs" }
                link rel="icon" href=(assets::url("icon.svg")) type="image/svg+xml";
                link rel="stylesheet" href=(assets::url("console.css"));
                @for script in ["htmx.min.js", "hx-sse.min.js", "console.js"] {
                    script src=(assets::url(script)) defer {}
                }
            }
            body { (body) }
        }
    };
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (status, headers, text.into_string()).into_response()
}

/// To another page, by GET.
pub(super) fn redirect(path: &str) -> Response<Body> {
    (StatusCode::SEE_OTHER, [(header::LOCATION, path)]).into_response()
}

/// What every form of the session carries.
pub(super) fn token(visitor: &Visitor) -> Markup {
    html! { input type="hidden" name="token" value=(visitor.token); }
}

/// Keeps the choice between light and dark.
pub(super) async fn set_theme(change: Change) -> Response<Body> {
    let (theme, age) = match change.fields.get("theme") {
        Some("dark") => ("dark", THEME_SECONDS),
        Some("light") => ("light", THEME_SECONDS),
        _ => ("", 0),
    };
    let cookie = format!("{THEME_COOKIE}={theme}; Path=/console; Max-Age={age}; SameSite=Strict");
    let next = change.fields.get("next");
    let next = next
        .filter(|next| super::sign_in::is_ours(next))
        .unwrap_or(ROOT);
    ([(header::SET_COOKIE, cookie)], redirect(next)).into_response()
}

fn mark() -> Markup {
    html! {
        svg.mark viewBox="0 0 32 32" width="24" height="24" aria-hidden="true" {
            rect x="2" y="2" width="28" height="28" rx="8" fill="currentColor" {}
            path d="M10 9v14M10 9l12 7-12 7" fill="none" stroke="var(--paper)" stroke-width="3" stroke-linejoin="round" stroke-linecap="round" {}
        }
    }
}

fn theme_icon(theme: Option<&str>) -> Markup {
    let path = match theme {
        Some("dark") => "M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5Z",
        Some(_) => {
            "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1"
        }
        None => "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM8 2v12M8 5h5M8 8h6M8 11h5",
    };
    html! {
        svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" {
            path d=(path) {}
        }
    }
}
