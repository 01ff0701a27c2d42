//! One run: starts the kernel, sends the cells one at a time, listens to everything at once while each runs, and ends
//! the kernel.

mod listen;
mod verdict;

use super::checkpoint::Checkpoint;
use super::outputs::Outputs;
use super::plan::{Plan, Turn};
use super::record::{self, CellStatus};
use super::widgets::Widgets;
use super::{Error, Event, Options};
use crate::clock;
use crate::kernel::{Incoming, Kernel, Message};
use crate::kernelspec::KernelSpec;
use crate::nbformat::Notebook;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::ExitStatus;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Cells with this tag may fail.
const RAISES_TAG: &str = "raises-exception";
/// How long an interrupted cell may take to end by itself, so that its last outputs and its traceback are kept.
const INTERRUPT_GRACE: Duration = Duration::from_secs(2);
/// How long a kernel may take to end by itself after a `shutdown_request`; then it is killed.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// The caller's wish to stop, which may come at any moment, and stays.
pub(super) struct Interrupt<'a> {
    wish: Pin<&'a mut dyn Future<Output = ()>>,
    came: bool,
}

impl<'a> Interrupt<'a> {
    pub fn new(wish: Pin<&'a mut dyn Future<Output = ()>>) -> Self {
        Self { wish, came: false }
    }

    /// Waits for the wish; ready at once after it has come.
    async fn wait(&mut self) {
        if !self.came {
            self.wish.as_mut().await;
            self.came = true;
        }
    }
}

/// Why a cell ended before its code did.
enum Stop {
    Timeout(Duration),
    TotalTimeout(Duration),
    Restarted,
    Interrupted,
    /// It asked for input, with this prompt.
    Input(String),
    Died(ExitStatus),
}

/// What a request has brought so far.
#[derive(Default)]
struct Answer {
    reply: Option<Message>,
    idle: bool,
    /// The cell has asked for input.
    asked: bool,
}

pub(super) struct Run<'a> {
    notebook: &'a mut Notebook,
    options: &'a Options,
    plan: &'a Plan,
    checkpoint: &'a mut Checkpoint,
    events: &'a mut dyn FnMut(Event<'_>),
    /// When the time for the whole run is over, and how long it was.
    deadline: Option<(Instant, Duration)>,
    outputs: Outputs,
    widgets: Widgets,
    failed: Option<usize>,
    /// The kernel did not react to an interrupt, so there is no point in asking it for anything more.
    deaf: bool,
}

impl<'a> Run<'a> {
    pub fn new(
        notebook: &'a mut Notebook,
        options: &'a Options,
        plan: &'a Plan,
        checkpoint: &'a mut Checkpoint,
        events: &'a mut dyn FnMut(Event<'_>),
    ) -> Self {
        Self {
            notebook,
            options,
            plan,
            checkpoint,
            events,
            deadline: options
                .total_timeout
                .map(|timeout| (Instant::now() + timeout, timeout)),
            outputs: Outputs::new(options.coalesce_streams, spool_folder(options)),
            widgets: Widgets::default(),
            failed: None,
            deaf: false,
        }
    }

    /// The cell in which the run stopped.
    pub fn failed_cell(&self) -> Option<usize> {
        self.failed
    }

    /// The whole run. No process is left when this ends.
    pub async fn drive(
        &mut self,
        spec: &KernelSpec,
        interrupt: &mut Interrupt<'_>,
    ) -> Result<(), Error> {
        (self.events)(Event::KernelStarting { kernel: &spec.name });
        let events = &mut *self.events;
        let mut on_log = |text: &str| events(Event::KernelLog { text });
        let Options {
            environment,
            cwd,
            start_timeout,
            ..
        } = self.options;
        let mut kernel = tokio::select! {
            kernel = Kernel::start(spec, environment, cwd.as_deref(), *start_timeout, &mut on_log) => kernel?,
            () = interrupt.wait() => return Err(Error::Interrupted { place: None }),
            timeout = over(self.deadline) => return Err(Error::TotalTimeout { place: None, timeout }),
        };
        (self.events)(Event::KernelStarted);
        if let Some(language_info) = kernel.info.get("language_info") {
            self.notebook
                .metadata
                .insert("language_info".to_owned(), language_info.clone());
        }
        let result = self.run_cells(&mut kernel, interrupt).await;
        match result {
            Err(Error::KernelDied { .. } | Error::KernelRestarted { .. }) => kernel.kill().await,
            Err(_) if self.deaf => kernel.kill().await,
            _ => self.shut_down(kernel, interrupt).await,
        }
        self.record_widgets();
        result
    }

    async fn run_cells(
        &mut self,
        kernel: &mut Kernel,
        interrupt: &mut Interrupt<'_>,
    ) -> Result<(), Error> {
        let saved = self.checkpoint.wait().await;
        saved.map_err(|source| self.options.save_error(source))?;
        let plan = self.plan;
        for (index, turn) in plan.turns.iter().enumerate() {
            match turn {
                Turn::Run => {
                    self.take_turn(index, kernel, interrupt).await?;
                    self.save_if_due().await;
                }
                Turn::Keep => self.outputs.keep(index, &mut self.notebook.cells),
                Turn::Pending => {}
            }
        }
        Ok(())
    }

    async fn take_turn(
        &mut self,
        index: usize,
        kernel: &mut Kernel,
        interrupt: &mut Interrupt<'_>,
    ) -> Result<(), Error> {
        let total = self.notebook.cells.len();
        let start = clock::now();
        let cell = &mut self.notebook.cells[index];
        record::cell_start(cell, start);
        (self.events)(Event::CellStarted {
            index,
            total,
            source: &cell.source,
        });
        self.checkpoint.mark();
        let skipped = cell.has_tag(&self.options.skip_cells_with_tag);
        let result = if cell.is_code() && !cell.source.trim().is_empty() && !skipped {
            self.run_cell(index, kernel, interrupt).await
        } else {
            Ok(())
        };
        let status = if result.is_err() {
            self.failed = Some(index);
            CellStatus::Failed
        } else {
            CellStatus::Completed
        };
        record::cell_end(&mut self.notebook.cells[index], status, start, clock::now());
        self.checkpoint.mark();
        (self.events)(Event::CellFinished {
            index,
            total,
            status,
        });
        result
    }

    /// Sends one cell and waits for its end.
    async fn run_cell(
        &mut self,
        index: usize,
        kernel: &mut Kernel,
        interrupt: &mut Interrupt<'_>,
    ) -> Result<(), Error> {
        for (parent, content) in self.widgets.unsent() {
            // If this can't be sent, nor can the cell, which is told.
            let _ = kernel.comm(&parent, &content).await;
        }
        let cell = &mut self.notebook.cells[index];
        cell.metadata.insert("execution".to_owned(), json!({}));
        let may_fail = self.options.allow_errors || cell.has_tag(RAISES_TAG);
        let Ok(request) = kernel.execute(&cell.source, !may_fail).await else {
            // Sending fails only when the kernel has closed its sockets.
            let status = loop {
                if let Incoming::Died(status) = kernel.next().await {
                    break status;
                }
            };
            return Err(self.died(index, kernel, status).await);
        };
        self.outputs.expect(&request, index);
        let mut answer = Answer::default();
        let deadline = self
            .options
            .execution_timeout
            .map(|timeout| (Instant::now() + timeout, timeout));
        let stop = self
            .listen(
                index,
                kernel,
                &request,
                &mut answer,
                deadline,
                Some(interrupt),
            )
            .await;
        match stop {
            None => self.judge(index, answer, may_fail),
            Some(Stop::Died(status)) => Err(self.died(index, kernel, status).await),
            Some(Stop::Restarted) => Err(self.restarted(index)),
            Some(stop) => {
                kernel.interrupt().await;
                let grace = Some((Instant::now() + INTERRUPT_GRACE, INTERRUPT_GRACE));
                self.deadline = None;
                let deaf = self
                    .listen(index, kernel, &request, &mut answer, grace, None)
                    .await;
                self.deaf = deaf.is_some();
                self.take_queued(kernel);
                let error = self.stopped(index, &stop);
                match stop {
                    Stop::Input(_) if may_fail && !self.deaf => Ok(()),
                    _ => Err(error),
                }
            }
        }
    }

    fn take_queued(&mut self, kernel: &mut Kernel) {
        for message in kernel.queued() {
            self.take(message);
        }
    }

    /// Puts what a message brings where it belongs: into a widget or into a cell.
    fn take(&mut self, mut message: Message) {
        let taken = if message.kind().starts_with("comm_") {
            self.widgets.comm(&message);
            true
        } else {
            self.widgets.take(&mut message)
                || self
                    .outputs
                    .apply(message, &mut self.notebook.cells, self.events)
        };
        if taken {
            self.checkpoint.mark_output();
        }
    }

    /// Writes down what the widgets show.
    fn record_widgets(&mut self) {
        let kept = self.plan.turns.contains(&Turn::Keep);
        self.widgets.record(&mut self.notebook.metadata, kept);
    }

    async fn save_if_due(&mut self) {
        if self.checkpoint.is_due() {
            self.record_widgets();
        }
        if let Some(Err(error)) = self.checkpoint.save_if_due(self.notebook).await {
            (self.events)(Event::SaveFailed { error: &error });
        }
    }

    /// Ends the kernel: politely for a moment, in which late outputs still arrive, then by force.
    async fn shut_down(&mut self, mut kernel: Kernel, interrupt: &mut Interrupt<'_>) {
        kernel.request_shutdown().await;
        let deadline = Instant::now() + SHUTDOWN_GRACE;
        // An interrupt that has already stopped a cell must not cut the kernel's clean end short.
        let mut interrupt = (!interrupt.came).then_some(interrupt);
        loop {
            let incoming = tokio::select! {
                incoming = kernel.next() => incoming,
                () = sleep_until(deadline) => break,
                () = wait_for(&mut interrupt) => break,
            };
            match incoming {
                Incoming::Iopub(message) => self.take(message),
                Incoming::Shell(_) | Incoming::Stdin(_) => {}
                Incoming::Log(text) => (self.events)(Event::KernelLog { text: &text }),
                Incoming::Died(_) => break,
            }
        }
        self.take_queued(&mut kernel);
        kernel.kill().await;
    }
}

/// Where what need not be in memory is put: on the disk of the notebook, which must have room for it anyway.
fn spool_folder(options: &Options) -> PathBuf {
    let beside = options.output_path.as_deref().and_then(Path::parent);
    match beside {
        Some(folder) if folder.as_os_str().is_empty() => PathBuf::from("."),
        Some(folder) => folder.to_owned(),
        None => std::env::temp_dir(),
    }
}

/// Waits for an interrupt that matters, for ever when none does any more.
async fn wait_for(interrupt: &mut Option<&mut Interrupt<'_>>) {
    match interrupt {
        Some(interrupt) => interrupt.wait().await,
        None => std::future::pending().await,
    }
}

/// Waits for a deadline; the time that it gave. For ever when there is none.
async fn over(deadline: Option<(Instant, Duration)>) -> Duration {
    match deadline {
        Some((moment, timeout)) => {
            sleep_until(moment).await;
            timeout
        }
        None => std::future::pending().await,
    }
}
