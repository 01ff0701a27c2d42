//! Paging tokens: where the next page begins, in a form that means nothing to the caller.

use aws_wire::ErrorShape;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A token for the place `next`.
pub(super) fn token<T: Serialize>(next: &T) -> Option<String> {
    serde_json::to_vec(next)
        .ok()
        .map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
}

/// The place that a token names. The extension sends an empty token for the first page.
pub(super) fn place<T: DeserializeOwned>(token: Option<&str>) -> Result<Option<T>, ErrorShape> {
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        return Ok(None);
    };
    URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .map(Some)
        .ok_or_else(|| {
            ErrorShape::bad_request(
                "ValidationException",
                "The NextToken is not valid; use the one that the previous page answered",
            )
        })
}

/// How many items a page holds: what was asked for, within 1 and `max`.
pub(super) fn size(asked: Option<i64>, default: u32, max: u32) -> Result<u32, ErrorShape> {
    match asked {
        None => Ok(default),
        Some(n) => u32::try_from(n).ok().filter(|n| (1..=max).contains(n)).ok_or_else(|| {
            ErrorShape::bad_request(
                "ValidationException",
                format!(
                    "1 validation error detected: Value '{n}' at 'maxResults' failed to satisfy constraint: Member must have value between 1 and {max}"
                ),
            )
        }),
    }
}
