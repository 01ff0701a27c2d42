//! `nbjobs run`: executes a notebook now, in this process, with Papermill's command line.
//!
//! Exit status: 0 when the notebook ran to its end; 1 when a cell failed or anything else went wrong; 2 for a wrong
//! command line; 138 when the kernel died (Papermill's number); 130, 143 or 129 after SIGINT, SIGTERM or SIGHUP, with
//! everything so far saved.

mod args;
mod console;
mod execution;
mod help_notebook;
mod parameters;
mod path;
mod place;
mod remote;
mod stream_files;
mod yaml;

pub use args::Args;

use crate::clock::Clock;
use anyhow::{Context, ensure};
use console::{Console, Level};
use notebook::{Environment, Error, Notebook, Options, Preparation};
use place::{Place, STANDARD_STREAM};
use remote::Remote;
use rustix::fs::{FileType, fstat};
use std::cell::Cell;
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;
use stream_files::StreamFiles;
use tokio::signal::unix::{SignalKind, signal};

/// The exit status after the kernel's death, as Papermill's.
const EXIT_KERNEL_DIED: u8 = 138;
/// The one engine, by Papermill's names.
const ENGINES: [&str; 2] = ["nbclient", "None"];

/// Runs the subcommand.
pub fn main(args: Args) -> ExitCode {
    let (input, output) = match streams(&args) {
        Ok(paths) => paths,
        Err(missing) => {
            eprintln!("error: missing argument '{missing}'\n\n{}", args::USAGE);
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
    let from_pipe = fstat(std::io::stdin())
        .is_ok_and(|stdin| FileType::from_raw_mode(stdin.st_mode) == FileType::Fifo);
    let to_pipe = !std::io::stdout().is_terminal();
    let standard = || STANDARD_STREAM.to_owned();
    match (&args.notebook_path, &args.output_path) {
        (Some(input), Some(output)) => Ok((input.clone(), output.clone())),
        (Some(path), None) if args.execution.resume => Ok((path.clone(), path.clone())),
        (Some(output), None) if from_pipe => Ok((standard(), output.clone())),
        (Some(input), None) if to_pipe || args.help_notebook => Ok((input.clone(), standard())),
        (Some(_), None) => Err("OUTPUT_PATH"),
        (None, _) if from_pipe => Ok((standard(), standard())),
        (None, _) => Err("NOTEBOOK_PATH"),
    }
}

async fn run(args: &Args, input: &str, output: &str) -> anyhow::Result<ExitCode> {
    let parameters = parameters::gather(args, input, output)?;
    let names = path::Names::new(&parameters, Clock::machine_now());
    let (template, input, output) = (input, names.fill(input)?, names.fill(output)?);
    let to_stdout = output == STANDARD_STREAM;
    let level = match args.log_level {
        Level::Info if to_stdout => Level::Error,
        level => level,
    };
    let files = StreamFiles::open(args.stdout_file.as_deref(), args.stderr_file.as_deref())?;
    let mut console = Console::new(level, args.log_output, args.bar(to_stdout), files);
    console.say(Level::Info, &format!("Input Notebook:  {input}"));
    if args.help_notebook {
        let (kernel, language) = (args.kernel.as_deref(), args.language.as_deref());
        let tagged = help_notebook::show(&read(&input)?, template, kernel, language)?;
        return Ok(if tagged {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        });
    }
    console.say(Level::Info, &format!("Output Notebook: {output}"));
    if let Some(cwd) = &args.cwd {
        let line = format!("Working directory: {}", cwd.display());
        console.say(Level::Info, &line);
    }
    let target = Place::parse(&output)?;
    let mut notebook = read(&input)?;
    let preparation = Preparation {
        parameters,
        kernel_name: args.kernel.clone(),
        language: args.language.clone(),
        input_path: Some(input),
        output_path: Some(output.clone()),
        report_mode: args.report_mode,
        typed_parameters: false,
        json_parameters: false,
        strict_parameters: args.strict_parameters,
    };
    let notes = notebook::prepare(&mut notebook, &preparation)?;
    console.notes(&notes);
    if args.prepare_only {
        return write(&notebook, &target, &output).map(|()| ExitCode::SUCCESS);
    }
    if let Some(engine) = &args.engine {
        ensure!(
            ENGINES.contains(&engine.as_str()),
            "no engine is named '{engine}'; there is only nbclient, which is built in"
        );
    }
    execute(args, notebook, &target, &output, console).await
}

/// Runs the prepared notebook and sees to it that it gets where it is wanted.
async fn execute(
    args: &Args,
    mut notebook: Notebook,
    target: &Place,
    output: &str,
    mut console: Console,
) -> anyhow::Result<ExitCode> {
    let mut options = Options::new(Environment::inherited());
    options.kernel_name = args.kernel.clone();
    options.cwd = args.cwd.clone();
    options.autosave = args.autosave();
    options.start_timeout = Duration::from_secs(args.start_timeout);
    options.execution_timeout = args
        .execution_timeout
        .and_then(|seconds| u64::try_from(seconds).ok())
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs);
    args.execution.apply(&mut options);
    let mut remote = None;
    match target {
        _ if !args.saves() => {}
        Place::Stream => {}
        Place::Local(path) => options.output_path = Some(path.clone()),
        far => {
            // That it can't be saved there is better known before the kernel starts.
            write(&notebook, far, output)?;
            let copied = remote.insert(Remote::new(far.clone())?);
            options.output_path = Some(copied.file());
        }
    }
    let caught = Cell::new(None);
    let interrupt = first_signal(&caught)?;
    let result = notebook::execute(&mut notebook, &options, interrupt, &mut |event| {
        console.show(event)
    })
    .await;
    console.finish();
    // Without a kernel nothing has run, so nothing is written.
    if !matches!(result, Err(Error::NoKernelName | Error::KernelSpec(_))) {
        match remote {
            Some(remote) => remote.finish().with_context(|| cannot_write(output))?,
            None if options.output_path.is_none() => write(&notebook, target, output)?,
            None => {}
        }
    }
    match result {
        Ok(summary) => {
            if summary.nothing_left {
                console.say(
                    Level::Info,
                    "Nothing is left to do: the run had completed all cells",
                );
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

fn read(path: &str) -> anyhow::Result<Notebook> {
    let bytes = Place::parse(path)?
        .read()
        .with_context(|| format!("cannot read {path}"))?;
    Notebook::from_slice(&bytes).with_context(|| path.to_owned())
}

fn write(notebook: &Notebook, target: &Place, path: &str) -> anyhow::Result<()> {
    let written = match target.local() {
        Some(path) => notebook.save(path).map_err(Into::into),
        None => notebook
            .to_vec()
            .map_err(Into::into)
            .and_then(|bytes| target.write(&bytes)),
    };
    written.with_context(|| cannot_write(path))
}

fn cannot_write(path: &str) -> String {
    match path {
        STANDARD_STREAM => "cannot write to standard output".to_owned(),
        path => format!("cannot write {path}"),
    }
}
