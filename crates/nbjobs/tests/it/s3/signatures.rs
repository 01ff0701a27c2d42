//! Requests made by hand, where the clients can't be made to err: bodies in chunks with trailers, headers that are not
//! signed, wrong hashes, no signature at all.

use std::io::{Read, Write};
use std::net::TcpStream;

use aws_wire::sigv4::{Credentials, Payload, sign};
use http::Request;
use http::request::Parts;
use jiff::{Timestamp, ToSpan};

use crate::support::Server;

const TRAILER: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

struct Client {
    server: Server,
    credentials: Credentials,
}

impl Client {
    /// A server with the bucket `hand`.
    fn start() -> Self {
        let server = Server::start();
        let env = server.env();
        let credentials = Credentials {
            access_key: env["AWS_ACCESS_KEY_ID"].clone(),
            secret_key: env["AWS_SECRET_ACCESS_KEY"].clone(),
            session_token: None,
        };
        let client = Self {
            server,
            credentials,
        };
        let made = client.send(
            &client.signed("PUT", "/hand", &[], Payload::Bytes(b"")),
            b"",
        );
        assert!(made.starts_with("HTTP/1.1 200"), "{made}");
        client
    }

    fn request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.server.endpoint));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).expect("a request").into_parts().0
    }

    fn signed_at(
        &self,
        now: Timestamp,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        payload: Payload<'_>,
    ) -> Parts {
        let mut parts = self.request(method, path, headers);
        sign(
            &mut parts,
            payload,
            &self.credentials,
            "us-east-1",
            "s3",
            now,
        )
        .expect("a signature");
        parts
    }

    fn signed(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        payload: Payload<'_>,
    ) -> Parts {
        self.signed_at(Timestamp::now(), method, path, headers, payload)
    }

    /// Sends a request and gives the whole answer.
    fn send(&self, parts: &Parts, body: &[u8]) -> String {
        let authority = parts.uri.authority().expect("an authority");
        let mut stream = TcpStream::connect(authority.as_str()).expect("a connection");
        let target = parts.uri.path_and_query().expect("a path");
        let mut text = format!(
            "{} {target} HTTP/1.1\r\nconnection: close\r\n",
            parts.method
        );
        if !parts.headers.contains_key("host") {
            text.push_str(&format!("host: {authority}\r\n"));
        }
        if !parts.headers.contains_key("content-length") {
            text.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        for (name, value) in &parts.headers {
            text.push_str(&format!("{name}: {}\r\n", value.to_str().expect("text")));
        }
        text.push_str("\r\n");
        stream.write_all(text.as_bytes()).expect("a sent head");
        // The server may have answered and closed before it has read all.
        let _ = stream.write_all(body);
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    /// Puts `/hand/k` in chunks, with a trailer that says this CRC32.
    fn put_in_chunks(&self, body: &str, decoded_length: &str, trailer: &str) -> String {
        let headers = [
            ("content-encoding", "aws-chunked"),
            ("x-amz-trailer", "x-amz-checksum-crc32"),
            ("x-amz-decoded-content-length", decoded_length),
        ];
        let parts = self.signed("PUT", "/hand/k", &headers, Payload::Sha256(TRAILER));
        let chunks = format!("{:x}\r\n{body}\r\n0\r\n{trailer}\r\n\r\n", body.len());
        self.send(&parts, chunks.as_bytes())
    }

    fn get(&self) -> String {
        self.send(
            &self.signed("GET", "/hand/k", &[], Payload::Bytes(b"")),
            b"",
        )
    }
}

fn assert_answer(answer: &str, status: u16, code: &str) {
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status} ")),
        "{answer}"
    );
    assert!(
        answer.contains(&format!("<Code>{code}</Code><Message>")),
        "{answer}"
    );
    assert!(answer.contains("x-amz-request-id: "), "{answer}");
}

#[test]
fn a_body_in_chunks_is_held_against_its_trailer() {
    let client = Client::start();
    // The check value of CRC-32: cbf43926.
    let put = client.put_in_chunks("123456789", "9", "x-amz-checksum-crc32:y/Q5Jg==");
    assert!(
        put.starts_with("HTTP/1.1 200") && put.contains("x-amz-checksum-crc32: y/Q5Jg=="),
        "{put}"
    );
    let kept = client.get();
    assert!(
        kept.ends_with("\r\n\r\n123456789") && !kept.contains("aws-chunked"),
        "{kept}"
    );

    let wrong = client.put_in_chunks("123456780", "9", "x-amz-checksum-crc32:y/Q5Jg==");
    assert_answer(&wrong, 400, "BadDigest");
    let missing = client.put_in_chunks("123456780", "9", "x-amz-checksum-sha1:y/Q5Jg==");
    assert_answer(&missing, 400, "InvalidRequest");
    let short = client.put_in_chunks("1234", "9", "x-amz-checksum-crc32:m+Pgow==");
    assert_answer(&short, 400, "IncompleteBody");
    assert!(client.get().ends_with("\r\n\r\n123456789"));
}

#[test]
fn a_body_that_is_not_the_signed_one_is_refused() {
    let client = Client::start();
    let parts = client.signed("PUT", "/hand/k", &[], Payload::Bytes(b"abc"));
    assert_answer(
        &client.send(&parts, b"abd"),
        400,
        "XAmzContentSHA256Mismatch",
    );
    assert_answer(&client.get(), 404, "NoSuchKey");
    assert!(client.send(&parts, b"abc").starts_with("HTTP/1.1 200"));
    let unsigned = client.signed("PUT", "/hand/k", &[], Payload::Unsigned);
    assert!(client.send(&unsigned, b"xyz").starts_with("HTTP/1.1 200"));
    assert!(client.get().ends_with("\r\n\r\nxyz"));
}

#[test]
fn what_is_not_signed_is_refused() {
    let client = Client::start();
    let mut parts = client.signed("PUT", "/hand/k", &[], Payload::Bytes(b""));
    parts
        .headers
        .insert("x-amz-meta-added", "1".parse().expect("a value"));
    assert_answer(&client.send(&parts, b""), 403, "AccessDenied");

    let mut parts = client.signed("GET", "/hand/k", &[], Payload::Bytes(b""));
    parts.headers.insert(
        "x-amz-content-sha256",
        "UNSIGNED-PAYLOAD".parse().expect("a value"),
    );
    assert_answer(&client.send(&parts, b""), 403, "SignatureDoesNotMatch");

    let anonymous = client.send(&client.request("GET", "/hand/k", &[]), b"");
    assert_answer(&anonymous, 403, "AccessDenied");
    let v2 = format!("AWS {}:c2lnbmF0dXJl", client.credentials.access_key);
    let old = client.send(
        &client.request("GET", "/hand/k", &[("authorization", &v2)]),
        b"",
    );
    assert_answer(&old, 400, "AuthorizationHeaderMalformed");
}

#[test]
fn wrong_keys_and_times_have_their_codes() {
    let mut client = Client::start();
    for minutes in [-16, 16] {
        let now = Timestamp::now() + minutes.minutes();
        let parts = client.signed_at(now, "GET", "/hand/k", &[], Payload::Bytes(b""));
        assert_answer(&client.send(&parts, b""), 403, "RequestTimeTooSkewed");
    }
    client.credentials.session_token = Some("token".to_owned());
    assert_answer(&client.get(), 400, "InvalidToken");
    client.credentials.session_token = None;
    client.credentials.secret_key.push('x');
    assert_answer(&client.get(), 403, "SignatureDoesNotMatch");
    client.credentials.access_key.push('x');
    assert_answer(&client.get(), 403, "InvalidAccessKeyId");
}

#[test]
fn a_client_that_goes_away_leaves_nothing() {
    let client = Client::start();
    let parts = client.signed(
        "PUT",
        "/hand/k",
        &[("content-length", "1000")],
        Payload::Unsigned,
    );
    {
        let authority = parts.uri.authority().expect("an authority").as_str();
        let mut stream = TcpStream::connect(authority).expect("a connection");
        let mut text = "PUT /hand/k HTTP/1.1\r\n".to_owned();
        for (name, value) in &parts.headers {
            text.push_str(&format!("{name}: {}\r\n", value.to_str().expect("text")));
        }
        stream
            .write_all(format!("{text}\r\nhalf").as_bytes())
            .expect("a sent half");
        stream.shutdown(std::net::Shutdown::Write).expect("an end");
        // The server's end comes when it is done with this request.
        let _ = stream.read_to_end(&mut Vec::new());
    }
    assert_answer(&client.get(), 404, "NoSuchKey");
    let staging = client.server.data_dir().join("objects/staging");
    assert_eq!(std::fs::read_dir(staging).expect("a folder").count(), 0);
}

#[test]
fn a_refusal_of_a_body_that_was_not_sent_ends_the_connection() {
    let client = Client::start();
    let headers = [
        ("content-length", "3"),
        ("expect", "100-continue"),
        ("x-amz-acl", "public-read"),
    ];
    let parts = client.signed("PUT", "/hand/k", &headers, Payload::Unsigned);
    let authority = parts.uri.authority().expect("an authority").as_str();
    let mut stream = TcpStream::connect(authority).expect("a connection");
    let mut text = "PUT /hand/k HTTP/1.1\r\n".to_owned();
    for (name, value) in &parts.headers {
        text.push_str(&format!("{name}: {}\r\n", value.to_str().expect("text")));
    }
    stream
        .write_all(format!("{text}\r\n").as_bytes())
        .expect("a sent head");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("the answer's head");
        answer.push(byte[0]);
    }
    let answer = String::from_utf8(answer).expect("text");
    assert!(
        answer.starts_with("HTTP/1.1 400 ") && answer.contains("connection: close\r\n"),
        "{answer}"
    );
}
