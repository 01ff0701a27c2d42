//! A disk on which there is no room for what a run puts out.

use super::{folder, nbjobs, notebook, program, saved, statuses, stderr};
use std::os::unix::fs::MetadataExt;

/// Runs the command in "$@" with a small disk at `disk`, of which `out.ipynb` is copied away.
const ON_A_SMALL_DISK: &str = "mkdir disk && mount -t tmpfs -o size=4m nbjobs-test disk || exit 99
    \"$@\"; status=$?; cp disk/out.ipynb . && exit $status";

#[test]
fn what_a_full_disk_has_no_room_for_is_not_called_completed_and_is_resumed() {
    let many = "for line in range(60_000):\n    print(line, 'x' * 100)";
    let folder = folder(&["print('kept')", many, "print('after')"]);
    let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let user: &[&str] = match is_root {
        true => &[],
        false => &["--user", "--map-root-user"],
    };
    let run = program("unshare", folder.path())
        .args(user)
        .args(["--mount", "bash", "-c", ON_A_SMALL_DISK, "bash"])
        .arg(env!("CARGO_BIN_EXE_nbjobs"))
        .args(["run", "in.ipynb", "disk/out.ipynb"])
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(1), "{}", stderr(&run));
    assert!(stderr(&run).contains("No space left"), "{}", stderr(&run));

    let file = saved(folder.path());
    assert_eq!(statuses(&file), ["completed", "failed", "completed"]);
    assert_eq!(file["metadata"]["papermill"]["exception"], true);
    let cells = file["cells"].as_array().unwrap();
    let tags: Vec<_> = cells
        .iter()
        .map(|cell| &cell["metadata"]["tags"][0])
        .collect();
    assert_eq!(
        tags.iter()
            .filter(|tag| **tag == "papermill-error-cell-tag")
            .count(),
        2,
        "{tags:?}"
    );
    let printed = cells.iter().find(|cell| cell["id"] == "c1").unwrap();
    let outputs = printed["outputs"].as_array().unwrap();
    let lines = outputs[0]["text"].as_array().unwrap();
    assert!(
        lines
            .last()
            .unwrap()
            .as_str()
            .unwrap()
            .starts_with("59999 x")
    );
    assert!((50..200).contains(&lines.len()), "{} lines", lines.len());
    assert_eq!(outputs[1]["ename"], "NoSpaceLeft");

    let resumed = nbjobs(folder.path(), &["--resume", "out.ipynb"])
        .output()
        .unwrap();
    assert!(resumed.status.success(), "{}", stderr(&resumed));
    let file = notebook(&std::fs::read(folder.path().join("out.ipynb")).unwrap());
    assert_eq!(statuses(&file), ["completed"; 3]);
    let lines = file["cells"][1]["outputs"][0]["text"].as_array().unwrap();
    assert_eq!(lines.len(), 60_000);
}
