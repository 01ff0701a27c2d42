//! The command line: one file per subcommand.

mod backup;
mod client;
mod connections;
mod console;
mod definition;
mod doctor;
mod env;
mod execute;
mod export;
mod gc;
mod job;
mod lab;
mod lock;
mod notebook_job;
mod report;
mod run;
mod search;
mod serve;
mod studio;
mod tags;
mod text;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Runs Jupyter notebooks: now, on demand and on a schedule, as SageMaker Studio's Notebook Jobs does.
#[derive(Debug, Parser)]
#[command(name = "nbjobs", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Execute a notebook now, in this process (Papermill's command line)
    Run(Box<run::Args>),
    /// Run notebooks on the service, and look at their runs
    Job(job::Args),
    /// Run notebooks on a schedule
    Definition(definition::Args),
    /// Run the service
    Serve(serve::Args),
    /// Print the variables that point AWS tools at the service, for `eval`
    Env(env::Args),
    /// Print a link that signs in to the web console, once
    Console(console::Args),
    /// Start JupyterLab with AWS's extension for notebook jobs, on this machine's service
    Lab(lab::Args),
    /// Turn a notebook into a web page, Markdown or a script
    Export(export::Args),
    /// Copy a data folder, also while its service runs
    Backup(backup::Args),
    /// Delete the runs that need not be kept, by the policies keep-runs and keep-for
    Gc(gc::Args),
    /// Check that what a data folder promises holds
    Doctor(doctor::Args),
    /// Run one attempt of a job (started by the service)
    #[command(hide = true)]
    Execute(execute::Args),
}

impl Cli {
    /// Does what was asked for. The exit code is 0, 1 if it failed, or 2 if it was asked for wrongly.
    pub fn run(self) -> ExitCode {
        match self.command {
            Command::Run(args) => run::main(*args),
            Command::Job(args) => job::main(args),
            Command::Definition(args) => definition::main(args),
            Command::Serve(args) => report(serve::main(args)),
            Command::Env(args) => report(env::main(args)),
            Command::Console(args) => report(console::main(args)),
            Command::Lab(args) => report(lab::main(args)),
            Command::Export(args) => report(export::main(args)),
            Command::Backup(args) => report(backup::main(&args)),
            Command::Gc(args) => gc::main(&args),
            Command::Doctor(args) => report::exit(doctor::main(&args)),
            Command::Execute(args) => execute::main(&args),
        }
    }
}

/// Where the service keeps everything.
#[derive(Debug, clap::Args)]
struct DataDir {
    /// The folder with the database and the buckets [default: ~/.local/share/nbjobs]
    #[arg(long, value_name = "DIR", env = "NBJOBS_DATA_DIR")]
    data_dir: Option<PathBuf>,
}

impl DataDir {
    fn path(&self) -> PathBuf {
        self.data_dir
            .clone()
            .unwrap_or_else(crate::config::default_data_dir)
    }
}

fn report(result: anyhow::Result<()>) -> ExitCode {
    report::exit(result.map(|()| ExitCode::SUCCESS))
}
