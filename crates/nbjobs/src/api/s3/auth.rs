//! Who may call: `s3s` checks the signature, we give it the secret. Must not know signatures.

use s3s::auth::{S3Auth, SecretKey};
use s3s::{S3Result, s3_error};

use crate::app::App;

/// The access keys of the product.
pub(super) struct Keys {
    app: App,
}

impl Keys {
    pub fn new(app: App) -> Self {
        Self { app }
    }
}

#[async_trait::async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        match self.app.store.secret(access_key).await {
            Ok(Some(secret)) => Ok(SecretKey::from(secret)),
            Ok(None) => Err(s3_error!(
                InvalidAccessKeyId,
                "The AWS Access Key Id you provided does not exist in our records."
            )),
            Err(error) => Err(super::error::internal(&error)),
        }
    }
}
