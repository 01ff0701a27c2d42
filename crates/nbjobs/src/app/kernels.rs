//! The kernels that jobs can run on.

use super::App;
use std::sync::Arc;

/// Their names, sorted. They are looked for anew each time: one may have been installed.
pub async fn names(app: &App) -> super::Result<Vec<String>> {
    let environment = Arc::clone(&app.job_environment);
    let names = tokio::task::spawn_blocking(move || notebook::kernelspec::names(&environment));
    Ok(names.await.map_err(anyhow::Error::from)?)
}
