//! Notebooks and parameters that are somewhere else: on a web server, in a store that speaks S3.

use super::{folder, nbjobs, notebook, statuses, stderr};
use crate::support::Server;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

type Files = Arc<Mutex<HashMap<String, Vec<u8>>>>;

/// A web server of one test that keeps what is PUT. Ends with the test's process.
fn web_server(files: Files) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let _ = answer(&connection.unwrap(), &files);
        }
    });
    format!("http://{address}")
}

fn answer(mut connection: &TcpStream, files: &Files) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_lowercase());
    }
    let length = head
        .iter()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let mut words = head[0].split(' ');
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let mut files = files.lock().unwrap();
    let (status, body) = match (method, files.get(path)) {
        ("put", _) if path.starts_with("/refused") => ("403 Forbidden", Vec::new()),
        ("put", _) => {
            assert!(head.contains(&"content-type: application/json".to_owned()));
            files.insert(path.to_owned(), body);
            ("200 OK", Vec::new())
        }
        (_, Some(file)) => ("200 OK", file.clone()),
        (_, None) => ("404 Not Found", b"none".to_vec()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes())?;
    connection.write_all(&body)
}

#[test]
fn notebooks_and_parameters_come_and_go_by_http() {
    let folder = folder(&["n + 1"]);
    let files = Files::default();
    files.lock().unwrap().extend([
        (
            "/in.ipynb".to_owned(),
            std::fs::read(folder.path().join("in.ipynb")).unwrap(),
        ),
        ("/p.yaml".to_owned(), b"n: 41".to_vec()),
    ]);
    let server = web_server(files.clone());
    let run = |arguments: &[&str]| {
        let arguments: Vec<_> = arguments
            .iter()
            .map(|argument| argument.replace("WEB", &server))
            .collect();
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        nbjobs(folder.path(), &arguments).output().unwrap()
    };
    let output = run(&["WEB/in.ipynb", "WEB/out.ipynb", "-f", "WEB/p.yaml"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let file = notebook(&files.lock().unwrap()["/out.ipynb"]);
    assert_eq!(statuses(&file), ["completed", "completed"]);
    assert_eq!(
        file["cells"][1]["outputs"][0]["data"]["text/plain"],
        json!(["42"])
    );
    assert_eq!(
        file["metadata"]["papermill"]["output_path"],
        format!("{server}/out.ipynb")
    );

    let output = run(&["WEB/none.ipynb", "out.ipynb"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("/none.ipynb: the server answered 404 Not Found"),
        "{}",
        stderr(&output)
    );
    let output = run(&["in.ipynb", "WEB/refused.ipynb"]);
    assert_eq!(output.status.code(), Some(1));
    let told = stderr(&output);
    assert!(
        told.contains("the server answered 403") && !told.contains("Executing notebook"),
        "{told}"
    );
}

#[test]
fn notebooks_come_and_go_through_s3() {
    let server = Server::start();
    let folder = folder(&["n = 1", "print(n)\n1 / 0"]);
    let url = |key: &str| format!("s3://run-places/{key}");
    assert!(
        server
            .aws(&["s3", "mb", "s3://run-places"])
            .status
            .success()
    );
    let input = folder.path().join("in.ipynb");
    let copied = server.aws(&["s3", "cp", input.to_str().unwrap(), &url("ä b/in.ipynb")]);
    assert!(copied.status.success(), "{copied:?}");
    for more in [&[][..], &["--no-request-save-on-cell-execute"]] {
        let mut command = nbjobs(
            folder.path(),
            &[&url("ä b/in.ipynb"), &url("out_{k}.ipynb"), "-p", "k", "5"],
        );
        let mut environment = server.env();
        environment.remove("AWS_ACCOUNT_ID");
        let output = command.args(more).envs(environment).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        assert!(
            stderr(&output).contains("ZeroDivisionError"),
            "{}",
            stderr(&output)
        );
        let saved = server.aws(&["s3", "cp", &url("out_5.ipynb"), "-"]);
        let file: Value = notebook(&saved.stdout);
        assert_eq!(statuses(&file), ["completed", "completed", "failed"]);
        assert!(
            server
                .aws(&["s3", "rm", &url("out_5.ipynb")])
                .status
                .success()
        );
    }
    let mut command = nbjobs(folder.path(), &[&url("none.ipynb"), "out.ipynb"]);
    let output = command.envs(server.env()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("(NoSuchKey) when calling the GetObject"),
        "{}",
        stderr(&output)
    );
    let output = nbjobs(folder.path(), &[&url("in.ipynb"), "out.ipynb"])
        .output()
        .unwrap();
    assert!(
        stderr(&output).contains("AWS_ACCESS_KEY_ID"),
        "{}",
        stderr(&output)
    );
}
