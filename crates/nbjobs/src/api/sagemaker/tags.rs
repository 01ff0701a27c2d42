//! `AddTags`, `DeleteTags`, `ListTags`, on every resource that has an ARN of ours.

use super::super::json::{self, Answer};
use super::super::page;
use super::CODES;
use crate::app::{App, Error, tags};
use crate::model::arn::{Arn, Resource};
use crate::model::studio as model;
use crate::model::tag::Tag;
use aws_wire::ErrorShape;
use serde::Deserialize;
use serde_json::json;

/// SageMaker's page sizes for `ListTags`.
const PAGE_DEFAULT: u32 = 50;
const PAGE_MAX: u32 = 50;

/// Studio's tag with the ARN of the domain that something was made in.
const DOMAIN_TAG: &str = "sagemaker:domain-arn";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct AddRequest {
    resource_arn: String,
    tags: Vec<Tag>,
}

pub(super) async fn add(app: &App, body: &[u8]) -> Answer {
    let request: AddRequest = json::request(body)?;
    let resource = resource(app, parse(&request.resource_arn)?).await?;
    let all = tags::add(app, &resource, &request.tags)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(json!({"Tags": all}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteRequest {
    resource_arn: String,
    tag_keys: Vec<String>,
}

pub(super) async fn delete(app: &App, body: &[u8]) -> Answer {
    let request: DeleteRequest = json::request(body)?;
    let resource = resource(app, parse(&request.resource_arn)?).await?;
    tags::delete(app, &resource, &request.tag_keys)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ListRequest {
    resource_arn: String,
    next_token: Option<String>,
    max_results: Option<i64>,
}

pub(super) async fn list(app: &App, body: &[u8]) -> Answer {
    let request: ListRequest = json::request(body)?;
    let limit = page::size(request.max_results, PAGE_DEFAULT, PAGE_MAX)? as usize;
    let after: Option<String> = page::place(request.next_token.as_deref())?;
    let arn = parse(&request.resource_arn)?;
    let mut all = match configured(app, &arn) {
        Some(tags) => tags,
        None => tags::list(app, &resource(app, arn).await?)
            .await
            .map_err(|e| CODES.shape(e))?,
    };
    if let Some(after) = after {
        all.retain(|tag| tag.key > after);
    }
    let more = all.len() > limit;
    all.truncate(limit);
    let next = all
        .last()
        .filter(|_| more)
        .and_then(|last| page::token(&last.key));
    let mut answer = json!({"Tags": all});
    if let Some(token) = next {
        answer["NextToken"] = token.into();
    }
    json::answer(answer)
}

fn parse(arn: &str) -> Result<Arn, ErrorShape> {
    arn.parse().map_err(|error| {
        CODES.shape(Error::Invalid(format!(
            "1 validation error detected: {error}"
        )))
    })
}

/// The tags of a user profile or space, which the configuration file gives. Studio tags both with their domain, and
/// the extension copies that tag to jobs and finds them by it.
fn configured(app: &App, arn: &Arn) -> Option<Vec<Tag>> {
    let studio = &app.studio;
    let labels = match &arn.resource {
        _ if arn.scope != app.scope => None,
        Resource::UserProfile { domain, name } if *domain == studio.domain.id => {
            let mut users = studio.user_profiles.iter();
            users.find(|user| user.name == *name).map(|user| &user.tags)
        }
        Resource::Space { domain, name } if *domain == studio.domain.id => {
            let mut spaces = studio.spaces.iter();
            spaces
                .find(|space| space.name == *name)
                .map(|space| &space.tags)
        }
        _ => None,
    }?;
    let mut labels = labels.clone();
    let domain = format!("domain/{}", studio.domain.id);
    labels.insert(DOMAIN_TAG.into(), app.scope.sagemaker(&domain));
    Some(model::tags(&labels))
}

/// The resource that an ARN names, if it is there.
async fn resource(app: &App, arn: Arn) -> Result<String, ErrorShape> {
    if configured(app, &arn).is_some() {
        return Err(CODES.shape(Error::Invalid(format!(
            "The tags of {arn} are in the service's configuration file; they cannot be changed by a request"
        ))));
    }
    let exists = match &arn.resource {
        _ if arn.scope != app.scope => false,
        Resource::TrainingJob(name) => app
            .store
            .job(name)
            .await
            .map_err(|e| super::super::internal(&e))?
            .is_some(),
        Resource::Pipeline(name) => app
            .store
            .pipeline(name)
            .await
            .map_err(|e| super::super::internal(&e))?
            .is_some(),
        _ => false,
    };
    if exists {
        Ok(arn.resource.to_string())
    } else {
        Err(CODES.shape(Error::NotFound(format!("Resource {arn} does not exist"))))
    }
}
