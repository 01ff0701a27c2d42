//! The Parameter Store, through the real `aws` CLI.

use crate::support::Server;
use serde_json::{Value, json};

/// What `aws ssm …` prints, or its error.
fn ssm(server: &Server, arguments: &[&str]) -> Result<Value, String> {
    let output = server.aws(&[&["ssm"], arguments, &["--output", "json"]].concat());
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    if output.stdout.is_empty() {
        return Ok(Value::Null);
    }
    Ok(serde_json::from_slice(&output.stdout).expect("JSON"))
}

fn put(server: &Server, name: &str, value: &str, more: &[&str]) -> Result<Value, String> {
    let arguments = ["put-parameter", "--name", name, "--value", value];
    ssm(server, &[&arguments[..], more].concat())
}

fn query(server: &Server, arguments: &[&str], query: &str) -> Value {
    ssm(server, &[arguments, &["--query", query]].concat()).expect("an answer")
}

#[test]
fn a_parameter_counts_its_versions_and_keeps_the_old_ones() {
    let server = Server::start();
    let first = put(
        &server,
        "/nbjobs/pipeline",
        "one",
        &["--type", "String", "--tags", "Key=team,Value=ds"],
    );
    assert_eq!(first, Ok(json!({"Version": 1, "Tier": "Standard"})));
    let taken =
        put(&server, "/nbjobs/pipeline", "two", &["--type", "String"]).expect_err("it is there");
    assert_eq!(
        taken,
        "An error occurred (ParameterAlreadyExists) when calling the PutParameter operation: The parameter already \
         exists. To overwrite this value, set the overwrite option in the request to true."
    );
    let second = put(&server, "/nbjobs/pipeline", "two", &["--overwrite"]);
    assert_eq!(second, Ok(json!({"Version": 2, "Tier": "Standard"})));
    let parameter = query(
        &server,
        &["get-parameter", "--name", "/nbjobs/pipeline"],
        "Parameter",
    );
    assert_eq!(
        [
            &parameter["Value"],
            &parameter["Version"],
            &parameter["Type"],
            &parameter["ARN"]
        ],
        [
            &json!("two"),
            &json!(2),
            &json!("String"),
            &json!("arn:aws:ssm:us-east-1:000000000000:parameter/nbjobs/pipeline")
        ]
    );
    let old = query(
        &server,
        &["get-parameter", "--name", "/nbjobs/pipeline:1"],
        "Parameter.[Value, Selector]",
    );
    assert_eq!(old, json!(["one", ":1"]));
    let tags = [
        "list-tags-for-resource",
        "--resource-type",
        "Parameter",
        "--resource-id",
        "/nbjobs/pipeline",
    ];
    assert_eq!(
        query(&server, &tags, "TagList"),
        json!([{"Key": "team", "Value": "ds"}])
    );
    ssm(&server, &["delete-parameter", "--name", "/nbjobs/pipeline"]).expect("it is there");
    let gone =
        ssm(&server, &["get-parameter", "--name", "/nbjobs/pipeline"]).expect_err("it is gone");
    assert!(
        gone.contains("(ParameterNotFound)") && gone.contains("/nbjobs/pipeline"),
        "{gone}"
    );
}

#[test]
fn paths_list_their_levels_page_by_page() {
    let server = Server::start();
    let names: Vec<String> = (0..12).map(|n| format!("/a/p{n:02}")).collect();
    for name in names
        .iter()
        .map(String::as_str)
        .chain(["/a/b/deep", "/ab", "/a", "top"])
    {
        put(&server, name, "x", &["--type", "String"]).expect("a new parameter");
    }
    let by_path = |path: &str, more: &[&str]| {
        let arguments = [&["get-parameters-by-path", "--path", path], more].concat();
        query(&server, &arguments, "Parameters[].Name")
    };
    assert_eq!(by_path("/a", &[]), json!(names), "two pages");
    assert_eq!(by_path("/a/", &["--recursive"])[0], "/a/b/deep");
    assert_eq!(by_path("/", &[]), json!(["/a", "/ab", "top"]));
    assert_eq!(by_path("/none", &[]), json!([]));
    let describe = |filter: &str| {
        let arguments = ["describe-parameters", "--parameter-filters", filter];
        query(&server, &arguments, "Parameters[].Name")
    };
    assert_eq!(
        describe("Key=Name,Option=Contains,Values=b,top"),
        json!(["/a/b/deep", "/ab", "top"])
    );
    assert_eq!(
        describe("Key=Path,Option=OneLevel,Values=/a/b"),
        json!(["/a/b/deep"])
    );
    let many = ["get-parameters", "--names", "top", "none"];
    assert_eq!(
        query(&server, &many, "[Parameters[].Name, InvalidParameters]"),
        json!([["top"], ["none"]])
    );
    let many = ["delete-parameters", "--names", "top", "none"];
    assert_eq!(
        query(&server, &many, "[DeletedParameters, InvalidParameters]"),
        json!([["top"], ["none"]])
    );
}

#[test]
fn a_secure_string_is_shown_to_those_who_ask_for_it() {
    let server = Server::start();
    put(&server, "secret", "s3cret", &["--type", "SecureString"]).expect("a new parameter");
    let get = ["get-parameter", "--name", "secret"];
    assert!(
        !query(&server, &get, "Parameter.Value")
            .to_string()
            .contains("s3cret")
    );
    let get = ["get-parameter", "--name", "secret", "--with-decryption"];
    assert_eq!(query(&server, &get, "Parameter.Value"), "s3cret");
}

#[test]
fn what_cannot_be_right_gets_the_parameter_stores_own_codes() {
    let server = Server::start();
    put(&server, "number", "1", &["--type", "String"]).expect("a new parameter");
    let long = "x".repeat(4097);
    let deep = "/a".repeat(16);
    let string = ["--type", "String"];
    for (name, value, more, code) in [
        ("untyped", "x", &[][..], "ValidationException"),
        ("a/b", "x", &string, "ValidationException"),
        ("aws-x", "x", &string, "ValidationException"),
        ("long", &long, &string, "ValidationException"),
        (&deep, "x", &string, "HierarchyLevelLimitExceededException"),
        (
            "p",
            "x",
            &["--type", "String", "--allowed-pattern", "^[0-9]+$"],
            "ParameterPatternMismatchException",
        ),
        (
            "p",
            "x",
            &["--type", "String", "--allowed-pattern", "("],
            "InvalidAllowedPatternException",
        ),
        (
            "number",
            "x",
            &["--type", "StringList", "--overwrite"],
            "HierarchyTypeMismatchException",
        ),
        (
            "p",
            "x",
            &["--type", "String", "--policies", "[]"],
            "ValidationException",
        ),
    ] {
        let error = put(&server, name, value, more).expect_err(code);
        assert!(error.contains(&format!("({code})")), "{name}: {error}");
    }
    let version =
        ssm(&server, &["get-parameter", "--name", "number:7"]).expect_err("no such version");
    assert!(version.contains("(ParameterVersionNotFound)"), "{version}");
}
