//! The same command lines for Papermill and for us: the same messages, exit status and notebook.

use super::{nbjobs, notebook, program, stderr, venv, without_the_kernels};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Output, Stdio};

const PARAMETERS_CELL: &str = "\
# the defaults
alpha = 1  # how much
name: str = \"x\"
ratio = 0.5  # type: float  share of it
items: list[int] = [
    1,
    2,
]  # two of them
nothing = None";

/// A folder with notebooks and files of parameters.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    let cell = |id: &str, source: &str, metadata: Value| {
        json!({"cell_type": "code", "id": id, "metadata": metadata, "source": source, "outputs": [],
               "execution_count": null})
    };
    let file = |cells: Vec<Value>| {
        json!({"nbformat": 4, "nbformat_minor": 5, "cells": cells, "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"}}})
        .to_string()
    };
    let tagged = cell("p", PARAMETERS_CELL, json!({"tags": ["parameters"]}));
    // A kernel that flushes both streams at the end does so in either order.
    let last = cell(
        "last",
        "print('out', flush=True)\nimport sys\nprint('err', file=sys.stderr)\nalpha",
        json!({}),
    );
    write("in.ipynb", file(vec![tagged, last]));
    write("plain.ipynb", file(vec![cell("one", "1 + 1", json!({}))]));
    write(
        "fails.ipynb",
        file(vec![
            cell("one", "1 / 0", json!({})),
            cell("two", "2", json!({})),
        ]),
    );
    write(
        "empty.ipynb",
        file(vec![cell("p", "# none", json!({"tags": ["parameters"]}))]),
    );
    write(
        "p.yaml",
        "alpha: 0x10\nname: [yes, ~, 1e3]\nnested: {b: 1.5, a: {c: 010}}\n".to_owned(),
    );
    write("p.json", json!({"alpha": 2, "text": "é\"\n"}).to_string());
    folder
}

/// What a run left behind: exit status, standard output, messages, notebook.
#[derive(Debug, PartialEq)]
struct Left {
    code: Option<i32>,
    stdout: String,
    stderr: String,
    file: Value,
}

fn left(output: &Output, folder: &Path, arguments: &[&str]) -> Left {
    let saved = std::fs::read(folder.join("out.ipynb")).ok();
    let stdout = String::from_utf8(output.stdout.clone()).unwrap();
    let on_stdout = stdout.starts_with("{\n");
    let file = match saved {
        Some(bytes) => normal(json_of(std::str::from_utf8(&bytes).unwrap())),
        None if on_stdout => normal(json_of(&stdout)),
        None => Value::Null,
    };
    let helps = arguments.contains(&"--help-notebook");
    Left {
        code: output.status.code(),
        // The first line of the help names the program.
        stdout: match (on_stdout, helps) {
            (true, _) => String::new(),
            (false, true) => stdout.split_once('\n').unwrap().1.to_owned(),
            (false, false) => stdout,
        },
        stderr: messages(&stderr(output)),
        file,
    }
}

/// Papermill writes infinite numbers in a way that is no JSON; we write their names as texts.
fn json_of(text: &str) -> Value {
    let text = text.replace(": Infinity", ": \"inf\"");
    notebook(text.as_bytes())
}

/// The messages, without the kernel's own and without what Python's warnings and tracebacks or our last
/// line say of an error.
fn messages(stderr: &str) -> String {
    let before = stderr
        .split("Traceback (most recent call last)")
        .next()
        .unwrap();
    let before = without_the_kernels(before);
    let lines = before
        .lines()
        .filter(|line| !line.contains("UserWarning: ") && !line.contains("warnings.warn("));
    let lines =
        lines.take_while(|line| !line.starts_with("nbjobs run: ") && !line.starts_with("-----"));
    lines.map(|line| format!("{line}\n")).collect()
}

/// Without times and ids, and with a stream's pieces joined.
fn normal(mut file: Value) -> Value {
    let fix = |object: &mut Value, keys: &[&str]| {
        for key in keys {
            if let Some(value) = object.get_mut(key).filter(|value| !value.is_null()) {
                *value = json!("fixed");
            }
        }
    };
    const TIMES: [&str; 3] = ["start_time", "end_time", "duration"];
    fix(&mut file["metadata"]["papermill"], &TIMES);
    for cell in file["cells"].as_array_mut().unwrap() {
        fix(cell, &["id"]);
        if let Some(papermill) = cell["metadata"].get_mut("papermill") {
            fix(papermill, &TIMES);
        }
        if let Some(Value::Object(execution)) = cell["metadata"].get_mut("execution") {
            execution
                .values_mut()
                .for_each(|date| *date = json!("fixed"));
        }
    }
    file
}

fn compare(arguments: &[&str]) -> Left {
    let run = |ours: bool| {
        let folder = folder();
        let mut command = if ours {
            nbjobs(folder.path(), arguments)
        } else {
            // Now and then it hangs, its CPU idle; that must not hold the tests for ever.
            let mut command = program("timeout", folder.path());
            command
                .arg("120")
                .arg(venv().join("bin/papermill"))
                .args(arguments);
            command
        };
        let output = command.stdin(Stdio::null()).output().unwrap();
        let log = ["log.txt", "errors.txt"]
            .map(|name| std::fs::read_to_string(folder.path().join(name)).ok());
        (left(&output, folder.path(), arguments), log)
    };
    let (ours, theirs) = std::thread::scope(|scope| {
        let theirs = scope.spawn(|| run(false));
        (run(true), theirs.join().unwrap())
    });
    assert_eq!(ours.1, theirs.1, "{arguments:?}: the streams' files");
    let ((ours, _), (theirs, _)) = (ours, theirs);
    assert_eq!(
        (ours.code, &ours.stdout, &ours.stderr),
        (theirs.code, &theirs.stdout, &theirs.stderr),
        "{arguments:?}"
    );
    assert_eq!(
        ours.file["metadata"], theirs.file["metadata"],
        "{arguments:?}"
    );
    let cells = |file: &Value| file["cells"].as_array().cloned().unwrap_or_default();
    for (ours, theirs) in cells(&ours.file).iter().zip(&cells(&theirs.file)) {
        assert_eq!(ours, theirs, "{arguments:?}");
    }
    assert_eq!(ours.file, theirs.file, "{arguments:?}");
    ours
}

#[test]
fn parameters_messages_and_paths() {
    const PREPARE: &str = "--prepare-only";
    #[rustfmt::skip]
    let cases: &[(&[&str], i32)] = &[
        (&["in.ipynb", "out.ipynb", PREPARE], 0),
        (&["in.ipynb", "out.ipynb", PREPARE, "-p", "alpha", "1_0", "-r", "name", "5", "-p", "new", " 7 "], 0),
        (&["plain.ipynb", "out.ipynb", PREPARE, "-p", "alpha", "True", "-p", "b", "1e400"], 0),
        (&["in.ipynb", "out.ipynb", PREPARE, "-f", "p.json", "-y", "{alpha: 3, z: 1:30}"], 0),
        (&["plain.ipynb", "out.ipynb", PREPARE, "-f", "p.yaml", "-f", "p.json", "-b", "YjogMQ=="], 0),
        (&["in.ipynb", "out.ipynb", PREPARE, "--inject-paths", "-p", "alpha", "5"], 0),
        (&["in.ipynb", "out.ipynb", PREPARE, "--inject-input-path"], 0),
        (&["in.ipynb", "{stem}.ipynb", PREPARE, "--inject-output-path", "-p", "stem", "out"], 0),
        (&["in.ipynb", "{d[k][0]}.ipynb", PREPARE, "-y", "d: {k: [out]}"], 0),
        (&["in.ipynb", "out.ipynb", PREPARE, "--report-mode", "-p", "alpha", "5"], 0),
        (&["plain.ipynb", "out.ipynb", PREPARE, "-l", "R", "-p", "alpha", "5", "-y", "l: [1, {a: ~}]"], 0),
        (&["plain.ipynb", "out.ipynb", PREPARE, "-k", "sparkkernel", "-p", "alpha", "3000000000"], 0),
        (&["plain.ipynb", "out.ipynb", PREPARE, "-l", "julia", "-y", "{alpha: yes, d: {k: [a, 1.5]}}"], 0),
        (&["plain.ipynb", "out.ipynb", PREPARE, "-l", "matlab", "-y", "{a: ~, b: [a\", 1.5], c: {k: v, l: 1}}"], 0),
        (&["plain.ipynb", "out.ipynb", PREPARE, "-k", ".net-csharp", "-y", "{a: 1, b: [1, 2], c: {k: v, l: [a]}}"], 0),
        (&["plain.ipynb", "out.ipynb", PREPARE, "-k", ".net-fsharp", "-y", "{a: ~, b: [1, 2], c: {k: v, l: 1.5}}"], 0),
        (&["plain.ipynb", "out.ipynb", PREPARE, "-k", ".net-powershell", "-y", "{a: .inf, b: [1, ~], c: {k: v, l: yes}}"], 0),
        (&["plain.ipynb", "out.ipynb", PREPARE, "-l", "bash", "-y", "{a: it's, b: [1, two], c: 1.5}"], 0),
        (&["in.ipynb", "-", PREPARE, "-p", "other", "5"], 0),
        (&["in.ipynb", PREPARE, "-p", "other", "5", "--log-level", "WARNING"], 0),
        (&["in.ipynb", "out.ipynb", PREPARE, "-p", "other", "5", "--log-level", "WARNING"], 0),
        (&["in.ipynb", "out.ipynb", PREPARE, "-p", "other", "5", "--log-level", "ERROR"], 0),
        (&["in.ipynb", "out_{x}.ipynb", PREPARE], 1),
        (&["in.ipynb", "out.ipynb", PREPARE, "-l", "cobol", "-p", "alpha", "5"], 1),
        (&["none.ipynb", "out.ipynb", PREPARE], 1),
        (&["in.ipynb", "out.ipynb", PREPARE, "-y", "[1]"], 1)
    ];
    for (arguments, code) in cases {
        // That a value is not of its parameter's type is our own message, and so is what we know of parameters in other
        // languages than Python: these cases have none of either.
        assert_eq!(compare(arguments).code, Some(*code), "{arguments:?}");
    }
}

#[test]
fn runs() {
    #[rustfmt::skip]
    let cases: &[(&[&str], i32)] = &[
        (&["in.ipynb", "out.ipynb", "--no-progress-bar", "--stdout-file", "log.txt", "--stderr-file", "errors.txt"], 0),
        (&["in.ipynb", "out.ipynb", "--no-progress-bar", "--no-request-save-on-cell-execute", "--engine", "nbclient"], 0),
        (&["fails.ipynb", "out.ipynb", "--no-progress-bar", "--autosave-cell-every", "0", "--start_timeout", "90"], 1),
        (&["in.ipynb", "out.ipynb", "--no-progress-bar", "--engine", "none-such"], 1),
        (&["in.ipynb", "out.ipynb", "--no-progress-bar", "--cwd", "/", "--execution-timeout", "-1"], 0)
    ];
    for (arguments, code) in cases {
        let left = compare(arguments);
        assert_eq!(left.code, Some(*code), "{arguments:?}");
    }
}

#[test]
fn help_on_a_notebook() {
    #[rustfmt::skip]
    let cases: &[(&[&str], i32)] = &[
        (&["--help-notebook", "in.ipynb"], 0),
        (&["in.ipynb", "out.ipynb", "--help-notebook"], 0),
        (&["--help-notebook", "plain.ipynb"], 1),
        (&["--help-notebook", "empty.ipynb"], 0),
        (&["--help-notebook", "{n}.ipynb", "-p", "n", "in"], 0)
    ];
    for (arguments, code) in cases {
        assert_eq!(compare(arguments).code, Some(*code), "{arguments:?}");
    }
}

#[test]
fn wrong_usage() {
    for arguments in [
        &[][..],
        &["in.ipynb", "out.ipynb", "--no-such"],
        &["in.ipynb", "out.ipynb", "-p", "alpha"],
        &["in.ipynb", "out.ipynb", "--log-level", "LOUD"],
        &["in.ipynb", "out.ipynb", "third"],
        &["in.ipynb", "out.ipynb", "--start-timeout", "soon"],
    ] {
        let folder = folder();
        let theirs = program(venv().join("bin/papermill"), folder.path())
            .args(arguments)
            .output()
            .unwrap();
        let ours = nbjobs(folder.path(), arguments).output().unwrap();
        assert_eq!(
            (ours.status.code(), theirs.status.code()),
            (Some(2), Some(2)),
            "{arguments:?}"
        );
    }
}
