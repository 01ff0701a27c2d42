//! Starting, refusing and ending.

use crate::support::{NBJOBS, Server};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

#[test]
fn the_variables_work_for_the_aws_cli() {
    let server = Server::start();
    let output = server.aws(&[
        "sts",
        "get-caller-identity",
        "--query",
        "Account",
        "--output",
        "text",
    ]);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "000000000000",
        "{output:?}"
    );
}

#[test]
fn a_wrong_secret_gets_awss_own_error() {
    let server = Server::start();
    let output = server
        .command(crate::support::venv().join("bin/aws"))
        .args(["sagemaker", "list-training-jobs"])
        .env("AWS_SECRET_ACCESS_KEY", "wrong")
        .output()
        .expect("the aws CLI");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("(InvalidSignatureException)"), "{error}");
}

#[test]
fn an_operation_that_is_not_done_says_so_by_name() {
    let server = Server::start();
    let output = server.aws(&["sagemaker", "list-endpoints"]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        error.contains("ListEndpoints of SageMaker is not implemented by nbjobs"),
        "{error}"
    );
}

#[test]
fn a_second_server_on_the_same_folder_is_refused_by_name() {
    let server = Server::start();
    let output = Command::new(NBJOBS)
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(server.data_dir())
        .output()
        .expect("nbjobs serve");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        error.contains(&format!("held by another nbjobs, process {}", server.pid())),
        "{error}"
    );
}

#[test]
fn what_the_service_keeps_is_its_users_alone() {
    let server = Server::start();
    std::fs::set_permissions(server.data_dir(), Permissions::from_mode(0o755)).expect("a mode");
    for name in ["nbjobs.db", "nbjobs.db-wal", "objects", "runs"] {
        let metadata = std::fs::metadata(server.data_dir().join(name)).expect(name);
        let mode = metadata.permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} has the mode {mode:o}");
    }
}
