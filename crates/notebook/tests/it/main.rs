//! Tests of the executor with real kernels: ipykernel and bash_kernel from a virtual environment.
//!
//! The environment is `$NBJOBS_TEST_VENV`, else `.nbjobs/test-venv` in the workspace; it needs `ipykernel`,
//! `matplotlib`, `bash_kernel` (installed with `--sys-prefix`), `nbformat` and `papermill`.
#![allow(
    clippy::disallowed_methods,
    reason = "tests find their environment and run the peers"
)]
#![allow(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

mod ending;
mod interpreters;
mod kernels;
mod languages;
mod nbclient;
mod nbformat;
mod outputs;
mod papermill;
mod parameters;
mod semantics;

use notebook::{Environment, Error, Event, Notebook, Options, Preparation, Summary};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The virtual environment with the kernels.
fn venv() -> PathBuf {
    let named = std::env::var_os("NBJOBS_TEST_VENV").map(PathBuf::from);
    let venv = named
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.nbjobs/test-venv"));
    // Its programs name their folder as it was when they were installed.
    let venv = std::fs::canonicalize(&venv).unwrap_or(venv);
    assert!(
        venv.join("bin/python").exists(),
        "the tests need a virtual environment with ipykernel, matplotlib, bash_kernel, nbformat and papermill at {} \
         (or at $NBJOBS_TEST_VENV)",
        venv.display()
    );
    venv
}

/// The environment of a kernel: the virtual environment and the system's tools, nothing of the tester's own.
fn environment() -> Environment {
    let venv = venv();
    let path = format!("{}/bin:/usr/local/bin:/usr/bin:/bin", venv.display());
    Environment::from_iter([
        ("VIRTUAL_ENV", venv.display().to_string()),
        ("HOME", "/nonexistent".to_owned()),
        ("PATH", path),
        ("LANG", "C.UTF-8".to_owned()),
    ])
}

/// Runs Papermill itself with these arguments. Now and then it hangs, its CPU idle: then it is ended and tried again.
fn papermill_itself(arguments: &[&OsStr]) -> Output {
    for _ in 0..3 {
        let output = Command::new("timeout")
            .arg("90")
            .arg(venv().join("bin/papermill"))
            .args(arguments)
            .env_clear()
            .envs(environment().iter())
            .output()
            .expect("papermill runs");
        if output.status.code() != Some(124) {
            return output;
        }
    }
    panic!("papermill hung three times: {arguments:?}");
}

/// Runs a Python program of the virtual environment with these arguments; its standard output.
fn python(program: &str, arguments: &[&Path]) -> String {
    let output = Command::new(venv().join("bin/python"))
        .arg("-c")
        .arg(program)
        .args(arguments)
        .output();
    let output = output.expect("python runs");
    assert!(
        output.status.success(),
        "python failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// A notebook of code cells for a kernel.
fn notebook_for(kernel: &str, cells: &[&str]) -> Notebook {
    let cell = |source: &&str| json!({"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": null});
    let language = if kernel == "bash" { "bash" } else { "python" };
    let file = json!({
        "nbformat": 4, "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": kernel, "display_name": kernel, "language": language}},
        "cells": cells.iter().map(cell).collect::<Vec<_>>(),
    });
    Notebook::from_slice(file.to_string().as_bytes()).expect("a notebook")
}

/// A Python notebook of code cells.
fn notebook(cells: &[&str]) -> Notebook {
    notebook_for("python3", cells)
}

/// Prepares and runs a notebook to its end.
async fn run(notebook: &mut Notebook, options: &Options) -> Result<Summary, Error> {
    notebook::prepare(notebook, &Preparation::default()).expect("nothing to inject");
    notebook::execute(
        notebook,
        options,
        std::future::pending(),
        &mut |_: Event<'_>| {},
    )
    .await
}

/// Runs Python cells; the notebook and how it went.
async fn run_cells(cells: &[&str]) -> (Notebook, Result<Summary, Error>) {
    let mut notebook = notebook(cells);
    let result = run(&mut notebook, &Options::new(environment())).await;
    (notebook, result)
}

/// The outputs of the n-th code cell that is no banner.
fn outputs(notebook: &Notebook, index: usize) -> Vec<Value> {
    let cell = notebook
        .cells
        .iter()
        .filter(|cell| cell.is_code())
        .nth(index)
        .expect("the cell");
    let outputs = cell.outputs.iter();
    outputs
        .map(|output| Value::Object(output.into_owned()))
        .collect()
}

/// The statuses of all code cells.
fn statuses(notebook: &Notebook) -> Vec<String> {
    let codes = notebook.cells.iter().filter(|cell| cell.is_code());
    let status = codes.map(|cell| {
        cell.metadata["papermill"]["status"]
            .as_str()
            .expect("a status")
            .to_owned()
    });
    status.collect()
}

/// Whether a process exists (and is not just waiting to be reaped).
fn is_alive(pid: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"));
    status.is_ok_and(|status| !status.contains("State:\tZ"))
}
