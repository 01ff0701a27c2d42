//! Log streams and their events, as CloudWatch Logs names them.

use jiff::Timestamp;

/// One stream: the log of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are CloudWatch's")]
pub struct LogStream {
    pub name: String,
    pub created_at: Timestamp,
    pub first_event_at: Option<Timestamp>,
    pub last_event_at: Option<Timestamp>,
    pub last_ingested_at: Option<Timestamp>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEvent {
    /// Grows with each event of the store.
    pub id: i64,
    /// The stream it belongs to.
    pub stream: String,
    /// When it was written.
    pub at: Timestamp,
    /// When it was stored.
    pub ingested_at: Timestamp,
    /// Without the line end.
    pub message: String,
}

/// Which events are asked for. Every condition that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogEventFilter {
    /// Exactly these streams; none means any.
    pub streams: Vec<String>,
    /// Streams whose names begin so.
    pub stream_prefix: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// All of these texts occur in the message.
    pub contains: Vec<String>,
    /// Only events with a larger id.
    pub after_id: Option<i64>,
    /// Only events with a smaller id.
    pub before_id: Option<i64>,
}
