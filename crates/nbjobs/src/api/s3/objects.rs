//! Putting an object and getting it back. Must not know parts or copies.

use std::ops::Range;

use s3s::dto::{
    GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput, PutObjectInput,
    PutObjectOutput, StreamingBlob,
};
use s3s::{S3Request, S3Result, s3_error};

use crate::objects::record::{Encryption, ObjectInfo};

use super::body::{Declared, asked, receive};
use super::convert::{
    ReadConditions, checksum_type_of, condition, encryption, etag, expires, given_checksum,
    metadata_of, set_checksum, set_encryption, size, timestamp,
};
use super::door::Door;
use super::error::Answer;
use super::unsupported::{check_version, refuse, refuse_unsupported};

impl Door {
    pub(super) async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> Answer<PutObjectOutput> {
        let input = request.input;
        self.check_owner(input.expected_bucket_owner.as_deref())?;
        refuse_unsupported!(input);
        refuse(input.write_offset_bytes.is_some(), "Appending to an object")?;
        let condition = condition(input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let wanted = encryption(
            input.server_side_encryption.as_ref(),
            input.ssekms_key_id.as_ref(),
            input.bucket_key_enabled,
        );
        let wanted = self.encryption_of_new(&input.bucket, wanted).await?;
        let metadata = metadata_of!(input, wanted);
        let declared = Declared {
            headers: &request.headers,
            trailers: request.trailing_headers.as_ref(),
            length: input.content_length,
            md5: input.content_md5.as_deref(),
            checksum: given_checksum!(input)?,
            algorithm: asked(input.checksum_algorithm.as_ref())?,
        };
        let staged = receive(self.objects(), input.body, declared).await?;
        let info = self
            .objects()
            .put_staged(
                &input.bucket,
                &input.key,
                staged,
                metadata,
                condition,
                self.now(),
            )
            .await?;
        self.created(&input.bucket, &input.key, &info, "PutObject")
            .await?;
        let mut output = PutObjectOutput {
            e_tag: Some(etag(&info.etag)),
            checksum_type: checksum_type_of(info.checksum.as_ref()),
            ..Default::default()
        };
        set_checksum!(output, &info.checksum);
        set_encryption!(output, &info.metadata.encryption);
        Ok(output)
    }

    /// What a new object's encryption is told as: what was asked for, else the bucket's default.
    pub(super) async fn encryption_of_new(
        &self,
        bucket: &str,
        wanted: Option<Encryption>,
    ) -> Answer<Option<Encryption>> {
        let bucket = self.objects().head_bucket(bucket).await?;
        Ok(wanted.or(bucket.encryption))
    }

    pub(super) async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> Answer<GetObjectOutput> {
        let input = request.input;
        self.check_owner(input.expected_bucket_owner.as_deref())?;
        check_version(input.version_id.as_deref())?;
        refuse(
            input.sse_customer_algorithm.is_some(),
            "Encryption with a customer's key",
        )?;
        let object = self.objects().get(&input.bucket, &input.key).await?;
        let info = &object.info;
        let conditions = ReadConditions {
            if_match: input.if_match.as_ref(),
            if_none_match: input.if_none_match.as_ref(),
            if_modified_since: input.if_modified_since.as_ref(),
            if_unmodified_since: input.if_unmodified_since.as_ref(),
        };
        conditions.check(info)?;
        let range =
            match (input.range, input.part_number) {
                (None, None) => None,
                (Some(range), None) => Some(range.check(info.size).map_err(|_| {
                    s3_error!(InvalidRange, "The requested range is not satisfiable")
                })?),
                (None, Some(number)) => Some(part_range(info, number)?),
                (Some(_), Some(_)) => {
                    return Err(s3_error!(
                        InvalidRequest,
                        "Cannot specify both Range header and partNumber query parameter"
                    )
                    .into());
                }
            };
        let whole = 0..info.size;
        let served = range.clone().unwrap_or(whole.clone());
        let mut output = GetObjectOutput {
            body: Some(StreamingBlob::wrap(object.stream(served.clone()))),
            content_length: Some(size(served.end - served.start)),
            content_range: range.map(|range| content_range(&range, info.size)),
            parts_count: input.part_number.and(parts_count(info)),
            tag_count: i32::try_from(info.metadata.tags.len())
                .ok()
                .filter(|count| *count > 0),
            accept_ranges: Some("bytes".to_owned()),
            cache_control: info.metadata.cache_control.clone(),
            content_disposition: info.metadata.content_disposition.clone(),
            content_encoding: info.metadata.content_encoding.clone(),
            content_language: info.metadata.content_language.clone(),
            content_type: Some(content_type(info)),
            e_tag: Some(etag(&info.etag)),
            expires: expires(info.metadata.expires.as_deref()),
            last_modified: Some(timestamp(info.modified)),
            metadata: user_metadata(info),
            ..Default::default()
        };
        if input.checksum_mode.is_some() && served == whole {
            set_checksum!(output, &info.checksum);
            output.checksum_type = checksum_type_of(info.checksum.as_ref());
        }
        set_encryption!(output, &info.metadata.encryption);
        Ok(output)
    }

    /// A range does not count here: RFC 9110, section 14.2, gives it to GET alone.
    pub(super) async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> Answer<HeadObjectOutput> {
        let input = request.input;
        self.check_owner(input.expected_bucket_owner.as_deref())?;
        check_version(input.version_id.as_deref())?;
        refuse(
            input.sse_customer_algorithm.is_some(),
            "Encryption with a customer's key",
        )?;
        refuse(input.part_number.is_some(), "HeadObject with a part number")?;
        let info = self.objects().head(&input.bucket, &input.key).await?;
        let conditions = ReadConditions {
            if_match: input.if_match.as_ref(),
            if_none_match: input.if_none_match.as_ref(),
            if_modified_since: input.if_modified_since.as_ref(),
            if_unmodified_since: input.if_unmodified_since.as_ref(),
        };
        conditions.check(&info)?;
        let mut output = HeadObjectOutput {
            content_length: Some(size(info.size)),
            accept_ranges: Some("bytes".to_owned()),
            cache_control: info.metadata.cache_control.clone(),
            content_disposition: info.metadata.content_disposition.clone(),
            content_encoding: info.metadata.content_encoding.clone(),
            content_language: info.metadata.content_language.clone(),
            content_type: Some(content_type(&info)),
            e_tag: Some(etag(&info.etag)),
            expires: expires(info.metadata.expires.as_deref()),
            last_modified: Some(timestamp(info.modified)),
            metadata: user_metadata(&info),
            ..Default::default()
        };
        if input.checksum_mode.is_some() {
            set_checksum!(output, &info.checksum);
            output.checksum_type = checksum_type_of(info.checksum.as_ref());
        }
        set_encryption!(output, &info.metadata.encryption);
        Ok(output)
    }
}

fn content_type(info: &ObjectInfo) -> String {
    info.metadata
        .content_type
        .clone()
        .unwrap_or_else(|| "binary/octet-stream".to_owned())
}

fn user_metadata(info: &ObjectInfo) -> Option<s3s::dto::Metadata> {
    (!info.metadata.user.is_empty()).then(|| info.metadata.user.clone().into_iter().collect())
}

fn content_range(range: &Range<u64>, size: u64) -> String {
    format!(
        "bytes {}-{}/{size}",
        range.start,
        range.end.saturating_sub(1)
    )
}

pub(super) fn parts_count(info: &ObjectInfo) -> Option<i32> {
    i32::try_from(info.part_sizes.len())
        .ok()
        .filter(|count| *count > 0)
}

/// The bytes of a part; an object that came in one piece is its own first part.
fn part_range(info: &ObjectInfo, number: i32) -> S3Result<Range<u64>> {
    let index = usize::try_from(number)
        .ok()
        .and_then(|number| number.checked_sub(1));
    if info.part_sizes.is_empty() && index == Some(0) {
        return Ok(0..info.size);
    }
    let part = index.and_then(|index| Some((index, info.part_sizes.get(index)?)));
    match part {
        Some((index, length)) => {
            let start: u64 = info.part_sizes[..index].iter().sum();
            Ok(start..start + length)
        }
        None => Err(s3_error!(
            InvalidRange,
            "The requested partnumber is not satisfiable"
        )),
    }
}
