//! What is known of an object besides its bytes. Must not know paths.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::checksum::Checksum;

/// What a caller gives with an object and gets back with it: HTTP's headers and S3's user-defined metadata.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metadata {
    /// `Content-Type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// `Content-Encoding`, without `aws-chunked`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    /// `Content-Disposition`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_disposition: Option<String>,
    /// `Content-Language`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_language: Option<String>,
    /// `Cache-Control`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<String>,
    /// `Expires`, as it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// The encryption that was asked for. It is remembered for clients that look for it; bytes are stored as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    /// `x-amz-meta-*`, by lower-case name without the prefix.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub user: BTreeMap<String, String>,
    /// Object tags.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// An encryption that a client asked for, for an object or as a bucket's default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Encryption {
    /// S3's name: `AES256`, `aws:kms`.
    pub algorithm: String,
    /// The KMS key's id or ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<String>,
    /// Whether a bucket key is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket_key: Option<bool>,
}

/// What is known of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectInfo {
    /// Size in bytes.
    pub size: u64,
    /// The ETag, without quotes: the MD5 in hexadecimal, or that of the parts' MD5s with `-` and their number.
    pub etag: String,
    /// When it was put here.
    pub modified: Timestamp,
    /// The checksum that was asked for when it was put here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Checksum>,
    /// Sizes of its parts in bytes, when it came in a multipart upload.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub part_sizes: Vec<u64>,
    /// What came with it.
    #[serde(default)]
    pub metadata: Metadata,
}

/// An object's file in the index: replacing it replaces bytes and metadata at once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    /// The id of the blob that has the bytes.
    pub blob: String,
    #[serde(flatten)]
    pub info: ObjectInfo,
}

/// What must hold of the object as it is now, for an operation to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    #[default]
    Always,
    /// It does not exist (`If-None-Match: *`).
    Absent,
    /// It exists (`If-Match: *`).
    Present,
    /// It has this ETag (`If-Match`), without quotes.
    Etag(String),
}

impl Condition {
    pub(super) fn holds(&self, current: Option<&ObjectInfo>) -> bool {
        match (self, current) {
            (Self::Always, _) | (Self::Absent, None) | (Self::Present, Some(_)) => true,
            (Self::Etag(etag), Some(info)) => *etag == info.etag,
            (Self::Absent, Some(_)) | (Self::Present | Self::Etag(_), None) => false,
        }
    }
}
