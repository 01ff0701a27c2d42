//! The canonical request: the text that both sides build alike and sign. Must not know keys or times.

use std::borrow::Cow;

use http::{HeaderMap, Method, Uri, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

/// RFC 3986's reserved characters; SigV4 encodes all of them.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// What goes into a canonical request.
pub(super) struct Canonical<'a> {
    pub method: &'a Method,
    pub uri: &'a Uri,
    pub headers: &'a HeaderMap,
    /// Lower case, in the order in which they are signed.
    pub signed_headers: &'a [String],
    /// Hexadecimal, or one of the words that stand for it.
    pub payload_hash: &'a str,
    pub service: &'a str,
}

impl Canonical<'_> {
    /// The canonical request. It is bytes, since a header's value need not be UTF-8.
    pub fn request(&self) -> Vec<u8> {
        let mut text = Vec::with_capacity(512);
        text.extend_from_slice(self.method.as_str().as_bytes());
        text.push(b'\n');
        text.extend_from_slice(path(self.uri.path(), self.service).as_bytes());
        text.push(b'\n');
        text.extend_from_slice(query(self.uri.query().unwrap_or_default()).as_bytes());
        text.push(b'\n');
        for name in self.signed_headers {
            text.extend_from_slice(name.as_bytes());
            text.push(b':');
            self.write_value(name, &mut text);
            text.push(b'\n');
        }
        text.push(b'\n');
        text.extend_from_slice(self.signed_headers.join(";").as_bytes());
        text.push(b'\n');
        text.extend_from_slice(self.payload_hash.as_bytes());
        text
    }

    fn write_value(&self, name: &str, text: &mut Vec<u8>) {
        let mut values = self.headers.get_all(name).iter().peekable();
        if values.peek().is_none() && name == header::HOST.as_str() {
            text.extend_from_slice(self.uri.authority().map_or("", |a| a.as_str()).as_bytes());
        }
        while let Some(value) = values.next() {
            fold_spaces(value.as_bytes(), text);
            if values.peek().is_some() {
                text.push(b',');
            }
        }
    }
}

/// Drops spaces at both ends and folds inner ones.
fn fold_spaces(value: &[u8], text: &mut Vec<u8>) {
    let words = value
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    for (i, word) in words.enumerate() {
        if i > 0 {
            text.push(b' ');
        }
        text.extend_from_slice(word);
    }
}

/// S3 signs the path of the object, encoded once; all other services sign the path on the wire without dot segments
/// and empty segments, encoded once more.
fn path<'a>(path: &'a str, service: &str) -> Cow<'a, str> {
    let path = if path.is_empty() { "/" } else { path };
    if service == "s3" {
        let decoded: Vec<u8> = percent_decode_str(path).collect();
        return Cow::Owned(percent_encode(&decoded, RESERVED_IN_PATH).to_string());
    }
    if path == "/" {
        return Cow::Borrowed(path);
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let last = if path.ends_with('/') && !segments.is_empty() {
        "/"
    } else {
        ""
    };
    let normal = format!("/{}{last}", segments.join("/"));
    Cow::Owned(percent_encode(normal.as_bytes(), RESERVED_IN_PATH).to_string())
}

/// Sorted, each part encoded anew, without the signature itself.
fn query(query: &str) -> String {
    let encode = |part: &str| {
        let decoded: Vec<u8> = percent_decode_str(part).collect();
        percent_encode(&decoded, RESERVED).to_string()
    };
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encode(name), encode(value)))
        .filter(|(name, _)| name != "X-Amz-Signature")
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_s3_are_encoded_once_and_kept() {
        for (wire, canonical) in [
            ("", "/"),
            ("/b/a%20b", "/b/a%20b"),
            ("/b/a+b=c", "/b/a%2Bb%3Dc"),
            ("/b/a//../b/", "/b/a//../b/"),
            ("/b/%e6%97%a5~", "/b/%E6%97%A5~"),
        ] {
            assert_eq!(path(wire, "s3"), canonical, "{wire}");
        }
    }

    #[test]
    fn paths_of_others_are_normal_and_encoded_twice() {
        for (wire, canonical) in [
            ("", "/"),
            ("/", "/"),
            ("//", "/"),
            ("/a/./b/../c//d/", "/a/c/d/"),
            ("/../..", "/"),
            ("/a%20b", "/a%2520b"),
        ] {
            assert_eq!(path(wire, "scheduler"), canonical, "{wire}");
        }
    }

    #[test]
    fn queries_are_sorted_and_encoded_anew() {
        for (wire, canonical) in [
            ("", ""),
            ("b=2&a=1", "a=1&b=2"),
            ("uploads", "uploads="),
            ("a=2&a=1&a-=0", "a=1&a=2&a-=0"),
            ("k=%7e%2f+&X-Amz-Signature=ff", "k=~%2F%2B"),
        ] {
            assert_eq!(query(wire), canonical, "{wire}");
        }
    }

    #[test]
    fn spaces_of_header_values_are_folded() {
        let mut text = Vec::new();
        fold_spaces(b"  two   \t spaces\xff ", &mut text);
        assert_eq!(text, b"two spaces\xff");
    }
}
