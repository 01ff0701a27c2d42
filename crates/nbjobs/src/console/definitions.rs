//! All job definitions: what runs by itself, when, and what came of it last.

use super::failure::Failure;
use super::fields::Fields;
use super::visitor::Visitor;
use super::{Ground, definition, layout, moment};
use crate::app::definitions::{self, Definition, Timer};
use crate::model::notebook_job::{
    DefinitionColumn, DefinitionsQuery, Direction, NAME_TAG, Page as Part,
};
use crate::model::schedule;
use axum::body::Body;
use axum::extract::State;
use http::{Response, Uri};
use maud::{Markup, html};

/// Where it is.
pub(super) const PATH: &str = "/console/definitions";

/// Definitions on a page.
const PAGE: u32 = 50;

/// The list.
pub(super) async fn page(
    State(ground): State<Ground>,
    visitor: Visitor,
    uri: Uri,
) -> Result<Response<Body>, Failure> {
    let query = Fields::of_uri(&uri);
    let number: u32 = query.get("page").and_then(|n| n.parse().ok()).unwrap_or(1);
    let offset = number.max(1).saturating_sub(1).saturating_mul(PAGE);
    let by_name = query.get("sort") == Some("name");
    let wanted = DefinitionsQuery {
        name_prefix: query.get("q").map(str::to_owned),
        sort: match by_name {
            true => vec![(DefinitionColumn::Name, Direction::Ascending)],
            false => vec![(DefinitionColumn::CreateTime, Direction::Descending)],
        },
        page: Part {
            offset,
            limit: PAGE,
        },
        ..DefinitionsQuery::default()
    };
    let found = definitions::list(&ground.app, &wanted).await?;
    let behind = i64::from(offset) + i64::from(PAGE);
    let to_page = |number: u32| {
        format!(
            "{PATH}?{}",
            query.with(&[("page", &number.to_string()), ("done", "")])
        )
    };
    let body = html! {
        div.title { h1 { "Definitions" } }
        @if let Some(done) = query.get("done") { p.notice role="status" { (done) } }
        (search(&query))
        @if found.definitions.is_empty() { (nothing(&query)) } @else {
            div.table { (table(&visitor, &query, by_name, &found.definitions)) }
            div.bulk {
                span.soft { (count(found.total)) }
                div.pages {
                    @if number > 1 { a.button rel="prev" href=(to_page(number - 1)) { "Previous page" } }
                    @if found.total > behind { a.button rel="next" href=(to_page(number.saturating_add(1))) { "Next page" } }
                }
            }
        }
    };
    Ok(layout::page(&visitor, "Definitions", PATH, &body))
}

fn count(total: i64) -> String {
    match total {
        1 => "1 definition".to_owned(),
        _ => format!("{total} definitions"),
    }
}

fn search(query: &Fields) -> Markup {
    html! {
        form.filters method="get" action=(PATH) role="search" {
            div.wide {
                label for="q" { "Search" }
                input #q type="search" name="q" value=[query.get("q")] placeholder="How a name begins" autocomplete="off";
            }
            @if let Some(sort) = query.get("sort") { input type="hidden" name="sort" value=(sort); }
            button type="submit" { "Search" }
            @if query.get("q").is_some() { a.button.quiet href=(PATH) { "Clear" } }
        }
    }
}

fn nothing(query: &Fields) -> Markup {
    html! {
        div.table { div.empty {
            @if query.get("q").is_some() || query.get("page").is_some() {
                strong { "No definition is so" }
                span { "Another search may find it." }
            } @else {
                strong { "No definitions yet" }
                span { "Run a notebook by itself with " code { "nbjobs definition create report.ipynb --schedule 'cron(0 9 ? * MON-FRI *)'" }
                    ", from JupyterLab, or with any AWS client." }
            }
        } }
    }
}

fn table(visitor: &Visitor, query: &Fields, by_name: bool, found: &[Definition]) -> Markup {
    let sorted_by = |sort| {
        let link = query.with(&[("sort", sort), ("page", ""), ("done", "")]);
        format!("{PATH}?{link}")
    };
    let at = |at| moment::moment(at, visitor.now, &visitor.taste.zone);
    html! {
        table.rows {
            caption.hidden-label { "Definitions" }
            thead { tr {
                th scope="col" aria-sort=[by_name.then_some("ascending")] { a href=(sorted_by("name")) { "Name" @if by_name { span aria-hidden="true" { "↑" } } } }
                th scope="col" { "Schedule" }
                th scope="col" { "State" }
                th scope="col" { "Next run" }
                th scope="col" { "Last run" }
                th scope="col" aria-sort=[(!by_name).then_some("descending")] { a href=(sorted_by("")) { "Created" @if !by_name { span aria-hidden="true" { "↓" } } } }
            } }
            tbody { @for definition in found {
                @let timer = definition.timer.as_ref();
                tr {
                    th scope="row" {
                        a.name href=(definition::path(&definition.pipeline.name)) { (name(definition)) }
                        span.under { @if name(definition) != definition.pipeline.name { (definition.pipeline.name) } }
                    }
                    td data-label="Schedule" { (when(timer)) }
                    td { (state(timer)) }
                    td.number data-label="Next run" { (moment_or_none(timer.and_then(|timer| timer.next_due).map(at))) }
                    td.number data-label="Last run" { (moment_or_none(definition.pipeline.last_run_at.map(at))) }
                    td.number data-label="Created" { (at(definition.pipeline.created_at)) }
                }
            } }
        }
    }
}

fn moment_or_none(moment: Option<Markup>) -> Markup {
    moment.unwrap_or_else(|| html! { span.soft { "–" } })
}

/// The name for people, else the pipeline's.
pub(super) fn name(definition: &Definition) -> &str {
    let tag = definition.tags.iter().find(|tag| tag.key == NAME_TAG);
    let name = tag.map(|tag| tag.value.as_str());
    name.filter(|name| !name.is_empty())
        .or(definition.pipeline.settings.display_name.as_deref())
        .unwrap_or(&definition.pipeline.name)
}

/// When it runs, in words and as it is written.
pub(super) fn when(timer: Option<&Timer>) -> Markup {
    let Some(Timer { when, .. }) = timer else {
        return html! { span.soft { "On demand" } };
    };
    let words = schedule::words(&when.expression).map(|words| capital(&words));
    html! {
        @match &words {
            Some(words) => { (words) ", " (when.timezone) span.under.mono { (when.expression) } }
            None => { span.mono { (when.expression) } span.under { (when.timezone) } }
        }
    }
}

/// Whether it runs by itself.
pub(super) fn state(timer: Option<&Timer>) -> Markup {
    let (word, state) = match timer {
        None => ("On demand", "Queued"),
        Some(timer) if !timer.is_enabled => ("Paused", "Stopping"),
        Some(timer) if timer.next_due.is_none() => ("Over", "Stopped"),
        Some(_) => ("Active", "Completed"),
    };
    html! { span.status.plain data-status=(state) { (word) } }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next();
    first
        .into_iter()
        .flat_map(char::to_uppercase)
        .chain(letters)
        .collect()
}
