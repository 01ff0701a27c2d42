//! Systems Manager: the Parameter Store. A `SecureString` is not encrypted apart from the rest of the database; who may
//! read the data folder may read it. Through this door its value is shown only with `WithDecryption`.

mod filters;
mod parameters;
mod tags;

use super::json::{Answer, Codes, not_implemented};
use crate::app::App;

/// Systems Manager's error codes for parameters.
const CODES: Codes = Codes {
    not_found: "ParameterNotFound",
    exists: "ParameterAlreadyExists",
    conflict: "HierarchyTypeMismatchException",
    invalid: "ValidationException",
    limit: "ParameterLimitExceeded",
};

/// Answers one operation.
pub(super) async fn call(app: &App, operation: &str, body: &[u8]) -> Answer {
    match operation {
        "PutParameter" => parameters::put(app, body).await,
        "GetParameter" => parameters::get(app, body).await,
        "GetParameters" => parameters::get_many(app, body).await,
        "GetParametersByPath" => parameters::get_by_path(app, body).await,
        "DescribeParameters" => parameters::describe(app, body).await,
        "DeleteParameter" => parameters::delete(app, body).await,
        "DeleteParameters" => parameters::delete_many(app, body).await,
        "AddTagsToResource" => tags::add(app, body).await,
        "ListTagsForResource" => tags::list(app, body).await,
        "RemoveTagsFromResource" => tags::remove(app, body).await,
        other => Err(not_implemented("Systems Manager", other)),
    }
}
