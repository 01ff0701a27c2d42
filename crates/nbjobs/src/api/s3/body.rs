//! Taking in a request's body: it is stored while it is hashed, and counts only if it is what its headers and trailers
//! say. Must not know which operation it is for.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use http::HeaderMap;
use s3s::dto::StreamingBlob;
use s3s::{S3Result, TrailingHeaders, s3_error};

use crate::objects::Objects;
use crate::objects::checksum::ChecksumAlgorithm;
use crate::objects::staged::Staged;

use super::convert;
use super::error::Answer;

/// Most bytes of one upload, whole or part, as in S3: 5 GiB.
const UPLOAD_BYTES_MAX: i64 = 5 << 30;

/// What a request says about its body.
pub(super) struct Declared<'a> {
    /// The request's headers.
    pub headers: &'a HeaderMap,
    /// What comes after the body, once it has been read.
    pub trailers: Option<&'a TrailingHeaders>,
    /// Its length in bytes.
    pub length: Option<i64>,
    /// `Content-MD5`, in Base64.
    pub md5: Option<&'a str>,
    /// A checksum that stands in a header.
    pub checksum: Option<(ChecksumAlgorithm, String)>,
    /// The algorithm to use when no checksum is given.
    pub algorithm: Option<ChecksumAlgorithm>,
}

/// Stores a body, and refuses it if it is not what was declared.
pub(super) async fn receive(
    objects: &Objects,
    body: Option<StreamingBlob>,
    declared: Declared<'_>,
) -> Answer<Staged> {
    let decoded = declared
        .headers
        .get("x-amz-decoded-content-length")
        .and_then(|value| value.to_str().ok()?.parse().ok());
    if declared
        .length
        .max(decoded)
        .is_some_and(|length| length > UPLOAD_BYTES_MAX)
    {
        return Err(s3_error!(
            EntityTooLarge,
            "Your proposed upload exceeds the maximum allowed size"
        )
        .into());
    }
    let trailing = trailing_algorithm(declared.headers)?;
    let given = declared.checksum.as_ref().map(|(algorithm, _)| *algorithm);
    if given.is_some() && trailing.is_some() {
        return Err(s3_error!(InvalidRequest, "Expecting a single x-amz-checksum- header").into());
    }
    let algorithm = given.or(trailing).or(declared.algorithm);
    let staged = objects.stage(stream_of(body), algorithm).await?;
    // `s3s` takes the chunks as they come, however many bytes they are in all.
    if decoded.is_some_and(|length| length != convert::size(staged.size)) {
        return Err(s3_error!(
            IncompleteBody,
            "You did not provide the number of bytes specified by the x-amz-decoded-content-length HTTP header"
        )
        .into());
    }
    check_md5(&staged, declared.md5)?;
    let expected = match (declared.checksum, trailing) {
        (Some((_, value)), _) => Some(value),
        (None, Some(algorithm)) => Some(trailer(declared.trailers, algorithm)?),
        (None, None) => None,
    };
    if let (Some(expected), Some(actual)) = (expected, &staged.checksum)
        && expected != actual.value
    {
        let name = actual.algorithm.name();
        return Err(s3_error!(
            BadDigest,
            "The {} you specified did not match the calculated checksum.",
            name
        )
        .into());
    }
    Ok(staged)
}

fn stream_of(body: Option<StreamingBlob>) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::iter(body)
        .flatten()
        .map(|bytes| bytes.map_err(io::Error::other))
}

/// The algorithm whose checksum comes after the body, from the `x-amz-trailer` header.
fn trailing_algorithm(headers: &HeaderMap) -> S3Result<Option<ChecksumAlgorithm>> {
    let Some(names) = headers.get("x-amz-trailer") else {
        return Ok(None);
    };
    let name = names
        .to_str()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match name
        .strip_prefix("x-amz-checksum-")
        .and_then(ChecksumAlgorithm::from_name)
    {
        Some(algorithm) => Ok(Some(algorithm)),
        None => Err(s3_error!(
            InvalidRequest,
            "The value specified in the x-amz-trailer header is not supported"
        )),
    }
}

fn trailer(trailers: Option<&TrailingHeaders>, algorithm: ChecksumAlgorithm) -> S3Result<String> {
    let name = format!("x-amz-checksum-{}", algorithm.name().to_ascii_lowercase());
    let value = trailers.and_then(|trailers| {
        trailers.read(|headers| {
            headers
                .get(&name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        })
    });
    let value = value.flatten();
    value.ok_or_else(|| {
        s3_error!(
            InvalidRequest,
            "The trailer {} that x-amz-trailer names is missing",
            name
        )
    })
}

fn check_md5(staged: &Staged, given: Option<&str>) -> S3Result<()> {
    let Some(given) = given else { return Ok(()) };
    let Some(given) = BASE64.decode(given).ok().filter(|bytes| bytes.len() == 16) else {
        return Err(s3_error!(
            InvalidDigest,
            "The Content-MD5 you specified was invalid."
        ));
    };
    if hex::encode(given) != staged.md5 {
        return Err(s3_error!(
            BadDigest,
            "The Content-MD5 you specified did not match what we received."
        ));
    }
    Ok(())
}

/// The algorithm that an `x-amz-sdk-checksum-algorithm` header asks for.
pub(super) fn asked(
    algorithm: Option<&s3s::dto::ChecksumAlgorithm>,
) -> S3Result<Option<ChecksumAlgorithm>> {
    algorithm
        .map(|algorithm| convert::algorithm(algorithm.as_str()))
        .transpose()
}
