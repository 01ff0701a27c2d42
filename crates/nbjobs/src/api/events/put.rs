//! `PutEvents`, `TestEventPattern`.

use super::super::json::{self, Answer};
use super::{CODES, check_bus};
use crate::app::events::{self, ENTRIES_MAX, Entry};
use crate::app::{App, Error};
use aws_wire::json11::epoch_seconds;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutEventsRequest {
    entries: Vec<EntryRequest>,
}

/// `TraceHeader` is for AWS X-Ray, which is not here: refused, as what is unknown.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct EntryRequest {
    #[serde(default, with = "epoch_seconds::option")]
    time: Option<Timestamp>,
    source: Option<String>,
    #[serde(default)]
    resources: Vec<String>,
    detail_type: Option<String>,
    detail: Option<String>,
    event_bus_name: Option<String>,
}

pub(super) async fn put_events(app: &App, body: &[u8]) -> Answer {
    let request: PutEventsRequest = json::request(body)?;
    if !(1..=ENTRIES_MAX).contains(&request.entries.len()) {
        return Err(CODES.shape(Error::Invalid(format!(
            "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length between 1 and {ENTRIES_MAX}"
        ))));
    }
    for entry in &request.entries {
        check_bus(app, entry.event_bus_name.as_deref())?;
    }
    let entries: Vec<Entry> = request
        .entries
        .into_iter()
        .map(|entry| Entry {
            time: entry.time,
            source: entry.source,
            resources: entry.resources,
            detail_type: entry.detail_type,
            detail: entry.detail,
        })
        .collect();
    let answers = events::put(app, &entries)
        .await
        .map_err(|e| CODES.shape(e))?;
    let failed = answers.iter().filter(|answer| answer.is_err()).count();
    let shown: Vec<Value> = answers
        .into_iter()
        .map(|answer| match answer {
            Ok(id) => json!({"EventId": id}),
            Err((code, message)) => json!({"ErrorCode": code, "ErrorMessage": message}),
        })
        .collect();
    json::answer(json!({"FailedEntryCount": failed, "Entries": shown}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TestRequest {
    event_pattern: String,
    event: String,
}

pub(super) fn test_pattern(body: &[u8]) -> Answer {
    let request: TestRequest = json::request(body)?;
    let matches = events::test_pattern(&request.event_pattern, &request.event);
    json::answer(json!({"Result": matches.map_err(|e| CODES.shape(e))?}))
}
