//! What became of a cell, said as an error to the caller and as an output to the notebook's reader.

use super::{Answer, Run, Stop};
use crate::execute::outputs::error_output;
use crate::execute::{CellError, Error, Event, Place};
use crate::kernel::Kernel;
use crate::nbformat::Output;
use serde_json::{Value, json};
use std::process::ExitStatus;

impl Run<'_> {
    /// What a finished cell's reply means.
    pub(super) fn judge(
        &mut self,
        index: usize,
        answer: Answer,
        may_fail: bool,
    ) -> Result<(), Error> {
        let Some(reply) = answer.reply else {
            return Ok(());
        };
        let cell = &mut self.notebook.cells[index];
        if let Some(count) = reply.content.get("execution_count").and_then(Value::as_i64) {
            cell.set_execution_count(Some(count));
        }
        let aborted = reply.text("status") == "aborted";
        if reply.text("status") == "ok" || (may_fail && !aborted) {
            return Ok(());
        }
        if aborted {
            return Err(self.aborted(index));
        }
        // The error that was published says more than the reply of some kernels; failed magics publish none.
        let published = self.outputs.error();
        let text = |field: &str| {
            let value = published
                .and_then(|output| output.get(field))
                .or_else(|| reply.content.get(field));
            value.and_then(Value::as_str).unwrap_or("").to_owned()
        };
        let traceback = published
            .and_then(|output| output.get("traceback"))
            .or_else(|| reply.content.get("traceback"));
        let lines = traceback.and_then(Value::as_array).into_iter().flatten();
        Err(Error::Cell(CellError {
            index,
            execution_count: self.notebook.cells[index].execution_count(),
            ename: text("ename"),
            evalue: text("evalue"),
            traceback: lines.filter_map(Value::as_str).map(str::to_owned).collect(),
        }))
    }

    /// The kernel died in a cell: keeps its last messages and says in the cell what happened.
    pub(super) async fn died(
        &mut self,
        index: usize,
        kernel: &mut Kernel,
        status: ExitStatus,
    ) -> Error {
        for message in kernel.last_words().await {
            self.take(message);
        }
        let text = kernel.drain_log();
        if !text.is_empty() {
            (self.events)(Event::KernelLog { text: &text });
        }
        let error = Error::KernelDied {
            place: self.place(index),
            status,
        };
        self.tell(index, "DeadKernelError", &error);
        error
    }

    /// The kernel refused to run the cell (nbclient takes that for success).
    fn aborted(&mut self, index: usize) -> Error {
        let told = "the kernel aborted the cell before it ran";
        self.cell_error(index, "Aborted", told)
    }

    /// An error of the cell that the kernel has not told.
    fn cell_error(&mut self, index: usize, ename: &str, told: &str) -> Error {
        self.push(index, error_output(ename, told, json!([told])));
        Error::Cell(CellError {
            index,
            execution_count: self.notebook.cells[index].execution_count(),
            ename: ename.to_owned(),
            evalue: told.to_owned(),
            traceback: vec![told.to_owned()],
        })
    }

    /// The kernel began anew in a cell: says so in the cell.
    pub(super) fn restarted(&mut self, index: usize) -> Error {
        let error = Error::KernelRestarted {
            place: self.place(index),
        };
        self.tell(index, "DeadKernelError", &error);
        error
    }

    /// Says in a cell what happened to it.
    fn tell(&mut self, index: usize, ename: &str, error: &Error) {
        let text = error.to_string();
        self.push(index, error_output(ename, &text, json!([text])));
    }

    /// The cell was stopped: says in it why, unless the kernel's own `KeyboardInterrupt` says it already.
    pub(super) fn stopped(&mut self, index: usize, stop: &Stop) -> Error {
        let place = self.place(index);
        match stop {
            Stop::Timeout(timeout) => {
                let error = Error::Timeout {
                    place,
                    timeout: *timeout,
                };
                self.tell(index, "CellTimeoutError", &error);
                error
            }
            Stop::TotalTimeout(timeout) => {
                let error = Error::TotalTimeout {
                    place: Some(place),
                    timeout: *timeout,
                };
                self.tell(index, "CellTimeoutError", &error);
                error
            }
            Stop::Input(prompt) => {
                let told = format!(
                    "the cell asked for input ({prompt:?}), but nobody can answer; use a parameter instead"
                );
                self.cell_error(index, "StdinNotImplementedError", &told)
            }
            _ => {
                if self.outputs.error().is_none() {
                    let traceback = json!(["the run was interrupted"]);
                    self.push(index, error_output("KeyboardInterrupt", "", traceback));
                }
                Error::Interrupted { place: Some(place) }
            }
        }
    }

    fn place(&self, index: usize) -> Place {
        Place {
            index,
            first_line: self.notebook.cells[index].first_line().to_owned(),
        }
    }

    fn push(&mut self, index: usize, output: Output) {
        self.outputs
            .push(output, index, &mut self.notebook.cells, self.events);
        self.checkpoint.mark();
    }
}
