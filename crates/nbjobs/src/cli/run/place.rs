//! Where notebooks and files of parameters are: local files, standard streams, HTTP, S3, GitHub. Knows bytes only.

use crate::cli::client::{self, Client, Content};
use crate::config;
use anyhow::{Context, bail, ensure};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use ureq::Body;
use ureq::http::{Response, header};

/// The path that stands for standard input or output.
pub(super) const STANDARD_STREAM: &str = "-";
/// The largest notebook or file of parameters that is read, in bytes.
const BYTES_MAX: u64 = 1 << 30;
/// Other stores that Papermill knows.
const FOREIGN: [&str; 4] = ["gs://", "abs://", "adl://", "hdfs://"];
/// GitHub's own answer to "give me the file itself".
const GITHUB_RAW: &str = "application/vnd.github.raw+json";

/// A place, not necessarily an existing one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Standard input or output.
    Stream,
    /// A file.
    Local(PathBuf),
    /// Read with GET, written with PUT, as Papermill does.
    Http(String),
    /// An object.
    S3 {
        /// Its bucket.
        bucket: String,
        /// Its key.
        key: String,
    },
    /// A file in a repository on GitHub, as an address of its API. Can only be read.
    GitHub(String),
}

impl Place {
    /// The place that a path names.
    pub fn parse(path: &str) -> anyhow::Result<Self> {
        if let Some(scheme) = FOREIGN.iter().find(|scheme| path.starts_with(**scheme)) {
            bail!(
                "{path}: {scheme} is not supported; use a file, http://, https:// or s3:// (any store that speaks S3)"
            );
        }
        if path == STANDARD_STREAM {
            return Ok(Self::Stream);
        }
        for prefix in ["https://github.com/", "http://github.com/"] {
            if let Some(rest) = path.strip_prefix(prefix) {
                return github(rest).with_context(|| path.to_owned());
            }
        }
        if path.starts_with("http://") || path.starts_with("https://") {
            return Ok(Self::Http(path.to_owned()));
        }
        let Some(object) = path.strip_prefix("s3://") else {
            return Ok(Self::Local(path.into()));
        };
        match object.split_once('/') {
            Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => Ok(Self::S3 {
                bucket: bucket.to_owned(),
                key: key.to_owned(),
            }),
            _ => bail!("{path} is not of the form s3://BUCKET/KEY"),
        }
    }

    /// The file, if it is one.
    pub fn local(&self) -> Option<&Path> {
        match self {
            Self::Local(path) => Some(path),
            _ => None,
        }
    }

    /// All of its bytes.
    pub fn read(&self) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::Stream => all(std::io::stdin()),
            Self::Local(path) => all(File::open(path)?),
            Self::Http(url) => {
                let request = client::http_agent()?.get(url);
                let answer = request.header(header::ACCEPT, "application/json").call();
                all(accepted(answer?)?.into_body().into_reader())
            }
            Self::GitHub(url) => {
                let mut request = client::http_agent()?
                    .get(url)
                    .header(header::ACCEPT, GITHUB_RAW);
                if let Some(token) = config::variable("GITHUB_ACCESS_TOKEN") {
                    request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
                }
                all(accepted(request.call()?)?.into_body().into_reader())
            }
            Self::S3 { bucket, key } => all(Client::of_objects()?.get_object(bucket, key)?),
        }
    }

    /// Replaces what is there. `bytes` are JSON.
    pub fn write(&self, bytes: &[u8]) -> anyhow::Result<()> {
        match self {
            Self::Stream => {
                let mut stdout = std::io::stdout().lock();
                stdout.write_all(bytes)?;
                Ok(stdout.flush()?)
            }
            Self::Local(path) => Ok(std::fs::write(path, bytes)?),
            Self::Http(url) => {
                let request = client::http_agent()?.put(url);
                let answer = request.content_type("application/json").send(bytes);
                accepted(answer?).map(drop)
            }
            Self::GitHub(_) => bail!("GitHub's files can only be read"),
            Self::S3 { bucket, key } => {
                Client::of_objects()?.put_object(bucket, key, Content::Bytes(bytes))
            }
        }
    }
}

/// `OWNER/REPO/blob/REF/PATH` as an address of the API.
fn github(rest: &str) -> anyhow::Result<Place> {
    let parts: Vec<_> = rest.splitn(5, '/').collect();
    let [owner, repository, _, reference, path] = parts.as_slice() else {
        bail!("it is not of the form https://github.com/OWNER/REPO/blob/REF/PATH");
    };
    let url = format!(
        "https://api.github.com/repos/{owner}/{repository}/contents/{path}?ref={reference}"
    );
    Ok(Place::GitHub(url))
}

fn accepted(answer: Response<Body>) -> anyhow::Result<Response<Body>> {
    let status = answer.status();
    ensure!(status.is_success(), "the server answered {status}");
    Ok(answer)
}

fn all(source: impl Read) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    ensure!(
        bytes.len() as u64 <= BYTES_MAX,
        "it is larger than {BYTES_MAX} bytes"
    );
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_places() {
        let cases = [
            ("-", Place::Stream),
            ("a/b.ipynb", Place::Local("a/b.ipynb".into())),
            ("foo://x", Place::Local("foo://x".into())),
            ("http://h/a.ipynb", Place::Http("http://h/a.ipynb".into())),
            (
                "s3://b/k/l m.ipynb",
                Place::S3 {
                    bucket: "b".into(),
                    key: "k/l m.ipynb".into(),
                },
            ),
            (
                "https://github.com/o/r/blob/main/d/n.ipynb",
                Place::GitHub(
                    "https://api.github.com/repos/o/r/contents/d/n.ipynb?ref=main".into(),
                ),
            ),
        ];
        for (path, place) in cases {
            assert_eq!(Place::parse(path).unwrap(), place);
        }
        for path in [
            "s3://b",
            "s3://",
            "s3:///k",
            "gs://b/k",
            "https://github.com/o/r",
        ] {
            let error = format!("{:#}", Place::parse(path).unwrap_err());
            assert!(error.contains(path), "{error}");
        }
    }
}
