//! Our own files: one stylesheet, three scripts, an icon. Their addresses carry a digest of what they hold, so a browser
//! keeps them for good.

use super::failure::Failure;
use axum::extract::Path;
use axum::response::IntoResponse;
use http::header;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// One file.
struct Asset {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
}

const ASSETS: [Asset; 5] = [
    Asset {
        name: "console.css",
        kind: "text/css; charset=utf-8",
        text: include_str!("static/console.css"),
    },
    Asset {
        name: "console.js",
        kind: "text/javascript; charset=utf-8",
        text: include_str!("static/console.js"),
    },
    Asset {
        name: "htmx.min.js",
        kind: "text/javascript; charset=utf-8",
        text: include_str!("static/htmx.min.js"),
    },
    Asset {
        name: "hx-sse.min.js",
        kind: "text/javascript; charset=utf-8",
        text: include_str!("static/hx-sse.min.js"),
    },
    Asset {
        name: "icon.svg",
        kind: "image/svg+xml",
        text: include_str!("static/icon.svg"),
    },
];

/// The digest of all files: they change together, with the program.
static DIGEST: LazyLock<String> = LazyLock::new(|| {
    let all: String = ASSETS.iter().map(|asset| asset.text).collect();
    hex::encode(&Sha256::digest(all)[..8])
});

/// The address of a file.
pub(super) fn url(name: &str) -> String {
    format!("/console/static/{name}?{}", *DIGEST)
}

/// Answers a file.
pub(super) async fn get(Path(name): Path<String>) -> Result<impl IntoResponse, Failure> {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    let asset = asset.ok_or_else(|| Failure::not_found("There is no file of this name."))?;
    let headers = [
        (header::CONTENT_TYPE, asset.kind),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, asset.text))
}
