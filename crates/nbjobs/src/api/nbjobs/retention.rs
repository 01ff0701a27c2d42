//! Runs that need not be kept.

use super::CODES;
use crate::api::json::{self, Answer, seconds};
use crate::api::page;
use crate::app::App;
use crate::app::retention::{self, Expired, Run};
use serde::Deserialize;
use serde_json::{Value, json};

const PAGE_MAX: u32 = 1000;
const PAGE_DEFAULT: u32 = 100;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Request {
    /// Only say which they are.
    #[serde(default)]
    dry_run: bool,
    max_results: Option<i64>,
}

/// Deletes runs that need not be kept, or says which they are; `HasMore` when there may be others.
pub(super) async fn delete(app: &App, body: &[u8]) -> Answer {
    let request: Request = json::request(body)?;
    let limit = page::size(request.max_results, PAGE_DEFAULT, PAGE_MAX)? as usize;
    let runs = if request.dry_run {
        retention::expired(app, limit).await
    } else {
        retention::delete_expired(app, limit).await
    };
    let runs = runs.map_err(|e| CODES.shape(e))?;
    let documents: Vec<Value> = runs.iter().map(|run| document(app, run)).collect();
    json::answer(json!({"Runs": documents, "HasMore": runs.len() >= limit}))
}

fn document(app: &App, expired: &Expired) -> Value {
    let arn = match &expired.run {
        Run::Execution { pipeline, id } => app.scope.pipeline_execution(pipeline, id),
        Run::Job(name) => app.scope.training_job(name),
    };
    json!({
        "RunArn": arn,
        "EndTime": seconds(expired.ended_at),
        "SizeInBytes": expired.bytes,
        "Reason": expired.why.to_string(),
    })
}
