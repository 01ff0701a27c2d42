//! The log of a job: its end on the page, new lines as they come, all of it as a file.

use super::failure::Failure;
use super::visitor::Visitor;
use super::{Ground, files, job};
use crate::app::{App, logs};
use crate::model::job::Job;
use crate::model::log::LogEvent;
use axum::body::Body;
use axum::extract::{Path, State};
use futures::stream;
use http::Response;
use maud::{Markup, html};
use std::io;

/// How many lines the page shows.
const SHOWN: u32 = 500;
/// How many are read at a time.
const BATCH: u32 = 1000;

/// The last lines, oldest first, and whether there are more before them.
pub(super) async fn end(app: &App, job: &Job) -> Result<(Vec<LogEvent>, bool), Failure> {
    let (mut events, more) = logs::of_job(app, job, None, true, SHOWN).await?;
    events.reverse();
    Ok((events, more))
}

/// Lines behind an event, and whether there are more.
pub(super) async fn behind(
    app: &App,
    job: &Job,
    id: i64,
) -> Result<(Vec<LogEvent>, bool), Failure> {
    Ok(logs::of_job(app, job, Some(id), false, BATCH).await?)
}

/// The part of the page.
pub(super) fn section(job: &Job, (events, more): &(Vec<LogEvent>, bool)) -> Markup {
    let is_open = !job.status.is_final();
    html! {
        details.card open[is_open] {
            summary { h2 { "Log" } }
            @if *more { p.soft { "Its last " (events.len()) " lines; " a href=(format!("{}/log", job::path(&job.name))) { "all of it" } "." } }
            pre.log #log data-follow tabindex="0" role="log" aria-label="Log" { (lines(events)) }
        }
    }
}

/// Lines as they stand in the log.
pub(super) fn lines(events: &[LogEvent]) -> Markup {
    html! { @for event in events { (event.message) "\n" } }
}

/// All of it, as a file.
pub(super) async fn download(
    State(ground): State<Ground>,
    Path(name): Path<String>,
    _visitor: Visitor,
) -> Result<Response<Body>, Failure> {
    let job = job::find(&ground.app, &name).await?;
    let file = format!("{name}.log");
    let pieces = stream::try_unfold(Some(0), move |after| {
        let (app, job) = (ground.app.clone(), job.clone());
        async move {
            let Some(after) = after else { return Ok(None) };
            let (events, more) = logs::of_job(&app, &job, Some(after), false, BATCH)
                .await
                .map_err(|error| io::Error::other(error.into_cause()))?;
            let last = events.last().map(|event| event.id);
            let text: String = events
                .into_iter()
                .map(|event| event.message + "\n")
                .collect();
            Ok(Some((text, last.filter(|_| more))))
        }
    });
    let pieces: futures::stream::BoxStream<'static, io::Result<String>> = Box::pin(pieces);
    Ok(files::attachment(
        &file,
        "text/plain; charset=utf-8",
        Body::from_stream(pieces),
    ))
}
