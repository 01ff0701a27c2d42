//! CloudWatch Logs, to read: `DescribeLogStreams`, `GetLogEvents`, `FilterLogEvents`; groups are in [`groups`].

mod groups;

use super::json::{self, Answer, Codes, not_implemented};
use super::page;
use crate::app::{App, Error, logs};
use crate::model::log::{LogEvent, LogEventFilter};
use aws_wire::ErrorShape;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const CODES: Codes = Codes {
    not_found: "ResourceNotFoundException",
    exists: "ResourceAlreadyExistsException",
    conflict: "OperationAbortedException",
    invalid: "InvalidParameterException",
    limit: "LimitExceededException",
};

/// CloudWatch's page sizes.
const GROUPS_PAGE: u32 = 50;
const EVENTS_PAGE: u32 = 10_000;
/// CloudWatch's limits of a filter, which also keep it within what SQLite takes.
const STREAM_NAMES_MAX: usize = 100;
const PATTERN_CHARS_MAX: usize = 1024;

/// Answers one operation.
pub(super) async fn call(app: &App, operation: &str, body: &[u8]) -> Answer {
    match operation {
        "CreateLogGroup" => groups::create(app, body).await,
        "DeleteLogGroup" => groups::delete(app, body).await,
        "DescribeLogGroups" => groups::describe(app, body).await,
        "DescribeLogStreams" => describe_streams(app, body).await,
        "GetLogEvents" => get_events(app, body).await,
        "FilterLogEvents" => filter_events(app, body).await,
        other => Err(not_implemented("CloudWatch Logs", other)),
    }
}

/// The name of the group that a request names by name or by ARN.
fn group_name(name: Option<String>, identifier: Option<String>) -> Result<String, ErrorShape> {
    name.or_else(|| {
        identifier.map(|id| {
            id.rsplit("log-group:")
                .next()
                .unwrap_or_default()
                .to_owned()
        })
    })
    .ok_or_else(|| {
        CODES.shape(Error::Invalid(
            "Either logGroupName or logGroupIdentifier must be given".into(),
        ))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StreamsRequest {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    #[serde(default)]
    descending: bool,
    next_token: Option<String>,
    limit: Option<i64>,
}

async fn describe_streams(app: &App, body: &[u8]) -> Answer {
    let request: StreamsRequest = json::request(body)?;
    let group = group_name(request.log_group_name, request.log_group_identifier)?;
    let limit = page::size(request.limit, GROUPS_PAGE, GROUPS_PAGE)?;
    let offset: u32 = page::place(request.next_token.as_deref())?.unwrap_or(0);
    let by_time = match request.order_by.as_deref() {
        None | Some("LogStreamName") => false,
        Some("LastEventTime") if request.log_stream_name_prefix.is_some() => {
            return Err(CODES.shape(Error::Invalid(
                "Cannot order by LastEventTime with a logStreamNamePrefix.".into(),
            )));
        }
        Some("LastEventTime") => true,
        Some(other) => {
            return Err(CODES.shape(Error::Invalid(format!(
                "orderBy is '{other}'; it must be LogStreamName or LastEventTime"
            ))));
        }
    };
    let prefix = request
        .log_stream_name_prefix
        .as_deref()
        .unwrap_or_default();
    let mut streams = logs::streams(
        app,
        &group,
        prefix,
        by_time,
        request.descending,
        offset,
        limit + 1,
    )
    .await
    .map_err(|e| CODES.shape(e))?;
    let more = streams.len() > limit as usize;
    streams.truncate(limit as usize);
    let shown: Vec<Value> = streams
        .iter()
        .map(|stream| {
            let mut shown = json!({
                "logStreamName": stream.name,
                "creationTime": stream.created_at.as_millisecond(),
                "arn": format!("{}:log-stream:{}", app.scope.log_group(&group), stream.name),
                "storedBytes": 0,
            });
            for (field, at) in [
                ("firstEventTimestamp", stream.first_event_at),
                ("lastEventTimestamp", stream.last_event_at),
                ("lastIngestionTime", stream.last_ingested_at),
            ] {
                if let Some(at) = at {
                    shown[field] = at.as_millisecond().into();
                }
            }
            shown
        })
        .collect();
    let mut answer = json!({"logStreams": shown});
    if more {
        answer["nextToken"] = page::token(&(offset + limit)).into();
    }
    json::answer(answer)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EventsRequest {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name: String,
    start_time: Option<i64>,
    end_time: Option<i64>,
    next_token: Option<String>,
    limit: Option<i64>,
    #[serde(default)]
    start_from_head: bool,
    #[serde(default, rename = "unmask")]
    _unmask: bool,
}

/// A place in a stream and the way to go from it. CloudWatch's tokens begin with `f/` and `b/`.
#[derive(Serialize, Deserialize)]
struct Place {
    forward: bool,
    id: i64,
}

async fn get_events(app: &App, body: &[u8]) -> Answer {
    let request: EventsRequest = json::request(body)?;
    let group = group_name(request.log_group_name, request.log_group_identifier)?;
    let limit = page::size(request.limit, EVENTS_PAGE, EVENTS_PAGE)?;
    let token = request
        .next_token
        .as_deref()
        .map(|t| t.strip_prefix("f/").or(t.strip_prefix("b/")).unwrap_or(t));
    let place: Option<Place> = page::place(token)?;
    let forward = place
        .as_ref()
        .map_or(request.start_from_head, |place| place.forward);
    let at = place.map(|place| place.id);
    let streams = logs::streams(app, &group, &request.log_stream_name, false, false, 0, 1)
        .await
        .map_err(|e| CODES.shape(e))?;
    if streams
        .first()
        .is_none_or(|stream| stream.name != request.log_stream_name)
    {
        return Err(CODES.shape(Error::NotFound(
            "The specified log stream does not exist.".into(),
        )));
    }
    let filter = LogEventFilter {
        streams: vec![request.log_stream_name],
        from: millis(request.start_time)?,
        until: millis(request.end_time)?,
        after_id: at.filter(|_| forward),
        before_id: at.filter(|_| !forward),
        ..LogEventFilter::default()
    };
    let (mut events, _) = logs::events(app, &group, &filter, !forward, limit)
        .await
        .map_err(|e| CODES.shape(e))?;
    if !forward {
        events.reverse();
    }
    // At an end of the stream the token stays the same: that is how clients know.
    let ends = |event: Option<&LogEvent>| event.map(|event| event.id).or(at).unwrap_or(0);
    let (first, last) = (ends(events.first()), ends(events.last()));
    let token = |prefix: &str, forward: bool, id: i64| {
        page::token(&Place { forward, id }).map(|token| format!("{prefix}/{token}"))
    };
    json::answer(json!({
        "events": events.iter().map(|event| json!({
            "timestamp": event.at.as_millisecond(),
            "message": event.message,
            "ingestionTime": event.ingested_at.as_millisecond(),
        })).collect::<Vec<_>>(),
        "nextForwardToken": token("f", true, last),
        "nextBackwardToken": token("b", false, first),
    }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FilterRequest {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefix: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    filter_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
    #[serde(default, rename = "interleaved")]
    _interleaved: bool,
    #[serde(default, rename = "unmask")]
    _unmask: bool,
}

async fn filter_events(app: &App, body: &[u8]) -> Answer {
    let request: FilterRequest = json::request(body)?;
    let group = group_name(request.log_group_name, request.log_group_identifier)?;
    let limit = page::size(request.limit, EVENTS_PAGE, EVENTS_PAGE)?;
    if request.log_stream_names.is_some() && request.log_stream_name_prefix.is_some() {
        return Err(CODES.shape(Error::Invalid(
            "logStreamNames and logStreamNamePrefix cannot be given together".into(),
        )));
    }
    let streams = request.log_stream_names.unwrap_or_default();
    if streams.len() > STREAM_NAMES_MAX {
        return Err(CODES.shape(Error::Invalid(format!(
            "{} logStreamNames were given; there can be at most {STREAM_NAMES_MAX}",
            streams.len()
        ))));
    }
    let filter = LogEventFilter {
        streams,
        stream_prefix: request.log_stream_name_prefix,
        from: millis(request.start_time)?,
        until: millis(request.end_time)?.map(just_behind),
        contains: terms(request.filter_pattern.as_deref().unwrap_or_default())?,
        after_id: page::place(request.next_token.as_deref())?,
        ..LogEventFilter::default()
    };
    let (events, more) = logs::events(app, &group, &filter, false, limit)
        .await
        .map_err(|e| CODES.shape(e))?;
    let mut answer = json!({
        "events": events.iter().map(|event| json!({
            "eventId": format!("{:056}", event.id),
            "logStreamName": event.stream,
            "timestamp": event.at.as_millisecond(),
            "message": event.message,
            "ingestionTime": event.ingested_at.as_millisecond(),
        })).collect::<Vec<_>>(),
        "searchedLogStreams": [],
    });
    if let Some(last) = events.last().filter(|_| more) {
        answer["nextToken"] = page::token(&last.id).into();
    }
    json::answer(answer)
}

/// `FilterLogEvents` includes its end time, which has milliseconds; events have finer ones.
fn just_behind(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond() + 1).unwrap_or(at)
}

fn millis(value: Option<i64>) -> Result<Option<Timestamp>, ErrorShape> {
    value
        .map(|value| {
            Timestamp::from_millisecond(value).map_err(|_| {
                CODES.shape(Error::Invalid(format!(
                    "{value} is not a time in milliseconds since 1970"
                )))
            })
        })
        .transpose()
}

/// The words and quoted phrases of a filter pattern, all of which must occur. CloudWatch's other forms
/// (`?any`, `-not`, `{JSON}`, `[columns]`, `%regex%`) are refused.
fn terms(pattern: &str) -> Result<Vec<String>, ErrorShape> {
    let refused = || {
        CODES.shape(Error::Invalid(format!(
            "The filter pattern {pattern:?} is not supported; give words or \"quoted phrases\" that must all occur"
        )))
    };
    if pattern.chars().count() > PATTERN_CHARS_MAX {
        return Err(CODES.shape(Error::Invalid(format!(
            "The filter pattern is longer than {PATTERN_CHARS_MAX} characters"
        ))));
    }
    let mut terms = Vec::new();
    let mut rest = pattern.trim_start();
    while let Some(first) = rest.chars().next() {
        let (term, behind) = match first {
            '"' => rest[1..].split_once('"').ok_or_else(refused)?,
            '?' | '-' | '{' | '[' | '%' => return Err(refused()),
            _ => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        terms.push(term.to_owned());
        rest = behind.trim_start();
    }
    Ok(terms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filter_patterns() {
        assert_eq!(terms("").expect("a pattern"), Vec::<String>::new());
        assert_eq!(
            terms(r#"ERROR "cell 3" x"#).expect("a pattern"),
            ["ERROR", "cell 3", "x"]
        );
        assert!(terms(&"x ".repeat(PATTERN_CHARS_MAX)).is_err());
        for bad in ["?a ?b", "-a", "{ $.x = 1 }", "[a, b]", "%a%", "\"open"] {
            assert!(terms(bad).is_err(), "{bad}");
        }
    }
}
