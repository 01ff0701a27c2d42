//! What can go wrong with objects. Must not know how a protocol says it.

use std::io;

/// Why an operation on objects was not done. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bucket does not exist.
    #[error("bucket '{0}' does not exist")]
    NoSuchBucket(String),
    /// The bucket exists already.
    #[error("bucket '{0}' exists already")]
    BucketExists(String),
    /// A bucket with objects can't be deleted.
    #[error("bucket '{0}' is not empty; delete its objects first")]
    BucketNotEmpty(String),
    /// The name is not S3's: 3 to 63 of lower-case letters, digits, dots and hyphens.
    #[error("'{0}' is not a bucket name; use 3 to 63 lower-case letters, digits, dots and hyphens")]
    InvalidBucketName(String),
    /// The object does not exist.
    #[error("object '{0}' does not exist")]
    NoSuchKey(String),
    /// A key has 1 to 1024 bytes.
    #[error("a key has 1 to 1024 bytes, but this one has {0}")]
    InvalidKeyLength(usize),
    /// The condition on the object as it is now does not hold.
    #[error("the object is not as the request's condition says")]
    PreconditionFailed,
    /// The multipart upload does not exist, or was completed or aborted.
    #[error("multipart upload '{0}' does not exist; it may have been completed or aborted")]
    NoSuchUpload(String),
    /// A part has a number from 1 to 10,000.
    #[error("a part has a number from 1 to 10000, not {0}")]
    InvalidPartNumber(i64),
    /// A part that is to be put together isn't there, or is another than the caller says.
    #[error("part {0} was not uploaded, or its ETag or checksum is another")]
    InvalidPart(u16),
    /// The parts are to be named in the order of their numbers.
    #[error("the parts must be named in ascending order of their numbers")]
    InvalidPartOrder,
    /// Every part but the last has at least 5 MiB.
    #[error("part {number} has {size} bytes, but every part but the last needs at least 5242880")]
    PartTooSmall {
        /// The part's number.
        number: u16,
        /// Its size in bytes.
        size: u64,
    },
    /// The whole object's checksum is another than the caller says.
    #[error("the checksum of the whole object is another than the request says")]
    ChecksumMismatch,
    /// The object has more bytes than the caller can take.
    #[error("the object has {size} bytes, but at most {size_max} are taken here")]
    TooLarge {
        /// The object's size in bytes.
        size: u64,
        /// The most that the caller takes.
        size_max: u64,
    },
    /// The disk, or the user's share of it, is full.
    #[error("no space is left where objects are stored")]
    StorageFull,
    /// The stream of bytes that was to be stored broke.
    #[error("the upload broke: {0}")]
    Body(#[source] io::Error),
    /// Another process works on the same folder.
    #[error("the folder of the object store is in use by another process")]
    InUse,
    /// The disk failed.
    #[error("the object store failed: {0}")]
    Io(#[source] io::Error),
}

/// A result of the object store.
pub type Result<T> = std::result::Result<T, Error>;

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::StorageFull,
            _ => Self::Io(error),
        }
    }
}
