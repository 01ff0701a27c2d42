//! Who is told of a bucket's objects: EventBridge, if the bucket says so. An event is written down before the request
//! that made it is answered, so an object that was acknowledged has its event; a crash between the object and the event
//! leaves a request that was not answered, and that clients send again. Must not know what becomes of events.

use s3s::dto::{
    EventBridgeConfiguration, GetBucketNotificationConfigurationInput,
    GetBucketNotificationConfigurationOutput, NotificationConfiguration,
    PutBucketNotificationConfigurationInput, PutBucketNotificationConfigurationOutput,
};
use s3s::{S3Request, s3_error};

use crate::app::objects as verbs;
use crate::objects::record::ObjectInfo;

use super::door::Door;
use super::error::{Answer, internal};

impl Door {
    pub(super) async fn get_bucket_notification_configuration(
        &self,
        request: S3Request<GetBucketNotificationConfigurationInput>,
    ) -> Answer<GetBucketNotificationConfigurationOutput> {
        let input = request.input;
        self.check_owner(input.expected_bucket_owner.as_deref())?;
        let bucket = self.objects().head_bucket(&input.bucket).await?;
        Ok(GetBucketNotificationConfigurationOutput {
            event_bridge_configuration: bucket.event_bridge.then(EventBridgeConfiguration::default),
            ..Default::default()
        })
    }

    pub(super) async fn put_bucket_notification_configuration(
        &self,
        request: S3Request<PutBucketNotificationConfigurationInput>,
    ) -> Answer<PutBucketNotificationConfigurationOutput> {
        let input = request.input;
        self.check_owner(input.expected_bucket_owner.as_deref())?;
        let NotificationConfiguration {
            event_bridge_configuration,
            lambda_function_configurations,
            queue_configurations,
            topic_configurations,
        } = input.notification_configuration;
        let others = lambda_function_configurations.is_some_and(|list| !list.is_empty())
            || queue_configurations.is_some_and(|list| !list.is_empty())
            || topic_configurations.is_some_and(|list| !list.is_empty());
        if others {
            return Err(s3_error!(
                InvalidArgument,
                "Unable to validate the following destination configurations: only EventBridgeConfiguration is supported"
            )
            .into());
        }
        let event_bridge = event_bridge_configuration.is_some();
        self.objects()
            .update_bucket(&input.bucket, move |bucket| {
                bucket.event_bridge = event_bridge
            })
            .await?;
        Ok(PutBucketNotificationConfigurationOutput::default())
    }

    /// Tells that an object was created, before the request is answered.
    pub(super) async fn created(
        &self,
        bucket: &str,
        key: &str,
        info: &ObjectInfo,
        reason: &str,
    ) -> Answer<()> {
        let told = verbs::created(self.app(), bucket, key, info, reason).await;
        Ok(told.map_err(|error| internal(&error))?)
    }

    /// Deletes an object and tells so, if it was there.
    pub(super) async fn delete_and_tell(
        &self,
        bucket: &str,
        key: &str,
        condition: crate::objects::record::Condition,
        reason: &str,
    ) -> Answer<()> {
        let is_told = self.objects().head_bucket(bucket).await?.event_bridge
            && self.objects().head(bucket, key).await.is_ok();
        self.objects().delete(bucket, key, condition).await?;
        if is_told {
            let told = verbs::deleted(self.app(), bucket, key, reason).await;
            told.map_err(|error| internal(&error))?;
        }
        Ok(())
    }
}
