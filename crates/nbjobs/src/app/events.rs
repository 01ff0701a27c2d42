//! Events that somebody puts, and patterns that somebody tries out.

use super::{App, Error, Result};
use crate::model::event::{Change, Pattern, PutEvent};
use jiff::Timestamp;
use serde_json::Value;

/// Most events of one request, as EventBridge has it.
pub const ENTRIES_MAX: usize = 10;
/// The largest request, in bytes of its entries, as EventBridge counts them.
pub const ENTRIES_LEN_MAX: usize = 262_144;

/// One event as it is put.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of PutEventsRequestEntry")]
pub struct Entry {
    pub time: Option<Timestamp>,
    pub source: Option<String>,
    pub resources: Vec<String>,
    pub detail_type: Option<String>,
    pub detail: Option<String>,
}

/// Why an entry was not taken: EventBridge's code and words.
pub type Refusal = (&'static str, String);

impl Entry {
    /// Its size as EventBridge counts it.
    fn size(&self) -> usize {
        let len = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let resources: usize = self.resources.iter().map(String::len).sum();
        let time = if self.time.is_some() { 14 } else { 0 };
        time + resources + len(&self.source) + len(&self.detail_type) + len(&self.detail)
    }

    /// The event, or why it is none.
    fn event(&self, now: Timestamp) -> std::result::Result<PutEvent, Refusal> {
        let given = |text: &Option<String>, name: &str| {
            let text = text.clone().filter(|text| !text.is_empty());
            text.ok_or_else(|| {
                let reason = format!(
                    "Parameter {name} is not valid. Reason: {name} is a required argument."
                );
                ("InvalidArgument", reason)
            })
        };
        let source = given(&self.source, "Source")?;
        if source.starts_with("aws.") {
            let reason =
                "Not authorized for the source. Words that begin with aws. are the service's own.";
            return Err(("NotAuthorizedForSourceException", reason.into()));
        }
        let detail_type = given(&self.detail_type, "DetailType")?;
        let detail = given(&self.detail, "Detail")?;
        let malformed = |reason: &str| ("MalformedDetail", reason.to_owned());
        let detail: Value =
            serde_json::from_str(&detail).map_err(|_| malformed("Detail is malformed."))?;
        if !detail.is_object() {
            return Err(malformed("Detail is malformed: it must be a JSON object."));
        }
        Ok(PutEvent {
            source,
            detail_type,
            resources: self.resources.clone(),
            detail,
            time: self.time.unwrap_or(now),
        })
    }
}

/// Takes events. Those that are taken are durable when this returns; the others are answered with a reason. The answer
/// has an id for each that was taken.
pub async fn put(
    app: &App,
    entries: &[Entry],
) -> Result<Vec<std::result::Result<String, Refusal>>> {
    let len: usize = entries.iter().map(Entry::size).sum();
    if len > ENTRIES_LEN_MAX {
        return Err(Error::Invalid(format!(
            "Total size of the entries in the request is over the limit: {len} of {ENTRIES_LEN_MAX} bytes."
        )));
    }
    let now = app.clock.now();
    let mut tx = app.store.tx().await?;
    let mut answers = Vec::new();
    for entry in entries {
        answers.push(match entry.event(now) {
            Ok(event) => Ok(tx.emit(&Change::Put(event), now).await?),
            Err(refusal) => Err(refusal),
        });
    }
    tx.commit().await?;
    Ok(answers)
}

/// Whether a pattern takes an event. The event must have all fields of an envelope but `version`.
pub fn test_pattern(pattern: &str, event: &str) -> Result<bool> {
    let pattern =
        Pattern::parse(pattern).map_err(|error| Error::InvalidPattern(error.to_string()))?;
    let invalid =
        |reason: String| Error::Invalid(format!("Parameter Event is not valid. Reason: {reason}"));
    let event: Value = serde_json::from_str(event)
        .map_err(|error| invalid(format!("it is not JSON: {error}.")))?;
    for field in [
        "id",
        "account",
        "source",
        "time",
        "region",
        "resources",
        "detail-type",
    ] {
        if event.get(field).is_none() {
            return Err(invalid(format!("{field} is a required field.")));
        }
    }
    Ok(pattern.matches(&event))
}
