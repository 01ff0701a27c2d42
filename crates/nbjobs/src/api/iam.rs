//! IAM: the roles that the configuration file names, to read.

use crate::app::App;
use aws_wire::query::{self, Element, Form};
use aws_wire::{ErrorShape, RequestId};
use http::{Response, StatusCode};
use serde_json::json;

/// The namespace of its answers.
pub(super) const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// IAM's page size, and the most that can be asked for.
const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 1000;

/// Answers one action.
pub(super) fn call(
    app: &App,
    form: &Form,
    id: &RequestId,
) -> Result<Response<Vec<u8>>, ErrorShape> {
    let action = form.action()?;
    let result = match action {
        "ListRoles" => list_roles(app, form),
        "GetRole" => get_role(app, form),
        other => Err(query::invalid_action("IAM", other)),
    }?;
    Ok(query::response(action, NAMESPACE, &result, id))
}

fn list_roles(app: &App, form: &Form) -> Result<Vec<Element>, ErrorShape> {
    form.allow(&["PathPrefix", "Marker", "MaxItems"])?;
    let limit = match form.get("MaxItems") {
        None => PAGE_DEFAULT,
        Some(text) => text
            .parse()
            .ok()
            .filter(|n| (1..=PAGE_MAX).contains(n))
            .ok_or_else(|| {
                invalid(format!(
                    "MaxItems '{text}' must be between 1 and {PAGE_MAX}"
                ))
            })?,
    };
    // Every role's path is "/".
    let prefix_fits = form.get("PathPrefix").is_none_or(|prefix| prefix == "/");
    let marker = form.get("Marker").unwrap_or_default();
    let mut names: Vec<&str> = app
        .studio
        .roles
        .iter()
        .map(|role| role.name.as_str())
        .filter(|name| prefix_fits && *name > marker)
        .collect();
    names.sort_unstable();
    let more = names.len() > limit;
    names.truncate(limit);
    let mut result = vec![
        Element::parent("Roles", names.iter().map(|name| role("member", app, name))),
        Element::text("IsTruncated", more.to_string()),
    ];
    if let Some(last) = names.last().filter(|_| more) {
        result.push(Element::text("Marker", *last));
    }
    Ok(result)
}

fn get_role(app: &App, form: &Form) -> Result<Vec<Element>, ErrorShape> {
    form.allow(&["RoleName"])?;
    let name = form.require("RoleName")?;
    if !app.studio.roles.iter().any(|role| role.name == name) {
        return Err(ErrorShape::new(
            StatusCode::NOT_FOUND,
            "NoSuchEntity",
            format!("The role with name {name} cannot be found."),
        ));
    }
    Ok(vec![role("Role", app, name)])
}

fn role(element: &'static str, app: &App, name: &str) -> Element {
    // Who may take it on: the SageMaker SDK refuses a role that SageMaker may not.
    let services = [
        "sagemaker.amazonaws.com",
        "events.amazonaws.com",
        "scheduler.amazonaws.com",
    ];
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}]});
    let trust = trust.to_string();
    let trust = percent_encoding::utf8_percent_encode(&trust, percent_encoding::NON_ALPHANUMERIC);
    Element::parent(
        element,
        [
            Element::text("Path", "/"),
            Element::text("RoleName", name),
            Element::text("RoleId", role_id(name)),
            Element::text("Arn", app.scope.role(name)),
            Element::text("CreateDate", format!("{:.3}", app.since)),
            Element::text("AssumeRolePolicyDocument", trust.to_string()),
            Element::text("MaxSessionDuration", "3600"),
        ],
    )
}

/// An id in IAM's form that stays the same as long as the name does.
fn role_id(name: &str) -> String {
    use sha2::{Digest, Sha256};
    let digest = hex::encode_upper(Sha256::digest(name));
    format!("AROA{}", &digest[..16])
}

fn invalid(message: String) -> ErrorShape {
    ErrorShape::bad_request("ValidationError", message)
}
