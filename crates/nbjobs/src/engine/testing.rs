//! An engine over a real store whose backend cannot start anything, for tests of what comes before and after.

use super::Engine;
use crate::app::testing::{arguments, at, open};
use crate::app::{App, jobs};
use crate::backend::local::Local;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

pub(super) const NOW: &str = "2026-11-23T12:00:00Z";

/// An engine with one place, on a folder of its own.
pub(super) async fn engine(dir: &Path) -> Engine {
    let backend = Local {
        program: "/no/such/program".into(),
        environment: Default::default(),
    };
    let runs = dir.join("runs");
    std::fs::create_dir(&runs).expect("a folder");
    let app = open(dir, at(NOW)).await;
    Engine::new(
        app,
        Arc::new(backend),
        runs,
        1,
        Default::default(),
        Default::default(),
    )
}

/// Adds a job that waits.
pub(super) async fn queue(app: &App, name: &str) {
    let mut spec = arguments(json!({}));
    spec.as_object_mut().expect("an object").remove("Tags");
    let spec = serde_json::from_value(spec).expect("a job");
    let mut tx = app.store.tx().await.expect("a transaction");
    jobs::create_in(&mut tx, name, spec, &[], at(NOW))
        .await
        .expect("a job");
    tx.commit().await.expect("a commit");
}
