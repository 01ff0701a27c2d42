//! Waits for a job's end, and tells what happens meanwhile on standard error.

use super::describe;
use crate::cli::client::{Client, Unreachable};
use serde_json::Value;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

/// The first pause between two looks; each is longer than the one before, so that a short job ends the wait at once
/// and a long one costs little.
const PAUSE_MIN: Duration = Duration::from_millis(20);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// How long the server may be away, as during a restart, before waiting is given up. Jobs outlive restarts.
const AWAY_MAX: Duration = Duration::from_secs(60);

/// Pauses that grow from [`PAUSE_MIN`] to [`PAUSE_MAX`].
pub(super) struct Pauses(Duration);

impl Pauses {
    pub(super) fn new() -> Self {
        Self(PAUSE_MIN)
    }

    /// The next pause is a short one again.
    pub(super) fn restart(&mut self) {
        *self = Self::new();
    }

    pub(super) fn pause(&mut self) {
        thread::sleep(self.0);
        self.0 = (self.0 * 5 / 4).min(PAUSE_MAX);
    }
}

/// Whether a described job has ended.
pub(super) fn has_ended(job: &Value) -> bool {
    matches!(
        job["TrainingJobStatus"].as_str(),
        Some("Completed" | "Failed" | "Stopped")
    )
}

/// Waits until the job ends. Success only if it completed; else the reason is printed.
pub fn run(client: &Client, name: &str) -> anyhow::Result<ExitCode> {
    let mut pauses = Pauses::new();
    let mut last_answer = Instant::now();
    let mut shown = String::new();
    let job = loop {
        match describe(client, name) {
            Ok(job) => {
                last_answer = Instant::now();
                let status = job["SecondaryStatus"].as_str().unwrap_or_default();
                if status != shown {
                    eprintln!("{status}");
                    shown = status.to_owned();
                }
                if has_ended(&job) {
                    break job;
                }
            }
            Err(error) if error.is::<Unreachable>() && last_answer.elapsed() < AWAY_MAX => {}
            Err(error) => return Err(error),
        }
        pauses.pause();
    };
    if job["TrainingJobStatus"] == "Completed" {
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(reason) = job["FailureReason"].as_str() {
        eprintln!("{reason}");
    }
    Ok(ExitCode::FAILURE)
}
