//! How the cells of `nbjobs run` are executed: which of them, for how long, and what may fail. Beyond Papermill's options;
//! named as nbclient and its users name these things.

use notebook::Options;
use std::time::Duration;

/// Arguments of `nbjobs run` that say how cells are executed.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Execution")]
pub struct ExecutionArgs {
    /// Go on after a cell that fails; the exit status is 0
    #[arg(long)]
    allow_errors: bool,
    /// Seconds that the whole run may take, the kernel's start included; 0 is no limit
    #[arg(long, value_name = "SECONDS")]
    timeout_total: Option<u64>,
    /// Don't execute cells with this tag
    #[arg(long, value_name = "TAG", default_value = "skip-execution")]
    skip_cells_with_tag: String,
    /// Keep of a stream's lines only what a terminal would show: a progress bar's last state
    #[arg(long)]
    coalesce_streams: bool,
    /// Begin at the first cell with this tag; before it, execute only cells tagged `setup` and the parameters
    #[arg(long, value_name = "TAG", conflicts_with = "resume")]
    from: Option<String>,
    /// End after the first cell with this tag
    #[arg(long, value_name = "TAG")]
    until: Option<String>,
    /// Continue a run that stopped, failed or was killed: NOTEBOOK_PATH is its output, and gets the rest (or
    /// OUTPUT_PATH does). In a fresh kernel, cells tagged `setup` and the parameters are executed again, then all from
    /// the first unfinished cell on. Variables, imports, open files and connections of the other finished cells are gone
    #[arg(
        long,
        conflicts_with_all = [
            "parameters", "parameters_raw", "parameters_file", "parameters_yaml", "parameters_base64",
            "inject_input_path", "inject_output_path", "inject_paths", "prepare_only"
        ]
    )]
    pub resume: bool,
}

impl ExecutionArgs {
    /// Puts the arguments into the options of a run.
    pub fn apply(&self, options: &mut Options) {
        options.allow_errors = self.allow_errors;
        options.total_timeout = self
            .timeout_total
            .filter(|seconds| *seconds > 0)
            .map(Duration::from_secs);
        options
            .skip_cells_with_tag
            .clone_from(&self.skip_cells_with_tag);
        options.coalesce_streams = self.coalesce_streams;
        options.from.clone_from(&self.from);
        options.until.clone_from(&self.until);
        options.resume = self.resume;
    }
}

/// Says where a run begins that begins later in the notebook, and what is not there any more.
pub(super) fn resuming(first: usize, rerun: &[usize], total: usize) -> String {
    let kept = first - rerun.len();
    let number = |index: &usize| (index + 1).to_string();
    let rerun: Vec<String> = rerun.iter().map(number).collect();
    let again = match rerun.as_slice() {
        [] => "no cell before it is executed again (none is tagged setup or parameters)".to_owned(),
        cells => format!("before it, cells {} are executed again", cells.join(", ")),
    };
    format!(
        "Beginning at cell {} of {total}; {again}; {kept} are kept as they are: what they had in memory is gone",
        first + 1
    )
}
