//! Listening to a kernel while it runs one cell, until it has answered or something stops it.

use super::{Answer, Interrupt, Run, Stop, over, wait_for};
use crate::execute::Event;
use crate::execute::outputs::stamp;
use crate::kernel::{Incoming, Kernel};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The silence on all channels, after a cell's reply, in which its `idle` is missed and a fence is sent.
const FENCE_AFTER: Duration = Duration::from_millis(250);
/// The silence in which a kernel that answers not even the fence's `idle` is taken to be done with the cell.
const IDLE_SILENCE: Duration = Duration::from_secs(4);

/// A request that follows the cell's own: when its `idle` comes and the cell's has not, that one was lost. (Messages on
/// IOPub keep their order; libzmq drops them when its queue is full.)
#[derive(Default)]
struct Fence {
    request: Option<String>,
}

impl Run<'_> {
    /// Takes in everything until the request is answered (reply and idle), or something stops it.
    pub(super) async fn listen(
        &mut self,
        index: usize,
        kernel: &mut Kernel,
        request: &str,
        answer: &mut Answer,
        deadline: Option<(Instant, Duration)>,
        mut interrupt: Option<&mut Interrupt<'_>>,
    ) -> Option<Stop> {
        let mut last_heard = Instant::now();
        let mut fence = Fence::default();
        while !(answer.idle && answer.reply.is_some()) {
            let patience = match fence.request {
                None => FENCE_AFTER,
                Some(_) => IDLE_SILENCE,
            };
            let missed = answer.reply.is_some();
            tokio::select! {
                incoming = kernel.next() => {
                    last_heard = Instant::now();
                    if let Incoming::Stdin(message) = &incoming {
                        // A kernel that is gone is noticed below.
                        let _ = kernel.answer_input(message).await;
                    }
                    if let Some(stop) = self.heed(index, incoming, request, answer, &fence) {
                        return Some(stop);
                    }
                }
                timeout = over(deadline) => return Some(Stop::Timeout(timeout)),
                timeout = over(self.deadline) => return Some(Stop::TotalTimeout(timeout)),
                () = sleep_until(last_heard + patience), if missed => {
                    if fence.request.is_some() {
                        tracing::warn!(cell = index + 1, "the kernel answered, but never said that it is idle");
                        break;
                    }
                    // A request that can't be sent is followed by the news of the kernel's death.
                    fence.request = Some(kernel.request_info().await.unwrap_or_default());
                    last_heard = Instant::now();
                }
                () = wait_for(&mut interrupt) => return Some(Stop::Interrupted),
                () = self.checkpoint.due() => self.save_if_due().await,
            }
        }
        self.take_queued(kernel);
        None
    }

    /// Takes one thing in; why the cell ended, if this ended it.
    fn heed(
        &mut self,
        index: usize,
        incoming: Incoming,
        request: &str,
        answer: &mut Answer,
        fence: &Fence,
    ) -> Option<Stop> {
        match incoming {
            Incoming::Iopub(message) => {
                let parent = &message.parent.msg_id;
                if message.is_idle() && parent == request {
                    answer.idle = true;
                } else if message.is_idle() && fence.request.as_ref() == Some(parent) {
                    tracing::warn!(cell = index + 1, "the kernel's idle was lost");
                    answer.idle = true;
                } else if message.is_restart() {
                    return Some(Stop::Restarted);
                }
                self.take(message);
            }
            Incoming::Shell(message) if message.parent.msg_id == request => {
                stamp(
                    &mut self.notebook.cells[index],
                    "shell.execute_reply",
                    &message,
                );
                answer.reply = Some(message);
            }
            Incoming::Shell(_) => {}
            // What comes after the first is answered, too, but the cell is being stopped already.
            Incoming::Stdin(_) if answer.asked => {}
            Incoming::Stdin(message) => {
                answer.asked = true;
                return Some(Stop::Input(message.text("prompt").to_owned()));
            }
            Incoming::Log(text) => (self.events)(Event::KernelLog { text: &text }),
            Incoming::Died(status) => return Some(Stop::Died(status)),
        }
        None
    }
}
