//! Listings of objects, in both versions. Must not know their bytes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use s3s::dto::{
    CommonPrefix, EncodingType, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
    ListObjectsV2Output, Object, ObjectStorageClass,
};
use s3s::{S3Request, S3Result, s3_error};

use crate::objects::list::{Entry, ListRequest, Listing, PAGE_MAX};

use super::convert::{checksum_type_of, encode, etag, size, timestamp};
use super::door::Door;
use super::error::Answer;

impl Door {
    pub(super) async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> Answer<ListObjectsV2Output> {
        let input = request.input;
        self.check_owner(input.expected_bucket_owner.as_deref())?;
        let max = page_size(input.max_keys)?;
        let after = match &input.continuation_token {
            Some(token) => read_token(token)?,
            None => input.start_after.clone().unwrap_or_default(),
        };
        let prefix = input.prefix.clone().unwrap_or_default();
        let delimiter = input.delimiter.clone();
        let listing = self
            .objects()
            .list(
                &input.bucket,
                ListRequest {
                    prefix,
                    delimiter,
                    after,
                    max,
                },
            )
            .await?;
        let encoding = input.encoding_type;
        let (contents, common_prefixes) = self.lines(
            &listing,
            encoding.as_ref(),
            input.fetch_owner.unwrap_or_default(),
        );
        Ok(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(encode(&input.prefix.unwrap_or_default(), encoding.as_ref())),
            max_keys: Some(max_keys(max)),
            key_count: Some(max_keys(listing.entries.len())),
            continuation_token: input.continuation_token,
            is_truncated: Some(listing.next.is_some()),
            next_continuation_token: listing.next.map(|next| BASE64.encode(next)),
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            delimiter: input
                .delimiter
                .map(|delimiter| encode(&delimiter, encoding.as_ref())),
            start_after: input
                .start_after
                .map(|after| encode(&after, encoding.as_ref())),
            encoding_type: encoding,
            ..Default::default()
        })
    }

    pub(super) async fn list_objects(
        &self,
        request: S3Request<ListObjectsInput>,
    ) -> Answer<ListObjectsOutput> {
        let input = request.input;
        self.check_owner(input.expected_bucket_owner.as_deref())?;
        let max = page_size(input.max_keys)?;
        let after = input.marker.clone().unwrap_or_default();
        let prefix = input.prefix.clone().unwrap_or_default();
        let delimiter = input.delimiter.clone();
        let listing = self
            .objects()
            .list(
                &input.bucket,
                ListRequest {
                    prefix,
                    delimiter,
                    after,
                    max,
                },
            )
            .await?;
        let encoding = input.encoding_type;
        let (contents, common_prefixes) = self.lines(&listing, encoding.as_ref(), true);
        let url = |text: Option<String>| Some(encode(&text.unwrap_or_default(), encoding.as_ref()));
        // Without a delimiter S3 leaves the marker to the client, which takes the last key.
        let next_marker = listing.next.clone().filter(|_| input.delimiter.is_some());
        Ok(ListObjectsOutput {
            name: Some(input.bucket),
            prefix: url(input.prefix),
            marker: url(input.marker),
            max_keys: Some(max_keys(max)),
            is_truncated: Some(listing.next.is_some()),
            next_marker: next_marker.map(|next| encode(&next, encoding.as_ref())),
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            delimiter: input
                .delimiter
                .map(|delimiter| encode(&delimiter, encoding.as_ref())),
            encoding_type: encoding,
            ..Default::default()
        })
    }

    fn lines(
        &self,
        listing: &Listing,
        encoding: Option<&EncodingType>,
        with_owner: bool,
    ) -> (Vec<Object>, Vec<CommonPrefix>) {
        let mut contents = Vec::new();
        let mut common_prefixes = Vec::new();
        for entry in &listing.entries {
            match entry {
                Entry::Prefix(prefix) => common_prefixes.push(CommonPrefix {
                    prefix: Some(encode(prefix, encoding)),
                }),
                Entry::Object(key, info) => contents.push(Object {
                    checksum_algorithm: info.checksum.as_ref().map(|checksum| {
                        vec![s3s::dto::ChecksumAlgorithm::from_static(
                            checksum.algorithm.name(),
                        )]
                    }),
                    checksum_type: checksum_type_of(info.checksum.as_ref()),
                    e_tag: Some(etag(&info.etag)),
                    key: Some(encode(key, encoding)),
                    last_modified: Some(timestamp(info.modified)),
                    owner: with_owner.then(|| self.owner()),
                    size: Some(size(info.size)),
                    storage_class: Some(ObjectStorageClass::from_static(
                        ObjectStorageClass::STANDARD,
                    )),
                    ..Default::default()
                }),
            }
        }
        (contents, common_prefixes)
    }
}

fn page_size(asked: Option<i32>) -> S3Result<usize> {
    match asked {
        None => Ok(PAGE_MAX),
        Some(asked) => match usize::try_from(asked) {
            Ok(asked) => Ok(asked.min(PAGE_MAX)),
            Err(_) => Err(s3_error!(
                InvalidArgument,
                "Argument maxKeys must be an integer between 0 and 2147483647"
            )),
        },
    }
}

/// A page's size or less, so it fits.
fn max_keys(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn read_token(token: &str) -> S3Result<String> {
    let name = BASE64
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    name.ok_or_else(|| {
        s3_error!(
            InvalidArgument,
            "The continuation token provided is incorrect"
        )
    })
}
