//! `EnableNetworkIsolation`: a network of the run's own, in which there is nothing but its loopback. Kernels talk over
//! sockets in a folder, so they don't miss the network.

use anyhow::{Context, bail};
use nix::sched::{CloneFlags, unshare};
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendto, socket,
};
use std::fs;
use std::os::fd::AsRawFd;

/// The loopback's number in a network that was just made.
const LOOPBACK: i32 = 1;
/// The lengths of netlink's two headers of this request (`nlmsghdr`, `ifinfomsg`), in bytes.
const REQUEST_BYTES: u32 = 32;
/// `RTM_NEWLINK`: changes an interface.
const NEW_LINK: u16 = 16;
/// `NLM_F_REQUEST | NLM_F_ACK`
const ACKNOWLEDGED_REQUEST: u16 = 5;
/// `IFF_UP`, as the new flags and as the mask of those that change.
const UP: u32 = 1;
/// Where an acknowledgement has its error, as a negative number; 0 if there is none.
const ERROR_AT: std::ops::Range<usize> = 16..20;

/// Moves this process, and so all that it starts, into a network of its own. It must have one thread.
///
/// The user namespace that comes with it keeps also a run of root's from going back to the machine's network.
/// On an error the process may be in between: nothing of the run may be started.
pub(super) fn isolate() -> anyhow::Result<()> {
    let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET).context(
        "EnableNetworkIsolation needs user and network namespaces, which this machine does not allow",
    )?;
    // Everybody stays who they were.
    for (file, text) in [
        ("setgroups", "deny".to_owned()),
        ("uid_map", format!("{0} {0} 1", user.as_raw())),
        ("gid_map", format!("{0} {0} 1", group.as_raw())),
    ] {
        fs::write(format!("/proc/self/{file}"), text)
            .with_context(|| format!("cannot write {file} of the run's user namespace"))?;
    }
    loopback_up().context("cannot bring up the loopback of the run's network")
}

fn loopback_up() -> anyhow::Result<()> {
    let netlink = socket(
        AddressFamily::Netlink,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkRoute,
    )?;
    let mut request = Vec::with_capacity(REQUEST_BYTES as usize);
    request.extend(REQUEST_BYTES.to_ne_bytes());
    request.extend(NEW_LINK.to_ne_bytes());
    request.extend(ACKNOWLEDGED_REQUEST.to_ne_bytes());
    // Sequence number and port; any family, any type.
    request.extend([0; 12]);
    request.extend(LOOPBACK.to_ne_bytes());
    request.extend(UP.to_ne_bytes());
    request.extend(UP.to_ne_bytes());
    let kernel = NetlinkAddr::new(0, 0);
    sendto(netlink.as_raw_fd(), &request, &kernel, MsgFlags::empty())?;
    let mut answer = [0; 256];
    let length = recv(netlink.as_raw_fd(), &mut answer, MsgFlags::empty())?;
    let Some(error) = answer[..length].get(ERROR_AT) else {
        bail!("the kernel's answer has {length} bytes");
    };
    match i32::from_ne_bytes(error.try_into()?) {
        0 => Ok(()),
        error => Err(nix::errno::Errno::from_raw(-error).into()),
    }
}
