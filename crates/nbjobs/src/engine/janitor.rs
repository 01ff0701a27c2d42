//! Runs that need not be kept are deleted, at the start and each hour.

use crate::app::{App, Error, retention};
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;
use tracing::error;

const INTERVAL: SignedDuration = SignedDuration::from_hours(1);

/// Deletes until the server shuts down.
pub async fn run(app: App, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            result = retention::sweep(&app) => if let Err(error) = result.map_err(Error::into_cause) {
                let error = format!("{error:#}");
                error!(error, "could not delete runs that need not be kept; trying again in an hour");
            },
            () = shutdown.cancelled() => return,
        }
        let next = app.clock.now().saturating_add(INTERVAL).ok();
        tokio::select! {
            () = app.clock.sleep_until(next) => {}
            () = shutdown.cancelled() => return,
        }
    }
}
