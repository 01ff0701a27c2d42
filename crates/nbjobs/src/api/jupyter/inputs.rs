//! `/scheduler/inputs/{id}/{path}`: files that wait for a job or definition to be made of them. The answer of each says
//! what `input_uri` names it by; `id` is the caller's own choice, such as a UUID.

use super::{Answer, json, nothing};
use crate::app::{App, inputs};
use axum::body::Body;
use futures::TryStreamExt;
use serde_json::json;
use std::io;

pub(super) async fn put(app: &App, id: &str, path: &str, body: Body) -> Answer {
    let bytes = body.into_data_stream().map_err(io::Error::other);
    let uri = inputs::put(app, id, path, bytes).await?;
    json(&json!({"input_uri": uri}))
}

pub(super) async fn delete(app: &App, id: &str) -> Answer {
    inputs::delete(app, id).await?;
    nothing()
}
