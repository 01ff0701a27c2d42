//! The only reader of the time in this crate: moments written into `metadata.papermill` and message headers.

use jiff::Timestamp;

/// Now, in UTC.
#[allow(
    clippy::disallowed_methods,
    reason = "this module is the crate's clock"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// As Papermill writes a moment: ISO 8601 with microseconds and a numeric offset.
pub(crate) fn iso(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

/// A kernel's message date (ISO 8601 in any precision and offset) as nbclient writes it into
/// `metadata.execution`: UTC, microseconds, `Z`. A text that is no date is kept as it is.
pub(crate) fn header_date(text: &str) -> String {
    match text.parse::<Timestamp>() {
        Ok(moment) => moment.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
        Err(_) => text.to_owned(),
    }
}

/// Seconds between two moments, with microseconds.
pub(crate) fn seconds_between(start: Timestamp, end: Timestamp) -> f64 {
    (end.as_microsecond() - start.as_microsecond()) as f64 / 1e6
}
