//! Operations on buckets. Must not know objects.

use s3s::dto::{
    Bucket, BucketLocationConstraint, BucketVersioningStatus, CreateBucketInput,
    CreateBucketOutput, DeleteBucketInput, DeleteBucketOutput, GetBucketEncryptionInput,
    GetBucketEncryptionOutput, GetBucketLocationInput, GetBucketLocationOutput,
    GetBucketVersioningInput, GetBucketVersioningOutput, HeadBucketInput, HeadBucketOutput,
    ListBucketsInput, ListBucketsOutput, PutBucketEncryptionInput, PutBucketEncryptionOutput,
    PutBucketVersioningInput, PutBucketVersioningOutput, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
};
use s3s::{S3Request, s3_error};

use crate::objects;
use crate::objects::error::Error;

use super::convert::{encryption, timestamp};
use super::door::Door;
use super::error::{Answer, not_implemented};

/// The region whose buckets have no location constraint, and where creating one's own bucket again is no error.
const CLASSIC_REGION: &str = "us-east-1";
/// Most buckets in an answer, as in S3.
const BUCKETS_MAX: i32 = 10_000;

impl Door {
    pub(super) async fn list_buckets(
        &self,
        request: S3Request<ListBucketsInput>,
    ) -> Answer<ListBucketsOutput> {
        let ListBucketsInput {
            bucket_region,
            continuation_token,
            max_buckets,
            prefix,
        } = request.input;
        let max = max_buckets.unwrap_or(BUCKETS_MAX);
        let Some(max) = usize::try_from(max)
            .ok()
            .filter(|max| (1..=BUCKETS_MAX as usize).contains(max))
        else {
            return Err(s3_error!(
                InvalidArgument,
                "Argument max-buckets must be an integer between 1 and 10000"
            )
            .into());
        };
        let mut buckets = self.objects().list_buckets().await?;
        buckets.retain(|(name, bucket)| {
            prefix
                .as_ref()
                .is_none_or(|prefix| name.starts_with(prefix))
                && continuation_token.as_ref().is_none_or(|token| name > token)
                && bucket_region
                    .as_ref()
                    .is_none_or(|region| self.region_of(bucket) == region)
        });
        let more = buckets.len() > max;
        buckets.truncate(max);
        let next = buckets
            .last()
            .filter(|_| more)
            .map(|(name, _)| name.clone());
        let buckets = buckets.into_iter().map(|(name, bucket)| Bucket {
            bucket_region: Some(self.region_of(&bucket).to_owned()),
            creation_date: Some(timestamp(bucket.created)),
            name: Some(name),
        });
        Ok(ListBucketsOutput {
            buckets: Some(buckets.collect()),
            continuation_token: next,
            owner: Some(self.owner()),
            prefix,
        })
    }

    pub(super) async fn create_bucket(
        &self,
        request: S3Request<CreateBucketInput>,
    ) -> Answer<CreateBucketOutput> {
        let CreateBucketInput {
            bucket,
            create_bucket_configuration,
            acl,
            object_lock_enabled_for_bucket,
            ..
        } = request.input;
        if acl.is_some_and(|acl| acl.as_str() != "private") {
            return Err(s3_error!(
                InvalidBucketAclWithObjectOwnership,
                "Bucket cannot have ACLs set"
            )
            .into());
        }
        if object_lock_enabled_for_bucket == Some(true) {
            return Err(not_implemented("Object Lock").into());
        }
        let constraint =
            create_bucket_configuration.and_then(|configuration| configuration.location_constraint);
        let region = constraint.map_or_else(
            || self.region().to_owned(),
            |region| region.as_str().to_owned(),
        );
        let classic = region == CLASSIC_REGION;
        let new = objects::Bucket {
            created: self.now(),
            region: Some(region),
            versioning: None,
            encryption: None,
            event_bridge: false,
        };
        match self.objects().create_bucket(&bucket, new).await {
            Ok(()) => {}
            Err(Error::BucketExists(_)) if classic => {}
            Err(error) => return Err(error.into()),
        }
        Ok(CreateBucketOutput {
            location: Some(format!("/{bucket}")),
        })
    }

    pub(super) async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> Answer<HeadBucketOutput> {
        let bucket = self
            .bucket(
                &request.input.bucket,
                request.input.expected_bucket_owner.as_deref(),
            )
            .await?;
        Ok(HeadBucketOutput {
            bucket_region: Some(self.region_of(&bucket).to_owned()),
            ..Default::default()
        })
    }

    pub(super) async fn delete_bucket(
        &self,
        request: S3Request<DeleteBucketInput>,
    ) -> Answer<DeleteBucketOutput> {
        self.check_owner(request.input.expected_bucket_owner.as_deref())?;
        self.objects().delete_bucket(&request.input.bucket).await?;
        Ok(DeleteBucketOutput::default())
    }

    pub(super) async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> Answer<GetBucketLocationOutput> {
        let bucket = self
            .bucket(
                &request.input.bucket,
                request.input.expected_bucket_owner.as_deref(),
            )
            .await?;
        let region = Some(self.region_of(&bucket)).filter(|region| *region != CLASSIC_REGION);
        let location_constraint =
            region.map(|region| BucketLocationConstraint::from(region.to_owned()));
        Ok(GetBucketLocationOutput {
            location_constraint,
        })
    }

    pub(super) async fn get_bucket_encryption(
        &self,
        request: S3Request<GetBucketEncryptionInput>,
    ) -> Answer<GetBucketEncryptionOutput> {
        let bucket = self
            .bucket(
                &request.input.bucket,
                request.input.expected_bucket_owner.as_deref(),
            )
            .await?;
        let Some(encryption) = bucket.encryption else {
            let mut error = s3_error!(
                ServerSideEncryptionConfigurationNotFoundError,
                "The server side encryption configuration was not found"
            );
            error.set_status_code(http::StatusCode::NOT_FOUND);
            return Err(error.into());
        };
        let rule = ServerSideEncryptionRule {
            apply_server_side_encryption_by_default: Some(ServerSideEncryptionByDefault {
                kms_master_key_id: encryption.kms_key,
                sse_algorithm: encryption.algorithm.into(),
            }),
            bucket_key_enabled: encryption.bucket_key,
        };
        Ok(GetBucketEncryptionOutput {
            server_side_encryption_configuration: Some(ServerSideEncryptionConfiguration {
                rules: vec![rule],
            }),
        })
    }

    /// Remembers the default encryption and tells it back; bytes are stored as they are.
    pub(super) async fn put_bucket_encryption(
        &self,
        request: S3Request<PutBucketEncryptionInput>,
    ) -> Answer<PutBucketEncryptionOutput> {
        let input = request.input;
        self.check_owner(input.expected_bucket_owner.as_deref())?;
        let [rule] = &input.server_side_encryption_configuration.rules[..] else {
            return Err(s3_error!(
                MalformedXML,
                "An encryption configuration has exactly one rule"
            )
            .into());
        };
        let default = rule.apply_server_side_encryption_by_default.as_ref();
        let wanted = encryption(
            default.map(|default| &default.sse_algorithm),
            default.and_then(|default| default.kms_master_key_id.as_ref()),
            rule.bucket_key_enabled,
        );
        self.objects()
            .update_bucket(&input.bucket, |bucket| bucket.encryption = wanted)
            .await?;
        Ok(PutBucketEncryptionOutput::default())
    }

    pub(super) async fn get_bucket_versioning(
        &self,
        request: S3Request<GetBucketVersioningInput>,
    ) -> Answer<GetBucketVersioningOutput> {
        let bucket = self
            .bucket(
                &request.input.bucket,
                request.input.expected_bucket_owner.as_deref(),
            )
            .await?;
        Ok(GetBucketVersioningOutput {
            mfa_delete: None,
            status: bucket.versioning.map(BucketVersioningStatus::from),
        })
    }

    /// Remembers the status and tells it back; there are no versions.
    pub(super) async fn put_bucket_versioning(
        &self,
        request: S3Request<PutBucketVersioningInput>,
    ) -> Answer<PutBucketVersioningOutput> {
        let input = request.input;
        self.check_owner(input.expected_bucket_owner.as_deref())?;
        if input
            .versioning_configuration
            .mfa_delete
            .is_some_and(|mfa_delete| mfa_delete.as_str() == "Enabled")
        {
            return Err(not_implemented("MFA delete").into());
        }
        let status = input
            .versioning_configuration
            .status
            .map(|status| status.as_str().to_owned());
        if !matches!(status.as_deref(), Some("Enabled" | "Suspended")) {
            return Err(
                s3_error!(MalformedXML, "A versioning status is Enabled or Suspended").into(),
            );
        }
        self.objects()
            .update_bucket(&input.bucket, |bucket| bucket.versioning = status)
            .await?;
        Ok(PutBucketVersioningOutput::default())
    }

    /// A bucket that the caller expects to be this account's.
    async fn bucket(&self, name: &str, expected_owner: Option<&str>) -> Answer<objects::Bucket> {
        self.check_owner(expected_owner)?;
        Ok(self.objects().head_bucket(name).await?)
    }

    fn region_of<'a>(&'a self, bucket: &'a objects::Bucket) -> &'a str {
        bucket.region.as_deref().unwrap_or(self.region())
    }
}
