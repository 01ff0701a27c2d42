//! The command line: one file per subcommand.

pub mod run;

use std::process::ExitCode;

/// Self-hosted SageMaker Notebook Jobs.
#[derive(Debug, clap::Parser)]
#[command(version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Execute a notebook now, in this process (Papermill's command line)
    Run(run::Args),
}

impl Cli {
    /// Runs the subcommand.
    pub fn run(self) -> ExitCode {
        match self.command {
            Command::Run(args) => run::main(args),
        }
    }
}
