//! `nbjobs definition …`: notebooks on a schedule, as Studio's page of that name shows them. A definition is one
//! pipeline and one rule of the same name.

mod create;
mod firings;
mod list;
mod run;
mod schedule;
mod show;
mod update;

use super::client::{Client, Connection, Service, ServiceError};
use super::notebook_job::{Options, Parameters, SchedulePolicies};
use super::report;
use crate::model::notebook_job::TARGET_ID;
use anyhow::Context;
use firings::Output;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::process::ExitCode;
use uuid::Uuid;

/// What is asked about definitions.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Run a notebook on a schedule; prints the definition's id
    Create {
        #[command(flatten)]
        options: Box<Options>,
        /// When, in UTC: 'cron(minutes hours day-of-month month day-of-week year)' or 'rate(5 minutes)'
        #[arg(long, value_parser = schedule::parse)]
        schedule: String,
        #[command(flatten)]
        policies: Box<SchedulePolicies>,
    },
    /// List definitions, the newest first
    List(list::Args),
    /// Show one definition
    #[command(visible_alias = "describe")]
    Show {
        /// The definition's id, as `definition list` shows it
        id: String,
        /// Print DescribePipeline's and DescribeRule's answers
        #[arg(long)]
        json: bool,
    },
    /// Run a definition's notebook now; prints the job's name
    Run {
        /// The definition's id
        id: String,
        #[command(flatten)]
        parameters: Parameters,
        /// Wait until the job ends; the exit code is 0 only if it completed
        #[arg(long)]
        wait: bool,
    },
    /// Stop the schedule; runs under way go on
    Pause {
        /// The definition's id
        id: String,
    },
    /// Start the schedule again
    Resume {
        /// The definition's id
        id: String,
    },
    /// Change the schedule or its policies; a paused definition stays paused
    Update {
        /// The definition's id
        id: String,
        #[command(flatten)]
        changes: Box<update::Changes>,
    },
    /// What became of each due moment, and why, the latest first
    Firings {
        /// The definition's id, or a schedule of EventBridge Scheduler as schedule/default/NAME
        id: String,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u64).range(1..=1000))]
        max: u64,
        /// How to print them
        #[arg(long, value_enum, default_value_t = Output::Table)]
        output: Output,
    },
    /// The moments at which it is due next
    Next {
        /// The definition's id, or a schedule of EventBridge Scheduler as schedule/default/NAME
        id: String,
        /// So many
        #[arg(short = 'n', long = "count", value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=1000))]
        count: u64,
        /// How to print them
        #[arg(long, value_enum, default_value_t = Output::Table)]
        output: Output,
    },
    /// Remove the schedule and the pipeline; jobs and their outputs stay
    Delete {
        /// The definition's id
        id: String,
    },
}

/// Does it.
pub fn main(args: Args) -> ExitCode {
    let mut out = io::stdout().lock();
    report::exit(run(args, &mut out))
}

fn run(args: Args, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let client = Client::new(&args.connection)?;
    match args.command {
        Command::Create {
            options,
            schedule,
            policies,
        } => create::run(&client, *options, *policies, &schedule, out)?,
        Command::List(args) => list::run(&client, &args, out)?,
        Command::Show { id, json } => show::run(&client, &id, json, out)?,
        Command::Run {
            id,
            parameters,
            wait,
        } => return run::run(&client, &id, &parameters, wait, out),
        Command::Pause { id } => switch(&client, "DisableRule", &id)?,
        Command::Resume { id } => switch(&client, "EnableRule", &id)?,
        Command::Update { id, changes } => update::run(&client, &id, *changes)?,
        Command::Firings { id, max, output } => firings::past(&client, &id, max, output, out)?,
        Command::Next { id, count, output } => firings::next(&client, &id, count, output, out)?,
        Command::Delete { id } => delete(&client, &id)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// `DescribePipeline`.
fn describe(client: &Client, id: &str) -> anyhow::Result<Value> {
    client.call(
        Service::SageMaker,
        "DescribePipeline",
        &json!({"PipelineName": id}),
    )
}

/// `DescribeRule`; `Null` if the rule is gone.
fn describe_rule(client: &Client, id: &str) -> anyhow::Result<Value> {
    match client.call(Service::EventBridge, "DescribeRule", &json!({"Name": id})) {
        Err(error) if ServiceError::is_not_found(&error) => Ok(Value::Null),
        answer => answer,
    }
}

/// A described pipeline's definition.
fn document(pipeline: &Value) -> anyhow::Result<Value> {
    let text = pipeline["PipelineDefinition"].as_str().unwrap_or_default();
    serde_json::from_str(text).context("the pipeline's definition is not JSON")
}

fn switch(client: &Client, operation: &str, id: &str) -> anyhow::Result<()> {
    client
        .call(Service::EventBridge, operation, &json!({"Name": id}))
        .map(drop)
}

/// In the extension's order: nothing fires any more, then the pipeline goes, then the rule. A definition of which an
/// earlier attempt left a part behind is removed as well.
fn delete(client: &Client, id: &str) -> anyhow::Result<()> {
    let steps = [
        (Service::EventBridge, "DisableRule", json!({"Name": id})),
        (
            Service::SageMaker,
            "DeletePipeline",
            json!({"PipelineName": id, "ClientRequestToken": Uuid::new_v4().to_string()}),
        ),
        (
            Service::EventBridge,
            "RemoveTargets",
            json!({"Rule": id, "Ids": [TARGET_ID]}),
        ),
        (Service::EventBridge, "DeleteRule", json!({"Name": id})),
    ];
    let mut absent = None;
    let mut found = false;
    for (service, operation, input) in steps {
        match client.call(service, operation, &input) {
            // DeleteRule is content with a rule that is not there, so it tells nothing.
            Ok(_) => found |= operation != "DeleteRule",
            Err(error) if !ServiceError::is_not_found(&error) => return Err(error),
            Err(error) if service == Service::SageMaker => absent = Some(error),
            Err(_) => {}
        }
    }
    match absent {
        Some(error) if !found => Err(error),
        _ => Ok(()),
    }
}
