//! The three S3 operations that a notebook job needs, path style, bodies streamed.

use super::{Client, Service, ServiceError, read_text};
use anyhow::Context;
use aws_wire::sigv4::Payload;
use http::{Method, Request, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use ureq::Body;

/// The largest object that one `PutObject` takes (S3): 5 GiB.
pub const OBJECT_BYTES_MAX: u64 = 5 << 30;

/// What stays as it is in an object's path, as AWS's clients encode it.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// An object's bytes on their way up.
#[derive(Clone, Copy, Debug)]
pub enum Content<'a> {
    /// In memory.
    Bytes(&'a [u8]),
    /// In a file, which is read twice: for its hash, then for the request. The server refuses the object if the file
    /// changes in between.
    File(&'a Path),
}

impl Client {
    /// Stores an object, in a bucket of the caller's account unless the client is for any bucket.
    pub fn put_object(&self, bucket: &str, key: &str, content: Content<'_>) -> anyhow::Result<()> {
        let request = self.object(Method::PUT, bucket, key)?;
        let answer = match content {
            Content::Bytes(bytes) => {
                self.send(Service::S3, request, Payload::Bytes(bytes), bytes)?
            }
            Content::File(path) => {
                let hash =
                    sha256(path).with_context(|| format!("cannot read {}", path.display()))?;
                let file =
                    File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
                self.send(Service::S3, request, Payload::Sha256(&hash), file)?
            }
        };
        accepted("PutObject", answer).map(drop)
    }

    /// Opens an object for reading.
    pub fn get_object(&self, bucket: &str, key: &str) -> anyhow::Result<impl Read + use<>> {
        let request = self.object(Method::GET, bucket, key)?;
        let answer = self.send(Service::S3, request, Payload::Bytes(b""), ())?;
        Ok(accepted("GetObject", answer)?.into_body().into_reader())
    }

    /// Removes an object; one that is not there is no error.
    pub fn delete_object(&self, bucket: &str, key: &str) -> anyhow::Result<()> {
        let request = self.object(Method::DELETE, bucket, key)?;
        let answer = self.send(Service::S3, request, Payload::Bytes(b""), ())?;
        accepted("DeleteObject", answer).map(drop)
    }

    fn object(&self, method: Method, bucket: &str, key: &str) -> anyhow::Result<Request<()>> {
        let path = format!("/{bucket}/{}", utf8_percent_encode(key, IN_PATH));
        let mut request = Request::builder()
            .method(method)
            .uri(self.environment.url(Service::S3, &path)?);
        if self.names_owner {
            request = request.header("x-amz-expected-bucket-owner", self.account()?);
        }
        request
            .body(())
            .with_context(|| format!("s3://{bucket}/{key} is no URL"))
    }
}

fn accepted(operation: &str, mut answer: Response<Body>) -> anyhow::Result<Response<Body>> {
    if answer.status().is_success() {
        return Ok(answer);
    }
    let text = read_text(&mut answer)?;
    Err(ServiceError::from_xml(operation, answer.status(), &text).into())
}

fn sha256(file: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut file = File::open(file)?;
    let mut chunk = vec![0; 1 << 16];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hex::encode(hash.finalize())),
            len => hash.update(&chunk[..len]),
        }
    }
}
