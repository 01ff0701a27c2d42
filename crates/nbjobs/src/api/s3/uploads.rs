//! Multipart uploads. Must not know what becomes of the parts on disk.

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput,
    Initiator, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput,
    ListPartsOutput, MultipartUpload, Part, StorageClass, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Request, S3Result, s3_error};

use crate::objects::checksum::{ChecksumAlgorithm, ChecksumType};
use crate::objects::list::PAGE_MAX;
use crate::objects::uploads::{CompletedPart, Upload, check_number};

use super::body::{Declared, asked, receive};
use super::convert::{
    checksum_type, checksum_type_of, condition, encode, encryption, etag, given_checksum,
    metadata_of, set_checksum, set_encryption, size, timestamp,
};
use super::door::Door;
use super::error::Answer;
use super::unsupported::{refuse, refuse_unsupported};

impl Door {
    pub(super) async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> Answer<CreateMultipartUploadOutput> {
        let input = request.input;
        self.check_owner(input.expected_bucket_owner.as_deref())?;
        refuse_unsupported!(input);
        let checksum = checksum_of_upload(
            asked(input.checksum_algorithm.as_ref())?,
            input.checksum_type.as_ref().map(|of| of.as_str()),
        )?;
        let wanted = encryption(
            input.server_side_encryption.as_ref(),
            input.ssekms_key_id.as_ref(),
            input.bucket_key_enabled,
        );
        let metadata = metadata_of!(input, self.encryption_of_new(&input.bucket, wanted).await?);
        let mut output = CreateMultipartUploadOutput {
            checksum_algorithm: checksum.map(|(algorithm, _)| algorithm_name(algorithm)),
            checksum_type: checksum.map(|(_, of)| checksum_type(of)),
            bucket: Some(input.bucket.clone()),
            key: Some(input.key.clone()),
            ..Default::default()
        };
        set_encryption!(output, &metadata.encryption);
        let upload = Upload {
            key: input.key,
            initiated: self.now(),
            checksum,
            metadata,
        };
        output.upload_id = Some(self.objects().create_upload(&input.bucket, upload).await?);
        Ok(output)
    }

    pub(super) async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> Answer<UploadPartOutput> {
        let input = request.input;
        self.check_owner(input.expected_bucket_owner.as_deref())?;
        refuse(
            input.sse_customer_algorithm.is_some(),
            "Encryption with a customer's key",
        )?;
        let number = check_number(input.part_number)?;
        let upload = self
            .objects()
            .head_upload(&input.bucket, &input.key, &input.upload_id)
            .await?;
        let algorithm = upload.checksum.map(|(algorithm, _)| algorithm);
        let declared = Declared {
            headers: &request.headers,
            trailers: request.trailing_headers.as_ref(),
            length: input.content_length,
            md5: input.content_md5.as_deref(),
            checksum: given_checksum!(input)?,
            algorithm: algorithm.or(asked(input.checksum_algorithm.as_ref())?),
        };
        let staged = receive(self.objects(), input.body, declared).await?;
        if let (Some(wanted), Some(given)) = (algorithm, &staged.checksum)
            && wanted != given.algorithm
        {
            let (wanted, given) = (wanted.name(), given.algorithm.name());
            return Err(s3_error!(
                InvalidRequest,
                "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
                wanted,
                given
            )
            .into());
        }
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
        let mut output = UploadPartOutput {
            e_tag: Some(etag(&part.etag)),
            ..Default::default()
        };
        set_checksum!(output, &part.checksum);
        set_encryption!(output, &upload.metadata.encryption);
        Ok(output)
    }

    pub(super) async fn list_parts(
        &self,
        request: S3Request<ListPartsInput>,
    ) -> Answer<ListPartsOutput> {
        let input = request.input;
        self.check_owner(input.expected_bucket_owner.as_deref())?;
        let upload = self
            .objects()
            .head_upload(&input.bucket, &input.key, &input.upload_id)
            .await?;
        let parts = self
            .objects()
            .list_parts(&input.bucket, &input.key, &input.upload_id)
            .await?;
        let after = input.part_number_marker.unwrap_or(0);
        let max = page_size(input.max_parts);
        let mut parts: Vec<Part> = parts
            .into_iter()
            .filter(|(number, _)| i32::from(*number) > after)
            .take(max + 1)
            .map(|(number, part)| {
                let mut output = Part {
                    e_tag: Some(etag(&part.etag)),
                    last_modified: Some(timestamp(part.modified)),
                    part_number: Some(i32::from(number)),
                    size: Some(size(part.size)),
                    ..Default::default()
                };
                set_checksum!(output, &part.checksum);
                output
            })
            .collect();
        let more = parts.len() > max;
        parts.truncate(max);
        Ok(ListPartsOutput {
            bucket: Some(input.bucket),
            checksum_algorithm: upload
                .checksum
                .map(|(algorithm, _)| algorithm_name(algorithm)),
            checksum_type: upload.checksum.map(|(_, of)| checksum_type(of)),
            initiator: Some(self.initiator()),
            is_truncated: Some(more),
            key: Some(input.key),
            max_parts: Some(max as i32),
            next_part_number_marker: parts.last().and_then(|part| part.part_number),
            owner: Some(self.owner()),
            part_number_marker: Some(after),
            parts: Some(parts),
            storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
            upload_id: Some(input.upload_id),
            ..Default::default()
        })
    }

    pub(super) async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> Answer<ListMultipartUploadsOutput> {
        let input = request.input;
        self.check_owner(input.expected_bucket_owner.as_deref())?;
        refuse(
            input.delimiter.is_some(),
            "ListMultipartUploads with a delimiter",
        )?;
        refuse(
            input.upload_id_marker.is_some(),
            "ListMultipartUploads with an upload id marker",
        )?;
        let prefix = input.prefix.clone().unwrap_or_default();
        let after = input.key_marker.clone().unwrap_or_default();
        let max = page_size(input.max_uploads);
        let encoding = input.encoding_type;
        let url = |text: &str| Some(encode(text, encoding.as_ref()));
        let uploads = self.objects().list_uploads(&input.bucket).await?;
        let mut uploads: Vec<(String, Upload)> = uploads
            .into_iter()
            .filter(|(_, upload)| upload.key.starts_with(&prefix) && upload.key > after)
            .collect();
        // A page ends between keys, so that its last key is marker enough; one key's uploads are few.
        let end = uploads
            .iter()
            .enumerate()
            .position(|(i, (_, upload))| i >= max && uploads[i - 1].1.key != upload.key);
        let next = end.and_then(|end| Some(uploads.get(end.checked_sub(1)?)?.1.key.clone()));
        uploads.truncate(end.unwrap_or(uploads.len()));
        let lines = uploads.iter().map(|(id, upload)| MultipartUpload {
            checksum_algorithm: upload
                .checksum
                .map(|(algorithm, _)| algorithm_name(algorithm)),
            checksum_type: upload.checksum.map(|(_, of)| checksum_type(of)),
            initiated: Some(timestamp(upload.initiated)),
            initiator: Some(self.initiator()),
            key: url(&upload.key),
            owner: Some(self.owner()),
            storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
            upload_id: Some(id.clone()),
        });
        Ok(ListMultipartUploadsOutput {
            uploads: Some(lines.collect()),
            bucket: Some(input.bucket),
            is_truncated: Some(next.is_some()),
            key_marker: url(&after),
            max_uploads: Some(max as i32),
            next_key_marker: next.as_deref().and_then(url),
            prefix: url(&prefix),
            encoding_type: encoding.clone(),
            ..Default::default()
        })
    }

    pub(super) async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> Answer<CompleteMultipartUploadOutput> {
        let input = request.input;
        self.check_owner(input.expected_bucket_owner.as_deref())?;
        let condition = condition(input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let checksum = given_checksum!(input)?.map(|(_, value)| value);
        let named = input
            .multipart_upload
            .and_then(|upload| upload.parts)
            .unwrap_or_default();
        let parts = named
            .iter()
            .map(completed_part)
            .collect::<S3Result<Vec<_>>>()?;
        if parts.is_empty() {
            return Err(s3_error!(MalformedXML, "You must specify at least one part").into());
        }
        if let Some(expected) = input.mpu_object_size {
            let uploaded = self
                .objects()
                .list_parts(&input.bucket, &input.key, &input.upload_id)
                .await?;
            let sizes = parts
                .iter()
                .filter_map(|part| uploaded.get(&part.number))
                .map(|part| part.size);
            if size(sizes.sum()) != expected {
                return Err(s3_error!(
                    InvalidRequest,
                    "The provided object size header does not match the size of the parts"
                )
                .into());
            }
        }
        let info = self
            .objects()
            .complete_upload(
                &input.bucket,
                &input.key,
                &input.upload_id,
                parts,
                checksum,
                condition,
                self.now(),
            )
            .await?;
        self.created(&input.bucket, &input.key, &info, "CompleteMultipartUpload")
            .await?;
        let host = request
            .headers
            .get(http::header::HOST)
            .and_then(|host| host.to_str().ok())
            .unwrap_or_default();
        let mut output = CompleteMultipartUploadOutput {
            location: Some(format!("http://{host}/{}/{}", input.bucket, input.key)),
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(etag(&info.etag)),
            checksum_type: checksum_type_of(info.checksum.as_ref()),
            ..Default::default()
        };
        set_checksum!(output, &info.checksum);
        set_encryption!(output, &info.metadata.encryption);
        Ok(output)
    }

    pub(super) async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> Answer<AbortMultipartUploadOutput> {
        let input = request.input;
        self.check_owner(input.expected_bucket_owner.as_deref())?;
        refuse(
            input.if_match_initiated_time.is_some(),
            "AbortMultipartUpload on condition of time",
        )?;
        self.objects()
            .abort_upload(&input.bucket, &input.key, &input.upload_id)
            .await?;
        Ok(AbortMultipartUploadOutput::default())
    }

    fn initiator(&self) -> Initiator {
        Initiator {
            display_name: None,
            id: self.owner().id,
        }
    }
}

fn algorithm_name(algorithm: ChecksumAlgorithm) -> s3s::dto::ChecksumAlgorithm {
    s3s::dto::ChecksumAlgorithm::from_static(algorithm.name())
}

fn page_size(asked: Option<i32>) -> usize {
    usize::try_from(asked.unwrap_or(PAGE_MAX as i32))
        .unwrap_or(PAGE_MAX)
        .clamp(1, PAGE_MAX)
}

/// S3's rules: CRC64NVME is of the full object, SHA is of the parts' checksums, the other CRCs may be either.
fn checksum_of_upload(
    algorithm: Option<ChecksumAlgorithm>,
    of: Option<&str>,
) -> S3Result<Option<(ChecksumAlgorithm, ChecksumType)>> {
    let Some(algorithm) = algorithm else {
        return match of {
            None => Ok(None),
            Some(_) => Err(s3_error!(
                InvalidRequest,
                "A checksum type needs a checksum algorithm"
            )),
        };
    };
    let of = match (algorithm, of) {
        (ChecksumAlgorithm::Crc64nvme, None | Some("FULL_OBJECT")) => ChecksumType::FullObject,
        (ChecksumAlgorithm::Crc32 | ChecksumAlgorithm::Crc32c, Some("FULL_OBJECT")) => {
            ChecksumType::FullObject
        }
        (ChecksumAlgorithm::Crc64nvme, _) | (_, Some("FULL_OBJECT")) => {
            let name = algorithm.name();
            return Err(s3_error!(
                InvalidRequest,
                "The checksum type cannot be used with the {} checksum algorithm",
                name
            ));
        }
        (_, None | Some("COMPOSITE")) => ChecksumType::Composite,
        (_, Some(_)) => {
            return Err(s3_error!(
                InvalidRequest,
                "A checksum type is COMPOSITE or FULL_OBJECT"
            ));
        }
    };
    Ok(Some((algorithm, of)))
}

fn completed_part(part: &s3s::dto::CompletedPart) -> S3Result<CompletedPart> {
    let malformed = || {
        s3_error!(
            MalformedXML,
            "The XML you provided was not well-formed or did not validate against our published schema"
        )
    };
    let number = part
        .part_number
        .and_then(|number| check_number(number).ok());
    Ok(CompletedPart {
        number: number.ok_or_else(malformed)?,
        etag: part
            .e_tag
            .as_ref()
            .ok_or_else(malformed)?
            .value()
            .to_owned(),
        checksum: given_checksum!(part)?.map(|(_, value)| value),
    })
}
