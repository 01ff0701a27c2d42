//! `nbjobs definition create`: a snapshot of the notebook goes to S3, then a pipeline, a rule and its target are made.

use crate::cli::client::{Client, Service};
use crate::cli::notebook_job::{Options, Rollback, SchedulePolicies, Step};
use crate::clock::Clock;
use anyhow::Context;
use jiff::tz::TimeZone;
use std::io::Write;
use uuid::Uuid;

pub(super) fn run(
    client: &Client,
    options: Options,
    policies: SchedulePolicies,
    schedule: &str,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let (job, files) = options.prepare(client)?;
    let local = TimeZone::system().to_datetime(Clock::machine_now());
    let id = job.id(*Uuid::new_v4().as_bytes(), local);
    let mut rollback = Rollback::new(client);
    files.upload(client, &job.bucket, &id, &mut rollback)?;
    let token = Uuid::new_v4().to_string();
    let body = job.pipeline(&id, &policies.tags(), &token);
    let pipeline = client.call(Service::SageMaker, "CreatePipeline", &body);
    let pipeline = rollback.after(Step::Pipeline { name: id.clone() }, pipeline)?;
    let rule = client.call(Service::EventBridge, "PutRule", &job.rule(&id, schedule));
    rollback.after(Step::Rule { name: id.clone() }, rule)?;
    let arn = pipeline["PipelineArn"]
        .as_str()
        .context("the answer of CreatePipeline has no PipelineArn")?;
    let answer = client.call(Service::EventBridge, "PutTargets", &job.targets(&id, arn))?;
    let failed = &answer["FailedEntries"][0];
    anyhow::ensure!(
        failed.is_null(),
        "the rule cannot start the pipeline: {}",
        failed["ErrorMessage"].as_str().unwrap_or_default()
    );
    rollback.keep();
    writeln!(out, "{id}")?;
    Ok(())
}
