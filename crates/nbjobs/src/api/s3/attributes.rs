//! What is known of an object besides its bytes: attributes and tags. Must not read the bytes.

use s3s::S3Request;
use s3s::dto::{
    DeleteObjectTaggingInput, DeleteObjectTaggingOutput, GetObjectAttributesInput,
    GetObjectAttributesOutput, GetObjectAttributesParts, GetObjectTaggingInput,
    GetObjectTaggingOutput, ObjectPart, PutObjectTaggingInput, PutObjectTaggingOutput,
    StorageClass, Tag,
};

use crate::objects::list::PAGE_MAX;
use crate::objects::record::ObjectInfo;

use super::convert::{checksum_type_of, etag, set_checksum, size, tags, timestamp};
use super::door::Door;
use super::error::Answer;
use super::objects::parts_count;
use super::unsupported::check_version;

impl Door {
    pub(super) async fn get_object_attributes(
        &self,
        request: S3Request<GetObjectAttributesInput>,
    ) -> Answer<GetObjectAttributesOutput> {
        let input = request.input;
        self.check_owner(input.expected_bucket_owner.as_deref())?;
        check_version(input.version_id.as_deref())?;
        let info = self.objects().head(&input.bucket, &input.key).await?;
        // They may come as one header with commas.
        let attributes = input.object_attributes.iter();
        let attributes: Vec<&str> = attributes
            .flat_map(|header| header.as_str().split(','))
            .collect();
        let asked = |name: &str| attributes.iter().any(|attribute| attribute.trim() == name);
        let checksum = info
            .checksum
            .as_ref()
            .filter(|_| asked("Checksum"))
            .map(|checksum| {
                let mut output = s3s::dto::Checksum {
                    checksum_type: checksum_type_of(Some(checksum)),
                    ..Default::default()
                };
                set_checksum!(output, Some(checksum));
                output
            });
        Ok(GetObjectAttributesOutput {
            checksum,
            e_tag: asked("ETag").then(|| etag(&info.etag)),
            last_modified: Some(timestamp(info.modified)),
            object_parts: asked("ObjectParts")
                .then(|| parts_page(&info, input.part_number_marker, input.max_parts))
                .flatten(),
            object_size: asked("ObjectSize").then(|| size(info.size)),
            storage_class: asked("StorageClass")
                .then(|| StorageClass::from_static(StorageClass::STANDARD)),
            ..Default::default()
        })
    }

    pub(super) async fn get_object_tagging(
        &self,
        request: S3Request<GetObjectTaggingInput>,
    ) -> Answer<GetObjectTaggingOutput> {
        let input = request.input;
        self.check_owner(input.expected_bucket_owner.as_deref())?;
        check_version(input.version_id.as_deref())?;
        let info = self.objects().head(&input.bucket, &input.key).await?;
        let tags = info.metadata.tags.into_iter();
        let tag_set = tags
            .map(|(key, value)| Tag {
                key: Some(key),
                value: Some(value),
            })
            .collect();
        Ok(GetObjectTaggingOutput {
            tag_set,
            version_id: None,
        })
    }

    pub(super) async fn put_object_tagging(
        &self,
        request: S3Request<PutObjectTaggingInput>,
    ) -> Answer<PutObjectTaggingOutput> {
        let input = request.input;
        self.check_owner(input.expected_bucket_owner.as_deref())?;
        check_version(input.version_id.as_deref())?;
        let given = input.tagging.tag_set.into_iter();
        let given =
            tags(given.map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())))?;
        self.objects()
            .set_tags(&input.bucket, &input.key, given)
            .await?;
        Ok(PutObjectTaggingOutput::default())
    }

    pub(super) async fn delete_object_tagging(
        &self,
        request: S3Request<DeleteObjectTaggingInput>,
    ) -> Answer<DeleteObjectTaggingOutput> {
        let input = request.input;
        self.check_owner(input.expected_bucket_owner.as_deref())?;
        check_version(input.version_id.as_deref())?;
        self.objects()
            .set_tags(&input.bucket, &input.key, Default::default())
            .await?;
        Ok(DeleteObjectTaggingOutput::default())
    }
}

fn parts_page(
    info: &ObjectInfo,
    after: Option<i32>,
    max: Option<i32>,
) -> Option<GetObjectAttributesParts> {
    let total = parts_count(info)?;
    let after = after.unwrap_or(0).clamp(0, total);
    let max = max.unwrap_or(PAGE_MAX as i32).clamp(0, PAGE_MAX as i32);
    let last = total.min(after + max);
    let parts = (after..last).filter_map(|index| {
        let length = info.part_sizes.get(usize::try_from(index).ok()?)?;
        Some(ObjectPart {
            part_number: Some(index + 1),
            size: Some(size(*length)),
            ..Default::default()
        })
    });
    Some(GetObjectAttributesParts {
        is_truncated: Some(last < total),
        max_parts: Some(max),
        next_part_number_marker: Some(last),
        part_number_marker: Some(after),
        parts: Some(parts.collect()),
        total_parts_count: Some(total),
    })
}
