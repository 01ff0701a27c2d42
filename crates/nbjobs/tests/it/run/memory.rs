//! What a run holds in memory.

use super::{folder, nbjobs, notebook};
use serde_json::Value;

/// What memory may grow by, whatever is put out.
const GROWTH_BYTES_MAX: u64 = 10_000_000;
/// What each cell of the large notebook prints.
const CELL_BYTES: usize = 500_000;

/// The most memory that a run of these cells took, in bytes, and the length of what it printed.
fn peak(cells: &[&str]) -> (u64, usize) {
    let folder = folder(cells);
    let mut run = nbjobs(folder.path(), &["in.ipynb", "out.ipynb"])
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", run.id());
    let mut peak = 0;
    while run.try_wait().unwrap().is_none() {
        let told = std::fs::read_to_string(&status).unwrap_or_default();
        let line = told.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        peak = peak.max(kilobytes.unwrap_or(0) * 1024);
        std::thread::yield_now();
    }
    assert!(run.wait().unwrap().success());
    let file = notebook(&std::fs::read(folder.path().join("out.ipynb")).unwrap());
    let cells = file["cells"].as_array().unwrap().iter();
    let texts = cells.flat_map(|cell| cell["outputs"].as_array().unwrap().iter());
    let lines = texts.flat_map(|output| output["text"].as_array().unwrap().iter());
    (peak, lines.filter_map(Value::as_str).map(str::len).sum())
}

#[test]
fn memory_does_not_grow_with_what_is_put_out() {
    let (small, _) = peak(&["print('x')"]);
    let print = format!("print('x' * {})", CELL_BYTES - 1);
    let (large, printed) = peak(&[print.as_str(); 40]);
    assert_eq!(printed, 40 * CELL_BYTES);
    assert!(
        large < small + GROWTH_BYTES_MAX,
        "{large} bytes, but {small} for a trivial notebook"
    );
}
