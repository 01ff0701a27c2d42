//! Copies: of an object, and of a range of one into a part. Must not know bodies that come in.

use std::ops::Range;

use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopyPartResult, CopySource,
    MetadataDirective, UploadPartCopyInput, UploadPartCopyOutput,
};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result, s3_error};

use crate::objects::checksum::ChecksumAlgorithm;
use crate::objects::read::Object;
use crate::objects::record::{Condition, Metadata, ObjectInfo};
use crate::objects::uploads::check_number;

use super::body::asked;
use super::convert::{
    ReadConditions, checksum_type_of, encryption, etag, metadata_of, set_checksum, set_encryption,
    timestamp,
};
use super::door::Door;
use super::error::{Answer, not_implemented, precondition_failed};
use super::unsupported::{check_version, refuse, refuse_unsupported};

impl Door {
    pub(super) async fn copy_object(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> Answer<CopyObjectOutput> {
        let input = request.input;
        self.check_owner(input.expected_bucket_owner.as_deref())?;
        self.check_owner(input.expected_source_bucket_owner.as_deref())?;
        refuse_unsupported!(input);
        refuse(
            input.copy_source_sse_customer_algorithm.is_some(),
            "Encryption with a customer's key",
        )?;
        let from = source_of(&input.copy_source)?;
        let replace = replaces(
            input
                .metadata_directive
                .as_ref()
                .map(MetadataDirective::as_str),
        )?;
        let retag = replaces(
            input
                .tagging_directive
                .as_ref()
                .map(|directive| directive.as_str()),
        )?;
        let wanted = encryption(
            input.server_side_encryption.as_ref(),
            input.ssekms_key_id.as_ref(),
            input.bucket_key_enabled,
        );
        if from == (&*input.bucket, &*input.key) && !replace && !retag && wanted.is_none() {
            return Err(s3_error!(
                InvalidRequest,
                "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes."
            )
            .into());
        }
        let conditions = ReadConditions {
            if_match: input.copy_source_if_match.as_ref(),
            if_none_match: input.copy_source_if_none_match.as_ref(),
            if_modified_since: input.copy_source_if_modified_since.as_ref(),
            if_unmodified_since: input.copy_source_if_unmodified_since.as_ref(),
        };
        let source = self.source(from, &conditions).await?;
        let given = metadata_of!(input, self.encryption_of_new(&input.bucket, wanted).await?);
        let metadata = merged(&source.info.metadata, given, replace, retag);
        let algorithm = asked(input.checksum_algorithm.as_ref())?;
        let to = (&*input.bucket, &*input.key);
        let info = self.copied(&source, to, metadata, algorithm).await?;
        self.created(to.0, to.1, &info, "CopyObject").await?;
        let mut output = CopyObjectOutput {
            copy_object_result: Some(result_of(&info)),
            ..Default::default()
        };
        set_encryption!(output, &info.metadata.encryption);
        Ok(output)
    }

    async fn copied(
        &self,
        source: &Object,
        to: (&str, &str),
        metadata: Metadata,
        algorithm: Option<ChecksumAlgorithm>,
    ) -> Answer<ObjectInfo> {
        let has = source
            .info
            .checksum
            .as_ref()
            .map(|checksum| checksum.algorithm);
        let objects = self.objects();
        if algorithm.is_none() || algorithm == has {
            return Ok(objects
                .copy(source, to, Some(metadata), Condition::Always, self.now())
                .await?);
        }
        // Another checksum is asked for, so the bytes have to be read.
        let staged = objects
            .stage(source.stream(0..source.info.size), algorithm)
            .await?;
        let condition = Condition::Always;
        Ok(objects
            .put_staged(to.0, to.1, staged, metadata, condition, self.now())
            .await?)
    }

    pub(super) async fn upload_part_copy(
        &self,
        request: S3Request<UploadPartCopyInput>,
    ) -> Answer<UploadPartCopyOutput> {
        let input = request.input;
        self.check_owner(input.expected_bucket_owner.as_deref())?;
        self.check_owner(input.expected_source_bucket_owner.as_deref())?;
        let customer_key = input.sse_customer_algorithm.is_some()
            || input.copy_source_sse_customer_algorithm.is_some();
        refuse(customer_key, "Encryption with a customer's key")?;
        let number = check_number(input.part_number)?;
        let upload = self
            .objects()
            .head_upload(&input.bucket, &input.key, &input.upload_id)
            .await?;
        let conditions = ReadConditions {
            if_match: input.copy_source_if_match.as_ref(),
            if_none_match: input.copy_source_if_none_match.as_ref(),
            if_modified_since: input.copy_source_if_modified_since.as_ref(),
            if_unmodified_since: input.copy_source_if_unmodified_since.as_ref(),
        };
        let source = self
            .source(source_of(&input.copy_source)?, &conditions)
            .await?;
        let range = source_range(input.copy_source_range.as_deref(), source.info.size)?;
        let algorithm = upload.checksum.map(|(algorithm, _)| algorithm);
        let staged = self
            .objects()
            .stage(source.stream(range), algorithm)
            .await?;
        let part = self
            .objects()
            .put_part(
                &input.bucket,
                &input.key,
                &input.upload_id,
                number,
                staged,
                self.now(),
            )
            .await?;
        let mut result = CopyPartResult {
            e_tag: Some(etag(&part.etag)),
            last_modified: Some(timestamp(part.modified)),
            ..Default::default()
        };
        set_checksum!(result, &part.checksum);
        let mut output = UploadPartCopyOutput {
            copy_part_result: Some(result),
            ..Default::default()
        };
        set_encryption!(output, &upload.metadata.encryption);
        Ok(output)
    }

    async fn source(
        &self,
        (bucket, key): (&str, &str),
        conditions: &ReadConditions<'_>,
    ) -> Answer<Object> {
        let source = self.objects().get(bucket, key).await?;
        // A copy that isn't needed is not "not modified" but a failed condition.
        conditions
            .check(&source.info)
            .map_err(not_modified_is_failed)?;
        Ok(source)
    }
}

fn not_modified_is_failed(error: S3Error) -> S3Error {
    if *error.code() == S3ErrorCode::NotModified {
        precondition_failed()
    } else {
        error
    }
}

fn source_of(source: &CopySource) -> S3Result<(&str, &str)> {
    match source {
        CopySource::Bucket {
            bucket,
            key,
            version_id,
        } => {
            check_version(version_id.as_deref())?;
            Ok((bucket, key))
        }
        _ => Err(not_implemented("A copy source that is an access point")),
    }
}

fn replaces(directive: Option<&str>) -> S3Result<bool> {
    match directive {
        None | Some("COPY") => Ok(false),
        Some("REPLACE") => Ok(true),
        Some(_) => Err(s3_error!(InvalidArgument, "A directive is COPY or REPLACE")),
    }
}

/// The metadata of a copy: the source's or the given, and the same for the tags; encryption is always the given.
fn merged(kept: &Metadata, given: Metadata, replace: bool, retag: bool) -> Metadata {
    let tags = if retag {
        given.tags.clone()
    } else {
        kept.tags.clone()
    };
    let metadata = if replace {
        given
    } else {
        Metadata {
            encryption: given.encryption,
            ..kept.clone()
        }
    };
    Metadata { tags, ..metadata }
}

fn source_range(range: Option<&str>, size: u64) -> S3Result<Range<u64>> {
    let Some(text) = range else {
        return Ok(0..size);
    };
    let bounds = text
        .strip_prefix("bytes=")
        .and_then(|bounds| bounds.split_once('-'));
    let bounds = bounds
        .and_then(|(first, last)| Some((first.parse::<u64>().ok()?, last.parse::<u64>().ok()?)));
    match bounds {
        Some((first, last)) if first <= last && last < size => Ok(first..last + 1),
        Some(_) => Err(s3_error!(
            InvalidArgument,
            "Range specified is not valid for source object of size: {}",
            size
        )),
        None => Err(s3_error!(
            InvalidArgument,
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy"
        )),
    }
}

fn result_of(info: &ObjectInfo) -> CopyObjectResult {
    let mut result = CopyObjectResult {
        checksum_type: checksum_type_of(info.checksum.as_ref()),
        e_tag: Some(etag(&info.etag)),
        last_modified: Some(timestamp(info.modified)),
        ..Default::default()
    };
    set_checksum!(result, &info.checksum);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_range_lies_within_the_source() {
        assert_eq!(source_range(None, 10).unwrap(), 0..10);
        assert_eq!(source_range(Some("bytes=0-9"), 10).unwrap(), 0..10);
        assert_eq!(source_range(Some("bytes=3-3"), 10).unwrap(), 3..4);
        for bad in [
            "bytes=0-10",
            "bytes=5-4",
            "bytes=-5",
            "bytes=5-",
            "0-5",
            "bytes=a-b",
            "bytes=0-18446744073709551615",
        ] {
            assert!(source_range(Some(bad), 10).is_err(), "{bad}");
        }
    }
}
