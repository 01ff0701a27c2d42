//! `nbjobs definition`.

use super::{Desk, first_column};
use serde_json::{Value, json};

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
    // Neither is a paused one woken by a change, nor is its schedule another than the one that was typed.
    desk.ok(&[
        "definition",
        "update",
        &id,
        "--schedule",
        "cron(0 9 ? * 6#2 *)",
    ]);
    assert_eq!(state(), json!(["cron(0 9 ? * 6#2 *)", "DISABLED", id]));
    desk.ok(&["definition", "update", &id, "--schedule", "rate(1 day)"]);
    assert_eq!(state(), json!(["rate(1 day)", "DISABLED", id]));
    desk.ok(&["definition", "resume", &id]);
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
