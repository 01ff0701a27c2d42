//! One job definition: when it runs, what it runs, what came of it; run it now, pause it, resume it, delete it.

mod runs;
pub(super) mod schedule;

use super::failure::Failure;
use super::visitor::{Change, Visitor};
use super::{Ground, definitions as list, job, layout, moment};
use crate::app::definitions::{self, Definition, Timer, Update};
use crate::app::executions::{self, Start};
use crate::app::firings::{self, Coming};
use crate::app::{App, Error, jobs};
use crate::model::job::{Job, JobFilter, JobSort};
use crate::model::list::Order;
use crate::model::notebook_job;
use crate::model::policy;
use crate::model::rule::Firing;
use axum::body::Body;
use axum::extract::{Path, State};
use http::Response;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use serde_json::Value;

/// How many due moments to come are shown.
const COMING: u32 = 5;
/// How many past due moments are shown.
const FIRINGS: u32 = 20;
/// How many runs are shown.
const RUNS: u32 = 30;

/// Where the page of a definition is.
pub(super) fn path(id: &str) -> String {
    format!("{}/{id}", list::PATH)
}

/// All that the page of a definition shows.
struct Shown {
    definition: Definition,
    document: Value,
    coming: Vec<Coming>,
    /// The latest first.
    firings: Vec<Firing>,
    /// The latest first.
    runs: Vec<Job>,
}

impl Shown {
    async fn of(app: &App, id: &str) -> Result<Self, Failure> {
        let definition = find(app, id).await?;
        let (coming, firings) = match &definition.timer {
            Some(timer) => (
                firings::next(app, &timer.source, COMING).await?,
                firings::list(app, &timer.source, None, FIRINGS).await?,
            ),
            None => Default::default(),
        };
        let filter = JobFilter {
            pipeline: Some(id.to_owned()),
            ..JobFilter::default()
        };
        let order = Order {
            by: JobSort::CreationTime,
            descending: true,
        };
        let (runs, _) = jobs::list(app, &filter, order, None, RUNS).await?;
        Ok(Self {
            document: definition.document()?,
            definition,
            coming,
            firings,
            runs,
        })
    }
}

/// The definition of this id.
async fn find(app: &App, id: &str) -> Result<Definition, Failure> {
    definitions::describe(app, id)
        .await
        .map_err(|error| match error {
            Error::NotFound(_) => {
                Failure::not_found(format!("There is no definition called {id}."))
            }
            other => other.into(),
        })
}

/// The page.
pub(super) async fn page(
    State(ground): State<Ground>,
    Path(id): Path<String>,
    visitor: Visitor,
    uri: http::Uri,
) -> Result<Response<Body>, Failure> {
    let shown = Shown::of(&ground.app, &id).await?;
    let title = list::name(&shown.definition).to_owned();
    let query = super::fields::Fields::of_uri(&uri);
    let body = html! {
        p { a href=(list::PATH) { "Definitions" } " / " span.soft { (id) } }
        div.title {
            h1 { (title) }
            (actions(&shown.definition, &visitor))
        }
        @if let Some(done) = query.get("done") { p.notice role="status" { (done) } }
        div.columns { (when(&shown, &visitor)) (what(&shown, &visitor)) }
        (runs::section(&shown.definition, &shown.runs, &visitor))
        @if shown.definition.timer.is_some() { (ledger(&shown.firings, &visitor)) }
    };
    Ok(layout::page(&visitor, &title, list::PATH, &body))
}

fn actions(definition: &Definition, visitor: &Visitor) -> Markup {
    let here = path(&definition.pipeline.name);
    let button = |action: &str, class: &str, text: &str| {
        html! {
            form method="post" action=(format!("{here}/{action}")) {
                (layout::token(visitor))
                button class=(class) type="submit" { (text) }
            }
        }
    };
    html! {
        div.bulk {
            (button("run", "primary", "Run now"))
            @match definition.timer.as_ref().map(|timer| timer.is_enabled) {
                Some(true) => (button("pause", "", "Pause")),
                Some(false) => (button("resume", "", "Resume")),
                None => {},
            }
            a.button href=(format!("{here}/schedule")) { @if definition.timer.is_some() { "Change schedule" } @else { "Add a schedule" } }
            details.ask {
                summary.button.danger { "Delete" }
                div.card {
                    p { "The definition and its schedule go. Its runs and their outputs stay." }
                    (button("delete", "danger", "Delete the definition"))
                }
            }
        }
    }
}

/// When it runs, and when next.
fn when(shown: &Shown, visitor: &Visitor) -> Markup {
    let timer = shown.definition.timer.as_ref();
    let zone = timer.and_then(|timer| TimeZone::get(&timer.when.timezone).ok());
    let zone = zone.unwrap_or(TimeZone::UTC);
    html! {
        section.card aria-labelledby="when" {
            div.title { h2 #when { "Schedule" } (list::state(timer)) }
            p { (list::when(timer)) }
            @match timer {
                None => p.soft { "It runs when somebody starts it." },
                Some(Timer { is_enabled: false, .. }) => p.soft { "It does not run by itself until it is resumed." },
                Some(_) => (coming(&shown.coming, &zone, visitor)),
            }
        }
    }
}

/// The next due moments, in the time zone of the schedule and in that of the visitor where it is another.
fn coming(coming: &[Coming], zone: &TimeZone, visitor: &Visitor) -> Markup {
    let own = &visitor.taste.zone;
    let is_other = |due| zone.to_offset(due) != own.to_offset(due);
    html! {
        @if coming.is_empty() { p.soft { "It has no moment to come." } } @else {
            h3.hidden-label #next { "Next runs" }
            ol.moments aria-labelledby="next" {
                @for Coming { due, fires_at } in coming {
                    li.number {
                        (moment::day_and_time(*due, zone))
                        @if is_other(*due) { span.soft { (moment::moment(*due, visitor.now, own)) " for you" } }
                        @if fires_at > due { span.soft { "starts " (moment::duration(fires_at.duration_since(*due))) " later" } }
                    }
                }
            }
        }
    }
}

/// What it runs, and how.
fn what(shown: &Shown, visitor: &Visitor) -> Markup {
    let pipeline = &shown.definition.pipeline;
    let arguments = &shown.document["Steps"][0]["Arguments"];
    let environment = &arguments["Environment"];
    let input = &arguments["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"];
    let steps = shown.document["Steps"].as_array().map_or(0, Vec::len);
    let facts = [
        ("Notebook", &environment["SM_INPUT_NOTEBOOK_NAME"]),
        ("Kernel", &environment["SM_KERNEL_NAME"]),
        ("Input", input),
        ("Output", &arguments["OutputDataConfig"]["S3OutputPath"]),
    ];
    let facts = facts.map(|(name, value)| (name, value.as_str().unwrap_or_default()));
    let at = |at| moment::moment(at, visitor.now, &visitor.taste.zone);
    let parameters = pairs(&arguments["HyperParameters"], |_| true);
    let variables = pairs(environment, notebook_job::is_user_variable);
    let tags = shown.definition.tags.iter();
    let policies: Vec<_> = tags
        .filter_map(|tag| Some((tag.key.strip_prefix(policy::PREFIX)?, tag.value.as_str())))
        .collect();
    html! {
        section.card aria-labelledby="what" {
            h2 #what { "What runs" }
            dl {
                @if steps > 1 { dt { "Steps" } dd { (steps) ", of which this is the first" } }
                @for (name, value) in facts.into_iter().filter(|(_, value)| !value.is_empty()) { dt { (name) } dd { (value) } }
                dt { "Created" } dd { (at(pipeline.created_at)) }
                @if pipeline.version > 1 { dt { "Changed" } dd { (at(pipeline.modified_at)) ", version " (pipeline.version) } }
            }
            @for (title, pairs) in [("Parameters", &parameters), ("Environment", &variables), ("Policies", &policies)] {
                @if !pairs.is_empty() {
                    h3 { (title) }
                    (job::pairs(title, pairs.iter().copied()))
                }
            }
        }
    }
}

fn pairs(object: &Value, wanted: impl Fn(&str) -> bool) -> Vec<(&str, &str)> {
    let object = object.as_object().into_iter().flatten();
    object
        .filter(|(name, _)| wanted(name))
        .map(|(name, value)| {
            (
                name.as_str(),
                value.as_str().unwrap_or("(from the pipeline)"),
            )
        })
        .collect()
}

/// What became of each due moment.
fn ledger(firings: &[Firing], visitor: &Visitor) -> Markup {
    let at = |at| moment::moment(at, visitor.now, &visitor.taste.zone);
    html! {
        section.card aria-labelledby="firings" {
            h2 #firings { "Due moments" }
            @if firings.is_empty() { p.soft { "None has come yet." } } @else { div.table { table.rows {
                caption.hidden-label { "Due moments, the latest first" }
                thead { tr { th scope="col" { "Due" } th scope="col" { "What became of it" } th scope="col" { "Decided" } th scope="col" { "Why" } } }
                tbody { @for firing in firings { tr {
                    th.number scope="row" { (at(firing.due)) }
                    td { span.status.plain data-status=(runs::like(firing.status)) { (firing.status) } }
                    td.number data-label="Decided" { (at(firing.decided_at)) }
                    td { (firing.reason.as_deref().unwrap_or_default()) }
                } } }
            } } }
        }
    }
}

/// Does one thing to it.
pub(super) async fn action(
    State(ground): State<Ground>,
    Path((id, action)): Path<(String, String)>,
    _change: Change,
) -> Result<Response<Body>, Failure> {
    let app = &ground.app;
    let set_enabled = |is_enabled| Update {
        is_enabled: Some(is_enabled),
        ..Update::default()
    };
    find(app, &id).await?;
    let done = match action.as_str() {
        "run" => {
            let start = Start {
                pipeline: id.clone(),
                ..Start::default()
            };
            executions::start(app, &start, &uuid::Uuid::new_v4().to_string()).await?;
            "A run has been started."
        }
        "pause" => {
            definitions::update(app, &id, &set_enabled(false)).await?;
            "Paused. It does not run by itself any more."
        }
        "resume" => {
            definitions::update(app, &id, &set_enabled(true)).await?;
            "Resumed."
        }
        "delete" => {
            definitions::delete(app, &id).await?;
            return Ok(done(list::PATH, &format!("{id} was deleted.")));
        }
        _ => return Err(Failure::not_found("There is no such action.")),
    };
    Ok(self::done(&path(&id), done))
}

/// To a page that says what was done.
fn done(path: &str, text: &str) -> Response<Body> {
    let query = super::fields::Fields::default().with(&[("done", text)]);
    layout::redirect(&format!("{path}?{query}"))
}
