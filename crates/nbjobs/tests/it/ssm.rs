//! The Parameter Store, through the real `aws` CLI and boto3.

use crate::support::{Server, venv};
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

/// What a Python script prints, as JSON. `ssm` is there: boto3's client.
fn python(server: &Server, script: &str) -> Value {
    let output = server
        .command(venv().join("bin/python"))
        .args([
            "-c",
            &format!("import boto3, json; ssm = boto3.client('ssm')\n{script}"),
        ])
        .output()
        .expect("Python");
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn lists_come_in_pages() {
    let server = Server::start();
    let names: Vec<String> = (0..12).map(|n| format!("/a/p{n:02}")).collect();
    let script = format!(
        r#"
for name in {names:?}:
    ssm.put_parameter(Name=name, Value="x", Type="String")
pages = list(ssm.get_paginator("get_parameters_by_path").paginate(Path="/a"))
filters = [{{"Key": "Name", "Option": "Contains", "Values": ["p0", "p11"]}}]
described = list(ssm.get_paginator("describe_parameters").paginate(ParameterFilters=filters, MaxResults=5))
deleted = ssm.delete_parameters(Names=["/a/p01", "none"])
print(json.dumps([[p["Name"] for page in list for p in page["Parameters"]] for list in (pages, described)]
    + [len(pages), len(described)]
    + [ssm.get_parameters(Names=["/a/p00", "none"])["InvalidParameters"]]
    + [deleted["DeletedParameters"], deleted["InvalidParameters"]]))
"#
    );
    let described: Vec<&String> = names[..10].iter().chain(&names[11..]).collect();
    let want = json!([names, described, 2, 3, ["none"], ["/a/p01"], ["none"]]);
    assert_eq!(python(&server, &script), want);
}

#[test]
fn what_cannot_be_right_gets_the_parameter_stores_own_codes() {
    let server = Server::start();
    let cases = json!([
        [{"Name": "untyped", "Type": null}, "ValidationException"],
        [{"Name": "a/b"}, "ValidationException"],
        [{"Name": "aws-x"}, "ValidationException"],
        [{"Value": "x".repeat(4097)}, "ValidationException"],
        [{"Name": "/a".repeat(16)}, "HierarchyLevelLimitExceededException"],
        [{"AllowedPattern": "^[0-9]+$"}, "ParameterPatternMismatchException"],
        [{"AllowedPattern": "("}, "InvalidAllowedPatternException"],
        [{"Name": "number", "Type": "StringList", "Overwrite": true}, "HierarchyTypeMismatchException"],
        [{"Name": "number", "Overwrite": true, "Tags": [{"Key": "a", "Value": "b"}]}, "ValidationException"],
        [{"Policies": "[]"}, "ValidationException"],
        [{"KeyId": "alias/x", "Type": "SecureString"}, "ValidationException"],
    ]);
    let script = format!(
        r#"
ssm.put_parameter(Name="number", Value="1", Type="String")
def code(call, **arguments):
    try:
        call(**{{key: value for key, value in arguments.items() if value is not None}})
    except ssm.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
codes = [code(ssm.put_parameter, **({{"Name": "p", "Value": "x", "Type": "String"}} | arguments))
    for arguments, _ in json.loads({:?})]
print(json.dumps([codes, code(ssm.get_parameter, Name="number:7"), code(ssm.delete_parameter, Name="none")]))
"#,
        cases.to_string()
    );
    let codes: Vec<&Value> = cases
        .as_array()
        .expect("a list")
        .iter()
        .map(|case| &case[1])
        .collect();
    assert_eq!(
        python(&server, &script),
        json!([codes, "ParameterVersionNotFound", "ParameterNotFound"])
    );
}
