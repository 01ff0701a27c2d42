//! All jobs, whoever started them: search, filter, sort, page; stop many at once.

use super::failure::Failure;
use super::fields::Fields;
use super::visitor::{Change, Visitor};
use super::{Ground, layout, moment, status};
use crate::app::{self, jobs};
use crate::model::job::{Job, JobFilter, JobSort, JobStatus, StartedBy};
use crate::model::list::{Cursor, Order};
use axum::body::Body;
use axum::extract::State;
use http::{Response, Uri};
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use std::collections::HashMap;

/// Where it is.
pub(super) const PATH: &str = "/console/jobs";

/// Jobs on a page.
const PAGE: u32 = 50;
/// Most jobs that are changed at once: those of a page.
const CHANGED_MAX: usize = PAGE as usize;

/// The choices of the filter by status: the word in the address, the word for people, and what it means.
const STATUSES: [(&str, &str, &[JobStatus]); 6] = [
    (
        "unfinished",
        "Not finished",
        &[
            JobStatus::Queued,
            JobStatus::InProgress,
            JobStatus::Stopping,
        ],
    ),
    ("queued", "Queued", &[JobStatus::Queued]),
    (
        "running",
        "In progress",
        &[JobStatus::InProgress, JobStatus::Stopping],
    ),
    ("completed", "Completed", &[JobStatus::Completed]),
    ("failed", "Failed", &[JobStatus::Failed]),
    ("stopped", "Stopped", &[JobStatus::Stopped]),
];

/// The choices of the filter by time: the word in the address, the word for people, and how long it is.
const TIMES: [(&str, &str, SignedDuration); 4] = [
    ("1h", "The last hour", SignedDuration::from_hours(1)),
    ("24h", "The last 24 hours", SignedDuration::from_hours(24)),
    ("7d", "The last 7 days", SignedDuration::from_hours(7 * 24)),
    (
        "30d",
        "The last 30 days",
        SignedDuration::from_hours(30 * 24),
    ),
];

/// What a list is asked for, read from its address.
struct Asked {
    filter: JobFilter,
    order: Order<JobSort>,
    after: Option<Cursor>,
}

impl Asked {
    /// What cannot be understood is as if it were not there: an address is not a form.
    fn of(query: &Fields, now: Timestamp) -> Self {
        let chosen = |name| query.get(name);
        let statuses = STATUSES
            .iter()
            .find(|(word, ..)| chosen("status") == Some(word));
        let time = TIMES.iter().find(|(word, ..)| chosen("time") == Some(word));
        let by = match chosen("sort") {
            Some("name") => JobSort::Name,
            _ => JobSort::CreationTime,
        };
        Self {
            filter: JobFilter {
                matches: chosen("q").map(str::to_owned),
                statuses: statuses.map(|(_, _, all)| all.to_vec()).unwrap_or_default(),
                created_after: time.and_then(|(.., length)| now.checked_sub(*length).ok()),
                pipeline: chosen("definition").map(str::to_owned),
                ..JobFilter::default()
            },
            order: Order {
                by,
                descending: match chosen("order") {
                    Some("ascending") => false,
                    Some("descending") => true,
                    _ => by == JobSort::CreationTime,
                },
            },
            after: chosen("after").and_then(|after| serde_json::from_str(after).ok()),
        }
    }
}

/// The list.
pub(super) async fn page(
    State(ground): State<Ground>,
    visitor: Visitor,
    uri: Uri,
) -> Result<Response<Body>, Failure> {
    let query = Fields::of_uri(&uri);
    let asked = Asked::of(&query, visitor.now);
    let (found, next) = jobs::list(
        &ground.app,
        &asked.filter,
        asked.order,
        asked.after.as_ref(),
        PAGE,
    )
    .await?;
    let started = jobs::started_by(&ground.app, &found).await?;
    let next = next.map(|next| serde_json::to_string(&next).unwrap_or_default());
    let body = html! {
        div.title { h1 { "Jobs" } }
        @if let Some(done) = query.get("done") { p.notice role="status" { (done) } }
        (filters(&query))
        form method="post" action=(PATH) data-rows[!found.is_empty()] {
            (layout::token(&visitor))
            input type="hidden" name="next" value=(format!("{PATH}?{}", query.with(&[("done", "")])));
            @if found.is_empty() { (nothing(&query)) } @else {
                div.table { (table(&visitor, &query, &asked.order, &found, &started)) }
                div.bulk {
                    button.danger type="submit" name="action" value="stop" data-bulk { "Stop" }
                    span.soft data-count aria-live="polite" {}
                    div.pages {
                        @if asked.after.is_some() {
                            a.button href=(format!("{PATH}?{}", query.with(&[("after", ""), ("done", "")]))) { "First page" }
                        }
                        @if let Some(next) = &next {
                            a.button rel="next" href=(format!("{PATH}?{}", query.with(&[("after", next), ("done", "")]))) { "Next page" }
                        }
                    }
                }
            }
        }
    };
    Ok(layout::page(&visitor, "Jobs", PATH, &body))
}

fn filters(query: &Fields) -> Markup {
    html! {
        form.filters method="get" action=(PATH) role="search" {
            div.wide {
                label for="q" { "Search" }
                input #q type="search" name="q" value=[query.get("q")] placeholder="Part of a name" autocomplete="off";
            }
            div {
                label for="status" { "Status" }
                select #status name="status" {
                    option value="" { "Any" }
                    @for (word, text, _) in STATUSES { option value=(word) selected[query.get("status") == Some(word)] { (text) } }
                }
            }
            div {
                label for="time" { "Created in" }
                select #time name="time" {
                    option value="" { "Any time" }
                    @for (word, text, _) in TIMES { option value=(word) selected[query.get("time") == Some(word)] { (text) } }
                }
            }
            div {
                label for="definition" { "Definition" }
                input #definition name="definition" value=[query.get("definition")] placeholder="Any" autocomplete="off" spellcheck="false";
            }
            @for kept in ["sort", "order"] {
                @if let Some(value) = query.get(kept) { input type="hidden" name=(kept) value=(value); }
            }
            button type="submit" { "Filter" }
            @if ["q", "status", "time", "definition"].iter().any(|name| query.get(name).is_some()) {
                a.button.quiet href=(PATH) { "Clear" }
            }
        }
    }
}

fn nothing(query: &Fields) -> Markup {
    let is_filtered = ["q", "status", "time", "definition", "after"]
        .iter()
        .any(|name| query.get(name).is_some());
    html! {
        div.table { div.empty {
            @if is_filtered {
                strong { "No job is so" }
                span { "Another search or filter may find it." }
            } @else {
                strong { "No jobs yet" }
                span { "Run a notebook with " code { "nbjobs job create report.ipynb" } ", from JupyterLab, or with any AWS client." }
            }
        } }
    }
}

fn table(
    visitor: &Visitor,
    query: &Fields,
    order: &Order<JobSort>,
    found: &[Job],
    started: &HashMap<String, StartedBy>,
) -> Markup {
    let on_demand = StartedBy::default();
    html! {
        table.rows {
            caption.hidden-label { "Jobs" }
            thead { tr {
                th.check scope="col" { input type="checkbox" data-all hidden aria-label="Select all jobs of this page"; }
                (sortable(query, order, JobSort::Name, "name", "Name"))
                th scope="col" { "Status" }
                th scope="col" { "Started by" }
                (sortable(query, order, JobSort::CreationTime, "created", "Created"))
                th scope="col" { "Duration" }
            } }
            tbody { @for job in found {
                @let by = started.get(&job.name).unwrap_or(&on_demand);
                tr {
                    td.check { input type="checkbox" name="job" value=(job.name) aria-label=(format!("Select {}", job.name)); }
                    th scope="row" {
                        a.name href=(format!("{PATH}/{}", job.name)) { (by.display_name.as_ref().unwrap_or(&job.name)) }
                        span.under {
                            @if by.display_name.is_some() { (job.name) " · " }
                            (notebook(job))
                        }
                    }
                    td { (status::badge(job.status)) }
                    td data-label="Started by" { (starter(by)) }
                    td.number data-label="Created" { (moment::moment(job.created_at, visitor.now, &visitor.taste.zone)) }
                    td.number data-label="Duration" { (length(job, visitor.now)) }
                }
            } }
        }
    }
}

/// The heading of a column by which the list can be sorted.
fn sortable(query: &Fields, order: &Order<JobSort>, by: JobSort, word: &str, text: &str) -> Markup {
    let is_sorted = order.by == by;
    let descending = if is_sorted {
        !order.descending
    } else {
        by == JobSort::CreationTime
    };
    let direction = |descending| {
        if descending {
            "descending"
        } else {
            "ascending"
        }
    };
    let link = query.with(&[
        ("sort", word),
        ("order", direction(descending)),
        ("after", ""),
        ("done", ""),
    ]);
    html! {
        th scope="col" aria-sort=[is_sorted.then(|| direction(order.descending))] {
            a href=(format!("{PATH}?{link}")) {
                (text)
                @if is_sorted { span aria-hidden="true" { @if order.descending { "↓" } @else { "↑" } } }
            }
        }
    }
}

/// The notebook's name.
pub(super) fn notebook(job: &Job) -> &str {
    job.spec
        .environment
        .get("SM_INPUT_NOTEBOOK_NAME")
        .map_or("", String::as_str)
}

/// Who started a job.
pub(super) fn starter(by: &StartedBy) -> Markup {
    let word = match by
        .fired_by
        .as_ref()
        .and_then(|(source, _)| source.split('/').next())
    {
        Some("rule") => "Rule",
        Some(_) => "Schedule",
        None => "Pipeline",
    };
    html! {
        @match &by.pipeline {
            None => "On demand",
            Some(pipeline) => {
                a href=(format!("{PATH}?{}", Fields::default().with(&[("definition", pipeline)]))) { (pipeline) }
                span.under { (word) }
            }
        }
    }
}

/// How long a job has run or runs.
pub(super) fn length(job: &Job, now: Timestamp) -> Markup {
    html! {
        @match job.started_at {
            Some(start) => (moment::duration(job.ended_at.unwrap_or(now).duration_since(start))),
            None => span.soft { "–" },
        }
    }
}

/// Does one thing to all jobs that are selected.
pub(super) async fn change(
    State(ground): State<Ground>,
    change: Change,
) -> Result<Response<Body>, Failure> {
    let mut stopped = 0;
    let mut ended = 0;
    for job in change.fields.all("job").take(CHANGED_MAX) {
        match jobs::stop(&ground.app, job).await {
            Ok(()) => stopped += 1,
            // It ended by itself.
            Err(app::Error::Conflict(_) | app::Error::NotFound(_)) => ended += 1,
            Err(error) => return Err(error.into()),
        }
    }
    let done = match (stopped, ended) {
        (0, 0) => "No job was selected.".to_owned(),
        (_, 0) => format!("Asked {} to stop.", jobs_word(stopped)),
        _ => format!(
            "Asked {} to stop; {} had ended already.",
            jobs_word(stopped),
            jobs_word(ended)
        ),
    };
    let next = change.fields.get("next");
    let next = next
        .filter(|next| super::sign_in::is_ours(next))
        .unwrap_or(PATH);
    let (path, query) = next.split_once('?').unwrap_or((next, ""));
    let query = Fields::parse(query.as_bytes()).with(&[("done", &done)]);
    Ok(layout::redirect(&format!("{path}?{query}")))
}

fn jobs_word(count: usize) -> String {
    match count {
        1 => "1 job".to_owned(),
        _ => format!("{count} jobs"),
    }
}
