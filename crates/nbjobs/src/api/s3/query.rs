//! Query parameters. `s3s` tells operations apart by those it knows and ignores the others, so that an operation
//! newer than it would be taken for another one: `DELETE /bucket?metadataConfiguration` for `DeleteBucket`. Here
//! everything that it does not know is refused first. Must not know what the parameters mean.

use http::Uri;
use percent_encoding::percent_decode_str;
use s3s::S3Error;

use super::error::not_implemented;

/// What belongs to the signature, to the answer's headers or to the SDKs, and may be everywhere.
const ANYWHERE: [&str; 4] = ["AWSAccessKeyId", "Expires", "Signature", "x-id"];
/// `ListBuckets` and `ListDirectoryBuckets`.
const OF_THE_SERVICE: [&str; 5] = [
    "bucket-region",
    "continuation-token",
    "max-buckets",
    "max-directory-buckets",
    "prefix",
];
/// Operations on buckets and what they take.
const OF_BUCKETS: [&str; 41] = [
    "accelerate",
    "acl",
    "analytics",
    "continuation-token",
    "cors",
    "delete",
    "delimiter",
    "encoding-type",
    "encryption",
    "fetch-owner",
    "id",
    "intelligent-tiering",
    "inventory",
    "key-marker",
    "lifecycle",
    "list-type",
    "location",
    "logging",
    "marker",
    "max-keys",
    "max-uploads",
    "metadataTable",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "policy",
    "policyStatus",
    "prefix",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "session",
    "start-after",
    "tagging",
    "upload-id-marker",
    "uploads",
    "version-id-marker",
    "versioning",
    "versions",
    "website",
];
/// Operations on objects and what they take.
const OF_OBJECTS: [&str; 15] = [
    "acl",
    "attributes",
    "legal-hold",
    "max-parts",
    "part-number-marker",
    "partNumber",
    "restore",
    "retention",
    "select",
    "select-type",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
];

/// Refuses, by name, a request with a parameter that would be ignored.
pub(super) fn check(uri: &Uri) -> Result<(), S3Error> {
    let mut segments = uri.path().trim_start_matches('/').splitn(2, '/');
    let bucket = segments.next().unwrap_or_default();
    let key = segments.next().unwrap_or_default();
    let known: &[&str] = match (bucket, key) {
        ("", _) => &OF_THE_SERVICE,
        (_, "") => &OF_BUCKETS,
        _ => &OF_OBJECTS,
    };
    let pairs = uri.query().unwrap_or_default().split('&');
    for pair in pairs.filter(|pair| !pair.is_empty()) {
        let name = pair.split('=').next().unwrap_or_default();
        let name = percent_decode_str(name).decode_utf8_lossy();
        let everywhere = ANYWHERE.contains(&&*name)
            || name.to_ascii_lowercase().starts_with("x-amz-")
            || name.starts_with("response-");
        if !everywhere && !known.contains(&&*name) {
            return Err(not_implemented(&format!("The query parameter '{name}'")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_s3s_would_ignore_is_refused() {
        let table = [
            ("/", true),
            ("/?max-buckets=1&x-id=ListBuckets", true),
            ("/?abac", false),
            (
                "/b?list-type=2&prefix=a%2Fb&delimiter=/&encoding-type=url",
                true,
            ),
            ("/b/?versions&key-marker=", true),
            ("/b?metadataConfiguration", false),
            ("/b?uploadId=1", false),
            ("/b/k?uploadId=1&partNumber=2", true),
            (
                "/b/k/?versionId=null&response-content-type=text/plain",
                true,
            ),
            ("/b/k?X-Amz-Signature=1&X-Amz-Expires=1", true),
            ("/b/k?annotation", false),
            ("/b/k?encryption", false),
            ("/b/k?%61cl", true),
            ("/b/k?renameObject", false),
        ];
        for (uri, allowed) in table {
            let uri: Uri = uri.parse().expect(uri);
            assert_eq!(check(&uri).is_ok(), allowed, "{uri}");
        }
    }
}
