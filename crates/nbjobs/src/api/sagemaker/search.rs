//! `Search`, over training jobs and pipelines. Studio's lists of notebook jobs and of their definitions are searches.

use super::super::json::{self, Answer, not_one_of};
use super::super::page;
use super::{CODES, pipelines, training_jobs};
use crate::app::{App, Error, search};
use crate::model::job::Job;
use crate::model::list::{Cursor, Order};
use crate::model::pipeline::Pipeline;
use crate::model::search::{
    CONDITIONS_MAX, Condition, Expression, InvalidSearch, Join, LIST_MAX, Nested, Operator,
    Property, Resource, Search,
};
use crate::model::tag::Tag;
use aws_wire::ErrorShape;
use serde::Deserialize;
use serde_json::{Value, json};

/// SageMaker's page sizes.
const PAGE_DEFAULT: u32 = 10;
const PAGE_MAX: u32 = 100;

/// What SageMaker sorts by unless asked otherwise.
const SORT_DEFAULT: &str = "LastModifiedTime";

/// The resources that SageMaker can search and we don't have.
const OTHER_RESOURCES: [&str; 18] = [
    "Experiment",
    "ExperimentTrial",
    "ExperimentTrialComponent",
    "Endpoint",
    "Model",
    "ModelPackage",
    "ModelPackageGroup",
    "PipelineExecution",
    "FeatureGroup",
    "FeatureMetadata",
    "Image",
    "ImageVersion",
    "Project",
    "HyperParameterTuningJob",
    "ModelCard",
    "PipelineVersion",
    "Job",
    "HubContent",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SearchRequest {
    resource: String,
    search_expression: Option<SearchExpression>,
    sort_by: Option<String>,
    sort_order: Option<String>,
    next_token: Option<String>,
    max_results: Option<i64>,
    cross_account_filter_option: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct SearchExpression {
    #[serde(default)]
    filters: Vec<Filter>,
    #[serde(default)]
    nested_filters: Vec<NestedFilters>,
    #[serde(default)]
    sub_expressions: Vec<SearchExpression>,
    operator: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Filter {
    name: String,
    operator: Option<String>,
    value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct NestedFilters {
    nested_property_name: String,
    filters: Vec<Filter>,
}

pub(super) async fn search(app: &App, body: &[u8]) -> Answer {
    let request: SearchRequest = json::request(body)?;
    let resource = resource(&request.resource)?;
    let wanted = parse(resource, &request)?;
    let (found, next) = match resource {
        Resource::TrainingJob => {
            let document = |job: &_, tags: &[Tag]| {
                training_jobs::document(app, job).map(|job| tagged(job, tags))
            };
            search::page::<Job>(app, &wanted, document).await
        }
        Resource::Pipeline => {
            let document =
                |pipeline: &_, tags: &[Tag]| Ok(tagged(pipelines::searched(app, pipeline), tags));
            search::page::<Pipeline>(app, &wanted, document).await
        }
    }
    .map_err(|e| CODES.shape(e))?;
    let results: Vec<Value> = found
        .into_iter()
        .map(|document| json!({resource.as_str(): document}))
        .collect();
    let mut answer = json!({"Results": results});
    if let Some(token) = next.and_then(|next| page::token(&next)) {
        answer["NextToken"] = token.into();
    }
    json::answer(answer)
}

fn tagged(mut document: Value, tags: &[Tag]) -> Value {
    document["Tags"] = json!(tags);
    document
}

fn resource(word: &str) -> Result<Resource, ErrorShape> {
    match word {
        "TrainingJob" => Ok(Resource::TrainingJob),
        "Pipeline" => Ok(Resource::Pipeline),
        other if OTHER_RESOURCES.contains(&other) => Err(invalid(format!(
            "nbjobs has no resources of the type {other}; Search finds TrainingJob and Pipeline"
        ))),
        other => Err(not_one_of("resource", other, "TrainingJob, Pipeline")),
    }
}

fn parse(resource: Resource, request: &SearchRequest) -> Result<Search, ErrorShape> {
    match request.cross_account_filter_option.as_deref() {
        None | Some("SameAccount") => {}
        Some("CrossAccount") => {
            return Err(invalid(
                "CrossAccountFilterOption CrossAccount is not supported: there is one account"
                    .into(),
            ));
        }
        Some(other) => {
            return Err(not_one_of(
                "crossAccountFilterOption",
                other,
                "SameAccount, CrossAccount",
            ));
        }
    }
    let expression = request
        .search_expression
        .as_ref()
        .map(|given| expression(resource, given))
        .transpose()?;
    if expression
        .as_ref()
        .is_some_and(|e| e.count() > CONDITIONS_MAX)
    {
        return Err(invalid(format!(
            "A SearchExpression can have at most {CONDITIONS_MAX} filters"
        )));
    }
    let by = request.sort_by.as_deref().unwrap_or(SORT_DEFAULT);
    let by = Property::parse(resource, by).map_err(refused)?;
    if !by.is_single() {
        return Err(invalid(format!(
            "SortBy '{}' is not a property with one value",
            by.name()
        )));
    }
    let after: Option<Cursor> = page::place(request.next_token.as_deref())?;
    Ok(Search {
        expression,
        order: Order {
            by,
            descending: pipelines::descending(request.sort_order.as_deref())?,
        },
        after,
        limit: page::size(request.max_results, PAGE_DEFAULT, PAGE_MAX)?,
    })
}

fn expression(resource: Resource, given: &SearchExpression) -> Result<Expression, ErrorShape> {
    let lists = [
        ("Filters", given.filters.len()),
        ("NestedFilters", given.nested_filters.len()),
        ("SubExpressions", given.sub_expressions.len()),
    ];
    if let Some((name, _)) = lists.iter().find(|(_, len)| *len > LIST_MAX) {
        return Err(invalid(format!("{name} can have at most {LIST_MAX} parts")));
    }
    if lists.iter().all(|(_, len)| *len == 0) {
        return Err(invalid(
            "A SearchExpression must have at least one of Filters, NestedFilters and SubExpressions".into(),
        ));
    }
    let join = match given.operator.as_deref() {
        None | Some("And") => Join::And,
        Some("Or") => Join::Or,
        Some(other) => return Err(not_one_of("searchExpression.operator", other, "And, Or")),
    };
    let mut parts = Vec::new();
    for filter in &given.filters {
        parts.push(Expression::Condition(condition(resource, filter)?));
    }
    for nested in &given.nested_filters {
        let list = Property::parse(resource, &nested.nested_property_name).map_err(refused)?;
        let conditions: Result<Vec<_>, _> = nested
            .filters
            .iter()
            .map(|filter| condition(resource, filter))
            .collect();
        parts.push(Expression::Nested(
            Nested::new(list, conditions?).map_err(refused)?,
        ));
    }
    for part in &given.sub_expressions {
        parts.push(expression(resource, part)?);
    }
    Ok(Expression::Joined(join, parts))
}

fn condition(resource: Resource, filter: &Filter) -> Result<Condition, ErrorShape> {
    let operator = filter
        .operator
        .as_deref()
        .map(|word| {
            let known = Operator::ALL.into_iter().find(|o| o.as_str() == word);
            known.ok_or_else(|| {
                let words = Operator::ALL.map(Operator::as_str).join(", ");
                not_one_of("filter.operator", word, &words)
            })
        })
        .transpose()?;
    let property = Property::parse(resource, &filter.name).map_err(refused)?;
    Condition::new(property, operator, filter.value.as_deref()).map_err(refused)
}

fn refused(error: InvalidSearch) -> ErrorShape {
    invalid(error.0)
}

fn invalid(problem: String) -> ErrorShape {
    CODES.shape(Error::Invalid(problem))
}

#[cfg(test)]
mod tests;
