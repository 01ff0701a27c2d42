//! What is refused, and that nothing of it stays behind.

use super::{Desk, failure, first_column};
use crate::support::NBJOBS;
use std::process::Command;

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
