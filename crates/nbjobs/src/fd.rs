//! Waiting for file descriptors that tokio has no type for: process descriptors, inotify queues.

use std::io;
use std::os::fd::OwnedFd;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Lets tasks wait until `fd` can be read.
pub fn readable(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is open, and nothing closes or replaces it while `AsyncFd` owns it.
    #[allow(unsafe_code, reason = "tokio has no safe way to register a descriptor")]
    let registered = unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) };
    Ok(registered?)
}
