//! STS: who am I.

use crate::app::App;
use aws_wire::query::{self, Element, Form};
use aws_wire::{ErrorShape, RequestId};
use http::{Response, StatusCode};

/// The namespace of its answers.
pub(super) const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// Refuses, by name, an action that is not done. Asked before the request is authenticated, because some actions of STS
/// are sent without a signature.
pub(super) fn check_action(form: &Form) -> Result<(), ErrorShape> {
    match form.action()? {
        "GetCallerIdentity" => Ok(()),
        other => Err(ErrorShape::new(
            StatusCode::BAD_REQUEST,
            "InvalidAction",
            format!("{other} of STS is not implemented by nbjobs"),
        )),
    }
}

/// Answers `GetCallerIdentity` to whoever signed with `access_key`.
pub(super) fn get_caller_identity(
    app: &App,
    access_key: &str,
    id: &RequestId,
) -> Response<Vec<u8>> {
    let account = &app.scope.account;
    let result = [
        Element::text("Arn", format!("arn:aws:iam::{account}:root")),
        Element::text("UserId", access_key),
        Element::text("Account", account.as_str()),
    ];
    query::response("GetCallerIdentity", NAMESPACE, &result, id)
}
