//! How a command ends: its exit code, and its error as one line on standard error.

use super::client::ServiceError;
use std::io;
use std::process::ExitCode;

/// The exit code of a command line that cannot be right, as clap's.
const USAGE: u8 = 2;

/// The command line cannot be right, in a way that only a look at several options shows.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(String);

impl Usage {
    /// With a text that names the option.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// Turns a command's result into its exit code and prints its error. A reader that went away, such as `head`, is no
/// error.
pub fn exit(result: anyhow::Result<ExitCode>) -> ExitCode {
    let error = match result {
        Ok(code) => return code,
        Err(error) => error,
    };
    let broken_pipe = error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
    if broken_pipe {
        return ExitCode::SUCCESS;
    }
    if error.is::<ServiceError>() {
        eprintln!("{error:#}");
    } else {
        eprintln!("nbjobs: {error:#}");
    }
    if error.is::<Usage>() {
        ExitCode::from(USAGE)
    } else {
        ExitCode::FAILURE
    }
}
