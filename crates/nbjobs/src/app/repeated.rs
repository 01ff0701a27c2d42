//! Requests that come again because their answer was lost: they are known by their `ClientRequestToken`. Those that make
//! something keep the token with it; the others keep it here.

use super::{Error, Result};
use crate::store::Tx;
use jiff::{SignedDuration, Timestamp};

/// How long a token is known. Clients send a request again within minutes.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Whether the request was done before; if not, the caller does it in this transaction, which remembers it. A token
/// that came with another request is refused.
pub(super) async fn is_repeated(
    tx: &mut Tx,
    operation: &str,
    token: &str,
    request: &str,
    now: Timestamp,
) -> Result<bool> {
    if let Ok(before) = now.checked_sub(KEPT_FOR) {
        tx.delete_request_tokens(before).await?;
    }
    match tx.request_of_token(operation, token).await? {
        Some(earlier) if earlier == request => Ok(true),
        Some(_) => Err(Error::Conflict(format!(
            "ClientRequestToken {token} has already been used for {operation} with other arguments; use a new token"
        ))),
        None => {
            tx.insert_request_token(operation, token, request, now)
                .await?;
            Ok(false)
        }
    }
}
