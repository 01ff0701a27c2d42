//! A small process between us and a kernel, so that no process of the kernel's tree outlives us, however we end.
//!
//! The guard is forked from us, runs no program of its own, and forks the kernel. It is the *subreaper* of the kernel's
//! tree: whatever the kernel started, in whatever group or session, becomes the guard's child when its own parent ends.
//! It holds the reading end of a pipe whose writing end only we hold, the *lifeline*. When that closes (because we want
//! it, or because we are gone, `kill -9` included), and when the kernel ends, the guard kills its children until it has
//! none, and then ends as the kernel did. Needs neither root nor cgroups. What a kernel asks another service to start
//! (systemd, a container engine, a cluster) is not in its tree and is left alone.
//!
//! If the guard itself is killed, the kernel dies with it (`PR_SET_PDEATHSIG`), but not what the kernel started.
//!
//! Everything here runs between `fork` and `exec`, so it may only make async-signal-safe calls: no allocation, no locks.
#![allow(
    unsafe_code,
    reason = "fork, and code between fork and exec, can only be had by unsafe functions"
)]

use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigHandler, SigSet, SigmaskHow, Signal, kill, killpg, raise, signal};
use nix::sys::signal::{pthread_sigmask, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, setsid};
use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use tokio::process::Command;

/// Lists the children of the calling thread; a kernel of Linux built without it has none.
const CHILDREN: &CStr = c"/proc/thread-self/children";
/// How much of that list is read at a time; what does not fit has its turn in the next round.
const CHILDREN_BYTES: usize = 4096;
/// The exit status of a guard that could not do its work.
const GUARD_FAILED: i32 = 70;

/// Makes the command start under a guard. The started process is then the guard: it ends as the kernel ends, SIGINT
/// sent to it goes to the kernel's process group, and it kills the whole tree when `lifeline`'s other end is closed.
pub(super) fn set(command: &mut Command, lifeline: OwnedFd) {
    // SAFETY: the closure makes async-signal-safe system calls only.
    unsafe {
        command.pre_exec(move || split(lifeline.as_raw_fd()));
    }
}

/// Forks once more: the parent becomes the guard and never returns, the child goes on to become the kernel.
fn split(lifeline: RawFd) -> io::Result<()> {
    let guard = Pid::this();
    prctl::set_child_subreaper(true)?;
    // Nothing may interrupt the guard; SIGCHLD and SIGINT reach it through a descriptor.
    let mut before = SigSet::empty();
    sigprocmask(
        SigmaskHow::SIG_SETMASK,
        Some(&SigSet::all()),
        Some(&mut before),
    )?;
    // SAFETY: both sides make async-signal-safe calls only.
    match unsafe { fork() }? {
        ForkResult::Child => {
            setsid()?;
            prctl::set_pdeathsig(Signal::SIGKILL)?;
            pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&before), None)?;
            if Pid::parent() == guard {
                Ok(())
            } else {
                Err(Errno::ESRCH.into())
            }
        }
        ForkResult::Parent { child } => {
            let status = keep_only(lifeline).and_then(|()| watch(child));
            let status = sweep(child).or(status.ok().flatten());
            end_like(status)
        }
    }
}

/// Makes the lifeline descriptor 0 and closes all others: nobody shall wait for the guard to close a pipe.
fn keep_only(lifeline: RawFd) -> nix::Result<()> {
    // SAFETY: plain system calls on numbers; nothing in this process uses the closed descriptors any more.
    unsafe {
        Errno::result(libc::dup2(lifeline, 0))?;
        Errno::result(libc::syscall(libc::SYS_close_range, 1u32, u32::MAX, 0u32))?;
    }
    Ok(())
}

/// Waits until the kernel ends (how it did) or the lifeline closes (nothing).
fn watch(kernel: Pid) -> nix::Result<Option<WaitStatus>> {
    // SAFETY: descriptor 0 stays open as long as this process runs.
    let lifeline = unsafe { BorrowedFd::borrow_raw(0) };
    let mut wanted = SigSet::empty();
    wanted.add(Signal::SIGCHLD);
    wanted.add(Signal::SIGINT);
    let signals = SignalFd::with_flags(&wanted, SfdFlags::SFD_NONBLOCK)?;
    loop {
        let mut descriptors = [
            PollFd::new(lifeline, PollFlags::POLLIN),
            PollFd::new(signals.as_fd(), PollFlags::POLLIN),
        ];
        poll(&mut descriptors, PollTimeout::NONE)?;
        if descriptors[0].any() == Some(true) {
            return Ok(None);
        }
        while let Ok(Some(received)) = signals.read_signal() {
            if received.ssi_signo == Signal::SIGINT as u32 {
                let _ = killpg(kernel, Signal::SIGINT);
            }
        }
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) | Err(_) => break,
                Ok(status) if status.pid() == Some(kernel) => return Ok(Some(status)),
                Ok(_) => {}
            }
        }
    }
}

/// Kills all children until there are none; orphans of those that die become children in their turn. How the kernel
/// ended, if it ended only now.
fn sweep(kernel: Pid) -> Option<WaitStatus> {
    let mut ended = None;
    loop {
        let _ = killpg(kernel, Signal::SIGKILL);
        let _ = kill_children();
        match waitpid(None, None) {
            Ok(status) if status.pid() == Some(kernel) => ended = Some(status),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return ended,
        }
    }
}

fn kill_children() -> nix::Result<()> {
    let mut list = [0; CHILDREN_BYTES];
    // SAFETY: a constant path, and a buffer of the length that is given.
    let length = unsafe {
        let file = Errno::result(libc::open(CHILDREN.as_ptr(), libc::O_RDONLY))?;
        let length = libc::read(file, list.as_mut_ptr().cast(), list.len());
        libc::close(file);
        Errno::result(length)?.unsigned_abs()
    };
    // Each number is followed by a blank, so that one cut off at the end is left out.
    let mut number = 0;
    for byte in list.iter().take(length) {
        match byte {
            b'0'..=b'9' => number = number * 10 + i32::from(byte - b'0'),
            _ => {
                let _ = kill(Pid::from_raw(number), Signal::SIGKILL);
                number = 0;
            }
        }
    }
    Ok(())
}

/// Ends the guard as the kernel ended, so that whoever waits for the guard learns it.
fn end_like(status: Option<WaitStatus>) -> ! {
    let code = match status {
        Some(WaitStatus::Exited(_, code)) => code,
        Some(WaitStatus::Signaled(_, number, _)) => {
            let mut mask = SigSet::empty();
            mask.add(number);
            // A second core file would only repeat the kernel's.
            let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
            // SAFETY: the default action is no function of ours.
            let _ = unsafe { signal(number, SigHandler::SigDfl) };
            let _ = raise(number);
            let _ = sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&mask), None);
            128 + number as i32
        }
        _ => GUARD_FAILED,
    };
    // SAFETY: ends the process without running what belongs to the one it was forked from.
    unsafe { libc::_exit(code) }
}
