//! Executes Jupyter notebooks: a notebook, parameters and a kernelspec in; the executed notebook out.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use notebook::{Environment, Notebook, Options, Parameters, Preparation, Value, execute, prepare};
//!
//! let mut notebook = Notebook::from_slice(&std::fs::read("report.ipynb")?)?;
//! let parameters = Parameters::from_iter([("alpha", Value::Float(0.1))]);
//! prepare(&mut notebook, &Preparation { parameters, ..Preparation::default() })?;
//! let mut options = Options::new(Environment::inherited());
//! options.output_path = Some("out.ipynb".into());
//! execute(&mut notebook, &options, std::future::pending(), &mut |event| println!("{event:?}")).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Knows no jobs, no HTTP, no SQL and no AWS.

mod clock;
mod environment;
mod execute;
#[cfg(feature = "export")]
pub mod export;
mod kernel;
pub mod kernelspec;
pub mod nbformat;
mod number;
pub mod parameters;
mod prepare;

pub use environment::Environment;
pub use execute::{CellError, CellStatus, Error, Event, Options, Place, Summary, execute};
pub use kernel::StartError;
pub use nbformat::Notebook;
pub use parameters::{Parameters, Value};
pub use prepare::{Notes, Preparation, prepare};
