//! What a run made, as it is: the notebook's page in its frame, files and the archive to download. All of it is a
//! stranger's, so it comes as a download, or into a sandbox.

use super::failure::Failure;
use super::fields::Fields;
use super::visitor::Visitor;
use super::{Ground, job};
use crate::app::output;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Response, StatusCode, Uri};
use maud::{DOCTYPE, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::io::ReaderStream;

/// An origin of its own whatever shows it, and nothing from the network. The page's own policy, in its head, says which
/// scripts run.
const SANDBOX: &str = "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; \
                       style-src 'unsafe-inline'; img-src data: blob:; media-src data: blob:; font-src data:; \
                       worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
/// How long the frame waits for its page.
const PATIENCE: Duration = Duration::from_millis(500);
/// Bytes of a file that are sent at a time.
const PIECE_BYTES: usize = 256 * 1024;

/// The executed notebook as a page; with `?download`, as a file.
pub(super) async fn notebook(
    State(ground): State<Ground>,
    Path(name): Path<String>,
    _visitor: Visitor,
    uri: Uri,
) -> Result<Response<Body>, Failure> {
    let job = job::find(&ground.app, &name).await?;
    if !job.status.is_final() {
        return Err(Failure::not_found("The job still runs."));
    }
    let Some(prepared) = ground.prepared.of(&ground.app, &job, PATIENCE).await else {
        let text = html! { (DOCTYPE) html lang="en" { head { title { "Being prepared" } meta name="color-scheme" content="light dark"; }
        body { p { "The notebook is being prepared…" } } } };
        let headers = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8"),
            (header::REFRESH, "1"),
            (header::CONTENT_SECURITY_POLICY, SANDBOX),
        ];
        return Ok((StatusCode::ACCEPTED, headers, text.into_string()).into_response());
    };
    let page = prepared.page.as_ref();
    let page = page.ok_or_else(|| Failure::not_found("There is no page of this notebook."))?;
    let file = tokio::fs::File::open(page)
        .await
        .map_err(anyhow::Error::from)?;
    let body = Body::from_stream(ReaderStream::with_capacity(file, PIECE_BYTES));
    if Fields::of_uri(&uri).has("download") {
        return Ok(attachment(
            &format!("{name}.html"),
            "text/html; charset=utf-8",
            body,
        ));
    }
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, SANDBOX),
    ];
    Ok((headers, body).into_response())
}

/// One file of the archive.
pub(super) async fn file(
    State(ground): State<Ground>,
    Path((name, path)): Path<(String, String)>,
    _visitor: Visitor,
) -> Result<Response<Body>, Failure> {
    let job = job::find(&ground.app, &name).await?;
    let archive = output::archive(&ground.app, &job).await?;
    let (send, mut pieces) = mpsc::channel::<io::Result<Bytes>>(2);
    let file_name = path.rsplit('/').next().unwrap_or_default().to_owned();
    let wanted = path.clone();
    // The search and the sending are one walk through the archive; the first piece, or none, says whether it is there.
    let task = async move {
        let to = send.clone();
        let walk = output::visit(&archive, move |found, _, bytes| match found == wanted {
            true => {
                pour(bytes, &to);
                Ok(ControlFlow::Break(()))
            }
            false => Ok(ControlFlow::Continue(())),
        });
        if let Err(error) = walk.await {
            let _ = send.send(Err(io::Error::other(error.into_cause()))).await;
        }
    };
    tokio::spawn(task);
    let Some(first) = pieces.recv().await else {
        return Err(Failure::not_found(format!(
            "The output of {name} has no file {path}."
        )));
    };
    let first = first.map_err(anyhow::Error::from)?;
    let rest = futures::stream::unfold(pieces, async |mut pieces| {
        Some((pieces.recv().await?, pieces))
    });
    let all = futures::StreamExt::chain(futures::stream::iter([Ok(first)]), rest);
    Ok(attachment(
        &file_name,
        "application/octet-stream",
        Body::from_stream(all),
    ))
}

/// Sends a file piece by piece; an empty one as an empty piece. It ends early when nobody listens.
fn pour(bytes: &mut dyn Read, send: &mpsc::Sender<io::Result<Bytes>>) {
    let mut is_first = true;
    loop {
        let mut piece = Vec::new();
        let read = bytes.take(PIECE_BYTES as u64).read_to_end(&mut piece);
        let is_end = piece.is_empty() && !is_first;
        is_first = false;
        match read {
            Ok(_) if is_end => return,
            Ok(_) => {
                if send.blocking_send(Ok(piece.into())).is_err() {
                    return;
                }
            }
            Err(error) => {
                let _ = send.blocking_send(Err(error));
                return;
            }
        }
    }
}

/// The whole archive.
pub(super) async fn archive(
    State(ground): State<Ground>,
    Path(name): Path<String>,
    _visitor: Visitor,
) -> Result<Response<Body>, Failure> {
    let job = job::find(&ground.app, &name).await?;
    let archive = output::archive(&ground.app, &job).await?;
    let size = archive.info.size;
    let body = Body::from_stream(archive.stream(0..size));
    let mut response = attachment(&format!("{name}.tar.gz"), "application/gzip", body);
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    Ok(response)
}

/// A body that the browser saves.
pub(super) fn attachment(name: &str, kind: &'static str, body: Body) -> Response<Body> {
    let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename*=UTF-8''{name}"),
        ),
        (header::CONTENT_SECURITY_POLICY, SANDBOX.to_owned()),
    ];
    (headers, body).into_response()
}
