//! What can go wrong with a verb. Each door says it in its own protocol's words.

use std::io;

/// See the module. The text names the thing, what was wrong with it and what would be right.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The thing named is not there.
    #[error("{0}")]
    NotFound(String),
    /// The name is taken.
    #[error("{0}")]
    Exists(String),
    /// The thing's state does not allow it now.
    #[error("{0}")]
    Conflict(String),
    /// What was given cannot be right.
    #[error("{0}")]
    Invalid(String),
    /// An event pattern that is none.
    #[error("{0}")]
    InvalidPattern(String),
    /// More than the service holds.
    #[error("{0}")]
    Limit(String),
    /// The server's disk is full. Nothing was changed.
    #[error("the server's disk is full; nothing was changed, try again when there is room")]
    Full,
    /// A fault of ours.
    #[error("internal failure")]
    Internal(anyhow::Error),
}

impl Error {
    /// The error for the engine, which has no caller to tell: a fault of ours with its whole chain.
    pub fn into_cause(self) -> anyhow::Error {
        match self {
            Self::Internal(error) => error,
            other => other.into(),
        }
    }
}

/// SQLite's `SQLITE_FULL`.
const SQLITE_FULL: &str = "13";

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        let full = error.chain().any(|cause| {
            let io = cause
                .downcast_ref::<io::Error>()
                .is_some_and(|e| e.kind() == io::ErrorKind::StorageFull);
            let sql = cause.downcast_ref::<sqlx::Error>().is_some_and(|e| {
                e.as_database_error().and_then(|e| e.code()).as_deref() == Some(SQLITE_FULL)
            });
            let object = matches!(
                cause.downcast_ref::<crate::objects::error::Error>(),
                Some(crate::objects::error::Error::StorageFull)
            );
            io || sql || object
        });
        if full {
            Self::Full
        } else {
            Self::Internal(error)
        }
    }
}
