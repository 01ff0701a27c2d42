//! Between the object store's words and S3's. Must not do anything.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use s3s::dto::{self, ETag, ETagCondition, TimestampFormat};
use s3s::{S3Result, s3_error};

use crate::objects::checksum::{Checksum, ChecksumAlgorithm, ChecksumType};
use crate::objects::record::{Condition, Encryption, ObjectInfo};

use super::error;

/// Most bytes of user-defined metadata, names and values together, as in S3.
const USER_METADATA_BYTES_MAX: usize = 2048;
/// Most tags of an object, as in S3.
const TAGS_MAX: usize = 10;

/// What `encoding-type=url` encodes: all but unreserved characters and the slash.
const URL_ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// Writes a checksum's value into the field of its algorithm, of the five that many shapes have.
macro_rules! set_checksum {
    ($output:expr, $checksum:expr) => {
        if let Some(checksum) = $checksum {
            let value = Some(checksum.value.clone());
            match checksum.algorithm {
                $crate::objects::checksum::ChecksumAlgorithm::Crc32 => {
                    $output.checksum_crc32 = value
                }
                $crate::objects::checksum::ChecksumAlgorithm::Crc32c => {
                    $output.checksum_crc32c = value
                }
                $crate::objects::checksum::ChecksumAlgorithm::Crc64nvme => {
                    $output.checksum_crc64nvme = value
                }
                $crate::objects::checksum::ChecksumAlgorithm::Sha1 => $output.checksum_sha1 = value,
                $crate::objects::checksum::ChecksumAlgorithm::Sha256 => {
                    $output.checksum_sha256 = value
                }
            }
        }
    };
}

/// Writes the encryption that an object was put with into the three fields that many shapes have.
macro_rules! set_encryption {
    ($output:expr, $encryption:expr) => {
        if let Some(encryption) = $encryption {
            $output.server_side_encryption = Some(encryption.algorithm.clone().into());
            $output.ssekms_key_id = encryption.kms_key.clone();
            $output.bucket_key_enabled = encryption.bucket_key;
        }
    };
}

/// Reads the five checksum fields that many shapes have.
macro_rules! given_checksum {
    ($input:expr) => {
        $crate::api::s3::convert::one_checksum([
            &$input.checksum_crc32,
            &$input.checksum_crc32c,
            &$input.checksum_crc64nvme,
            &$input.checksum_sha1,
            &$input.checksum_sha256,
        ])
    };
}

/// Reads the metadata fields that three operations share.
macro_rules! metadata_of {
    ($input:expr, $encryption:expr) => {
        $crate::objects::record::Metadata {
            content_type: $input.content_type.clone(),
            content_encoding: $crate::api::s3::convert::content_encoding(
                $input.content_encoding.as_deref(),
            ),
            content_disposition: $input.content_disposition.clone(),
            content_language: $input.content_language.clone(),
            cache_control: $input.cache_control.clone(),
            expires: $input
                .expires
                .as_ref()
                .map($crate::api::s3::convert::http_date),
            encryption: $encryption,
            user: $crate::api::s3::convert::user_metadata($input.metadata.clone())?,
            tags: $crate::api::s3::convert::tags_of_header($input.tagging.as_deref())?,
        }
    };
}

pub(super) use {given_checksum, metadata_of, set_checksum, set_encryption};

/// The one checksum that is given. The values are in the order of [`ChecksumAlgorithm::ALL`].
pub(super) fn one_checksum(
    values: [&Option<String>; 5],
) -> S3Result<Option<(ChecksumAlgorithm, String)>> {
    let pairs = ChecksumAlgorithm::ALL.into_iter().zip(values);
    let mut given = pairs.filter_map(|(algorithm, value)| Some((algorithm, value.clone()?)));
    let first = given.next();
    if given.next().is_some() {
        return Err(s3_error!(
            InvalidRequest,
            "Expecting a single x-amz-checksum- header"
        ));
    }
    Ok(first)
}

pub(super) fn algorithm(name: &str) -> S3Result<ChecksumAlgorithm> {
    ChecksumAlgorithm::from_name(name).ok_or_else(|| {
        s3_error!(InvalidRequest, "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
    })
}

pub(super) fn checksum_type(of: ChecksumType) -> dto::ChecksumType {
    dto::ChecksumType::from_static(match of {
        ChecksumType::FullObject => dto::ChecksumType::FULL_OBJECT,
        ChecksumType::Composite => dto::ChecksumType::COMPOSITE,
    })
}

pub(super) fn checksum_type_of(checksum: Option<&Checksum>) -> Option<dto::ChecksumType> {
    checksum.map(|checksum| checksum_type(checksum.of))
}

/// A moment, in the type of `s3s`. Nothing here is older than 1970.
pub(super) fn timestamp(at: Timestamp) -> dto::Timestamp {
    let since = Duration::try_from(at.duration_since(Timestamp::UNIX_EPOCH)).unwrap_or_default();
    (SystemTime::UNIX_EPOCH + since).into()
}

/// A moment without the fraction of a second, which HTTP's dates don't have.
pub(super) fn whole_second(at: Timestamp) -> dto::Timestamp {
    timestamp(Timestamp::from_second(at.as_second()).unwrap_or(at))
}

pub(super) fn http_date(at: &dto::Timestamp) -> String {
    let mut text = Vec::new();
    match at.format(TimestampFormat::HttpDate, &mut text) {
        Ok(()) => String::from_utf8_lossy(&text).into_owned(),
        Err(_) => String::new(),
    }
}

pub(super) fn expires(text: Option<&str>) -> Option<dto::Timestamp> {
    dto::Timestamp::parse(TimestampFormat::HttpDate, text?).ok()
}

pub(super) fn etag(value: &str) -> ETag {
    ETag::Strong(value.to_owned())
}

/// A count or size, in the type of `s3s`.
pub(super) fn size(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// The condition of a write.
pub(super) fn condition(
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<Condition> {
    match (if_match, if_none_match) {
        (None, None) => Ok(Condition::Always),
        (None, Some(ETagCondition::Any)) => Ok(Condition::Absent),
        (Some(ETagCondition::Any), None) => Ok(Condition::Present),
        (Some(ETagCondition::ETag(etag)), None) => Ok(Condition::Etag(etag.value().to_owned())),
        _ => Err(error::not_implemented(
            "This combination of If-Match and If-None-Match",
        )),
    }
}

/// The conditions of a read.
pub(super) struct ReadConditions<'a> {
    pub if_match: Option<&'a ETagCondition>,
    pub if_none_match: Option<&'a ETagCondition>,
    pub if_modified_since: Option<&'a dto::Timestamp>,
    pub if_unmodified_since: Option<&'a dto::Timestamp>,
}

impl ReadConditions<'_> {
    /// RFC 9110, section 13.2.2: an ETag counts before a date.
    pub fn check(&self, info: &ObjectInfo) -> S3Result<()> {
        let same = |condition: &ETagCondition| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(etag) => etag.value() == info.etag,
        };
        let modified = whole_second(info.modified);
        let fits = match (self.if_match, self.if_unmodified_since) {
            (Some(condition), _) => same(condition),
            (None, Some(since)) => modified <= *since,
            (None, None) => true,
        };
        if !fits {
            return Err(error::precondition_failed());
        }
        let known = match (self.if_none_match, self.if_modified_since) {
            (Some(condition), _) => same(condition),
            (None, Some(since)) => modified <= *since,
            (None, None) => false,
        };
        if known {
            Err(s3_error!(NotModified, "Not Modified"))
        } else {
            Ok(())
        }
    }
}

/// `aws-chunked` says how the body came, not what it is.
pub(super) fn content_encoding(given: Option<&str>) -> Option<String> {
    let codings = given?
        .split(',')
        .map(str::trim)
        .filter(|coding| !coding.is_empty() && *coding != "aws-chunked");
    let codings = codings.collect::<Vec<_>>().join(",");
    (!codings.is_empty()).then_some(codings)
}

pub(super) fn user_metadata(given: Option<dto::Metadata>) -> S3Result<BTreeMap<String, String>> {
    let user: BTreeMap<String, String> = given.unwrap_or_default().into_iter().collect();
    let bytes: usize = user
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if bytes > USER_METADATA_BYTES_MAX {
        return Err(s3_error!(
            MetadataTooLarge,
            "Your metadata headers exceed the maximum allowed metadata size"
        ));
    }
    Ok(user)
}

/// The tags of an `x-amz-tagging` header, which is written like a query string.
pub(super) fn tags_of_header(header: Option<&str>) -> S3Result<BTreeMap<String, String>> {
    let decode = |text: &str| {
        percent_decode_str(&text.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };
    let pairs = header
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty());
    tags(pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    }))
}

/// S3's rules for tags: at most ten, names of 1 to 128 characters that differ, values of at most 256.
pub(super) fn tags(
    pairs: impl Iterator<Item = (String, String)>,
) -> S3Result<BTreeMap<String, String>> {
    let mut tags = BTreeMap::new();
    for (name, value) in pairs {
        let fits = (1..=128).contains(&name.chars().count()) && value.chars().count() <= 256;
        if !fits {
            return Err(s3_error!(
                InvalidTag,
                "The TagKey or TagValue you have provided is invalid"
            ));
        }
        if tags.insert(name, value).is_some() {
            return Err(s3_error!(
                InvalidTag,
                "Cannot provide multiple Tags with the same key"
            ));
        }
    }
    if tags.len() > TAGS_MAX {
        return Err(s3_error!(
            InvalidTag,
            "Object tags cannot be greater than 10"
        ));
    }
    Ok(tags)
}

pub(super) fn encryption(
    algorithm: Option<&dto::ServerSideEncryption>,
    kms_key: Option<&String>,
    bucket_key: Option<bool>,
) -> Option<Encryption> {
    let algorithm = algorithm?.as_str().to_owned();
    Some(Encryption {
        algorithm,
        kms_key: kms_key.cloned(),
        bucket_key,
    })
}

/// Encodes a name if the client asked for `encoding-type=url`.
pub(super) fn encode(name: &str, encoding: Option<&dto::EncodingType>) -> String {
    match encoding {
        Some(encoding) if encoding.as_str() == dto::EncodingType::URL => {
            utf8_percent_encode(name, URL_ENCODED).to_string()
        }
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_chunked_is_no_content_encoding() {
        for (given, kept) in [
            (None, None),
            (Some("aws-chunked"), None),
            (Some("gzip"), Some("gzip")),
            (Some("gzip, aws-chunked"), Some("gzip")),
            (Some("aws-chunked,"), None),
        ] {
            assert_eq!(content_encoding(given).as_deref(), kept, "{given:?}");
        }
    }

    #[test]
    fn tags_have_limits() {
        let given = tags_of_header(Some("a=1&b%20c=%2B&d+e")).unwrap();
        assert_eq!(
            given.into_iter().collect::<Vec<_>>(),
            [("a", "1"), ("b c", "+"), ("d e", "")].map(|(a, b)| (a.to_owned(), b.to_owned()))
        );
        let many: Vec<String> = (0..11).map(|i| format!("t{i}=")).collect();
        for bad in [
            many.join("&"),
            "a=1&a=2".to_owned(),
            format!("{}=", "k".repeat(129)),
            format!("k={}", "v".repeat(257)),
        ] {
            assert!(tags_of_header(Some(&bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn one_checksum_is_enough() {
        let value = Some("x".to_owned());
        assert_eq!(
            one_checksum([&None, &None, &value, &None, &None]).unwrap(),
            Some((ChecksumAlgorithm::Crc64nvme, "x".to_owned()))
        );
        assert_eq!(one_checksum([&None; 5]).unwrap(), None);
        assert!(one_checksum([&value, &None, &None, &None, &value]).is_err());
    }

    #[test]
    fn names_are_encoded_only_when_asked() {
        let url = dto::EncodingType::from_static(dto::EncodingType::URL);
        assert_eq!(encode("a b+%/\u{e9}~", Some(&url)), "a%20b%2B%25/%C3%A9~");
        assert_eq!(encode("a b+", None), "a b+");
    }
}
