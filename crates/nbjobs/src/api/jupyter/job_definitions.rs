//! `/scheduler/job_definitions`.

use super::convert::{self, without_nulls};
use super::definition_requests::{self, Update};
use super::query::{self, Query};
use super::requests::{self, Create, read};
use super::{Answer, json, nothing};
use crate::app::{App, definitions};
use crate::model::notebook_job::{DefinitionColumn, DefinitionsQuery};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// What definitions can be sorted by.
const COLUMNS: [(&str, DefinitionColumn); 5] = [
    ("job_definition_id", DefinitionColumn::Id),
    ("name", DefinitionColumn::Name),
    ("input_filename", DefinitionColumn::InputFilename),
    ("create_time", DefinitionColumn::CreateTime),
    ("update_time", DefinitionColumn::UpdateTime),
];

pub(super) async fn list(app: &App, query: &Query) -> Answer {
    let wanted = DefinitionsQuery {
        id: query.get("job_definition_id").map(str::to_owned),
        name_prefix: query.get("name").map(str::to_owned),
        tags: query.all("tags").map(requests::tag).collect(),
        created_from: query.instant("create_time")?,
        sort: query.sort(&COLUMNS)?,
        page: query.page()?,
    };
    let found = definitions::list(app, &wanted).await?;
    let mut shown: Vec<Value> = Vec::with_capacity(found.definitions.len());
    for definition in &found.definitions {
        let document = convert::definition(definition, &definition.document()?);
        shown.push(without_nulls(document));
    }
    let mut answer = json!({"job_definitions": shown, "total_count": found.total});
    if let Some(token) = query::next_token(wanted.page, found.total) {
        answer["next_token"] = token.into();
    }
    json(&answer)
}

pub(super) async fn create(app: &App, body: &[u8]) -> Answer {
    let create: Create = read(body)?;
    let when = definition_requests::when(create.schedule.as_deref(), create.timezone.as_deref())?;
    let request = create.request(app).await?;
    let id = definitions::create(app, &request, when.as_ref()).await?;
    json(&json!({"job_definition_id": id}))
}

pub(super) async fn describe(app: &App, id: &str) -> Answer {
    let definition = definitions::describe(app, id).await?;
    json(&convert::definition(&definition, &definition.document()?))
}

pub(super) async fn update(app: &App, id: &str, body: &[u8]) -> Answer {
    let update: Update = read(body)?;
    let update = update.verb(app).await?;
    definitions::update(app, id, &update).await?;
    nothing()
}

pub(super) async fn delete(app: &App, id: &str) -> Answer {
    definitions::delete(app, id).await?;
    nothing()
}

/// `CreateJobFromDefinition`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Run {
    parameters: Option<Map<String, Value>>,
}

pub(super) async fn run(app: &App, id: &str, body: &[u8]) -> Answer {
    let run: Run = read(if body.is_empty() { b"{}" } else { body })?;
    let given = run.parameters.as_ref();
    let parameters = given
        .map(|given| requests::parameters(Some(given)))
        .transpose()?;
    let job = definitions::run(app, id, parameters).await?;
    json(&json!({"job_id": job}))
}
