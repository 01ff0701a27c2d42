//! `nbjobs job create`: a snapshot of the notebook goes to S3, then the job is asked for.

use super::{describe, wait};
use crate::cli::client::{Client, Service, Unreachable};
use crate::cli::notebook_job::{JobPolicies, Options, Rollback};
use crate::clock::Clock;
use jiff::tz::TimeZone;
use std::io::Write;
use std::process::ExitCode;
use uuid::Uuid;

pub(super) fn run(
    client: &Client,
    options: Options,
    policies: JobPolicies,
    wait: bool,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let (mut job, files) = options.prepare(client)?;
    job.tags.extend(policies.tags());
    let now = Clock::machine_now();
    let id = job.id(
        *Uuid::new_v4().as_bytes(),
        TimeZone::system().to_datetime(now),
    );
    let mut rollback = Rollback::new(client);
    files.upload(client, &job.bucket, &id, &mut rollback)?;
    let body = job.training_job(&id, now);
    match client.call(Service::SageMaker, "CreateTrainingJob", &body) {
        // Only the answer was lost: the job is there, so its files must stay.
        Err(error) if error.is::<Unreachable>() && describe(client, &id).is_ok() => {}
        answer => drop(answer?),
    }
    rollback.keep();
    writeln!(out, "{id}")?;
    out.flush()?;
    if wait {
        wait::run(client, &id)
    } else {
        Ok(ExitCode::SUCCESS)
    }
}
