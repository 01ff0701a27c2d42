//! What the driver says: lines of its log, and the failure file that AWS's extension reads.

use super::script::End;
use std::fmt;
use std::io::Write;
use std::path::Path;

/// The exit code of a step that failed on its own account.
const FAILED: i32 = 1;
/// The exit code after SIGTERM, as a shell has it.
pub(super) const TERMINATED: i32 = 143;

/// Why a run failed.
#[derive(Debug)]
pub(super) struct Failure {
    /// What was being done, in the words of SageMaker's driver.
    pub step: &'static str,
    /// What went wrong.
    pub message: String,
    /// What the driver exits with.
    pub exit_code: i32,
}

impl Failure {
    /// A failure with exit code 1.
    pub(super) fn new(step: &'static str, message: impl Into<String>) -> Self {
        Self {
            step,
            message: message.into(),
            exit_code: FAILED,
        }
    }

    /// A run that was told to stop.
    pub(super) fn stopped(step: &'static str, message: impl Into<String>) -> Self {
        Self {
            exit_code: TERMINATED,
            ..Self::new(step, message)
        }
    }

    /// A script that did not end well; what it printed is in the log.
    pub(super) fn script(step: &'static str, script: &Path, end: End) -> Self {
        let name = script
            .file_name()
            .unwrap_or(script.as_os_str())
            .to_string_lossy();
        match end {
            End::Code(code) => Self {
                exit_code: code,
                ..Self::new(step, format!("{name} exited with code {code}; see the log"))
            },
            End::Stopped => Self::stopped(step, format!("stopped while {name} ran")),
            End::Broken(error) => Self::new(step, format!("{name}: {error:#}")),
        }
    }

    /// The failure file: `[SM-abc] Error with …`, where a, b and c say whether input notebook, output notebook
    /// and log are in the output.
    pub(super) fn text(&self, input: bool, output: bool) -> String {
        format!(
            "[SM-{}{}1] Error with {}\n{}\n",
            u8::from(input),
            u8::from(output),
            self.step,
            self.message.trim_end()
        )
    }
}

/// Writes a line to the log. A log that cannot be written must not stop the run.
pub(super) fn say(line: fmt::Arguments<'_>) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_says_which_files_there_are() {
        let failure = Failure::new("executing notebook", "boom\n");
        assert_eq!(
            failure.text(true, false),
            "[SM-101] Error with executing notebook\nboom\n"
        );
    }
}
