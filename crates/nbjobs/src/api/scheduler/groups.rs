//! `ListScheduleGroups`, `GetScheduleGroup` and the tags of the one group there is: `ListTagsForResource`, `TagResource`,
//! `UntagResource`.

use super::super::json::{self, Answer};
use super::{CODES, GROUP, check_group, max_results};
use crate::app::{App, Error, tags};
use crate::model::arn::{Arn, Resource};
use crate::model::tag::Tag;
use aws_wire::ErrorShape;
use aws_wire::query::Form;
use serde::Deserialize;
use serde_json::{Value, json};

fn document(app: &App) -> Value {
    let group = app.scope.arn(Resource::ScheduleGroup(GROUP.into()));
    json!({"Arn": group.to_string(), "Name": GROUP, "State": "ACTIVE"})
}

pub(super) fn list(app: &App, query: &Form) -> Answer {
    max_results(query)?;
    // All groups fit into one page, so no token is one of ours.
    if let Some(token) = query.get("NextToken") {
        return Err(CODES.shape(Error::Invalid(format!(
            "The NextToken {token:?} is not valid; there is one page"
        ))));
    }
    let matches = GROUP.starts_with(query.get("NamePrefix").unwrap_or_default());
    let groups: Vec<Value> = matches.then(|| document(app)).into_iter().collect();
    json::answer(json!({"ScheduleGroups": groups}))
}

pub(super) fn get(app: &App, name: &str) -> Answer {
    check_group(Some(name))?;
    json::answer(document(app))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TagRequest {
    tags: Vec<Tag>,
}

pub(super) async fn list_tags(app: &App, arn: &str) -> Answer {
    let tags = tags::list(app, &resource(app, arn)?)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(json!({"Tags": tags}))
}

pub(super) async fn tag(app: &App, arn: &str, body: &[u8]) -> Answer {
    let request: TagRequest = json::request(body)?;
    tags::add(app, &resource(app, arn)?, &request.tags)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(json!({}))
}

pub(super) async fn untag(app: &App, arn: &str, query: &Form) -> Answer {
    let keys: Vec<String> = query.all("TagKeys").map(str::to_owned).collect();
    tags::delete(app, &resource(app, arn)?, &keys)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(json!({}))
}

/// The key under which the tags of the group that an ARN names stand.
fn resource(app: &App, arn: &str) -> Result<String, ErrorShape> {
    match arn.parse::<Arn>() {
        Ok(Arn {
            resource: resource @ Resource::ScheduleGroup(_),
            scope,
            ..
        }) if scope == app.scope && arn.ends_with("/default") => Ok(resource.to_string()),
        Ok(_) => Err(CODES.shape(Error::NotFound(format!("Resource {arn} does not exist.")))),
        Err(error) => Err(CODES.shape(Error::Invalid(error.to_string()))),
    }
}
