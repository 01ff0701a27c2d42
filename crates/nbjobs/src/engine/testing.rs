//! An engine over a real store whose backend cannot start anything, for tests of what comes before and after.

use super::{Engine, Limits};
use crate::app::testing::{arguments, at, open};
use crate::app::{App, jobs};
use crate::backend::local::Local;
use crate::model::pipeline::{ExecutionStatus, PipelineExecution};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

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
        Limits {
            jobs_max: 1,
            stop_grace: Duration::ZERO,
        },
        Default::default(),
        Default::default(),
    )
}

/// An execution of a pipeline, to be named; it has no row.
pub(super) fn execution(pipeline: &str) -> PipelineExecution {
    PipelineExecution {
        id: format!("execution-of-{pipeline}"),
        pipeline: pipeline.to_owned(),
        version: 1,
        status: ExecutionStatus::Executing,
        display_name: None,
        description: None,
        definition: String::new(),
        parameters: Default::default(),
        parallel_max: None,
        selection: None,
        failure_reason: None,
        started_at: at(NOW),
        modified_at: at(NOW),
    }
}

/// Adds a job that waits.
pub(super) async fn queue(app: &App, name: &str) {
    let mut spec = arguments(json!({}));
    spec.as_object_mut().expect("an object").remove("Tags");
    let spec = serde_json::from_value(spec).expect("a job");
    let mut tx = app.store.tx().await.expect("a transaction");
    jobs::create_in(&mut tx, name, spec, &[], None, at(NOW))
        .await
        .expect("a job");
    tx.commit().await.expect("a commit");
}
