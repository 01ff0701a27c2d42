//! One job: where it stands and how it came there, why it failed, what it was asked, what it made; stop it.

use super::failure::Failure;
use super::prepared::Prepared;
use super::visitor::{Change, Visitor};
use super::{Ground, cells, jobs as list, layout, log, moment, status};
use crate::app::{App, Error, jobs};
use crate::model::job::{Job, JobStatus, SecondaryStatus, StartedBy, Transition};
use crate::model::log::LogEvent;
use crate::model::progress::Progress;
use crate::model::tag::Tag;
use axum::body::Body;
use axum::extract::{Path, State};
use http::Response;
use maud::{Markup, html};
use std::sync::Arc;
use std::time::Duration;

/// How long a page waits for what is made of the output; then it says that it comes.
const PATIENCE: Duration = Duration::from_millis(25);

/// All that the page of a job shows.
pub(super) struct Shown {
    job: Job,
    by: StartedBy,
    tags: Vec<Tag>,
    prepared: Option<Arc<Prepared>>,
    /// The end of the log, oldest first, and whether there is more before it.
    log: (Vec<LogEvent>, bool),
    /// What the run has told so far, while it runs.
    told: Vec<Arc<Progress>>,
}

impl Shown {
    /// What the rows say now.
    pub(super) async fn of(ground: &Ground, job: Job, patience: Duration) -> Result<Self, Failure> {
        let mut started = jobs::started_by(&ground.app, std::slice::from_ref(&job)).await?;
        let prepared = match job.status.is_final() && job.started_at.is_some() {
            true => ground.prepared.of(&ground.app, &job, patience).await,
            false => None,
        };
        Ok(Self {
            by: started.remove(&job.name).unwrap_or_default(),
            tags: jobs::tags(&ground.app, &job).await?,
            log: log::end(&ground.app, &job).await?,
            told: ground.app.live.behind(&job.name, 0),
            prepared,
            job,
        })
    }

    fn title(&self) -> &str {
        self.by.display_name.as_ref().unwrap_or(&self.job.name)
    }

    /// Whether there is more to come: a run that goes on, or what is made of its output.
    fn is_live(&self) -> bool {
        let is_being_prepared = self.job.started_at.is_some() && self.prepared.is_none();
        !self.job.status.is_final() || is_being_prepared
    }

    /// How far this page has come, behind which the live view goes on: the last line of the log, and what was told.
    fn last_event(&self) -> String {
        let line = self.log.0.last().map_or(0, |event| event.id);
        format!("{line}-{}", self.told.len())
    }
}

/// Where the page of a job is.
pub(super) fn path(name: &str) -> String {
    format!("{}/{name}", list::PATH)
}

/// The page.
pub(super) async fn page(
    State(ground): State<Ground>,
    Path(name): Path<String>,
    visitor: Visitor,
) -> Result<Response<Body>, Failure> {
    let job = find(&ground.app, &name).await?;
    let shown = Shown::of(&ground, job, PATIENCE).await?;
    let title = shown.title().to_owned();
    Ok(layout::page(
        &visitor,
        &title,
        list::PATH,
        &body(&shown, &visitor),
    ))
}

/// The job of this name.
pub(super) async fn find(app: &App, name: &str) -> Result<Job, Failure> {
    jobs::describe(app, name)
        .await
        .map_err(|error| match error {
            Error::NotFound(_) => Failure::not_found(format!("There is no job called {name}.")),
            other => other.into(),
        })
}

/// The part of the page that is replaced as a whole when the job has ended.
pub(super) fn body(shown: &Shown, visitor: &Visitor) -> Markup {
    let job = &shown.job;
    html! {
        div #job {
            @if shown.is_live() {
                div.live hx-sse:connect=(format!("{}/live?after={}", path(&job.name), shown.last_event())) hx-swap="none" {}
            }
            p { a href=(list::PATH) { "Jobs" } " / " span.soft { (job.name) } }
            div.title {
                h1 { (shown.title()) }
                (actions(job, visitor))
            }
            (state(job, visitor))
            @if job.status == JobStatus::Failed { (why(shown)) }
            @if job.status.is_final() { (made(shown)) }
            @if !job.status.is_final() { (cells::section(&shown.told)) }
            (log::section(job, &shown.log))
            div.columns { (facts(shown, visitor)) (given(shown)) }
        }
    }
}

fn actions(job: &Job, visitor: &Visitor) -> Markup {
    html! {
        div.bulk {
            @if job.status.can_become(JobStatus::Stopping) || job.status == JobStatus::Queued {
                form method="post" action=(format!("{}/stop", path(&job.name))) {
                    (layout::token(visitor))
                    button.danger type="submit" { "Stop" }
                }
            }
            a.button href=(format!("{}/run-again", path(&job.name))) { "Run again" }
        }
    }
}

/// The status, and every state on the way with its time.
pub(super) fn state(job: &Job, visitor: &Visitor) -> Markup {
    let end = job.ended_at.unwrap_or(visitor.now);
    let ends = job.transitions.iter().skip(1).map(|next| next.at);
    html! {
        section.card #state aria-label="Status" {
            div.title {
                div.bulk {
                    (status::badge(job.status))
                    @if !job.status.is_final() { span.soft { (job.secondary_status.message()) } }
                }
                span.number { (list::length(job, visitor.now)) }
            }
            ol.steps {
                @for (step, until) in job.transitions.iter().zip(ends.chain([end])) {
                    li data-step=(step.status.as_str()) { (step_of(step, until, visitor)) }
                }
            }
        }
    }
}

fn step_of(step: &Transition, until: jiff::Timestamp, visitor: &Visitor) -> Markup {
    use SecondaryStatus as S;
    let word = match step.status {
        S::Pending => "Queued",
        S::Training => "Running",
        S::MaxRuntimeExceeded => "Time limit reached",
        other => other.as_str(),
    };
    let is_end = matches!(
        step.status,
        S::Completed | S::Failed | S::Stopped | S::MaxRuntimeExceeded
    );
    html! {
        strong { (word) }
        span.soft.number { (moment::moment(step.at, visitor.now, &visitor.taste.zone)) }
        @if !is_end { span.soft.number { (moment::duration(until.duration_since(step.at))) } }
    }
}

/// Why a job failed: its cell and traceback on top, the words of AWS's field below.
fn why(shown: &Shown) -> Markup {
    let reason = shown
        .job
        .failure_reason
        .as_deref()
        .unwrap_or("No reason is known.");
    let found = shown
        .prepared
        .as_ref()
        .and_then(|prepared| prepared.failure.as_ref());
    html! {
        section.card.failed aria-labelledby="why" {
            @match found {
                Some(cell) => {
                    h2 #why { "Cell " (cell.place.0) " of " (cell.place.1) " failed" }
                    p.mono.problem { (cell.error) }
                    pre.code tabindex="0" aria-label="The cell" { (cell.source) }
                    pre.traceback tabindex="0" aria-label="Traceback" { (cell.traceback) }
                    details { summary { "Failure reason as AWS tools see it" } pre tabindex="0" { (reason) } }
                }
                None => {
                    h2 #why { "Why it failed" }
                    pre.traceback tabindex="0" aria-label="Failure reason" { (reason) }
                }
            }
        }
    }
}

/// What the run has left: the notebook, and files to download.
fn made(shown: &Shown) -> Markup {
    let here = path(&shown.job.name);
    html! {
        section.card aria-labelledby="made" {
            @match &shown.prepared {
                None if shown.job.started_at.is_none() => { h2 #made { "Output" } p.soft { "It never ran, so it left nothing." } }
                None => { h2 #made { "Output" } p.soft role="status" { "The executed notebook is being prepared…" }
                    noscript { a.button href=(here) { "Look again" } } }
                Some(prepared) => {
                    div.title {
                        h2 #made { "Output" }
                        div.bulk {
                            @if let Some(notebook) = &prepared.notebook {
                                a.button href=(format!("{here}/files/{}", encoded(notebook))) { "Notebook" }
                            }
                            @if prepared.page.is_some() { a.button href=(format!("{here}/notebook?download")) { "HTML" } }
                            a.button href=(format!("{here}/log")) { "Log" }
                            @if !prepared.files.is_empty() { a.button href=(format!("{here}/archive")) { "Archive" } }
                        }
                    }
                    @if let Some(problem) = &prepared.problem { p.soft { (problem) } }
                    @if prepared.page.is_some() {
                        // No origin of ours, no forms, no windows: what a notebook made is a stranger's.
                        iframe.notebook sandbox="allow-scripts" src=(format!("{here}/notebook")) title="The executed notebook" {}
                        p { a href=(format!("{here}/notebook")) { "The notebook on a page of its own" } }
                    }
                    @if prepared.files.len() > 1 { details { summary { "All " (prepared.files.len()) " files" } ul.files {
                        @for (name, size) in &prepared.files {
                            li { a href=(format!("{here}/files/{}", encoded(name))) { (name) } " " span.soft.number { (bytes(*size)) } }
                        }
                    } } }
                }
            }
        }
    }
}

/// A path in an archive as part of an address.
fn encoded(name: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'/');
    // A dot is not kept, so that no browser takes `..` for a step up.
    utf8_percent_encode(name, KEPT).to_string()
}

fn bytes(size: u64) -> String {
    match size {
        0..1_000 => format!("{size} B"),
        1_000..1_000_000 => format!("{:.1} kB", size as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", size as f64 / 1e6),
        _ => format!("{:.1} GB", size as f64 / 1e9),
    }
}

fn facts(shown: &Shown, visitor: &Visitor) -> Markup {
    let (job, zone) = (&shown.job, &visitor.taste.zone);
    let variable = |name| {
        job.spec
            .environment
            .get(name)
            .filter(|value| !value.is_empty())
    };
    let at = |at| moment::moment(at, visitor.now, zone);
    html! {
        section.card aria-labelledby="facts" {
            h2 #facts { "Run" }
            dl {
                dt { "Notebook" } dd { (list::notebook(job)) }
                @if let Some(kernel) = variable("SM_KERNEL_NAME") { dt { "Kernel" } dd { (kernel) } }
                dt { "Started by" } dd { (list::starter(&shown.by)) }
                @if let Some((source, due)) = &shown.by.fired_by { dt { "Due" } dd { (at(*due)) span.under { (source) } } }
                dt { "Created" } dd { (at(job.created_at)) }
                @if let Some(start) = job.started_at { dt { "Started" } dd { (at(start)) } }
                @if let Some(end) = job.ended_at { dt { "Ended" } dd { (at(end)) } }
                dt { "Time limit" } dd { (moment::duration(jiff::SignedDuration::from_secs(
                    i64::try_from(job.spec.stopping_condition.max_runtime_in_seconds).unwrap_or(i64::MAX)))) }
                @for channel in &job.spec.input_data_config {
                    dt { "Input" } dd.mono { (channel.data_source.s3_data_source.s3_uri) }
                }
                dt { "Output" } dd.mono { (job.artifact_uri()) }
                @if let Some(image) = &job.spec.algorithm_specification.training_image { dt { "Image" } dd.mono { (image) } }
            }
        }
    }
}

fn given(shown: &Shown) -> Markup {
    let spec = &shown.job.spec;
    let tags = shown
        .tags
        .iter()
        .map(|tag| (tag.key.as_str(), tag.value.as_str()));
    html! {
        section.card aria-labelledby="given" {
            h2 #given { "Parameters" }
            @if spec.hyper_parameters.is_empty() { p.soft { "None; the notebook's own values." } } @else {
                (pairs("Parameters", spec.hyper_parameters.iter().map(|(n, v)| (n.as_str(), v.as_str()))))
            }
            details { summary { "Environment" }
                (pairs("Environment", spec.environment.iter().map(|(n, v)| (n.as_str(), v.as_str())))) }
            @if !shown.tags.is_empty() { details { summary { "Tags" } (pairs("Tags", tags)) } }
        }
    }
}

/// Names and values.
pub(super) fn pairs<'p>(caption: &str, pairs: impl Iterator<Item = (&'p str, &'p str)>) -> Markup {
    html! {
        div.table { table.pairs {
            caption.hidden-label { (caption) }
            thead { tr { th scope="col" { "Name" } th scope="col" { "Value" } } }
            tbody { @for (name, value) in pairs { tr { th.mono scope="row" { (name) } td.mono { (value) } } } }
        } }
    }
}

/// Stops it.
pub(super) async fn stop(
    State(ground): State<Ground>,
    Path(name): Path<String>,
    _change: Change,
) -> Result<Response<Body>, Failure> {
    jobs::stop(&ground.app, &name).await?;
    Ok(layout::redirect(&path(&name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_in_addresses_stay_inside() {
        assert_eq!(encoded("../a b/ü.ipynb"), "%2E%2E/a%20b/%C3%BC%2Eipynb");
    }
}
