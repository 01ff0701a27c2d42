//! Access keys: who may call.

use super::App;
use crate::store::AccessKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

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
