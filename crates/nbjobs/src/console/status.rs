//! A status as people see it: an icon, a word and a colour.

use crate::model::job::JobStatus;
use maud::{Markup, html};

/// The word for a status.
pub(super) fn word(status: JobStatus) -> &'static str {
    match status {
        JobStatus::Queued => "Queued",
        JobStatus::InProgress => "In progress",
        JobStatus::Stopping => "Stopping",
        JobStatus::Completed => "Completed",
        JobStatus::Failed => "Failed",
        JobStatus::Stopped => "Stopped",
    }
}

/// The badge of a status.
pub(super) fn badge(status: JobStatus) -> Markup {
    html! { span.status data-status=(status.as_str()) { (icon(status)) (word(status)) } }
}

/// The icon alone; the word stands beside it or in its label.
pub(super) fn icon(status: JobStatus) -> Markup {
    let path = match status {
        JobStatus::Queued => "M8 4.5V8l2.5 1.5",
        JobStatus::InProgress => "M6.5 5.2 11 8l-4.5 2.8Z",
        JobStatus::Stopping => "M6 5.5v5M10 5.5v5",
        JobStatus::Completed => "M5 8.2 7.2 10.4 11 6",
        JobStatus::Failed => "M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8",
        JobStatus::Stopped => "M5.8 5.8h4.4v4.4H5.8Z",
    };
    html! {
        svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" {
            circle cx="8" cy="8" r="6.6" {}
            path d=(path) {}
        }
    }
}
