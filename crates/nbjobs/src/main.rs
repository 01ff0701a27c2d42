//! One binary, its roles as subcommands.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    nbjobs::cli::Cli::parse().run()
}
