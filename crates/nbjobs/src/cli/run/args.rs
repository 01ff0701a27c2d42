//! The options of `nbjobs run`: Papermill's names, defaults and order of precedence. Knows no notebook.

use super::console::Level;
use super::execution::ExecutionArgs;
use notebook::Autosave;
use std::path::PathBuf;
use std::time::Duration;

/// The end of `nbjobs run --help`.
const EXIT_STATUS: &str = "Exit status: 0 the notebook ran to its end; 1 a cell failed, or anything else went wrong; \
    2 wrong usage; 138 the kernel died; 130, 143, 129 after SIGINT, SIGTERM, SIGHUP (what there was is saved)";

/// The line that says how to call it.
pub(super) const USAGE: &str = "Usage: nbjobs run [OPTIONS] NOTEBOOK_PATH [OUTPUT_PATH]";

/// Arguments of `nbjobs run`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_STATUS, version)]
pub struct Args {
    /// The notebook to execute: a file, an http://, https:// or s3:// address, a notebook on GitHub
    /// (https://github.com/OWNER/REPO/blob/REF/PATH), or `-` for standard input. If standard input is a pipe and this
    /// is the only path, it is the output, and the notebook comes from the pipe
    #[arg(value_name = "NOTEBOOK_PATH")]
    pub notebook_path: Option<String>,
    /// Where the executed notebook goes: a file, an http://, https:// or s3:// address, or `-` for standard output. May
    /// hold `{parameter}` and `{pm[run_uuid]}`, as may NOTEBOOK_PATH
    #[arg(value_name = "OUTPUT_PATH")]
    pub output_path: Option<String>,
    /// Show the parameters that the notebook defines, and execute nothing
    #[arg(long)]
    pub help_notebook: bool,
    /// A parameter; the value is read as True, False, None, a number, else as text
    #[arg(short = 'p', long, num_args = 2, value_names = ["NAME", "VALUE"], allow_hyphen_values = true,
          help_heading = "Parameters")]
    pub parameters: Vec<String>,
    /// A parameter whose value is text, whatever it looks like
    #[arg(short = 'r', long = "parameters_raw", alias = "parameters-raw", num_args = 2, value_names = ["NAME", "VALUE"],
          allow_hyphen_values = true, help_heading = "Parameters")]
    pub parameters_raw: Vec<String>,
    /// A file of parameters, YAML or JSON; may be an http://, https:// or s3:// address
    #[arg(
        short = 'f',
        long = "parameters_file",
        alias = "parameters-file",
        value_name = "PATH",
        help_heading = "Parameters"
    )]
    pub parameters_file: Vec<String>,
    /// Parameters as YAML
    #[arg(
        short = 'y',
        long = "parameters_yaml",
        alias = "parameters-yaml",
        value_name = "YAML",
        allow_hyphen_values = true,
        help_heading = "Parameters"
    )]
    pub parameters_yaml: Vec<String>,
    /// Parameters as base64 of YAML
    #[arg(
        short = 'b',
        long = "parameters_base64",
        alias = "parameters-base64",
        value_name = "BASE64",
        help_heading = "Parameters"
    )]
    pub parameters_base64: Vec<String>,
    /// Pass the notebook's path as the parameter PAPERMILL_INPUT_PATH
    #[arg(long, help_heading = "Parameters")]
    pub inject_input_path: bool,
    /// Pass the output's path as the parameter PAPERMILL_OUTPUT_PATH
    #[arg(long, help_heading = "Parameters")]
    pub inject_output_path: bool,
    /// Pass both paths as parameters
    #[arg(long, help_heading = "Parameters")]
    pub inject_paths: bool,
    /// Refuse parameters that the cell tagged `parameters` does not define, or defines with another type
    #[arg(long, help_heading = "Parameters")]
    pub strict_parameters: bool,
    /// Papermill's name of an engine; there is one, `nbclient`
    #[arg(long, value_name = "NAME")]
    pub engine: Option<String>,
    /// Save the notebook while it runs (the default)
    #[arg(long, overrides_with = "no_request_save_on_cell_execute")]
    pub request_save_on_cell_execute: bool,
    /// Save the notebook only at its end
    #[arg(long)]
    pub no_request_save_on_cell_execute: bool,
    /// Save a running cell at most every so many seconds; 0 is not at all [default: soon after each output]
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    autosave_cell_every: Option<i64>,
    /// Set the parameters and write the notebook, but execute nothing
    #[arg(long, overrides_with = "prepare_execute")]
    pub prepare_only: bool,
    #[arg(long, hide = true)]
    prepare_execute: bool,
    /// The kernel to use instead of the notebook's
    #[arg(short = 'k', long)]
    pub kernel: Option<String>,
    /// The language of the parameters instead of the notebook's
    #[arg(short = 'l', long)]
    pub language: Option<String>,
    /// The kernel's working directory
    #[arg(long, value_name = "DIR")]
    pub cwd: Option<PathBuf>,
    /// Show a progress bar (the default on a terminal)
    #[arg(long, overrides_with = "no_progress_bar")]
    progress_bar: bool,
    /// Show no progress bar
    #[arg(long)]
    no_progress_bar: bool,
    /// Write what the notebook puts out to standard error, too
    #[arg(long, overrides_with = "no_log_output")]
    pub log_output: bool,
    #[arg(long, hide = true)]
    no_log_output: bool,
    /// Write what the notebook prints to a file as it comes; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub stdout_file: Option<PathBuf>,
    /// Write what the notebook prints to its standard error to a file as it comes; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub stderr_file: Option<PathBuf>,
    /// Which messages are shown, at least
    #[arg(long, value_name = "LEVEL", default_value = "INFO")]
    pub log_level: Level,
    /// Seconds in which the kernel must be ready
    #[arg(
        long,
        alias = "start_timeout",
        value_name = "SECONDS",
        default_value_t = 60
    )]
    pub start_timeout: u64,
    /// Seconds that each cell may take; 0 or less is no limit
    #[arg(long, value_name = "SECONDS", allow_hyphen_values = true)]
    pub execution_timeout: Option<i64>,
    /// Hide the source of every code cell
    #[arg(long, overrides_with = "no_report_mode")]
    pub report_mode: bool,
    #[arg(long, hide = true)]
    no_report_mode: bool,
    /// How cells are executed
    #[command(flatten)]
    pub execution: ExecutionArgs,
}

impl Args {
    /// Whether a progress bar is wanted. With the notebook on standard output there is none unless asked for.
    pub fn bar(&self, to_stdout: bool) -> bool {
        self.progress_bar || !self.no_progress_bar && !self.log_output && !to_stdout
    }

    /// When a running cell is saved.
    pub fn autosave(&self) -> Autosave {
        match self.autosave_cell_every {
            None => Autosave::Soon,
            Some(seconds) => match u64::try_from(seconds) {
                Ok(seconds) if seconds > 0 => Autosave::Every(Duration::from_secs(seconds)),
                _ => Autosave::Off,
            },
        }
    }

    /// Whether the notebook is saved while it runs.
    pub fn saves(&self) -> bool {
        self.request_save_on_cell_execute || !self.no_request_save_on_cell_execute
    }
}
