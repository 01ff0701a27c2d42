//! Sessions of the console: sign in with an access key or a one-time link, be known by a signed cookie, sign out.

use super::{App, Error, Result};
use crate::model::session::Session;
use crate::store::Store;
use anyhow::Context;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// How long a session lasts.
pub const LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long a one-time link is good for.
pub const LINK_LIFETIME: SignedDuration = SignedDuration::from_mins(30);

/// Makes the key that signs sessions and links at the first start. Called at every start.
pub async fn ensure_key(app: &App) -> Result<()> {
    if app.store.signing_key().await?.is_none() {
        let mut tx = app.store.tx().await?;
        tx.insert_signing_key(&random(), app.clock.now()).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// 244 random bits in hexadecimal digits.
fn random() -> String {
    let half = || uuid::Uuid::new_v4().simple().to_string();
    half() + &half()
}

/// Signs `text` for one purpose, so that no signature is good for another.
async fn sign(store: &Store, purpose: &str, text: &str) -> anyhow::Result<String> {
    let key = store.signing_key().await?;
    let key = key.context("the service has not made its signing key yet")?;
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.as_bytes()).context("the signing key has no length")?;
    mac.update(format!("{purpose}\0{text}").as_bytes());
    Ok(hex::encode(mac.finalize().into_bytes()))
}

/// The text of `signed`, which is `text.signature`, if the signature is ours.
async fn verified<'s>(
    store: &Store,
    purpose: &str,
    signed: &'s str,
) -> anyhow::Result<Option<&'s str>> {
    let Some((text, signature)) = signed.rsplit_once('.') else {
        return Ok(None);
    };
    let ours = sign(store, purpose, text).await?;
    Ok(is_same(&ours, signature).then_some(text))
}

/// Whether two secrets are the same, in a time that does not tell where they differ.
pub fn is_same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

/// Signs in with an access key; none if there is no such key or its secret is another.
pub async fn sign_in(app: &App, access_key_id: &str, secret: &str) -> Result<Option<Session>> {
    let known = app.store.secret(access_key_id).await?;
    if !known.is_some_and(|known| is_same(&known, secret)) {
        return Ok(None);
    }
    let mut tx = app.store.tx().await?;
    let session = new_session(access_key_id, app.clock.now())?;
    tx.insert_session(&session, app.clock.now()).await?;
    tx.commit().await?;
    Ok(Some(session))
}

fn new_session(access_key_id: &str, now: Timestamp) -> anyhow::Result<Session> {
    Ok(Session {
        id: random(),
        access_key_id: access_key_id.to_owned(),
        expires_at: now.checked_add(LIFETIME).context("time is over")?,
    })
}

/// The token of a new one-time link. It needs no row until it is used, so whoever can read the store can make one.
pub async fn link(store: &Store, now: Timestamp) -> anyhow::Result<String> {
    let expires_at = now.checked_add(LINK_LIFETIME).context("time is over")?;
    let text = format!("{}.{}", expires_at.as_second(), random());
    let signature = sign(store, "link", &text).await?;
    Ok(format!("{text}.{signature}"))
}

/// Signs in with the token of a link; none if it is not ours, has expired or was used.
pub async fn sign_in_with_link(app: &App, token: &str) -> Result<Option<Session>> {
    let now = app.clock.now();
    let Some(text) = verified(&app.store, "link", token).await? else {
        return Ok(None);
    };
    let seconds = text.split('.').next().and_then(|s| s.parse().ok());
    let expires_at = seconds.and_then(|s| Timestamp::from_second(s).ok());
    let Some(expires_at) = expires_at.filter(|at| *at > now) else {
        return Ok(None);
    };
    let key = app.store.first_access_key().await?;
    let key = key.context("the service has no access key")?;
    let mut tx = app.store.tx().await?;
    if !tx.use_link(text, expires_at, now).await? {
        return Ok(None);
    }
    let session = new_session(&key.access_key_id, now)?;
    tx.insert_session(&session, now).await?;
    tx.commit().await?;
    Ok(Some(session))
}

/// The cookie's value for a session.
pub async fn cookie(app: &App, session: &Session) -> Result<String> {
    let signature = sign(&app.store, "session", &session.id).await?;
    Ok(format!("{}.{signature}", session.id))
}

/// The session that a cookie's value stands for.
pub async fn of_cookie(app: &App, cookie: &str) -> Result<Option<Session>> {
    match verified(&app.store, "session", cookie).await? {
        Some(id) => Ok(app.store.session(id, app.clock.now()).await?),
        None => Ok(None),
    }
}

/// What a form of this session must carry, so that no other site can send one.
pub async fn form_token(app: &App, session: &Session) -> Result<String> {
    Ok(sign(&app.store, "form", &session.id).await?)
}

/// Ends a session: its cookie is worth nothing from now on.
pub async fn sign_out(app: &App, session: &Session) -> Result<()> {
    let mut tx = app.store.tx().await?;
    tx.delete_session(&session.id).await?;
    tx.commit().await?;
    Ok::<_, Error>(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::keys;
    use crate::app::testing::{at, open};

    async fn app(dir: &std::path::Path) -> App {
        let app = open(dir, at("2026-11-23T12:00:00Z")).await;
        keys::ensure_first(&app).await.expect("an access key");
        ensure_key(&app).await.expect("a signing key");
        app
    }

    #[tokio::test]
    async fn a_link_is_good_once_and_not_for_long() {
        let dir = tempfile::tempdir().expect("a folder");
        let app = app(dir.path()).await;
        let token = link(&app.store, app.clock.now()).await.expect("a link");
        let other = link(&app.store, app.clock.now()).await.expect("a link");
        let forged = token.replacen('1', "2", 1);
        let used = |token: String| {
            let app = app.clone();
            async move { sign_in_with_link(&app, &token).await.expect("an answer") }
        };
        assert_eq!(used(forged).await, None);
        assert!(used(token.clone()).await.is_some());
        assert_eq!(used(token).await, None);
        app.clock.set(at("2026-11-23T12:30:00Z"));
        assert_eq!(used(other).await, None);
    }

    #[tokio::test]
    async fn a_session_ends_when_it_is_revoked_or_old() {
        let dir = tempfile::tempdir().expect("a folder");
        let app = app(dir.path()).await;
        let key = keys::ensure_first(&app).await.expect("the access key");
        let id = key.access_key_id;
        let session = sign_in(&app, &id, &key.secret_access_key).await;
        let session = session.expect("an answer").expect("a session");
        assert_eq!(sign_in(&app, &id, "wrong").await.expect("an answer"), None);
        let value = cookie(&app, &session).await.expect("a cookie");
        let known = |value: String| {
            let app = app.clone();
            async move { of_cookie(&app, &value).await.expect("an answer") }
        };
        assert_eq!(known(value.clone()).await, Some(session.clone()));
        assert_eq!(known(format!("{}.00", session.id)).await, None);
        app.clock.set(at("2026-11-30T12:00:00Z"));
        assert_eq!(known(value.clone()).await, None);
        app.clock.set(at("2026-11-23T12:00:00Z"));
        sign_out(&app, &session).await.expect("an end");
        assert_eq!(known(value).await, None);
    }
}
