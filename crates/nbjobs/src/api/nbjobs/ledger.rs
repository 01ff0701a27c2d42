//! The ledger of due moments.

use super::CODES;
use crate::api::json::{self, Answer, seconds};
use crate::api::page;
use crate::app::App;
use crate::app::firings::{self, LISTED_MAX};
use crate::model::rule::Firing;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

const PAGE_DEFAULT: u32 = 100;
const NEXT_DEFAULT: u32 = 5;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListRequest {
    /// A rule or schedule: `rule/NAME`, `schedule/default/NAME`.
    source: String,
    next_token: Option<String>,
    max_results: Option<i64>,
}

/// Due moments that have passed, the latest first.
pub(super) async fn list(app: &App, body: &[u8]) -> Answer {
    let request: ListRequest = json::request(body)?;
    let limit = page::size(request.max_results, PAGE_DEFAULT, LISTED_MAX)?;
    let before: Option<Timestamp> = page::place(request.next_token.as_deref())?;
    let mut firings = firings::list(app, &request.source, before, limit + 1)
        .await
        .map_err(|e| CODES.shape(e))?;
    let more = firings.len() > limit as usize;
    firings.truncate(limit as usize);
    let next = firings.last().filter(|_| more);
    let mut answer = json!({"Firings": firings.iter().map(document).collect::<Vec<_>>()});
    if let Some(token) = next.and_then(|last| page::token(&last.due)) {
        answer["NextToken"] = token.into();
    }
    json::answer(answer)
}

fn document(firing: &Firing) -> Value {
    let mut document = json!({
        "DueTime": seconds(firing.due),
        "Status": firing.status.as_str(),
        "DecidedTime": seconds(firing.decided_at),
        "StartedArns": firing.started,
    });
    if let Some(reason) = &firing.reason {
        document["Reason"] = reason.as_str().into();
    }
    document
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct NextRequest {
    source: String,
    max_results: Option<i64>,
}

/// Due moments to come.
pub(super) async fn next(app: &App, body: &[u8]) -> Answer {
    let request: NextRequest = json::request(body)?;
    let count = page::size(request.max_results, NEXT_DEFAULT, LISTED_MAX)?;
    let coming = firings::next(app, &request.source, count)
        .await
        .map_err(|e| CODES.shape(e))?;
    let coming: Vec<Value> = coming
        .iter()
        .map(
            |moment| json!({"DueTime": seconds(moment.due), "StartTime": seconds(moment.fires_at)}),
        )
        .collect();
    json::answer(json!({"NextRuns": coming}))
}
