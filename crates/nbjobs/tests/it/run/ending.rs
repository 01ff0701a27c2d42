//! Runs that are stopped or killed, and what they leave.

use super::{folder, nbjobs, saved, statuses, stderr};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Child;
/// A running `nbjobs run` whose second cell waits for ever; the process ids of its kernel and of a child of the kernel.
fn waiting(folder: &Path) -> (Child, BufReader<std::process::ChildStderr>, [Pid; 2]) {
    let mut child = nbjobs(folder, &["in.ipynb", "out.ipynb", "--log-output"])
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("pids ") {
        line.clear();
        if lines.read_line(&mut line).unwrap() == 0 {
            panic!("the run ended too early: {}", child.wait().unwrap());
        }
    }
    let mut pids = line
        .split_whitespace()
        .skip(1)
        .map(|pid| Pid::from_raw(pid.parse().unwrap()));
    let pids = [pids.next().unwrap(), pids.next().unwrap()];
    (child, lines, pids)
}

const WAITING: [&str; 3] = [
    "x = 1",
    "import os, subprocess, threading\nchild = subprocess.Popen(['tail', '-f', '/dev/null'])\nprint('pids', os.getpid(), child.pid, flush=True)\nthreading.Event().wait()",
    "x",
];

fn is_alive(pid: Pid) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"));
    status.is_ok_and(|status| !status.contains("State:\tZ"))
}

#[test]
fn signals_save_what_there_is_and_leave_no_process() {
    for (signal, code) in [
        (Signal::SIGINT, 130),
        (Signal::SIGTERM, 143),
        (Signal::SIGHUP, 129),
    ] {
        let folder = folder(&WAITING);
        let (mut child, lines, pids) = waiting(folder.path());
        kill(Pid::from_raw(child.id().cast_signed()), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert!(lines.lines().any(|line| {
            line.unwrap()
                .contains("interrupted in cell 2 (\"import os, subprocess, threading\")")
        }));
        assert!(
            pids.into_iter().all(|pid| !is_alive(pid)),
            "{signal}: a process is left"
        );
        let file = saved(folder.path());
        assert_eq!(statuses(&file), ["completed", "failed", "pending"]);
        assert!(
            file["cells"][0]["source"][0]
                .as_str()
                .unwrap()
                .contains("An Exception was encountered")
        );
        assert!(
            file["cells"][3]["outputs"]
                .to_string()
                .contains("KeyboardInterrupt")
        );
    }
}

#[test]
fn a_killed_kernel_ends_the_run_with_138() {
    let folder = folder(&WAITING);
    let (mut child, lines, [kernel, _]) = waiting(folder.path());
    kill(kernel, Signal::SIGKILL).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(138));
    let told = "Kernel died in cell 2 (\"import os, subprocess, threading\"): killed by SIGKILL";
    assert!(lines.lines().any(|line| line.unwrap().contains(told)));
    assert_eq!(
        statuses(&saved(folder.path())),
        ["completed", "failed", "pending"]
    );
}

#[test]
fn nothing_outlives_a_killed_run() {
    let in_a_session_of_its_own = WAITING[1].replace("['tail',", "['setsid', 'tail',");
    let folder = folder(&[WAITING[0], &in_a_session_of_its_own]);
    let (mut child, _lines, pids) = waiting(folder.path());
    child.kill().unwrap();
    child.wait().unwrap();
    while pids.into_iter().any(is_alive) {
        std::thread::yield_now();
    }
    assert_eq!(statuses(&saved(folder.path())).len(), 2);
}

#[test]
fn a_run_that_is_killed_at_any_moment_leaves_a_notebook_that_can_be_resumed() {
    let cells: Vec<String> = (0..6).map(|i| format!("print('x' * 1000); {i}")).collect();
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    // From the first cell on; before it, the file may not be there yet.
    for moment in [1, 2, 4, 7, 11] {
        let folder = folder(&cells);
        let arguments = ["in.ipynb", "out.ipynb", "--log-output"];
        let mut child = nbjobs(folder.path(), &arguments).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let executing = lines.skip_while(|line| !line.as_ref().unwrap().starts_with("Executing"));
        executing.take(moment + 1).for_each(drop);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(statuses(&saved(folder.path())).len(), 6, "moment {moment}");
        let resumed = nbjobs(folder.path(), &["--resume", "out.ipynb"]).output();
        let resumed = resumed.unwrap();
        assert!(resumed.status.success(), "{}", stderr(&resumed));
        let file = saved(folder.path());
        assert_eq!(statuses(&file), ["completed"; 6]);
        let cells = file["cells"].as_array().unwrap();
        assert!(
            cells
                .iter()
                .all(|cell| cell["outputs"].as_array().unwrap().len() == 2)
        );
    }
}
