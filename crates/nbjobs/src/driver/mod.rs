//! The driver: runs one attempt in its folder and says there how it went. Our counterpart of SageMaker's headless
//! execution driver, with the same steps, the same file names and the same failure codes.
//!
//! It knows the [`RunDir`] and nothing of the server, which may be gone while it works.

mod formats;
mod network;
mod notebook_step;
mod progress;
mod report;
mod script;

use crate::backend::process;
use crate::rundir::{Exit, Order, RunDir};
use anyhow::Context;
use notebook::Environment;
use report::{Failure, say};
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The version of the job definition that is understood, in `SM_JOB_DEF_VERSION`.
const JOB_DEF_VERSION: &str = "1.0";
/// How long to wait for room on a full disk before looking again.
const ROOM_PAUSE: Duration = Duration::from_secs(1);

/// Runs the attempt of a folder that was handed over, unless another driver claimed it.
pub fn run(run: &RunDir) -> anyhow::Result<()> {
    // A session of its own: signals to the server's terminal or group don't reach the run, and all of its
    // processes can be found. It fails where the caller has done it already.
    let _ = nix::unistd::setsid();
    let order = run.order()?.context("the folder was not handed over")?;
    if !run.claim(process::current()?)? {
        return Ok(());
    }
    // Before there are other threads: they would stay outside.
    let network = match order.is_network_isolated {
        true => network::isolate(),
        false => Ok(()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let stop = stop_signal()?;
        let ending = attempt(run, &order, network, &stop).await;
        when_there_is_room(&stop, || tell(run, &ending)).await
    })
}

/// How the attempt ended, as the server will hear of it.
struct Ending {
    code: i32,
    /// The text of the failure file, if it failed.
    failure: Option<String>,
}

async fn attempt(
    run: &RunDir,
    order: &Order,
    network: anyhow::Result<()>,
    stop: &CancellationToken,
) -> Ending {
    let job = Attempt::new(run, order);
    say(format_args!(
        "nbjobs {} runs job {}",
        env!("CARGO_PKG_VERSION"),
        order.job
    ));
    let done = match network {
        Ok(()) => job.steps(stop).await,
        Err(error) => Err(Failure::new("isolating the network", format!("{error:#}"))),
    };
    match done {
        Ok(()) => {
            say(format_args!("Notebook execution is complete"));
            Ending {
                code: 0,
                failure: None,
            }
        }
        Err(failure) => {
            say(format_args!(
                "Error with {}\n{}",
                failure.step,
                failure.message.trim_end()
            ));
            Ending {
                code: failure.exit_code,
                failure: Some(failure.text(job.input_is_copied(), job.output().is_file())),
            }
        }
    }
}

/// Says in the folder how the attempt ended. May be done again.
fn tell(run: &RunDir, ending: &Ending) -> anyhow::Result<()> {
    if let Some(failure) = &ending.failure {
        // What the run made of the place can't keep its end from being told: no link, no FIFO, no missing folder.
        let _ = fs::remove_file(run.failure());
        match fs::write(run.failure(), failure).context("cannot write the failure") {
            Err(error) if is_full(&error) => return Err(error),
            Err(error) => say(format_args!("{error:#}")),
            Ok(()) => {}
        }
    }
    run.write_exit(Exit { code: ending.code })
}

/// Does `work` again while it fails because the disk is full, so that a run's end is not lost. A stop ends the waiting.
async fn when_there_is_room(
    stop: &CancellationToken,
    work: impl Fn() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    loop {
        match work() {
            Err(error) if is_full(&error) && !stop.is_cancelled() => {}
            done => return done,
        }
        tokio::select! {
            () = tokio::time::sleep(ROOM_PAUSE) => {}
            () = stop.cancelled() => {}
        }
    }
}

fn is_full(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::StorageFull)
}

/// Cancelled at the first SIGTERM or SIGINT.
fn stop_signal() -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let token = stop.clone();
    tokio::task::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        token.cancel();
    });
    Ok(stop)
}

/// What the steps work on.
struct Attempt<'a> {
    run: &'a RunDir,
    order: &'a Order,
    environment: Environment,
    /// The channel's folder: the working directory of scripts and kernel.
    input_dir: PathBuf,
}

impl<'a> Attempt<'a> {
    fn new(run: &'a RunDir, order: &'a Order) -> Self {
        let mut environment = Environment::inherited();
        for (name, value) in &order.environment {
            // The mark stays: by it the processes of the run are found.
            if name != process::MARK {
                environment.set(name, value);
            }
        }
        Self {
            run,
            order,
            environment,
            input_dir: run.channel(&order.notebook_channel),
        }
    }

    fn variable(&self, name: &str) -> &str {
        self.order.environment.get(name).map_or("", String::as_str)
    }

    fn input(&self) -> PathBuf {
        self.input_dir.join(self.variable("SM_INPUT_NOTEBOOK_NAME"))
    }

    /// Where the executed notebook goes.
    fn output(&self) -> PathBuf {
        let name = self.variable("SM_OUTPUT_NOTEBOOK_NAME");
        self.run
            .output_data()
            .join(crate::model::naming::output_file(name))
    }

    fn input_is_copied(&self) -> bool {
        self.input()
            .file_name()
            .is_some_and(|name| self.run.output_data().join(name).is_file())
    }

    /// The steps in the order of SageMaker's driver.
    async fn steps(&self, stop: &CancellationToken) -> Result<(), Failure> {
        self.copy_input()?;
        let version = self.variable("SM_JOB_DEF_VERSION");
        if version != JOB_DEF_VERSION {
            return Err(Failure::new(
                "checking sagemaker job definition version",
                format!("Cannot handle SageMaker job definition version: {version}"),
            ));
        }
        let mut environment = self.environment.clone();
        if let Some(script) =
            self.script("SM_LCC_INIT_SCRIPT", "running LCC script as init-script")?
        {
            script::run(&script, &self.input_dir, &environment, stop)
                .await
                .map_err(|end| {
                    Failure::script("running LCC script as init-script", &script, end)
                })?;
        }
        if let Some(script) = self.script("SM_INIT_SCRIPT", "running init script")? {
            environment = script::source(
                &script,
                &self.input_dir,
                &environment,
                &self.run.tmp(),
                stop,
            )
            .await
            .map_err(|end| Failure::script("running init script", &script, end))?;
        }
        notebook_step::run(self, environment.clone(), stop).await?;
        formats::save(self, &environment, stop).await
    }

    fn copy_input(&self) -> Result<(), Failure> {
        const STEP: &str = "Prepare the input notebook";
        let input = self.input();
        let name = self.variable("SM_INPUT_NOTEBOOK_NAME");
        if !input.is_file() || Path::new(name).components().count() != 1 {
            return Err(Failure::new(
                STEP,
                format!("Cannot find input notebook: {name}"),
            ));
        }
        fs::copy(&input, self.run.output_data().join(name))
            .map(drop)
            .map_err(|error| Failure::new(STEP, format!("Cannot copy {name}: {error}")))
    }

    /// The script that a variable names, inside the channel's folder.
    fn script(&self, variable: &str, step: &'static str) -> Result<Option<PathBuf>, Failure> {
        let name = self.variable(variable);
        if name.is_empty() {
            return Ok(None);
        }
        let path = self.input_dir.join(name);
        if Path::new(name).components().count() != 1 || !path.is_file() {
            return Err(Failure::new(
                step,
                format!("{name}: No such file or directory"),
            ));
        }
        Ok(Some(path))
    }
}
