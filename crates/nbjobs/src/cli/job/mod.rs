//! `nbjobs job …`: notebook jobs on the server, as Studio's page of that name shows them.

mod create;
mod download;
mod list;
mod logs;
mod show;
mod unpack;
pub mod wait;

use super::client::{Client, Connection, Service, ServiceError};
use super::notebook_job::{JobPolicies, Options};
use super::report;
use crate::model::notebook_job::ARCHIVED_TAG;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// What is asked about jobs.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Run a notebook now; prints the job's name
    Create {
        #[command(flatten)]
        options: Box<Options>,
        #[command(flatten)]
        policies: JobPolicies,
        /// Wait until the job ends; the exit code is 0 only if it completed
        #[arg(long)]
        wait: bool,
    },
    /// List jobs, the newest first
    List(list::Args),
    /// Show one job
    Show {
        /// The job's name, as `job list` shows it
        name: String,
        /// Print DescribeTrainingJob's answer
        #[arg(long)]
        json: bool,
    },
    /// Print a job's log
    Logs {
        /// The job's name
        name: String,
        /// Go on until the job ends
        #[arg(short, long)]
        follow: bool,
    },
    /// Stop a job; what it has done so far is kept
    Stop {
        /// The job's name
        name: String,
    },
    /// Stop a job and take it off the lists
    Delete {
        /// The job's name
        name: String,
    },
    /// Fetch a job's output: the executed notebook, its input and its log; prints the files' paths
    Download {
        /// The job's name
        name: String,
        /// The folder to write to [default: a new one with the job's name]
        folder: Option<PathBuf>,
        /// Replace files that are there already
        #[arg(long)]
        overwrite: bool,
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
            policies,
            wait,
        } => return create::run(&client, *options, policies, wait, out),
        Command::List(args) => list::run(&client, &args, out)?,
        Command::Show { name, json } => show::run(&client, &name, json, out)?,
        Command::Logs { name, follow } => logs::run(&client, &name, follow, out)?,
        Command::Stop { name } => stop(&client, &name)?,
        Command::Delete { name } => delete(&client, &name)?,
        Command::Download {
            name,
            folder,
            overwrite,
        } => download::run(&client, &name, folder, overwrite, out)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// `DescribeTrainingJob`.
fn describe(client: &Client, name: &str) -> anyhow::Result<Value> {
    client.call(
        Service::SageMaker,
        "DescribeTrainingJob",
        &json!({"TrainingJobName": name}),
    )
}

fn stop(client: &Client, name: &str) -> anyhow::Result<()> {
    client.call(
        Service::SageMaker,
        "StopTrainingJob",
        &json!({"TrainingJobName": name}),
    )?;
    Ok(())
}

/// As the extension deletes: SageMaker forgets no job, so the job is stopped and tagged, and lists leave it out.
fn delete(client: &Client, name: &str) -> anyhow::Result<()> {
    let arn = describe(client, name)?["TrainingJobArn"].clone();
    if let Err(error) = stop(client, name)
        && !has_ended(&error)
    {
        return Err(error);
    }
    let tags = json!([{"Key": ARCHIVED_TAG, "Value": "true"}]);
    client.call(
        Service::SageMaker,
        "AddTags",
        &json!({"ResourceArn": arn, "Tags": tags}),
    )?;
    Ok(())
}

/// Whether a job was not stopped because it has ended.
fn has_ended(error: &anyhow::Error) -> bool {
    let said = "The request was rejected because the training job is in status";
    error
        .downcast_ref::<ServiceError>()
        .is_some_and(|error| error.code == "ValidationException" && error.message.contains(said))
}
