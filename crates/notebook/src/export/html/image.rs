//! Images of outputs and attachments, inside of the page as `data:` URIs. SVG is an image like the others: in an
//! `<img>` it can neither run scripts nor load anything.

use crate::nbformat::Object;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::{Markup, html};
use serde_json::Value;
use std::borrow::Cow;

/// The image types that browsers show, in the order in which an output's are preferred.
pub(super) const MIMES: [&str; 8] = [
    "image/svg+xml",
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/avif",
    "image/gif",
    "image/bmp",
    "image/x-icon",
];

/// The image as a URI: base64 as notebooks hold it, SVG as text or base64. `None` for other types and broken base64.
pub(super) fn data_uri(mime: &str, data: &str) -> Option<String> {
    if !MIMES.contains(&mime) {
        return None;
    }
    let data = if mime == "image/svg+xml" && data.contains('<') {
        Cow::Owned(BASE64_STANDARD.encode(data))
    } else if data.contains(char::is_whitespace) {
        Cow::Owned(data.split_whitespace().collect())
    } else {
        Cow::Borrowed(data)
    };
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    (!data.is_empty() && data.bytes().all(base64)).then(|| format!("data:{mime};base64,{data}"))
}

/// An output's image. `metadata` is the output's: `{"image/png": {"width": 640, "height": 480, "unconfined": true}}`,
/// or the same without the type.
pub(super) fn image(mime: &str, data: &str, metadata: &Object, alt: &str) -> Option<Markup> {
    let source = data_uri(mime, data)?;
    let of_type = metadata
        .get(mime)
        .and_then(Value::as_object)
        .unwrap_or(metadata);
    let pixels = |key: &str| {
        of_type
            .get(key)
            .and_then(Value::as_f64)
            .filter(|size| (1.0..1e5).contains(size))
    };
    let unconfined = of_type.get("unconfined").and_then(Value::as_bool) == Some(true);
    Some(html! {
        div.nb-image {
            img.nb-unconfined[unconfined] src=(source) alt=(alt) width=[pixels("width")] height=[pixels("height")];
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn images_become_uris() {
        for (mime, data, expected) in [
            (
                "image/png",
                "iVBO\nRw==\n",
                Some("data:image/png;base64,iVBORw=="),
            ),
            (
                "image/svg+xml",
                "<svg/>",
                Some("data:image/svg+xml;base64,PHN2Zy8+"),
            ),
            (
                "image/svg+xml",
                "PHN2Zy8+",
                Some("data:image/svg+xml;base64,PHN2Zy8+"),
            ),
            ("image/png", "\"><script>", None),
            ("image/png", "", None),
            ("text/html", "PHN2Zy8+", None),
        ] {
            assert_eq!(data_uri(mime, data).as_deref(), expected, "{mime} {data}");
        }
    }

    #[test]
    fn sizes_are_honoured_if_they_are_sizes() {
        let shown = |metadata: Value| {
            image("image/png", "AA==", metadata.as_object().unwrap(), "x")
                .unwrap()
                .0
        };
        assert!(
            shown(json!({"image/png": {"width": 640, "height": 48.5}}))
                .contains("width=\"640\" height=\"48.5\"")
        );
        assert!(
            shown(json!({"width": 10, "unconfined": true})).contains("class=\"nb-unconfined\" src")
        );
        assert!(
            !shown(json!({"image/png": {"width": "1\" onload=\"x", "height": -3}}))
                .contains("width")
        );
    }
}
