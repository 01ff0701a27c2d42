//! Requests signed by botocore are accepted, changed ones are not, and our signer signs as botocore does.

use std::path::{Path, PathBuf};

use aws_wire::sigv4::{
    Claim, Credentials, Identity, Payload, Secret, SignatureError, sign, verify,
};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

const COUNT: usize = 700;
const SEED: usize = 7;
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "tok/en+1==";

#[derive(Deserialize)]
struct Signed {
    kind: String,
    method: String,
    region: String,
    service: String,
    token: Option<String>,
    url: String,
    target: String,
    unsigned_headers: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: String,
    now: i64,
}

impl Signed {
    fn parts(&self) -> Parts {
        request(&self.method, &self.target, &self.headers)
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.now).unwrap()
    }

    fn presigned(&self) -> bool {
        self.kind.ends_with("presigned")
    }

    fn verify(&self, parts: &Parts) -> Result<Identity, SignatureError> {
        verify(parts, self.body.as_bytes(), self.now(), secret_of)
    }
}

fn secret_of(access_key: &str) -> Option<Secret> {
    let session_token = match access_key {
        "AKIDEXAMPLE" => None,
        "ASIATEMP" => Some(TOKEN.to_owned()),
        _ => return None,
    };
    Some(Secret {
        key: SECRET.to_owned(),
        session_token,
    })
}

fn request(method: &str, uri: &str, headers: &[(String, String)]) -> Parts {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    request.body(()).unwrap().into_parts().0
}

/// The Python of the tests' virtual environment.
#[allow(clippy::disallowed_methods)] // a test may read its environment
fn python() -> PathBuf {
    let venv = match std::env::var_os("NBJOBS_TEST_VENV") {
        Some(venv) => PathBuf::from(venv),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.nbjobs/test-venv"),
    };
    let python = venv.join("bin/python");
    assert!(
        python.exists(),
        "no Python at {}: make a virtual environment with botocore there, or name one in NBJOBS_TEST_VENV",
        python.display()
    );
    python
}

/// What botocore signed.
#[allow(clippy::disallowed_methods)] // a test may start its oracle
fn corpus() -> Vec<Signed> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/sign_requests.py");
    let arguments = [COUNT.to_string(), SEED.to_string()];
    let output = std::process::Command::new(python())
        .arg(script)
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let corpus: Vec<Signed> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(corpus.len(), COUNT);
    corpus
}

#[test]
fn requests_signed_by_botocore_are_accepted() {
    for signed in corpus() {
        let identity = signed.verify(&signed.parts());
        let expected = Identity {
            access_key: if signed.token.is_some() {
                "ASIATEMP"
            } else {
                "AKIDEXAMPLE"
            }
            .to_owned(),
            region: signed.region.clone(),
            service: signed.service.clone(),
        };
        assert_eq!(
            identity,
            Ok(expected),
            "{} {} {}",
            signed.kind,
            signed.method,
            signed.target
        );
    }
}

#[test]
fn the_head_of_an_s3_request_is_proven_without_its_body() {
    for signed in corpus().into_iter().filter(|signed| signed.service == "s3") {
        let verify_head = |parts: &Parts| {
            let claim = Claim::parse(parts)?;
            let secret = secret_of(claim.access_key()).ok_or(SignatureError::UnknownKey)?;
            claim.verify_head(parts, signed.now(), &secret)
        };
        let mut parts = signed.parts();
        assert!(
            verify_head(&parts).is_ok(),
            "{} {}",
            signed.kind,
            signed.target
        );
        parts.method = if parts.method == Method::GET {
            Method::PUT
        } else {
            Method::GET
        };
        assert_eq!(
            verify_head(&parts),
            Err(SignatureError::Mismatch),
            "{}",
            signed.target
        );
    }
}

#[test]
fn changed_requests_are_refused() {
    for signed in corpus() {
        let about = format!("{} {} {}", signed.kind, signed.method, signed.target);
        let parts = signed.parts();

        let mut other = parts.clone();
        other.method = if parts.method == Method::GET {
            Method::DELETE
        } else {
            Method::GET
        };
        assert_eq!(
            signed.verify(&other),
            Err(SignatureError::Mismatch),
            "method of {about}"
        );

        let mut other = parts.clone();
        let (path, query) = signed
            .target
            .split_once('?')
            .unwrap_or((&signed.target, ""));
        other.uri = format!("{path}x?{query}").parse().unwrap();
        assert_eq!(
            signed.verify(&other),
            Err(SignatureError::Mismatch),
            "path of {about}"
        );

        let mut other = parts.clone();
        other.uri = format!("{path}?{query}&extra").parse().unwrap();
        assert_eq!(
            signed.verify(&other),
            Err(SignatureError::Mismatch),
            "query of {about}"
        );

        let mut other = parts.clone();
        other
            .headers
            .insert("host", HeaderValue::from_static("elsewhere"));
        assert_eq!(
            signed.verify(&other),
            Err(SignatureError::Mismatch),
            "host of {about}"
        );

        let mut other = parts.clone();
        other
            .headers
            .insert("x-amz-acl", HeaderValue::from_static("public-read"));
        let refused = signed.verify(&other);
        assert!(
            matches!(refused, Err(SignatureError::UnsignedHeader(_))),
            "{refused:?}: header of {about}"
        );

        let body = format!("{}x", signed.body);
        let refused = verify(&parts, body.as_bytes(), signed.now(), secret_of);
        match (signed.kind.as_str(), refused) {
            ("s3-presigned", refused) => assert!(refused.is_ok(), "S3 presigns no body: {about}"),
            ("s3", refused) => assert_eq!(refused, Err(SignatureError::BodyHash), "{about}"),
            (_, refused) => assert_eq!(refused, Err(SignatureError::Mismatch), "body of {about}"),
        }
    }
}

#[test]
fn the_wrong_key_token_or_time_is_refused() {
    for signed in corpus() {
        let parts = signed.parts();
        let body = signed.body.as_bytes();
        let with = |secret: Option<Secret>| verify(&parts, body, signed.now(), |_| secret);
        let secret = |key: &str, token: Option<&str>| {
            Some(Secret {
                key: key.to_owned(),
                session_token: token.map(str::to_owned),
            })
        };
        assert_eq!(with(None), Err(SignatureError::UnknownKey));
        assert_eq!(
            with(secret("other", signed.token.as_deref())),
            Err(SignatureError::Mismatch)
        );
        assert_eq!(
            with(secret(SECRET, Some("other"))),
            Err(SignatureError::Token)
        );
        let flipped = if signed.token.is_some() {
            None
        } else {
            Some(TOKEN)
        };
        assert_eq!(with(secret(SECRET, flipped)), Err(SignatureError::Token));

        let after = |seconds| {
            verify(
                &parts,
                body,
                signed.now() + SignedDuration::from_secs(seconds),
                secret_of,
            )
        };
        assert!(matches!(after(-901), Err(SignatureError::Skewed(_))));
        assert!(after(-900).is_ok());
        match signed.kind.as_str() {
            "presigned" => {
                assert!(after(59).is_ok() && matches!(after(60), Err(SignatureError::Expired(_))))
            }
            "s3-presigned" => {
                assert!(
                    after(604_799).is_ok()
                        && matches!(after(604_800), Err(SignatureError::Expired(_)))
                );
            }
            _ => {
                assert!(after(900).is_ok() && matches!(after(901), Err(SignatureError::Skewed(_))))
            }
        }
    }
}

#[test]
fn we_sign_as_botocore_does() {
    for signed in corpus().into_iter().filter(|signed| !signed.presigned()) {
        let mut parts = request(&signed.method, "/", &signed.unsigned_headers);
        // An absolute URI as a client has it, with botocore's path and query as they go on the wire.
        let authority = signed
            .url
            .parse::<Uri>()
            .unwrap()
            .authority()
            .unwrap()
            .clone();
        parts.uri = format!("http://{authority}{}", signed.target)
            .parse()
            .unwrap();
        let credentials = Credentials {
            access_key: if signed.token.is_some() {
                "ASIATEMP"
            } else {
                "AKIDEXAMPLE"
            }
            .to_owned(),
            secret_key: SECRET.to_owned(),
            session_token: signed.token.clone(),
        };
        let payload = Payload::Bytes(signed.body.as_bytes());
        sign(
            &mut parts,
            payload,
            &credentials,
            &signed.region,
            &signed.service,
            signed.now(),
        )
        .unwrap();
        let theirs = signed.parts();
        for name in [
            "authorization",
            "x-amz-date",
            "x-amz-content-sha256",
            "x-amz-security-token",
            "host",
        ] {
            let name = HeaderName::from_static(name);
            assert_eq!(
                parts.headers.get(&name),
                theirs.headers.get(&name),
                "{name} of {}",
                signed.target
            );
        }
    }
}
