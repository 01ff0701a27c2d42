//! `/scheduler/jobs/{id}/download_files`: the output's archive, `output.tar.gz`. Whoever asks puts the files where its
//! user sees them.

use super::Answer;
use super::error::Refusal;
use crate::app::{App, notebook_jobs, objects};
use axum::body::Body;
use http::{Response, StatusCode, header};

pub(super) async fn archive(app: &App, id: &str) -> Answer {
    let (job, _) = notebook_jobs::describe(app, id).await?;
    let Some(object) = objects::find(app, &job.artifact_uri()).await? else {
        let reason = match job.status.is_final() {
            true => "it ended before its notebook ran, or its output was deleted",
            false => "it has not ended yet",
        };
        return Err(Refusal::new(
            StatusCode::NOT_FOUND,
            format!("The job {id} has no output: {reason}"),
        ));
    };
    let size = object.info.size;
    let mut response = Response::new(Body::from_stream(object.stream(0..size)));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/gzip"),
    );
    headers.insert(header::CONTENT_LENGTH, size.into());
    headers.insert(
        header::CONTENT_DISPOSITION,
        header::HeaderValue::from_static("attachment; filename=\"output.tar.gz\""),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        header::HeaderValue::from_static("nosniff"),
    );
    Ok(response)
}
