//! `nbjobs execute`: the driver. The service starts it; it outlives the service.

use crate::driver;
use crate::rundir::RunDir;
use std::path::PathBuf;
use std::process::ExitCode;

/// Options of `nbjobs execute`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of the attempt
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
}

/// Runs the attempt. How it went is said in the folder; the exit code says only whether that worked.
pub(super) fn main(args: &Args) -> ExitCode {
    super::report(driver::run(&RunDir::new(args.dir.clone())))
}
