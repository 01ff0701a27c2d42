//! `nbjobs definition run`: a job with the definition's arguments, as the extension makes it; no pipeline execution.

use super::{describe, document};
use crate::cli::client::{Client, Service};
use crate::cli::job::wait;
use crate::cli::notebook_job::Parameters;
use crate::clock::Clock;
use crate::model::notebook_job;
use jiff::tz::TimeZone;
use std::io::Write;
use std::process::ExitCode;
use uuid::Uuid;

pub(super) fn run(
    client: &Client,
    id: &str,
    parameters: &Parameters,
    wait: bool,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let parameters = parameters.values()?;
    let definition = document(&describe(client, id)?)?;
    let now = Clock::machine_now();
    let local = TimeZone::system().to_datetime(now);
    let job = notebook_job::run_now(
        &definition,
        &parameters,
        *Uuid::new_v4().as_bytes(),
        local,
        now,
    )
    .map_err(|problem| anyhow::anyhow!("{id} cannot run: {problem}"))?;
    client.call(Service::SageMaker, "CreateTrainingJob", &job)?;
    let name = job["TrainingJobName"].as_str().unwrap_or_default();
    writeln!(out, "{name}")?;
    out.flush()?;
    if wait {
        wait::run(client, name)
    } else {
        Ok(ExitCode::SUCCESS)
    }
}
