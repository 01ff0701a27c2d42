//! Runs a prepared notebook: one kernel, cell after cell, with what it puts out in the right place and what became of
//! it written down, whichever way it ends. Knows no command line and no jobs.

mod checkpoint;
mod outputs;
mod record;
mod run;

pub use record::CellStatus;
pub(crate) use record::ERROR_CELL_TAG;

use crate::clock;
use crate::environment::Environment;
use crate::kernel::{StartError, describe};
use crate::kernelspec;
use crate::nbformat::{Notebook, Output};
use checkpoint::Checkpoint;
use run::{Interrupt, Run};
use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::process::ExitStatus;
use std::time::Duration;

/// How a notebook is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The kernelspec to use instead of `metadata.kernelspec.name`.
    pub kernel_name: Option<String>,
    /// Where kernels are looked for, and what they see.
    pub environment: Environment,
    /// The kernel's working directory; this process's own when there is none.
    pub cwd: Option<PathBuf>,
    /// Where the notebook is saved at the start, while it runs and at the end; nowhere when there is none.
    pub output_path: Option<PathBuf>,
    /// The time in which the kernel must be ready.
    pub start_timeout: Duration,
    /// The time that each cell may take; any when there is none.
    pub execution_timeout: Option<Duration>,
    /// Go on after a cell that fails.
    pub allow_errors: bool,
}

impl Options {
    /// Papermill's defaults: 60 seconds for the kernel, no limit for cells, stop at the first error.
    pub fn new(environment: Environment) -> Self {
        Self {
            kernel_name: None,
            environment,
            cwd: None,
            output_path: None,
            start_timeout: Duration::from_secs(60),
            execution_timeout: None,
            allow_errors: false,
        }
    }
}

/// What happens in a run, as it happens. Indexes count from 0 over all cells of the prepared notebook.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A kernel is being started.
    KernelStarting {
        /// Its kernelspec's name.
        kernel: &'a str,
    },
    /// The kernel is ready.
    KernelStarted,
    /// The kernel itself (not the notebook's code through Jupyter) wrote to its standard output or error.
    KernelLog {
        /// What it wrote; not necessarily whole lines.
        text: &'a str,
    },
    /// A cell's turn has come, be it code or not.
    CellStarted {
        /// The cell.
        index: usize,
        /// How many cells there are.
        total: usize,
        /// The cell's text.
        source: &'a str,
    },
    /// A cell has put something out. Of a stream, only what is new.
    Output {
        /// The cell.
        index: usize,
        /// In nbformat's form.
        output: &'a Output,
    },
    /// An earlier output has changed (`update_display`).
    OutputUpdated {
        /// The cell.
        index: usize,
        /// Which of its outputs.
        position: usize,
        /// What it is now.
        output: &'a Output,
    },
    /// A cell's outputs are gone (`clear_output`).
    OutputsCleared {
        /// The cell.
        index: usize,
    },
    /// A cell's turn is over.
    CellFinished {
        /// The cell.
        index: usize,
        /// How many cells there are.
        total: usize,
        /// What became of it.
        status: CellStatus,
    },
    /// The notebook could not be saved for now: a checkpoint, which is tried again, or the end of a run that has failed
    /// already. (That a good run can't be saved is its error.)
    SaveFailed {
        /// What the system said.
        error: &'a std::io::Error,
    },
}

/// What a run that ended well has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The name of the kernelspec that was used.
    pub kernel: String,
    /// Where the notebook ended itself with `SystemExit` (status 0), if it did; later cells did not run.
    pub exited_in_cell: Option<usize>,
}

/// An error that a cell's code raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellError {
    /// The cell, from 0, not counting the banners that a failed run gets.
    pub index: usize,
    /// The `N` of `In [N]`.
    pub execution_count: Option<i64>,
    /// The exception's class, if the kernel named one.
    pub ename: String,
    /// The exception's text.
    pub evalue: String,
    /// Lines, with the kernel's ANSI colours.
    pub traceback: Vec<String>,
}

/// The cell in which a run stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The cell, from 0.
    pub index: usize,
    /// Its first line.
    pub first_line: String,
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "in cell {} ({:?})",
            self.index + 1,
            self.first_line
        )
    }
}

/// Why a run did not reach its end. The notebook says so, too.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither the notebook nor the caller names a kernel.
    #[error("the notebook names no kernel (metadata.kernelspec.name); name one")]
    NoKernelName,
    /// The kernel is not installed, or its kernelspec can't be used.
    #[error(transparent)]
    KernelSpec(#[from] kernelspec::Error),
    /// The kernel did not become ready.
    #[error(transparent)]
    KernelStart(#[from] StartError),
    /// The kernel's process ended.
    #[error("Kernel died {place}: {}", describe(*status))]
    KernelDied {
        /// The cell that was running, or next to run.
        place: Place,
        /// How the process ended.
        status: ExitStatus,
    },
    /// A cell's code failed.
    #[error("{} {}", .0.ename, .0.evalue)]
    Cell(CellError),
    /// A cell took too long.
    #[error("a cell timed out after {} seconds, {place}", timeout.as_secs_f64())]
    Timeout {
        /// The cell.
        place: Place,
        /// The time it had.
        timeout: Duration,
    },
    /// The caller interrupted the run.
    #[error("interrupted{}", place.as_ref().map_or_else(String::new, |place| format!(" {place}")))]
    Interrupted {
        /// The cell that was running, if one was.
        place: Option<Place>,
    },
    /// The notebook could not be saved.
    #[error("could not save {}: {source}", path.display())]
    Save {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Runs a prepared notebook (see [`crate::prepare`]) to its end, or until something stops it: the first cell that fails
/// (unless it is tagged `raises-exception` or errors are allowed), a timeout, the kernel's death, or `interrupt`
/// becoming ready. Whatever happens, `notebook` then holds all outputs so far and says what became of each cell, it is
/// saved at `options.output_path`, and neither the kernel nor any process that it started is left.
///
/// Cells without text and cells tagged `skip-execution` are not sent. A failing cell that may fail counts as completed.
///
/// Nothing is changed or saved when the kernel is unknown. Needs a tokio runtime with time and IO. If this
/// process is killed, the kernel and all that it started are killed, too.
pub async fn execute(
    notebook: &mut Notebook,
    options: &Options,
    interrupt: impl Future<Output = ()>,
    events: &mut dyn FnMut(Event<'_>),
) -> Result<Summary, Error> {
    let name = options
        .kernel_name
        .as_deref()
        .or_else(|| notebook.kernel_name())
        .ok_or(Error::NoKernelName)?;
    let spec = kernelspec::find(name, &options.environment)?;
    let wish = pin!(interrupt);
    let mut interrupt = Interrupt::new(wish);
    let start = clock::now();
    record::start(notebook, start);
    let mut checkpoint = Checkpoint::new(options.output_path.clone());
    save(&mut checkpoint, notebook, options).await?;

    let mut run = Run::new(notebook, options, &mut checkpoint, &mut *events);
    let result = run.drive(&spec, &mut interrupt).await;
    let failed = run.failed_cell();

    let exited = matches!(&result, Err(Error::Cell(error)) if is_clean_exit(error));
    record::end(notebook, result.is_err(), start, clock::now());
    if let Some(index) = failed.filter(|_| !exited) {
        record::add_banners(notebook, index);
    }
    let saved = save(&mut checkpoint, notebook, options).await;
    if let Err(error) = result
        && !exited
    {
        if let Err(Error::Save { source, .. }) = saved {
            events(Event::SaveFailed { error: &source });
        }
        return Err(error);
    }
    saved?;
    Ok(Summary {
        kernel: spec.name,
        exited_in_cell: failed,
    })
}

/// A notebook may end itself with `sys.exit(0)`.
fn is_clean_exit(error: &CellError) -> bool {
    error.ename == "SystemExit" && (error.evalue.is_empty() || error.evalue == "0")
}

async fn save(
    checkpoint: &mut Checkpoint,
    notebook: &Notebook,
    options: &Options,
) -> Result<(), Error> {
    let path = options.output_path.clone().unwrap_or_default();
    checkpoint
        .save(notebook)
        .await
        .map_err(|source| Error::Save { path, source })
}
