//! Runs a prepared notebook: one kernel, cell after cell, with what it puts out in the right place and what became of
//! it written down, whichever way it ends. Knows no command line and no jobs.

mod checkpoint;
mod outputs;
mod plan;
mod record;
mod reduced;
mod run;
mod spill;
mod stream;
mod widgets;

pub use checkpoint::Autosave;
pub use record::CellStatus;
pub(crate) use record::ERROR_CELL_TAG;

use crate::clock;
use crate::environment::Environment;
use crate::kernel::{StartError, describe};
use crate::kernelspec;
use crate::nbformat::save::Special;
use crate::nbformat::{Notebook, Output};
use checkpoint::Checkpoint;
use plan::Plan;
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
    /// When a cell is saved that is still running.
    pub autosave: Autosave,
    /// A link, device or pipe at `output_path` is the notebook's doing: the file takes its place. Otherwise it is the
    /// caller's, and followed or written to.
    pub replace_special: bool,
    /// The time in which the kernel must be ready.
    pub start_timeout: Duration,
    /// The time that each cell may take; any when there is none.
    pub execution_timeout: Option<Duration>,
    /// The time that the whole run may take, from the kernel's start on; any when there is none.
    pub total_timeout: Option<Duration>,
    /// Go on after a cell that fails.
    pub allow_errors: bool,
    /// Cells with this tag are not sent to the kernel.
    pub skip_cells_with_tag: String,
    /// Keep of a stream's lines only what a terminal would show, so that a progress bar's thousand states become one.
    pub coalesce_streams: bool,
    /// Begin at the first cell with this tag; before it, only cells tagged `setup`, `parameters` or
    /// `injected-parameters` are executed, and the others stay as they are.
    pub from: Option<String>,
    /// End after the first cell with this tag (from the first cell that is executed on); later ones stay `pending`.
    pub until: Option<String>,
    /// Begin at the first cell that the run before did not complete, as with `from`. The kernel is a fresh one: what
    /// the cells before it had in memory is not there, but for what the cells that are executed again bring back.
    pub resume: bool,
}

impl Options {
    /// Papermill's defaults: 60 seconds for the kernel, no limit for cells, stop at the first error.
    pub fn new(environment: Environment) -> Self {
        Self {
            kernel_name: None,
            environment,
            cwd: None,
            output_path: None,
            autosave: Autosave::Soon,
            replace_special: false,
            start_timeout: Duration::from_secs(60),
            execution_timeout: None,
            total_timeout: None,
            allow_errors: false,
            skip_cells_with_tag: "skip-execution".to_owned(),
            coalesce_streams: false,
            from: None,
            until: None,
            resume: false,
        }
    }

    fn save_error(&self, source: std::io::Error) -> Error {
        let path = self.output_path.clone().unwrap_or_default();
        Error::Save { path, source }
    }
}

/// What happens in a run, as it happens. Indexes count from 0 over all cells of the prepared notebook.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The run begins later in the notebook (`from`, `resume`).
    Resuming {
        /// The cell at which it begins.
        first: usize,
        /// Cells before it that are executed again.
        rerun: &'a [usize],
        /// How many cells there are.
        total: usize,
    },
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
    /// The run that was to be resumed had completed all its cells: nothing was done.
    pub nothing_left: bool,
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
    /// The kernel was started anew while a cell ran, so that its variables are gone.
    #[error("Kernel died {place}: it was restarted")]
    KernelRestarted {
        /// The cell that was running.
        place: Place,
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
    /// The whole run took too long.
    #[error("the run timed out after {} seconds{}", timeout.as_secs_f64(), at(place))]
    TotalTimeout {
        /// The cell that was running, if one was.
        place: Option<Place>,
        /// The time the run had.
        timeout: Duration,
    },
    /// There is no cell to begin at or to end after.
    #[error("no cell from cell {} on is tagged {tag:?}", start + 1)]
    NoTaggedCell {
        /// The tag.
        tag: String,
        /// Where the search began, from 0.
        start: usize,
    },
    /// No run was recorded in the notebook.
    #[error(
        "there is no run to resume: no cell of the notebook has a metadata.papermill.status; give the output of a run"
    )]
    NothingToResume,
    /// The caller interrupted the run.
    #[error("interrupted{}", at(place))]
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

fn at(place: &Option<Place>) -> String {
    place
        .as_ref()
        .map_or_else(String::new, |place| format!(" {place}"))
}

/// Runs a prepared notebook (see [`crate::prepare`]) to its end, or until something stops it: the first cell that fails
/// (unless it is tagged `raises-exception` or errors are allowed), a timeout, the kernel's death, or `interrupt`
/// becoming ready. Whatever happens, `notebook` then holds all outputs so far and says what became of each cell, it is
/// saved at `options.output_path`, and neither the kernel nor any process that it started is left.
///
/// Cells without text and cells tagged `skip-execution` are not sent. A failing cell that may fail counts as completed.
///
/// Of its outputs, what is more than about a megabyte is not in memory, but in a file without a name, which is read when
/// they are asked for and goes with the notebook.
///
/// Nothing is changed or saved when the kernel is unknown, or when there is no cell to begin at or to end after. Needs a
/// tokio runtime with time and IO. If this process is killed, the kernel and all that it started are killed, too.
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
    let plan = Plan::new(notebook, options)?;
    if plan.is_done() {
        return Ok(Summary {
            kernel: spec.name,
            nothing_left: true,
            exited_in_cell: None,
        });
    }
    let wish = pin!(interrupt);
    let mut interrupt = Interrupt::new(wish);
    let start = clock::now();
    record::start(notebook, &plan, start);
    let special = if options.replace_special {
        Special::Replace
    } else {
        Special::Follow
    };
    let mut checkpoint = Checkpoint::new(options.output_path.clone(), options.autosave, special);
    let started = checkpoint.start(notebook);
    started.map_err(|source| options.save_error(source))?;

    if plan.first > 0 {
        events(Event::Resuming {
            first: plan.first,
            rerun: &plan.setup(),
            total: plan.turns.len(),
        });
    }
    let mut run = Run::new(notebook, options, &plan, &mut checkpoint, &mut *events);
    let result = run.drive(&spec, &mut interrupt).await;
    let failed = run.failed_cell();

    let exited = matches!(&result, Err(Error::Cell(error)) if is_clean_exit(error));
    record::end(notebook, result.is_err(), start, clock::now());
    if let Some(index) = failed.filter(|_| !exited) {
        record::add_banners(notebook, index);
    }
    let mut saved = save(&mut checkpoint, notebook, options).await;
    if let Err(Error::Save { source, .. }) = &saved
        && let Some(reduced) = reduced::of(notebook, source)
    {
        saved = save(&mut checkpoint, &reduced, options).await.and(saved);
    }
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
        nothing_left: false,
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
    let saved = checkpoint.save(notebook).await;
    saved.map_err(|source| options.save_error(source))
}
