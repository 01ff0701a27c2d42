//! Whether the service can do its work, and its numbers.

use super::App;

/// Whether rows and bytes can be written: as much as a small job needs is written, made durable, and taken back.
pub async fn check(app: &App) -> anyhow::Result<()> {
    app.store.probe().await?;
    Ok(app.objects.probe().await?)
}

/// The numbers in Prometheus's text form.
pub async fn metrics(app: &App) -> anyhow::Result<String> {
    let unfinished = app.store.unfinished_jobs().await?;
    Ok(app.store.metrics().text(&unfinished)?)
}
