//! `kill -9` at any moment leaves each object old or new, and no litter.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use aws_wire::sigv4::{Credentials, Payload, sign};
use http::Request;
use jiff::Timestamp;

use crate::support::Server;

const WRITERS: usize = 4;
const ROUNDS: usize = 5;
/// Writes that are answered before the server is killed, in each round.
const WRITES: usize = 40;

struct Client {
    endpoint: String,
    credentials: Credentials,
}

impl Client {
    fn new(server: &Server) -> Self {
        let env = server.env();
        Self {
            endpoint: server.endpoint.clone(),
            credentials: Credentials {
                access_key: env["AWS_ACCESS_KEY_ID"].clone(),
                secret_key: env["AWS_SECRET_ACCESS_KEY"].clone(),
                session_token: None,
            },
        }
    }

    /// The body of the answer, or none when the server is gone.
    fn call(&self, method: &str, path: &str, body: Vec<u8>) -> Option<Vec<u8>> {
        let uri = format!("{}{path}", self.endpoint);
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .body(())
            .expect("a request");
        let (mut parts, ()) = request.into_parts();
        let payload = Payload::Bytes(&body);
        sign(
            &mut parts,
            payload,
            &self.credentials,
            "us-east-1",
            "s3",
            Timestamp::now(),
        )
        .expect("a signature");
        let mut answer = ureq::run(Request::from_parts(parts, body.clone())).ok()?;
        answer.body_mut().read_to_vec().ok()
    }
}

/// A body that shows whether it is whole: the writer's number and the write's, all the way.
fn body(writer: usize, write: usize) -> Vec<u8> {
    format!("{writer}:{write};").repeat(2000).into_bytes()
}

/// The number of the write that a body is from.
fn write_of(writer: usize, bytes: &[u8]) -> usize {
    let text = std::str::from_utf8(bytes).expect("text");
    let first = text.split(';').next().expect("a piece");
    let write = first
        .strip_prefix(&format!("{writer}:"))
        .expect("the writer's")
        .parse()
        .expect("a number");
    assert!(
        bytes == body(writer, write),
        "writer {writer} has half an object"
    );
    write
}

fn count(folder: &Path) -> usize {
    fs::read_dir(folder).expect("a folder").count()
}

#[test]
fn a_killed_server_has_old_or_new_objects_and_no_litter() {
    let mut server = Server::start();
    Client::new(&server)
        .call("PUT", "/crash", Vec::new())
        .expect("a bucket");
    let mut known = [0; WRITERS];
    for round in 0..ROUNDS {
        let answered = Arc::new(AtomicUsize::new(0));
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (client, answered) = (Client::new(&server), answered.clone());
                let mut last = known[writer];
                thread::spawn(move || {
                    loop {
                        let path = format!("/crash/deep/{writer}");
                        let next = last + 1;
                        if client.call("PUT", &path, body(writer, next)).is_none() {
                            return last;
                        }
                        last = next;
                        answered.fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        while answered.load(Ordering::SeqCst) < WRITES + round {
            thread::yield_now();
        }
        server.kill();
        for (writer, handle) in writers.into_iter().enumerate() {
            known[writer] = handle.join().expect("a writer");
        }
        server.restart();
        let client = Client::new(&server);
        for (writer, known) in known.iter_mut().enumerate() {
            let bytes = client
                .call("GET", &format!("/crash/deep/{writer}"), Vec::new())
                .expect("an object");
            let found = write_of(writer, &bytes);
            assert!(
                found == *known || found == *known + 1,
                "writer {writer}: {found}, but {known} was answered"
            );
            *known = found;
        }
        let objects = server.data_dir().join("objects");
        assert_eq!(count(&objects.join("blobs")), WRITERS, "round {round}");
        assert_eq!(count(&objects.join("notes")), 0, "round {round}");
        assert_eq!(count(&objects.join("staging")), 0, "round {round}");
    }
}
