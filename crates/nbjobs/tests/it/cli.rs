//! `nbjobs job` and `nbjobs definition` against a real server.

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

#[test]
fn a_job_is_created_shown_read_fetched_and_deleted() {
    let desk = Desk::new();
    desk.notebook("daily report.ipynb", "print('hello', who)");
    let job = desk.ok(&[
        "job",
        "create",
        "daily report.ipynb",
        "-p",
        "who",
        "-world",
        "--wait",
    ]);
    assert!(job.starts_with("dailyreport-dailyreport-"), "{job}");
    assert_eq!(first_column(&desk.ok(&["job", "list"])), [&job]);
    assert_eq!(
        first_column(&desk.ok(&["job", "list", "--status", "Failed"])),
        [""; 0]
    );
    let shown = desk.ok(&["job", "show", &job]);
    for line in [
        "Name        daily report",
        "Status      Completed",
        "Parameters  who = -world",
    ] {
        assert!(shown.contains(line), "{shown}");
    }
    assert_eq!(
        desk.json(&["job", "show", &job, "--json"])["TrainingJobName"],
        job.as_str()
    );
    let log = desk.ok(&["job", "logs", &job, "--follow"]);
    assert!(log.contains("hello -world"), "{log}");

    let files = desk.ok(&["job", "download", &job, "out"]);
    let files: Vec<&str> = files.lines().collect();
    let [input, output, log] = files[..] else {
        panic!("{files:?}");
    };
    assert_eq!(
        (input, log),
        ("out/daily report.ipynb", "out/sagemaker_job_execution.log")
    );
    let output =
        fs::read_to_string(desk.folder.path().join(output)).expect("the executed notebook");
    assert!(output.contains("hello -world"), "{output}");
    let (error, _) = desk.refused(&["job", "download", &job, "out"]);
    assert!(error.contains("--overwrite"), "{error}");
    desk.ok(&["job", "download", &job, "out", "--overwrite"]);

    let (error, code) = desk.refused(&["job", "stop", &job]);
    assert_eq!(
        (error.as_str(), code),
        (
            "An error occurred (ValidationException) when calling the StopTrainingJob operation: The request was \
             rejected because the training job is in status Completed.",
            Some(1)
        )
    );
    desk.ok(&["job", "delete", &job]);
    assert_eq!(first_column(&desk.ok(&["job", "list"])), [""; 0]);
}

#[test]
fn a_failing_job_ends_the_wait_with_its_reason() {
    let desk = Desk::new();
    desk.notebook("n.ipynb", "1 / 0");
    let (error, code) = desk.refused(&["job", "create", "n.ipynb", "--wait"]);
    assert_eq!(code, Some(1));
    assert!(
        error.contains("[SM-111] Error with executing notebook"),
        "{error}"
    );
    assert!(error.contains("ZeroDivisionError"), "{error}");
}

#[test]
fn a_stopped_job_is_stopped() {
    let desk = Desk::new();
    desk.notebook("n.ipynb", "import time\ntime.sleep(600)");
    let job = desk.ok(&["job", "create", "n.ipynb"]);
    let (error, _) = desk.refused(&["job", "download", &job]);
    assert!(
        error.contains("its output is there when it has ended"),
        "{error}"
    );
    desk.ok(&["job", "stop", &job]);
    desk.ok(&["job", "logs", &job, "--follow"]);
    assert_eq!(
        desk.json(&["job", "show", &job, "--json"])["TrainingJobStatus"],
        "Stopped"
    );
}

#[test]
fn the_folder_the_script_and_the_environment_go_along() {
    let desk = Desk::new();
    desk.notebook(
        "n.ipynb",
        "import os\nprint(open('data/a b.csv').read(), os.environ['A'], os.environ['B'])",
    );
    desk.write("data/a b.csv", "from a file");
    desk.write(".secret", "hidden");
    desk.write("init.sh", "export B=script");
    let job = desk.ok(&[
        "job",
        "create",
        "n.ipynb",
        "--input-folder",
        "--init-script",
        "init.sh",
        "--env",
        "A=x=y",
        "--tag",
        "team=ds",
        "--name",
        "日報",
        "--wait",
    ]);
    assert!(job.starts_with("notebook-n-"), "{job}");
    let log = desk.ok(&["job", "logs", &job]);
    assert!(log.contains("from a file x=y script"), "{log}");
    let want = ["data/a b.csv", "init.sh", "n.ipynb"].map(|name| format!("{job}/input/{name}"));
    let keys: Vec<String> = desk
        .keys()
        .into_iter()
        .filter(|key| key.contains("/input/"))
        .collect();
    assert_eq!(keys, want);
    let described = desk.json(&["job", "show", &job, "--json"]);
    let output = desk.server.aws(&[
        "sagemaker",
        "list-tags",
        "--resource-arn",
        described["TrainingJobArn"].as_str().expect("an ARN"),
        "--query",
        "Tags[?Key=='team' || Key=='sagemaker:name'].Value | sort(@)",
        "--output",
        "json",
    ]);
    assert_eq!(
        serde_json::from_slice::<Value>(&output.stdout).expect("tags"),
        json!(["ds", "日報"])
    );
}

#[test]
fn a_definition_is_created_run_paused_changed_and_deleted() {
    let desk = Desk::new();
    desk.notebook("n.ipynb", "print('hello', who)");
    let create = [
        "definition",
        "create",
        "n.ipynb",
        "--schedule",
        "cron(0 9 * * ? *)",
        "-p",
        "who",
        "daily",
    ];
    let id = desk.ok(&create);
    let state = || {
        let shown = desk.json(&["definition", "show", &id, "--json"]);
        let rule = &shown["Rule"];
        json!([rule["ScheduleExpression"], rule["State"], rule["Name"]])
    };
    assert_eq!(first_column(&desk.ok(&["definition", "list"])), [&id]);
    assert_eq!(state(), json!(["cron(0 9 * * ? *)", "ENABLED", id]));
    desk.ok(&["definition", "pause", &id]);
    assert_eq!(state(), json!(["cron(0 9 * * ? *)", "DISABLED", id]));
    desk.ok(&["definition", "resume", &id]);
    desk.ok(&["definition", "update", &id, "--schedule", "rate(1 day)"]);
    assert_eq!(state(), json!(["rate(1 day)", "ENABLED", id]));
    let shown = desk.ok(&["definition", "show", &id]);
    assert!(shown.contains("Parameters  who = daily"), "{shown}");

    // The snapshot runs, not the file as it is now.
    desk.notebook("n.ipynb", "1 / 0");
    for (parameters, said) in [
        (&[][..], "hello daily"),
        (&["-p", "who", "now"], "hello now"),
    ] {
        let job = desk.ok(&[&["definition", "run", &id, "--wait"], parameters].concat());
        let log = desk.ok(&["job", "logs", &job]);
        assert!(log.contains(said), "{log}");
        let shown = desk.ok(&["job", "show", &job]);
        assert!(shown.contains(&format!("Definition  {id}")), "{shown}");
    }

    desk.ok(&["definition", "delete", &id]);
    assert_eq!(first_column(&desk.ok(&["definition", "list"])), [""; 0]);
    let (error, _) = desk.refused(&["definition", "delete", &id]);
    assert!(
        error.contains("when calling the DeletePipeline operation"),
        "{error}"
    );
    let (error, _) = desk.refused(&["definition", "update", &id, "--schedule", "rate(1 day)"]);
    assert!(error.contains("(ResourceNotFoundException)"), "{error}");
}

#[test]
fn the_definition_starts_its_pipeline() {
    let desk = Desk::new();
    desk.notebook("n.ipynb", "print('hello', who)");
    let id = desk.ok(&[
        "definition",
        "create",
        "n.ipynb",
        "--schedule",
        "rate(1 day)",
        "-p",
        "who",
        "rule",
    ]);
    let targets = desk.server.aws(&[
        "events",
        "list-targets-by-rule",
        "--rule",
        &id,
        "--query",
        "Targets[].[Id, Arn]",
        "--output",
        "json",
    ]);
    let arn = format!("arn:aws:sagemaker:us-east-1:000000000000:pipeline/{id}");
    assert_eq!(
        serde_json::from_slice::<Value>(&targets.stdout).expect("targets"),
        json!([["notebook-execution", arn]])
    );
    let started = desk.server.aws(&[
        "sagemaker",
        "start-pipeline-execution",
        "--pipeline-name",
        &id,
    ]);
    assert!(started.status.success(), "{started:?}");
    let list = desk.ok(&["job", "list"]);
    let [job] = first_column(&list)[..] else {
        panic!("one job should be listed: {list}");
    };
    assert!(job.starts_with("pipelines-"), "{job}");
    let log = desk.ok(&["job", "logs", job, "-f"]);
    assert!(log.contains("hello rule"), "{log}");
}

#[test]
fn nothing_half_made_stays_behind() {
    let desk = Desk::new();
    desk.notebook("n.ipynb", "pass");
    let (error, code) = desk.refused(&["job", "create", "n.ipynb", "--role", "me"]);
    assert_eq!(code, Some(1));
    assert!(
        error.contains("when calling the CreateTrainingJob operation"),
        "{error}"
    );
    assert_eq!(desk.keys(), [""; 0]);

    let output = desk
        .command(&[
            "definition",
            "create",
            "n.ipynb",
            "--schedule",
            "rate(1 day)",
        ])
        // Port 1 of this machine answers nobody, so PutRule fails after CreatePipeline.
        .env("AWS_ENDPOINT_URL_EVENTBRIDGE", "http://127.0.0.1:1")
        .output()
        .expect("nbjobs");
    let (error, code) = failure(&output);
    assert_eq!(code, Some(1));
    assert!(
        error.contains("cannot reach the server at 127.0.0.1:1"),
        "{error}"
    );
    assert_eq!(desk.keys(), [""; 0]);
    assert_eq!(first_column(&desk.ok(&["definition", "list"])), [""; 0]);
}

#[test]
fn what_cannot_be_right_is_refused_with_the_way_out() {
    let desk = Desk::new();
    desk.notebook("n.ipynb", "pass");
    desk.write("text.ipynb", "hello");
    for (arguments, code, want) in [
        (
            &["job", "create", "text.ipynb"][..],
            1,
            "text.ipynb: not a notebook",
        ),
        (
            &["job", "create", "none.ipynb"],
            1,
            "cannot read the notebook none.ipynb",
        ),
        (
            &["job", "create", "n.ipynb", "--init-script", "no.sh"],
            1,
            "no.sh",
        ),
        (
            &["job", "create", "n.ipynb", "-p", "a b", "1"],
            2,
            "'a b' cannot be a parameter",
        ),
        (&["job", "show", "none"], 1, "Requested resource not found"),
        (
            &[
                "definition",
                "create",
                "n.ipynb",
                "--schedule",
                "0 9 * * 1-5",
            ],
            2,
            "write 'cron(0 9 ? * 2-6 *)'",
        ),
    ] {
        let (error, got) = desk.refused(arguments);
        assert!(error.contains(want), "{arguments:?}: {error}");
        assert_eq!(got, Some(code), "{arguments:?}");
    }
    assert_eq!(desk.keys(), [""; 0]);
    let output = Command::new(NBJOBS)
        .args(["job", "list"])
        .env_remove("AWS_ENDPOINT_URL")
        .output()
        .expect("nbjobs");
    let (error, _) = failure(&output);
    assert!(error.contains("eval \"$(nbjobs env)\""), "{error}");
}

#[test]
fn a_remote_account_is_asked_for_by_sts() {
    let desk = Desk::new();
    desk.notebook("n.ipynb", "pass");
    let output = desk
        .command(&["job", "create", "n.ipynb"])
        .env_remove("AWS_ACCOUNT_ID")
        .output()
        .expect("nbjobs");
    assert!(output.status.success(), "{output:?}");
    let job = String::from_utf8(output.stdout).expect("text");
    let described = desk.json(&["job", "show", job.trim(), "--json"]);
    assert_eq!(
        described["RoleArn"],
        "arn:aws:iam::000000000000:role/SagemakerJupyterSchedulerRole"
    );
}
