//! Executes Jupyter notebooks: a notebook, parameters and a kernelspec in; the executed notebook out.
//!
//! # Run a notebook, and watch it
//!
//! ```
//! # let crate_folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
//! # // This program is one test, and has one thread so far.
//! # unsafe { std::env::set_var("VIRTUAL_ENV", crate_folder.join("../../.nbjobs/test-venv").canonicalize()?) };
//! # let folder = tempfile::tempdir()?;
//! # std::env::set_current_dir(&folder)?;
//! # std::fs::write("report.ipynb", r#"{"cells": [{"cell_type": "code", "source": "print(alpha * 10)", "metadata": {},
//! #     "outputs": [], "execution_count": null}], "metadata": {"kernelspec": {"name": "python3", "language": "python"}},
//! #     "nbformat": 4, "nbformat_minor": 4}"#)?;
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use notebook::{Environment, Event, Notebook, Options, Parameters, Preparation, Value, execute, prepare};
//!
//! let mut notebook = Notebook::from_slice(&std::fs::read("report.ipynb")?)?;
//! let parameters = Parameters::from_iter([("alpha", Value::Float(0.1))]);
//! prepare(&mut notebook, &Preparation { parameters, ..Preparation::default() })?;
//! let mut options = Options::new(Environment::inherited());
//! options.output_path = Some("out.ipynb".into());
//! let stop = async { tokio::signal::ctrl_c().await.unwrap_or(()) };
//! execute(&mut notebook, &options, stop, &mut |event| match event {
//!     Event::CellStarted { index, total, .. } => println!("cell {} of {total}", index + 1),
//!     Event::Output { output, .. } => println!("{output:?}"),
//!     _ => {}
//! })
//! .await?;
//! # Ok(())
//! # }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run())?;
//! # assert!(std::fs::read_to_string("out.ipynb")?.contains(r#""1.0\n""#));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Notebook`] reads what Jupyter reads (nbformat 3 and 4, and JSON as Python and JavaScript write it) and writes the
//! bytes that Python's nbformat writes; keys that are not ours are kept. [`prepare()`] sets the parameters in the
//! kernel's own language. [`execute()`] runs the cells, and tells each [`Event`] when it happens, on the caller's task:
//! an event handler that takes its time delays nothing but the run's own bookkeeping, since a thread of its own reads
//! what the kernel publishes.
//!
//! # How a run ends
//!
//! | | [`execute()`] returns | the cell | later cells | `metadata.papermill.exception` | banners |
//! |---|---|---|---|---|---|
//! | all cells done | `Ok` | `completed` | – | null | no |
//! | `sys.exit(0)` | `Ok`, [`Summary::exited_in_cell`] | `failed` | `pending` | true | no |
//! | after `until` | `Ok` | `completed` | `pending` | null | no |
//! | a cell fails | [`Error::Cell`] | `failed` | `pending` | true | yes |
//! | a cell that may fail fails | goes on | `completed`, with its error output | go on | null | no |
//! | a cell's time is over | [`Error::Timeout`] | `failed`, `CellTimeoutError` | `pending` | true | yes |
//! | the run's time is over | [`Error::TotalTimeout`] | `failed`, `CellTimeoutError` | `pending` | true | yes |
//! | the kernel dies or restarts | [`Error::KernelDied`], [`Error::KernelRestarted`] | `failed`, `DeadKernelError` | `pending` | true | yes |
//! | the caller interrupts | [`Error::Interrupted`] | `failed`, `KeyboardInterrupt` | `pending` | true | yes |
//! | the kernel does not start | [`Error::KernelStart`] | – | `pending` | true | no |
//! | the file can't be written at the start | [`Error::Save`] | – | nothing runs | – | – |
//! | the disk has no room for the file at the end | [`Error::Save`] | those with more outputs than 16 KiB `failed`, `NoSpaceLeft`, their last outputs kept | as they were | true | yes |
//! | the file can't be written at the end | [`Error::Save`] | the last checkpoint is in the file | | | |
//! | this process is killed | – | `running` | `pending` | null | no |
//!
//! In the last two rows the file is the last checkpoint: whole, at most about a second old for a notebook of up to a
//! megabyte, a second older for each further one. Whatever the row, no process that the kernel started is left.
//!
//! # What is where
//!
//! `nbformat` knows no kernel, `kernel` knows no notebook, `execute` brings them together: `plan` says which cells have
//! a turn, `run` gives it to them, `outputs` and `widgets` put what the kernel publishes where it belongs, `record`
//! writes down what became of each cell, `spill` moves outputs from memory to a file, `checkpoint` saves, and `reduced` is
//! what is saved when the disk is full.
//!
//! Knows no jobs, no HTTP, no SQL and no AWS.

mod clock;
mod environment;
mod execute;
#[cfg(feature = "export")]
pub mod export;
mod json;
mod kernel;
pub mod kernelspec;
pub mod nbformat;
mod number;
pub mod parameters;
mod prepare;

pub use environment::Environment;
pub use execute::{
    Autosave, CellError, CellStatus, Error, Event, Options, Place, Summary, execute,
};
pub use kernel::StartError;
pub use nbformat::Notebook;
pub use parameters::{Parameters, Value};
pub use prepare::{Notes, Preparation, prepare};
