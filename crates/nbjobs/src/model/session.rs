//! A session of the console.

use jiff::Timestamp;

/// Somebody who has signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Random, and known to nobody but the browser and the store.
    pub id: String,
    /// The access key that stands for whoever signed in.
    pub access_key_id: String,
    /// It ends here, whatever happens in between.
    pub expires_at: Timestamp,
}
