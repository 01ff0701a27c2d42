//! STS: who am I.

use crate::app::App;
use aws_wire::query::{self, Element, Form};
use aws_wire::{ErrorShape, RequestId};
use http::{Response, StatusCode};

/// The namespace of its answers.
pub(super) const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// Answers one action.
pub(super) fn call(
    app: &App,
    access_key: &str,
    form: &Form,
    id: &RequestId,
) -> Result<Response<Vec<u8>>, ErrorShape> {
    match form.action()? {
        "GetCallerIdentity" => {
            let account = &app.scope.account;
            let result = [
                Element::text("Arn", format!("arn:aws:iam::{account}:root")),
                Element::text("UserId", access_key),
                Element::text("Account", account.as_str()),
            ];
            Ok(query::response("GetCallerIdentity", NAMESPACE, &result, id))
        }
        other => Err(ErrorShape::new(
            StatusCode::BAD_REQUEST,
            "InvalidAction",
            format!("{other} of STS is not implemented by nbjobs"),
        )),
    }
}
