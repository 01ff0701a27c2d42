//! Access keys: who may call.

use super::App;
use crate::store::AccessKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The key that the first start of the server made. Called at every start.
pub async fn ensure_first(app: &App) -> super::Result<AccessKey> {
    if let Some(key) = app.store.first_access_key().await? {
        return Ok(key);
    }
    let key = AccessKey {
        access_key_id: format!(
            "AKIA{}",
            &uuid::Uuid::new_v4().simple().to_string().to_uppercase()[..16]
        ),
        secret_access_key: random_secret(),
    };
    let mut tx = app.store.tx().await?;
    tx.insert_access_key(&key, app.clock.now()).await?;
    tx.commit().await?;
    Ok(key)
}

/// What a client that can't sign sends instead: the key's id, and a digest of its secret, from which nobody gets the
/// secret itself. It is good for as long as the key is.
pub fn token(key: &AccessKey) -> String {
    let digest = Sha256::digest(format!("nbjobs-token:{}", key.secret_access_key));
    format!("{}.{}", key.access_key_id, hex::encode(digest))
}

/// Whether this is the token of a key that there is.
pub async fn has_token(app: &App, given: &str) -> super::Result<bool> {
    let id = given.split('.').next().unwrap_or_default();
    let Some(secret_access_key) = app.store.secret(id).await? else {
        return Ok(false);
    };
    let wanted = token(&AccessKey {
        access_key_id: id.to_owned(),
        secret_access_key,
    });
    Ok(wanted.as_bytes().ct_eq(given.as_bytes()).into())
}

/// 40 characters as AWS's are, from 30 random bytes (two version 4 UUIDs carry 244 random bits; their fixed
/// bits are cut out with the first bytes that hold them).
fn random_secret() -> String {
    let bytes: Vec<u8> = std::iter::repeat_with(|| uuid::Uuid::new_v4().into_bytes())
        .flat_map(|uuid| uuid.into_iter().enumerate())
        .filter(|(i, _)| !matches!(i, 6 | 8))
        .map(|(_, byte)| byte)
        .take(30)
        .collect();
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_have_awss_length_and_differ() {
        let (a, b) = (random_secret(), random_secret());
        assert_eq!(a.len(), 40);
        assert_ne!(a, b);
    }
}
