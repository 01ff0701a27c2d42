//! Our own operations, in the same protocol as AWS's services (JSON 1.1, signed): AWS has nothing of the kind.
//! `X-Amz-Target: NBJobs.ListFirings` and so on.

mod ledger;
mod retention;

use super::json::{Answer, Codes, not_implemented};
use crate::app::App;

/// What `X-Amz-Target` names us by.
pub const SERVICE: &str = "NBJobs";

const CODES: Codes = Codes {
    not_found: "ResourceNotFoundException",
    exists: "ConflictException",
    conflict: "ConflictException",
    invalid: "ValidationException",
    limit: "LimitExceededException",
};

/// Answers one operation.
pub(super) async fn call(app: &App, operation: &str, body: &[u8]) -> Answer {
    match operation {
        "ListFirings" => ledger::list(app, body).await,
        "ListNextRuns" => ledger::next(app, body).await,
        "DeleteExpiredRuns" => retention::delete(app, body).await,
        other => Err(not_implemented(SERVICE, other)),
    }
}
