//! `nbjobs job`.

use super::{Desk, first_column};
use serde_json::{Value, json};
use std::fs;

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
    assert!(job.starts_with("dailyreportipynb-dailyreport-"), "{job}");
    assert_eq!(first_column(&desk.ok(&["job", "list"])), [&job]);
    assert_eq!(
        first_column(&desk.ok(&["job", "list", "--status", "Failed"])),
        [""; 0]
    );
    let shown = desk.ok(&["job", "show", &job]);
    for line in [
        "Name        daily report.ipynb",
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
    desk.notebook("n.ipynb", "import threading\nthreading.Event().wait()");
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
