//! Deleting objects. Must not know what they hold.

use s3s::dto::{
    Delete, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput,
    DeletedObject, ETagCondition, Error as DeleteError,
};
use s3s::{S3Request, s3_error};

use crate::objects::list::PAGE_MAX;

use super::convert::condition;
use super::door::Door;
use super::error::{Answer, Refused};
use super::unsupported::{check_version, refuse};

impl Door {
    pub(super) async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> Answer<DeleteObjectOutput> {
        let input = request.input;
        self.check_owner(input.expected_bucket_owner.as_deref())?;
        check_version(input.version_id.as_deref())?;
        let more = input.if_match_last_modified_time.is_some() || input.if_match_size.is_some();
        refuse(more, "Deletion on condition of size or time")?;
        let condition = condition(input.if_match.as_ref(), None)?;
        self.delete_and_tell(&input.bucket, &input.key, condition, "DeleteObject")
            .await?;
        Ok(DeleteObjectOutput::default())
    }

    pub(super) async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> Answer<DeleteObjectsOutput> {
        let DeleteObjectsInput {
            bucket,
            delete: Delete { objects, quiet },
            expected_bucket_owner,
            ..
        } = request.input;
        self.check_owner(expected_bucket_owner.as_deref())?;
        if !(1..=PAGE_MAX).contains(&objects.len()) {
            return Err(
                s3_error!(MalformedXML, "A request names 1 to 1000 objects to delete").into(),
            );
        }
        self.objects().head_bucket(&bucket).await?;
        let mut deleted = Vec::new();
        let mut errors = Vec::new();
        for object in objects {
            let done = async {
                check_version(object.version_id.as_deref())?;
                let condition = condition(object.e_tag.map(ETagCondition::ETag).as_ref(), None)?;
                self.delete_and_tell(&bucket, &object.key, condition, "DeleteObjects")
                    .await
            };
            match done.await {
                Ok(()) => deleted.push(DeletedObject {
                    key: Some(object.key),
                    ..Default::default()
                }),
                Err(Refused(error)) => errors.push(DeleteError {
                    code: Some(error.code().as_str().to_owned()),
                    key: Some(object.key),
                    message: error.message().map(str::to_owned),
                    version_id: None,
                }),
            }
        }
        let quiet = quiet.unwrap_or_default();
        Ok(DeleteObjectsOutput {
            deleted: (!quiet).then_some(deleted),
            errors: Some(errors),
            ..Default::default()
        })
    }
}
