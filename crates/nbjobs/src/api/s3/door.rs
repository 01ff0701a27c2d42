//! The operations of S3 that are served, each handed to its function. What is not here, `s3s` answers with
//! `NotImplemented` by name. Must not decide anything.

use jiff::Timestamp;
use s3s::dto::Owner;
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};

use crate::app::App;
use crate::objects::Objects;

use super::error::{Answer, Refused};

/// The door: the object store, and who we are.
pub(super) struct Door {
    app: App,
}

impl Door {
    pub fn new(app: App) -> Self {
        Self { app }
    }

    pub fn app(&self) -> &App {
        &self.app
    }

    pub fn objects(&self) -> &Objects {
        &self.app.objects
    }

    pub fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    pub fn region(&self) -> &str {
        &self.app.scope.region
    }

    /// The owner of everything.
    pub fn owner(&self) -> Owner {
        Owner {
            display_name: None,
            id: Some(self.app.scope.account.clone()),
        }
    }

    /// Refuses a request that expects the bucket to be somebody else's.
    pub fn check_owner(&self, expected: Option<&str>) -> Answer<()> {
        match expected {
            Some(account) if account != self.app.scope.account => {
                Err(s3_error!(AccessDenied, "Access Denied").into())
            }
            _ => Ok(()),
        }
    }
}

fn respond<T>(answer: Answer<T>) -> S3Result<S3Response<T>> {
    match answer {
        Ok(output) => Ok(S3Response::new(output)),
        Err(Refused(error)) => Err(error),
    }
}

/// One method per operation: its name, its shapes, and the function of this door that does it.
macro_rules! operations {
    ($($name:ident: $input:ident => $output:ident;)*) => {
        #[async_trait::async_trait]
        impl S3 for Door {
            $(
                async fn $name(
                    &self,
                    request: S3Request<s3s::dto::$input>,
                ) -> S3Result<S3Response<s3s::dto::$output>> {
                    respond(Door::$name(self, request).await)
                }
            )*
        }
    };
}

operations! {
    list_buckets: ListBucketsInput => ListBucketsOutput;
    create_bucket: CreateBucketInput => CreateBucketOutput;
    head_bucket: HeadBucketInput => HeadBucketOutput;
    delete_bucket: DeleteBucketInput => DeleteBucketOutput;
    get_bucket_location: GetBucketLocationInput => GetBucketLocationOutput;
    get_bucket_encryption: GetBucketEncryptionInput => GetBucketEncryptionOutput;
    put_bucket_encryption: PutBucketEncryptionInput => PutBucketEncryptionOutput;
    get_bucket_versioning: GetBucketVersioningInput => GetBucketVersioningOutput;
    put_bucket_versioning: PutBucketVersioningInput => PutBucketVersioningOutput;
    get_bucket_notification_configuration: GetBucketNotificationConfigurationInput => GetBucketNotificationConfigurationOutput;
    put_bucket_notification_configuration: PutBucketNotificationConfigurationInput => PutBucketNotificationConfigurationOutput;
    list_objects: ListObjectsInput => ListObjectsOutput;
    list_objects_v2: ListObjectsV2Input => ListObjectsV2Output;
    put_object: PutObjectInput => PutObjectOutput;
    get_object: GetObjectInput => GetObjectOutput;
    head_object: HeadObjectInput => HeadObjectOutput;
    get_object_attributes: GetObjectAttributesInput => GetObjectAttributesOutput;
    copy_object: CopyObjectInput => CopyObjectOutput;
    delete_object: DeleteObjectInput => DeleteObjectOutput;
    delete_objects: DeleteObjectsInput => DeleteObjectsOutput;
    get_object_tagging: GetObjectTaggingInput => GetObjectTaggingOutput;
    put_object_tagging: PutObjectTaggingInput => PutObjectTaggingOutput;
    delete_object_tagging: DeleteObjectTaggingInput => DeleteObjectTaggingOutput;
    create_multipart_upload: CreateMultipartUploadInput => CreateMultipartUploadOutput;
    upload_part: UploadPartInput => UploadPartOutput;
    upload_part_copy: UploadPartCopyInput => UploadPartCopyOutput;
    list_parts: ListPartsInput => ListPartsOutput;
    list_multipart_uploads: ListMultipartUploadsInput => ListMultipartUploadsOutput;
    complete_multipart_upload: CompleteMultipartUploadInput => CompleteMultipartUploadOutput;
    abort_multipart_upload: AbortMultipartUploadInput => AbortMultipartUploadOutput;
}
