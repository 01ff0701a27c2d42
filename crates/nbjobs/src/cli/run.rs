//! `nbjobs run`: executes a notebook now, in this process, with Papermill's command line.
//!
//! Exit status: 0 when the notebook ran to its end; 1 when a cell failed or anything else went wrong; 2 for a wrong
//! command line; 138 when the kernel died (Papermill's number); 130, 143 or 129 after SIGINT, SIGTERM or SIGHUP, with
//! everything so far saved.

mod console;
mod execution;
mod parameters;
mod path;
mod yaml;

use crate::clock::Clock;
use anyhow::{Context, bail};
use console::Console;
use execution::ExecutionArgs;
use notebook::{Environment, Error, Notebook, Options, Preparation};
use std::cell::Cell;
use std::fs::File;
use std::io::{IsTerminal, Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// The path that stands for standard input or output.
const STANDARD_STREAM: &str = "-";
/// The exit status after the kernel's death, as Papermill's.
const EXIT_KERNEL_DIED: u8 = 138;
/// The largest notebook that is read, in bytes.
const NOTEBOOK_BYTES_MAX: u64 = 1 << 30;

/// The end of `nbjobs run --help`.
const EXIT_STATUS: &str = "Exit status: 0 the notebook ran to its end; 1 a cell failed, or anything else went wrong; \
    2 wrong usage; 138 the kernel died; 130, 143, 129 after SIGINT, SIGTERM, SIGHUP (what there was is saved)";

/// Arguments of `nbjobs run`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_STATUS)]
pub struct Args {
    /// The notebook to execute; `-` is standard input. If standard input is a pipe and this is the only path, it is
    /// the output, and the notebook comes from the pipe
    #[arg(value_name = "NOTEBOOK_PATH")]
    notebook_path: Option<String>,
    /// Where the executed notebook goes; `-` is standard output. May hold `{parameter}` and `{pm[run_uuid]}`
    #[arg(value_name = "OUTPUT_PATH")]
    output_path: Option<String>,
    /// A parameter; the value is read as True, False, None, a number, else as text
    #[arg(short = 'p', long, num_args = 2, value_names = ["NAME", "VALUE"], allow_hyphen_values = true)]
    parameters: Vec<String>,
    /// A parameter whose value is text, whatever it looks like
    #[arg(short = 'r', long = "parameters_raw", alias = "parameters-raw", num_args = 2, value_names = ["NAME", "VALUE"],
          allow_hyphen_values = true)]
    parameters_raw: Vec<String>,
    /// A file of parameters, YAML or JSON
    #[arg(
        short = 'f',
        long = "parameters_file",
        alias = "parameters-file",
        value_name = "PATH"
    )]
    parameters_file: Vec<PathBuf>,
    /// Parameters as YAML
    #[arg(
        short = 'y',
        long = "parameters_yaml",
        alias = "parameters-yaml",
        value_name = "YAML",
        allow_hyphen_values = true
    )]
    parameters_yaml: Vec<String>,
    /// Parameters as base64 of YAML
    #[arg(
        short = 'b',
        long = "parameters_base64",
        alias = "parameters-base64",
        value_name = "BASE64"
    )]
    parameters_base64: Vec<String>,
    /// Set the parameters and write the notebook, but execute nothing
    #[arg(long, overrides_with = "prepare_execute")]
    prepare_only: bool,
    #[arg(long, hide = true)]
    prepare_execute: bool,
    /// The kernel to use instead of the notebook's
    #[arg(short = 'k', long)]
    kernel: Option<String>,
    /// The language of the parameters instead of the notebook's
    #[arg(short = 'l', long)]
    language: Option<String>,
    /// The kernel's working directory
    #[arg(long, value_name = "DIR")]
    cwd: Option<PathBuf>,
    /// Show a progress bar (the default on a terminal)
    #[arg(long, overrides_with = "no_progress_bar")]
    progress_bar: bool,
    /// Show no progress bar
    #[arg(long)]
    no_progress_bar: bool,
    /// Write what the notebook puts out to standard error, too
    #[arg(long, overrides_with = "no_log_output")]
    log_output: bool,
    #[arg(long, hide = true)]
    no_log_output: bool,
    /// Seconds in which the kernel must be ready
    #[arg(
        long,
        alias = "start_timeout",
        value_name = "SECONDS",
        default_value_t = 60
    )]
    start_timeout: u64,
    /// Seconds that each cell may take; 0 is no limit
    #[arg(long, value_name = "SECONDS")]
    execution_timeout: Option<u64>,
    /// Hide the source of every code cell
    #[arg(long, overrides_with = "no_report_mode")]
    report_mode: bool,
    #[arg(long, hide = true)]
    no_report_mode: bool,
    #[command(flatten)]
    execution: ExecutionArgs,
}

/// Runs the subcommand. Call it on the main thread: the kernel's life is bound to the calling thread.
pub fn main(args: Args) -> ExitCode {
    let (input, output) = match streams(&args) {
        Ok(paths) => paths,
        Err(missing) => {
            eprintln!(
                "error: missing argument '{missing}'\n\nUsage: nbjobs run [OPTIONS] [NOTEBOOK_PATH] [OUTPUT_PATH]"
            );
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let result = runtime
        .context("no runtime")
        .and_then(|runtime| runtime.block_on(run(&args, &input, &output)));
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("nbjobs run: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The two paths by Papermill's rules for pipes, or the name of the one that is missing.
fn streams(args: &Args) -> Result<(String, String), &'static str> {
    let from_pipe = File::open("/dev/stdin").and_then(|stdin| stdin.metadata());
    let from_pipe = from_pipe.is_ok_and(|stdin| stdin.file_type().is_fifo());
    let to_pipe = !std::io::stdout().is_terminal();
    let standard = || STANDARD_STREAM.to_owned();
    match (&args.notebook_path, &args.output_path) {
        (Some(input), Some(output)) => Ok((input.clone(), output.clone())),
        (Some(path), None) if args.execution.resume => Ok((path.clone(), path.clone())),
        (Some(output), None) if from_pipe => Ok((standard(), output.clone())),
        (Some(input), None) if to_pipe => Ok((input.clone(), standard())),
        (Some(_), None) => Err("OUTPUT_PATH"),
        (None, _) if from_pipe => Ok((standard(), standard())),
        (None, _) => Err("NOTEBOOK_PATH"),
    }
}

async fn run(args: &Args, input: &str, output: &str) -> anyhow::Result<ExitCode> {
    let parameters = parameters::gather(args)?;
    let names = path::Names::new(&parameters, Clock::machine_now());
    let (input, output) = (names.fill(input)?, names.fill(output)?);
    let to_stdout = output == STANDARD_STREAM;
    let bar = !args.no_progress_bar && (args.progress_bar || !args.log_output) && !to_stdout;
    let mut console = Console::new(to_stdout, args.log_output, bar);
    console.say(&format!("Input Notebook:  {input}"));
    console.say(&format!("Output Notebook: {output}"));
    if let Some(cwd) = &args.cwd {
        console.say(&format!("Working directory: {}", cwd.display()));
    }
    let bytes = read(&input).with_context(|| format!("cannot read {input}"))?;
    let mut notebook = Notebook::from_slice(&bytes).with_context(|| input.clone())?;
    drop(bytes);
    let preparation = Preparation {
        parameters,
        kernel_name: args.kernel.clone(),
        language: args.language.clone(),
        input_path: Some(input),
        output_path: Some(output.clone()),
        report_mode: args.report_mode,
    };
    let notes = notebook::prepare(&mut notebook, &preparation)?;
    for name in notes.unknown_parameters {
        console.say(&format!("Passed unknown parameter: {name}"));
    }
    if notes.no_parameters_cell {
        console.say("Input notebook does not contain a cell with tag 'parameters'");
    }
    if args.prepare_only {
        return write(&notebook, &output).map(|()| ExitCode::SUCCESS);
    }
    let mut options = Options::new(Environment::inherited());
    options.kernel_name = args.kernel.clone();
    options.cwd = args.cwd.clone();
    options.output_path = (!to_stdout).then(|| PathBuf::from(&output));
    options.start_timeout = Duration::from_secs(args.start_timeout);
    options.execution_timeout = args
        .execution_timeout
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs);
    args.execution.apply(&mut options);
    let caught = Cell::new(None);
    let interrupt = first_signal(&caught)?;
    let result = notebook::execute(&mut notebook, &options, interrupt, &mut |event| {
        console.show(event)
    })
    .await;
    console.finish();
    // Without a kernel nothing has run, so nothing is written.
    if to_stdout && !matches!(result, Err(Error::NoKernelName | Error::KernelSpec(_))) {
        write(&notebook, &output)?;
    }
    match result {
        Ok(summary) => {
            if summary.nothing_left {
                console.say("Nothing is left to do: the run had completed all cells");
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => Ok(explain(&error, caught.get())),
    }
}

/// Says why a run ended early; the exit status.
fn explain(error: &Error, signal: Option<u8>) -> ExitCode {
    match error {
        Error::Cell(error) => {
            eprintln!("{}", console::exception(error));
            ExitCode::FAILURE
        }
        Error::KernelDied { .. } | Error::KernelRestarted { .. } => {
            eprintln!("nbjobs run: {error}");
            ExitCode::from(EXIT_KERNEL_DIED)
        }
        Error::Interrupted { .. } => {
            eprintln!("nbjobs run: {error}");
            signal.map_or(ExitCode::FAILURE, |signal| ExitCode::from(128 + signal))
        }
        _ => {
            eprintln!("nbjobs run: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Waits for the first signal that asks this process to stop, and notes its number. Handlers are set at once.
fn first_signal(caught: &Cell<Option<u8>>) -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        let number = tokio::select! {
            _ = interrupt.recv() => 2,
            _ = terminate.recv() => 15,
            _ = hangup.recv() => 1,
        };
        caught.set(Some(number));
    })
}

fn read(path: &str) -> anyhow::Result<Vec<u8>> {
    let source: Box<dyn Read> = match path {
        STANDARD_STREAM => Box::new(std::io::stdin()),
        path => Box::new(File::open(path)?),
    };
    let mut bytes = Vec::new();
    source
        .take(NOTEBOOK_BYTES_MAX + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > NOTEBOOK_BYTES_MAX {
        bail!("it is larger than {NOTEBOOK_BYTES_MAX} bytes");
    }
    Ok(bytes)
}

fn write(notebook: &Notebook, path: &str) -> anyhow::Result<()> {
    if path != STANDARD_STREAM {
        return notebook
            .save(path.as_ref())
            .with_context(|| format!("cannot write {path}"));
    }
    let mut stdout = std::io::stdout().lock();
    let written = stdout
        .write_all(&notebook.to_vec())
        .and_then(|()| stdout.flush());
    written.context("cannot write to standard output")
}
