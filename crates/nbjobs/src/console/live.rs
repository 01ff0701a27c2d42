//! A job while it runs, as server-sent events: its status and the lines of its log, told by the store's own commits.
//! Nothing is asked again and again. The id of an event says how far it came, so that a browser that comes back goes on
//! from there.

use super::failure::Failure;
use super::fields::Fields;
use super::job::{self, Shown};
use super::visitor::Visitor;
use super::{Ground, cells, log};
use crate::app::{Watch, jobs};
use crate::model::job::Job;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use futures::stream;
use http::{HeaderMap, Response, Uri, header};
use jiff::Timestamp;
use maud::{Markup, html};
use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

/// How long the last look waits for what is made of the output.
const PATIENCE: Duration = Duration::from_secs(600);

/// What a stream of events knows between two looks.
struct Following {
    ground: Ground,
    visitor: Visitor,
    name: String,
    changes: Watch,
    /// The last line of the log that was sent.
    after: i64,
    /// How much of what the run has told was sent.
    told: usize,
    /// When its cells started, in milliseconds since the driver did, and how many there are.
    starts: HashMap<usize, u64>,
    total: usize,
    /// The job's last change that was sent.
    seen: Option<Timestamp>,
    /// Whether the end was sent.
    ended: bool,
}

/// The events.
pub(super) async fn events(
    State(ground): State<Ground>,
    Path(name): Path<String>,
    visitor: Visitor,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response<Body>, Failure> {
    // Before the first look, so that nothing falls between the two.
    let changes = ground.app.store.watch();
    job::find(&ground.app, &name).await?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let query = Fields::of_uri(&uri);
    let (after, told) = place(last.or(query.get("after")).unwrap_or_default());
    // What the browser knows already says when cells started.
    let (mut starts, mut total) = (HashMap::new(), 0);
    let known = ground.app.live.behind(&name, 0);
    let _ = cells::changes(&known[..told.min(known.len())], &mut starts, &mut total);
    let following = Following {
        ground,
        visitor,
        name,
        changes,
        after,
        told,
        starts,
        total,
        seen: None,
        ended: false,
    };
    let events = stream::unfold(following, async |mut following| {
        let event = following.next().await?;
        Some((Ok::<_, Infallible>(event), following))
    });
    let events: stream::BoxStream<'static, _> = Box::pin(events);
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::from_stream(events)).into_response())
}

impl Following {
    /// The next event; none when there will be no more, or the service ends.
    async fn next(&mut self) -> Option<String> {
        while !self.ended {
            // An error ends the stream. The browser comes again, and hears of it then.
            let app = &self.ground.app;
            let job = jobs::describe(app, &self.name).await.ok()?;
            let (lines, more) = log::behind(app, &job, self.after).await.ok()?;
            let is_new = self.seen.replace(job.modified_at) != Some(job.modified_at);
            self.visitor.now = app.clock.now();
            let told = app.live.behind(&self.name, self.told);
            if is_new || !lines.is_empty() || !told.is_empty() {
                self.told += told.len();
                self.after = lines.last().map_or(self.after, |line| line.id);
                let state = is_new
                    .then(|| partial("#state", "outerHTML", &job::state(&job, &self.visitor)));
                let log =
                    (!lines.is_empty()).then(|| partial("#log", "beforeend", &log::lines(&lines)));
                let cells = cells::changes(&told, &mut self.starts, &mut self.total);
                return Some(self.event(
                    &html! { (state.unwrap_or_default()) (cells) (log.unwrap_or_default()) },
                ));
            }
            if job.status.is_final() && !more {
                return self.last(job).await;
            }
            tokio::select! {
                () = self.changes.job(&self.name) => {}
                () = self.ground.shutdown.cancelled() => return None,
            }
        }
        None
    }

    /// The whole page of a job that has ended, with what it made. No more events follow: it holds no live part.
    async fn last(&mut self, job: Job) -> Option<String> {
        self.ended = true;
        let shown = tokio::select! {
            shown = Shown::of(&self.ground, job, PATIENCE) => shown.ok()?,
            () = self.ground.shutdown.cancelled() => return None,
        };
        let body = job::body(&shown, &self.visitor);
        Some(self.event(&partial("#job", "outerHTML", &body)))
    }

    fn event(&self, data: &Markup) -> String {
        event(&format!("{}-{}", self.after, self.told), data)
    }
}

/// New content for a part of the page, as htmx reads it.
pub(super) fn partial(target: &str, swap: &str, content: &Markup) -> Markup {
    html! { hx-partial hx-target=(target) hx-swap=(swap) { (content) } }
}

/// The place that an id names: a line of the log, and how much was told. A forged one only begins elsewhere.
fn place(id: &str) -> (i64, usize) {
    let (line, told) = id.split_once('-').unwrap_or((id, ""));
    (line.parse().unwrap_or(0), told.parse().unwrap_or(0))
}

/// One event. In its data a carriage return would end a line too, and what follows would be a field.
fn event(id: &str, data: &Markup) -> String {
    let mut text = format!("id: {id}\n");
    for line in data.0.replace('\r', "\n").split('\n') {
        text.push_str("data: ");
        text.push_str(line);
        text.push('\n');
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_cannot_forge_an_event() {
        let data = html! { ("a\rid: 7\r\n\ndata: <b>") };
        assert_eq!(
            event("3-1", &data),
            "id: 3-1\ndata: a\ndata: id: 7\ndata: \ndata: \ndata: data: &lt;b&gt;\n\n"
        );
    }
}
