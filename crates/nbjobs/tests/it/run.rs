//! `nbjobs run`: Papermill's command line, with real kernels.
//!
//! Needs the virtual environment at `$NBJOBS_TEST_VENV`, else `.nbjobs/test-venv` in the workspace, with `ipykernel` and
//! `papermill`.

mod disk;
mod ending;
mod memory;
mod parity;
mod places;

use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn venv() -> PathBuf {
    let named = std::env::var_os("NBJOBS_TEST_VENV").map(PathBuf::from);
    let venv = named
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.nbjobs/test-venv"));
    let venv = std::path::absolute(&venv).unwrap();
    assert!(
        venv.join("bin/python").exists(),
        "the tests need a virtual environment with ipykernel and papermill at {}",
        venv.display()
    );
    venv
}

/// A program in the folder of the test, which sees only the virtual environment and the system.
fn program(path: impl AsRef<Path>, folder: &Path) -> Command {
    let venv = venv();
    let mut command = Command::new(path.as_ref());
    command
        .env_clear()
        .env("VIRTUAL_ENV", &venv)
        .env("HOME", folder)
        .env("LANG", "C.UTF-8");
    command.env(
        "PATH",
        format!("{}/bin:/usr/local/bin:/usr/bin:/bin", venv.display()),
    );
    command
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn nbjobs(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = program(env!("CARGO_BIN_EXE_nbjobs"), folder);
    command.arg("run").args(arguments);
    command
}

/// A folder with `in.ipynb` of these code cells.
fn folder(cells: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let cells: Vec<Value> = cells.iter().enumerate().map(|(index, source)| {
        json!({"cell_type": "code", "id": format!("c{index}"), "metadata": {}, "source": source, "outputs": [], "execution_count": null})
    }).collect();
    let file = json!({"nbformat": 4, "nbformat_minor": 5, "cells": cells, "metadata": {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}, "language_info": {"name": "python"}}});
    std::fs::write(folder.path().join("in.ipynb"), file.to_string()).unwrap();
    folder
}

fn notebook(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

fn saved(folder: &Path) -> Value {
    notebook(&std::fs::read(folder.join("out.ipynb")).unwrap())
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Papermill's messages without those of its kernel, which writes to the same place: that it runs over TCP, and
/// now and then that it was interrupted while it ended.
fn without_the_kernels(stderr: &str) -> String {
    let ours = |line: &&str| !line.starts_with("[IPKernelApp] ");
    stderr.split_inclusive('\n').filter(ours).collect()
}

fn statuses(notebook: &Value) -> Vec<&str> {
    let cells = notebook["cells"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|cell| cell["cell_type"] == "code");
    cells
        .map(|cell| cell["metadata"]["papermill"]["status"].as_str().unwrap())
        .collect()
}

#[test]
fn a_run_says_what_papermill_says_and_exits_with_0() {
    let folder = folder(&["print('hello')", "1 + 1"]);
    let arguments = [
        "in.ipynb",
        "out_{n}.ipynb",
        "-p",
        "n",
        "07",
        "--no-progress-bar",
    ];
    let ours = nbjobs(folder.path(), &arguments).output().unwrap();
    let file = notebook(&std::fs::read(folder.path().join("out_7.ipynb")).unwrap());
    std::fs::remove_file(folder.path().join("out_7.ipynb")).unwrap();
    let theirs = program(venv().join("bin/papermill"), folder.path())
        .args(arguments)
        .output()
        .unwrap();
    assert_eq!(
        (ours.status.code(), theirs.status.code()),
        (Some(0), Some(0))
    );
    let expected = "Input Notebook:  in.ipynb\nOutput Notebook: out_7.ipynb\nPassed unknown parameter: n\n\
                    Input notebook does not contain a cell with tag 'parameters'\nExecuting notebook with kernel: python3\n";
    assert_eq!(stderr(&ours), expected);
    assert_eq!(without_the_kernels(&stderr(&theirs)), expected);
    assert!(ours.stdout.is_empty());
    assert_eq!(file["metadata"]["papermill"]["parameters"], json!({"n": 7}));
    assert_eq!(
        file["cells"][0]["source"],
        json!(["# Parameters\n", "n = 7\n"])
    );
    assert_eq!(
        file["cells"][2]["outputs"][0]["data"]["text/plain"],
        json!(["2"])
    );
}

#[test]
fn a_failing_cell_leaves_the_partial_notebook_and_papermills_message() {
    let folder = folder(&[
        "print('before')",
        "def f():\n    1/0\nf()",
        "print('never')",
    ]);
    let arguments = ["in.ipynb", "out.ipynb", "--no-progress-bar"];
    let ours = nbjobs(folder.path(), &arguments).output().unwrap();
    assert_eq!(ours.status.code(), Some(1));
    let file = saved(folder.path());
    assert_eq!(statuses(&file), ["completed", "failed", "pending"]);
    assert_eq!(file["cells"][3]["outputs"][0]["ename"], "ZeroDivisionError");
    let theirs = program(venv().join("bin/papermill"), folder.path())
        .args(arguments)
        .output()
        .unwrap();
    let message = |output: &Output| {
        let text = stderr(output);
        let at = text
            .find(&format!(
                "{}\nException encountered at \"In [2]\":",
                "-".repeat(75)
            ))
            .expect("the message");
        text[at..].trim_end().to_owned()
    };
    // Addresses of temporary files in a traceback differ from run to run; IPython's has none.
    assert_eq!(message(&ours), message(&theirs));
}

#[test]
fn parameters_come_from_five_sources_in_papermills_order() {
    let folder = folder(&["1"]);
    std::fs::write(
        folder.path().join("p.yaml"),
        "f: 1\nb: file\ny: file\nx: yes\no: 010\n",
    )
    .unwrap();
    let arguments = [
        "in.ipynb",
        "out.ipynb",
        "--prepare-only",
        "-r",
        "r",
        "1",
        "-p",
        "p",
        "-1.5",
        "-p",
        "r",
        "2",
        "-y",
        "{y: yaml, p: 0, l: [1, ~]}",
        "-f",
        "p.yaml",
        "-b",
        "YjogYmFzZTY0CmI2NDogdHJ1ZQo=",
        "-p",
        "x",
        "None",
    ];
    let output = nbjobs(folder.path(), &arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let file = saved(folder.path());
    let expected = json!({"b": "file", "b64": true, "f": 1, "y": "yaml", "x": null, "o": 8, "p": -1.5, "l": [1, null], "r": "1"});
    assert_eq!(file["metadata"]["papermill"]["parameters"], expected);
    let source: String = file["cells"][0]["source"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let ordered = "# Parameters\nb = \"file\"\nb64 = True\nf = 1\ny = \"yaml\"\nx = None\no = 8\np = -1.5\nl = [1, None]\nr = \"1\"\n";
    assert_eq!(source, ordered);
    assert_eq!(
        file["cells"][1]["execution_count"],
        Value::Null,
        "nothing was executed"
    );
}

#[test]
fn bad_input_is_told_and_leaves_nothing() {
    let folder = folder(&["1"]);
    std::fs::write(folder.path().join("script.py"), "print(1)").unwrap();
    let cases: [(&[&str], i32, &str); 12] = [
        (
            &["script.py", "out.ipynb"],
            1,
            "script.py: not a notebook: not valid JSON",
        ),
        (
            &["missing.ipynb", "out.ipynb"],
            1,
            "cannot read missing.ipynb: No such file",
        ),
        (
            &["in.ipynb", "out.ipynb", "-k", "cobol"],
            1,
            "no kernel named \"cobol\" is installed; found: ",
        ),
        (
            &["in.ipynb", "out.ipynb", "-p", "x;import os", "1"],
            1,
            "parameter \"x;import os\" is not a valid variable name in Python",
        ),
        (&["in.ipynb", "out.ipynb", "-y", "a: ["], 1, "-y"),
        (
            &["in.ipynb", "out.ipynb", "-y", "just text"],
            1,
            "-y: the YAML is not a mapping",
        ),
        (&["in.ipynb", "out.ipynb", "-b", "%"], 1, "-b is not base64"),
        (
            &["in.ipynb", "out.ipynb", "-f", "none.yaml"],
            1,
            "-f none.yaml: No such file",
        ),
        (&["in.ipynb", "out_{x}.ipynb"], 1, "Missing parameter 'x'"),
        (
            &["in.ipynb", "no/folder/out.ipynb"],
            1,
            "no/folder/out.ipynb",
        ),
        (&[], 2, "NOTEBOOK_PATH"),
        (
            &["in.ipynb", "out.ipynb", "--no-such-flag"],
            2,
            "--no-such-flag",
        ),
    ];
    for (arguments, code, told) in cases {
        let output = nbjobs(folder.path(), arguments).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains(told),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            2,
            "{arguments:?}"
        );
    }
}

#[test]
fn parameters_are_checked_against_the_tagged_cell() {
    let folder = folder(&["n: int = 1\nname = 'x'", "n"]);
    let path = folder.path().join("in.ipynb");
    let mut file = notebook(&std::fs::read(&path).unwrap());
    file["cells"][0]["metadata"] = json!({"tags": ["parameters"]});
    std::fs::write(&path, file.to_string()).unwrap();
    let run = |more: &[&str]| {
        let arguments = [&["in.ipynb", "out.ipynb", "--prepare-only"], more].concat();
        nbjobs(folder.path(), &arguments).output().unwrap()
    };
    let warned = run(&["-p", "n", "1.5", "-p", "other", "1"]);
    assert_eq!(warned.status.code(), Some(0));
    let told = "Passed unknown parameter: other\nPassed ill-typed parameter: parameter \"n\" should be int, as the cell \
                tagged 'parameters' says, not 1.5\n";
    assert!(stderr(&warned).ends_with(told), "{}", stderr(&warned));
    std::fs::remove_file(folder.path().join("out.ipynb")).unwrap();
    let cases = [
        (
            ["n", "1.5"],
            "parameter \"n\" should be int, as the cell tagged 'parameters' says, not 1.5",
        ),
        (
            ["other", "1"],
            "parameter \"other\" is not defined in the cell tagged 'parameters'; it defines n, name",
        ),
    ];
    for ([name, value], told) in cases {
        let refused = run(&["--strict-parameters", "-p", name, value]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(stderr(&refused).contains(told), "{}", stderr(&refused));
        assert!(!folder.path().join("out.ipynb").exists());
    }
    let fine = run(&["--strict-parameters", "-p", "n", "5", "-r", "name", "5"]);
    assert_eq!(fine.status.code(), Some(0), "{}", stderr(&fine));
}

#[test]
fn notebooks_go_through_pipes() {
    let folder = folder(&["import os; os.system('echo noise'); print('out')"]);
    let bytes = std::fs::read(folder.path().join("in.ipynb")).unwrap();
    let piped = |arguments: &[&str]| {
        let mut child = nbjobs(folder.path(), arguments)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(&bytes).unwrap();
        child.wait_with_output().unwrap()
    };
    for arguments in [&["-", "-"][..], &[]] {
        let output = piped(arguments);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let outputs = notebook(&output.stdout)["cells"][0]["outputs"].to_string();
        assert!(
            outputs.contains("noise") && outputs.contains("out"),
            "{outputs}"
        );
        assert_eq!(
            stderr(&output),
            "noise\n",
            "what the kernel says itself is kept out of the notebook"
        );
    }
    assert_eq!(piped(&["out.ipynb"]).status.code(), Some(0));
    assert_eq!(statuses(&saved(folder.path())), ["completed"]);
    let output = nbjobs(folder.path(), &["in.ipynb"]).output().unwrap();
    assert_eq!(statuses(&notebook(&output.stdout)), ["completed"]);
}

#[test]
fn output_can_be_logged() {
    let folder = folder(&["print('a', end='')\nprint('b')\n1 + 1", "x = 1"]);
    let output = nbjobs(
        folder.path(),
        &["in.ipynb", "out.ipynb", "--log-output", "--cwd", "/"],
    )
    .output()
    .unwrap();
    let dashes = |count| "-".repeat(count);
    let expected = format!(
        "Input Notebook:  in.ipynb\nOutput Notebook: out.ipynb\nWorking directory: /\nExecuting notebook with kernel: python3\n\
         Executing Cell 1{}\nab\n2\nEnding Cell 1{}\nExecuting Cell 2{}\nEnding Cell 2{}\n",
        dashes(39),
        dashes(42),
        dashes(39),
        dashes(42),
    );
    assert_eq!(stderr(&output), expected);
}

#[test]
fn time_limits_are_flags() {
    let folder = folder(&["import threading; threading.Event().wait()"]);
    let output = nbjobs(
        folder.path(),
        &["in.ipynb", "out.ipynb", "--execution-timeout", "1"],
    )
    .output()
    .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("a cell timed out after 1 seconds, in cell 1"),
        "{}",
        stderr(&output)
    );
    assert_eq!(statuses(&saved(folder.path())), ["failed"]);
}

#[test]
fn what_sets_parameters_is_refused_when_a_run_is_resumed() {
    let folder = folder(&["1"]);
    let more: [&[&str]; 8] = [
        &["-p", "n", "1"],
        &["-r", "n", "1"],
        &["-y", "n: 1"],
        &["-b", "bjogMQ=="],
        &["-f", "p.yaml"],
        &["--inject-input-path"],
        &["--inject-output-path"],
        &["--inject-paths"],
    ];
    for more in more {
        let arguments = [&["--resume", "in.ipynb"], more].concat();
        let refused = nbjobs(folder.path(), &arguments).output().unwrap();
        assert_eq!(refused.status.code(), Some(2), "{more:?}");
        let told = stderr(&refused);
        assert!(told.contains("--resume"), "{more:?}: {told}");
        assert!(told.contains("cannot be used with"), "{more:?}: {told}");
    }
}

#[test]
fn every_way_that_a_run_ends_is_in_its_exit_status() {
    type Strings = &'static [&'static str];
    // Cells, options, the exit status, the statuses of the cells.
    let cases: [(Strings, Strings, i32, Strings); 8] = [
        (&["1", "2"], &[], 0, &["completed", "completed"]),
        (&["1/0", "2"], &[], 1, &["failed", "pending"]),
        (
            &["1/0", "2"],
            &["--allow-errors"],
            0,
            &["completed", "completed"],
        ),
        (
            &["import sys; sys.exit()", "2"],
            &[],
            0,
            &["failed", "pending"],
        ),
        (
            &["import sys; sys.exit(2)", "2"],
            &[],
            1,
            &["failed", "pending"],
        ),
        (
            &["import os; os._exit(0)", "2"],
            &[],
            138,
            &["failed", "pending"],
        ),
        (
            &["import threading; threading.Event().wait()", "2"],
            &["--execution-timeout", "1"],
            1,
            &["failed", "pending"],
        ),
        (
            &["1", "import threading; threading.Event().wait()"],
            &["--timeout-total", "5"],
            1,
            &["completed", "failed"],
        ),
    ];
    for (cells, options, code, expected) in cases {
        let folder = folder(cells);
        let arguments = [&["in.ipynb", "out.ipynb"], options].concat();
        let output = nbjobs(folder.path(), &arguments).output().unwrap();
        let told = stderr(&output);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{cells:?} {options:?}: {told}"
        );
        let file = saved(folder.path());
        assert_eq!(statuses(&file), expected, "{cells:?} {options:?}");
        let banner = file["cells"][0]["metadata"]["tags"][0] == "papermill-error-cell-tag";
        assert_eq!(banner, code != 0, "{cells:?} {options:?}");
        let exception = &file["metadata"]["papermill"]["exception"];
        let stopped = expected.contains(&"failed");
        assert_eq!(*exception == true, stopped, "{cells:?} {options:?}");
    }
}
