//! `PutParameter`, `GetParameter(s)`, `GetParametersByPath`, `DescribeParameters`, `DeleteParameter(s)`.

use super::super::json::{self, Answer, seconds};
use super::super::page;
use super::CODES;
use super::filters::{self, Condition};
use crate::app::{App, Error, parameters};
use crate::model::parameter::{
    InvalidParameter, NewParameter, Parameter, ParameterFilter, ParameterType, Tier,
};
use crate::model::tag::Tag;
use aws_wire::ErrorShape;
use serde::Deserialize;
use serde_json::{Value, json};

/// Names in one `GetParameters` or `DeleteParameters`.
const NAMES_MAX: usize = 10;
/// The page size of `GetParametersByPath`.
const BY_PATH_PAGE_MAX: u32 = 10;
/// The page size of `DescribeParameters`.
const DESCRIBE_PAGE_MAX: u32 = 50;
/// What stands for the value of a `SecureString` without `WithDecryption`, where AWS gives its ciphertext.
const HIDDEN: &str = "(a SecureString; ask for it with WithDecryption)";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutRequest {
    name: String,
    value: String,
    r#type: Option<String>,
    description: Option<String>,
    #[serde(default)]
    overwrite: bool,
    allowed_pattern: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    tier: Option<String>,
    data_type: Option<String>,
}

pub(super) async fn put(app: &App, body: &[u8]) -> Answer {
    let request: PutRequest = json::request(body)?;
    if request.overwrite && !request.tags.is_empty() {
        return Err(invalid(
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please \
             remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or \
             RemoveTagsFromResource.",
        ));
    }
    if let Some(other) = request.data_type.filter(|data_type| data_type != "text") {
        return Err(invalid(&format!(
            "The data type '{other}' is not supported; use text"
        )));
    }
    let new = NewParameter {
        kind: request.r#type.as_deref().map(kind).transpose()?,
        tier: tier(request.tier.as_deref(), &request.value)?,
        name: request.name,
        value: request.value,
        description: request.description.filter(|text| !text.is_empty()),
        allowed_pattern: request
            .allowed_pattern
            .filter(|pattern| !pattern.is_empty()),
    };
    let new = new.check().map_err(refused)?;
    let parameter = parameters::put(app, new, request.overwrite, &request.tags)
        .await
        .map_err(|e| CODES.shape(e))?;
    json::answer(json!({"Version": parameter.version, "Tier": parameter.tier.as_str()}))
}

fn kind(word: &str) -> Result<ParameterType, ErrorShape> {
    ParameterType::parse(word).ok_or_else(|| {
        invalid(&format!(
            "1 validation error detected: Value '{word}' at 'type' failed to satisfy constraint: Member must satisfy \
             enum value set: [SecureString, StringList, String]"
        ))
    })
}

fn tier(word: Option<&str>, value: &str) -> Result<Tier, ErrorShape> {
    match word {
        None => Ok(Tier::Standard),
        Some("Intelligent-Tiering") => Ok(Tier::of(value)),
        Some(word) => Tier::parse(word).ok_or_else(|| {
            invalid(&format!(
                "1 validation error detected: Value '{word}' at 'tier' failed to satisfy constraint: Member must \
                 satisfy enum value set: [Standard, Advanced, Intelligent-Tiering]"
            ))
        }),
    }
}

fn refused(error: InvalidParameter) -> ErrorShape {
    let code = match error {
        InvalidParameter::Member(_) => "ValidationException",
        InvalidParameter::Levels(_) => "HierarchyLevelLimitExceededException",
        InvalidParameter::Pattern(_) => "InvalidAllowedPatternException",
        InvalidParameter::Mismatch(_) => "ParameterPatternMismatchException",
    };
    ErrorShape::bad_request(code, error.to_string())
}

fn invalid(message: &str) -> ErrorShape {
    ErrorShape::bad_request("ValidationException", message)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetRequest {
    name: String,
    #[serde(default)]
    with_decryption: bool,
}

pub(super) async fn get(app: &App, body: &[u8]) -> Answer {
    let request: GetRequest = json::request(body)?;
    let parameter = select(app, &request.name, request.with_decryption).await?;
    json::answer(json!({"Parameter": parameter}))
}

/// What `name` or `name:version` selects, as `GetParameter` shows it. An ARN may stand for the name.
async fn select(app: &App, selector: &str, decrypted: bool) -> Result<Value, ErrorShape> {
    let selector = &name_in(app, selector);
    let (name, version) = match selector.split_once(':') {
        None => (selector.as_str(), None),
        Some((name, version)) => (name, Some(version)),
    };
    let no_version = |version: &str| {
        ErrorShape::bad_request(
            "ParameterVersionNotFound",
            format!(
                "Systems Manager could not find version {version} of {name}. Verify the version and try again."
            ),
        )
    };
    let number = match version {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| no_version(text))?),
    };
    let found = parameters::get(app, name, number)
        .await
        .map_err(|e| CODES.shape(e))?;
    let parameter = match (found, version) {
        (Some(parameter), _) => parameter,
        (None, None) => return Err(not_found(name)),
        (None, Some(version)) => {
            let other = parameters::get(app, name, None)
                .await
                .map_err(|e| CODES.shape(e))?;
            return Err(if other.is_some() {
                no_version(version)
            } else {
                not_found(name)
            });
        }
    };
    let mut document = document(app, &parameter, decrypted);
    if let Some(version) = version {
        document["Selector"] = format!(":{version}").into();
    }
    Ok(document)
}

fn not_found(name: &str) -> ErrorShape {
    CODES.shape(Error::NotFound(format!("Parameter {name} not found.")))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetManyRequest {
    names: Vec<String>,
    #[serde(default)]
    with_decryption: bool,
}

pub(super) async fn get_many(app: &App, body: &[u8]) -> Answer {
    let request: GetManyRequest = json::request(body)?;
    check_names(&request.names)?;
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for name in request.names {
        match select(app, &name, request.with_decryption).await {
            Ok(parameter) => found.push(parameter),
            Err(error) if error.code.starts_with("Parameter") => missing.push(name),
            Err(error) => return Err(error),
        }
    }
    json::answer(json!({"Parameters": found, "InvalidParameters": missing}))
}

fn check_names(names: &[String]) -> Result<(), ErrorShape> {
    if (1..=NAMES_MAX).contains(&names.len()) {
        return Ok(());
    }
    Err(invalid(&format!(
        "1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length between 1 \
         and {NAMES_MAX}, not {}",
        names.len()
    )))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ByPathRequest {
    path: String,
    #[serde(default)]
    recursive: bool,
    #[serde(default)]
    parameter_filters: Vec<Condition>,
    #[serde(default)]
    with_decryption: bool,
    max_results: Option<i64>,
    next_token: Option<String>,
}

pub(super) async fn get_by_path(app: &App, body: &[u8]) -> Answer {
    let request: ByPathRequest = json::request(body)?;
    let mut filter = ParameterFilter::default();
    filters::add(request.parameter_filters, &mut filter)?;
    if filter.path.is_some() || !filter.names.is_empty() || !filter.tiers.is_empty() {
        return Err(ErrorShape::bad_request(
            "InvalidFilterKey",
            "GetParametersByPath filters by Type only",
        ));
    }
    filter.path = Some(filters::check_path(request.path)?);
    filter.recursive = request.recursive;
    let place: Option<String> = page::place(request.next_token.as_deref())?;
    let limit = page::size(request.max_results, BY_PATH_PAGE_MAX, BY_PATH_PAGE_MAX)?;
    let (found, next) = parameters::list(app, &filter, place.as_deref(), limit)
        .await
        .map_err(|e| CODES.shape(e))?;
    let found = found
        .iter()
        .map(|parameter| document(app, parameter, request.with_decryption));
    page_of(found.collect(), next)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DescribeRequest {
    #[serde(default)]
    parameter_filters: Vec<Condition>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

pub(super) async fn describe(app: &App, body: &[u8]) -> Answer {
    let request: DescribeRequest = json::request(body)?;
    let mut filter = ParameterFilter::default();
    filters::add(request.parameter_filters, &mut filter)?;
    let place: Option<String> = page::place(request.next_token.as_deref())?;
    let limit = page::size(request.max_results, DESCRIBE_PAGE_MAX, DESCRIBE_PAGE_MAX)?;
    let (found, next) = parameters::list(app, &filter, place.as_deref(), limit)
        .await
        .map_err(|e| CODES.shape(e))?;
    page_of(
        found
            .iter()
            .map(|parameter| metadata(app, parameter))
            .collect(),
        next,
    )
}

fn page_of(parameters: Vec<Value>, next: Option<String>) -> Answer {
    let mut answer = json!({"Parameters": parameters});
    if let Some(token) = next.as_ref().and_then(page::token) {
        answer["NextToken"] = token.into();
    }
    json::answer(answer)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteRequest {
    name: String,
}

pub(super) async fn delete(app: &App, body: &[u8]) -> Answer {
    let DeleteRequest { name } = json::request(body)?;
    let deleted = parameters::delete(app, std::slice::from_ref(&name))
        .await
        .map_err(|e| CODES.shape(e))?;
    if deleted.is_empty() {
        return Err(not_found(&name));
    }
    json::answer(json!({}))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DeleteManyRequest {
    names: Vec<String>,
}

pub(super) async fn delete_many(app: &App, body: &[u8]) -> Answer {
    let DeleteManyRequest { names } = json::request(body)?;
    check_names(&names)?;
    let deleted = parameters::delete(app, &names)
        .await
        .map_err(|e| CODES.shape(e))?;
    let missing: Vec<&String> = names
        .iter()
        .filter(|name| !deleted.contains(name))
        .collect();
    json::answer(json!({"DeletedParameters": deleted, "InvalidParameters": missing}))
}

fn arn(app: &App, name: &str) -> String {
    let (region, account) = (&app.scope.region, &app.scope.account);
    format!(
        "arn:aws:ssm:{region}:{account}:parameter/{}",
        name.trim_start_matches('/')
    )
}

/// The name, with its version, in an ARN of ours; anything else is a name already. A name with folders begins
/// with a slash, which its ARN leaves out.
fn name_in(app: &App, name_or_arn: &str) -> String {
    match name_or_arn.strip_prefix(&arn(app, "")) {
        Some(rest) if rest.contains('/') => format!("/{rest}"),
        Some(rest) => rest.to_owned(),
        None => name_or_arn.to_owned(),
    }
}

/// A parameter as the `Get` operations show it.
fn document(app: &App, parameter: &Parameter, decrypted: bool) -> Value {
    let hidden = parameter.kind == ParameterType::SecureString && !decrypted;
    json!({
        "Name": parameter.name,
        "Type": parameter.kind.as_str(),
        "Value": if hidden { HIDDEN } else { &parameter.value },
        "Version": parameter.version,
        "LastModifiedDate": seconds(parameter.modified_at),
        "ARN": arn(app, &parameter.name),
        "DataType": "text",
    })
}

/// A parameter as `DescribeParameters` shows it: without its value.
fn metadata(app: &App, parameter: &Parameter) -> Value {
    let mut metadata = json!({
        "Name": parameter.name,
        "ARN": arn(app, &parameter.name),
        "Type": parameter.kind.as_str(),
        "LastModifiedDate": seconds(parameter.modified_at),
        "Version": parameter.version,
        "Tier": parameter.tier.as_str(),
        "Policies": [],
        "DataType": "text",
    });
    if let Some(description) = &parameter.description {
        metadata["Description"] = description.as_str().into();
    }
    if let Some(pattern) = &parameter.allowed_pattern {
        metadata["AllowedPattern"] = pattern.as_str().into();
    }
    metadata
}
