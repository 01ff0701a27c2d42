//! The programs that a job brings beside its notebook.

use notebook::Environment;
use std::path::Path;
use std::process::Stdio;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

/// How a script ended, if not well.
#[derive(Debug)]
pub(super) enum End {
    /// With this exit code; 128 and the number for a signal, as shells have it.
    Code(i32),
    /// The run was told to stop.
    Stopped,
    /// It could not be started.
    Broken(anyhow::Error),
}

/// Runs a life cycle script in a shell of its own: what it exports does not reach the notebook.
pub(super) async fn run(
    script: &Path,
    cwd: &Path,
    environment: &Environment,
    stop: &CancellationToken,
) -> Result<(), End> {
    wait(
        command("sh", environment).arg(script).current_dir(cwd),
        stop,
    )
    .await
}

/// Sources an initialization script: what it exports is in the environment that this answers.
pub(super) async fn source(
    script: &Path,
    cwd: &Path,
    environment: &Environment,
    tmp: &Path,
    stop: &CancellationToken,
) -> Result<Environment, End> {
    let dump = tmp.join("environment");
    let mut bash = command("bash", environment);
    bash.args(["-c", "set -e; . \"$0\"; env -0 > \"$1\""])
        .arg(script)
        .arg(&dump)
        .current_dir(cwd);
    wait(&mut bash, stop).await?;
    let bytes = std::fs::read(&dump).map_err(|error| End::Broken(error.into()))?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text
        .split('\0')
        .filter_map(|entry| entry.split_once('='))
        .collect())
}

/// `jupyter nbconvert --to FORMAT NOTEBOOK`, beside the notebook.
pub(super) async fn convert(
    format: &str,
    notebook: &Path,
    environment: &Environment,
    stop: &CancellationToken,
) -> Result<(), End> {
    let mut program = command("jupyter", environment);
    program.args(["nbconvert", "--to", format]).arg(notebook);
    wait(&mut program, stop).await
}

fn command(program: &str, environment: &Environment) -> Command {
    #[allow(
        clippy::disallowed_methods,
        reason = "the driver runs the job's own programs"
    )]
    let mut command = Command::new(program);
    command
        .env_clear()
        .envs(environment.iter())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Waits for the program, or kills it when the run is told to stop.
async fn wait(command: &mut Command, stop: &CancellationToken) -> Result<(), End> {
    use std::os::unix::process::ExitStatusExt;
    let mut child = command.spawn().map_err(|error| End::Broken(error.into()))?;
    let status = tokio::select! {
        status = child.wait() => status.map_err(|error| End::Broken(error.into()))?,
        () = stop.cancelled() => return Err(End::Stopped),
    };
    match status.code() {
        Some(0) => Ok(()),
        Some(code) => Err(End::Code(code)),
        None => Err(End::Code(128 + status.signal().unwrap_or(0))),
    }
}
