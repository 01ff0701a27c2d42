//! `nbjobs job` and `nbjobs definition` against a real server.

mod definitions;
mod jobs;
mod refusals;

use crate::support::{NBJOBS, Server};
use serde_json::{Value, json};
use std::fs;
use std::process::{Command, Output};
use tempfile::TempDir;

/// The commands' own folder, and a server.
struct Desk {
    server: Server,
    folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        Self {
            server: Server::start(),
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    /// A notebook with a `parameters` cell and one more cell.
    fn notebook(&self, name: &str, source: &str) {
        let cell = |id: &str, tags: &[&str], source: &str| {
            json!({"cell_type": "code", "id": id, "metadata": {"tags": tags}, "source": source,
                "outputs": [], "execution_count": null})
        };
        let notebook = json!({
            "cells": [cell("a", &["parameters"], "who = 'nobody'"), cell("b", &[], source)],
            "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        });
        self.write(name, &notebook.to_string());
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.server.command(NBJOBS);
        command.args(arguments).current_dir(self.folder.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("nbjobs")
    }

    /// What a command prints; it must succeed.
    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout)
            .expect("text")
            .trim_end()
            .to_owned()
    }

    /// The error and the exit code of a command.
    fn refused(&self, arguments: &[&str]) -> (String, Option<i32>) {
        failure(&self.run(arguments))
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ok(arguments)).expect("JSON")
    }

    /// The keys in the bucket of all jobs.
    fn keys(&self) -> Vec<String> {
        let bucket = "sagemaker-automated-execution-000000000000-us-east-1";
        let output = self.server.aws(&[
            "s3api",
            "list-objects-v2",
            "--bucket",
            bucket,
            "--query",
            "Contents[].Key || `[]`",
            "--output",
            "json",
        ]);
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).expect("a list of keys")
    }
}

fn failure(output: &Output) -> (String, Option<i32>) {
    assert!(!output.status.success(), "{output:?}");
    (
        String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        output.status.code(),
    )
}

fn first_column(table: &str) -> Vec<&str> {
    table
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().next())
        .collect()
}
