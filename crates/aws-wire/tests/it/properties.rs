//! Whatever we sign we accept, whatever comes in is answered without a panic, and each refusal is AWS's own.

use aws_wire::sigv4::{Credentials, Payload, Protocol, Secret, SignatureError, sign, verify};
use http::request::Parts;
use http::{HeaderValue, Request};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::collection::vec;
use proptest::prelude::*;

fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn secret() -> Secret {
    Secret {
        key: "secret".to_owned(),
        session_token: None,
    }
}

fn signed(
    service: &str,
    path: &str,
    query: &[(String, String)],
    headers: &[String],
    body: &[u8],
) -> Parts {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let path: Vec<String> = path.split('/').map(encode).collect();
    let query: Vec<String> = query
        .iter()
        .map(|(k, v)| format!("{}={}", encode(k), encode(v)))
        .collect();
    let uri = format!(
        "http://localhost:8080/{}?{}",
        path.join("/"),
        query.join("&")
    );
    let mut request = Request::builder().method("PUT").uri(uri);
    for (i, value) in headers.iter().enumerate() {
        request = request.header(
            format!("x-amz-meta-{}", i / 2),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    let mut parts = request.body(()).unwrap().into_parts().0;
    let credentials = Credentials {
        access_key: "AKID".to_owned(),
        secret_key: "secret".to_owned(),
        session_token: None,
    };
    sign(
        &mut parts,
        Payload::Bytes(body),
        &credentials,
        "us-east-1",
        service,
        now(),
    )
    .unwrap();
    parts
}

proptest! {
    #[test]
    fn what_we_sign_we_accept(
        service in prop::sample::select(vec!["s3", "sagemaker", "events", "scheduler"]),
        path in "\\PC{0,20}",
        query in vec(("[^\0]{1,5}", "\\PC{0,5}"), 0..4),
        headers in vec("[ -~]{0,12}", 0..5),
        body in vec(any::<u8>(), 0..50),
    ) {
        let parts = signed(service, &path, &query, &headers, &body);
        prop_assert!(verify(&parts, &body, now(), |_| Some(secret())).is_ok());
    }

    #[test]
    fn no_header_or_query_panics(authorization in "[ -~]{0,80}", date in "[ -~]{0,20}", query in "[!-~&&[^#<>\"`{}\\\\^|]]{0,60}") {
        let uri = format!("/?{query}");
        let request = Request::builder().uri(uri).header("x-amz-date", date);
        let request = request.header("authorization", format!("AWS4-HMAC-SHA256 {authorization}")).body(());
        if let Ok(request) = request {
            let (mut parts, ()) = request.into_parts();
            prop_assert!(verify(&parts, b"", now(), |_| Some(secret())).is_err());
            parts.headers.clear();
            prop_assert!(verify(&parts, b"", now(), |_| Some(secret())).is_err());
        }
    }

    #[test]
    fn no_near_miss_is_accepted(position in 0usize..200, byte in 33u8..127) {
        let parts = signed("sagemaker", "", &[], &[], b"{}");
        let mut text = parts.headers["authorization"].to_str().unwrap().as_bytes().to_vec();
        let position = position % text.len();
        prop_assume!(text[position] != byte);
        text[position] = byte;
        let mut other = parts.clone();
        other.headers.insert("authorization", HeaderValue::from_bytes(&text).unwrap());
        let refused = verify(&other, b"{}", now(), |key| (key == "AKID").then(secret));
        prop_assert!(refused.is_err(), "{}", String::from_utf8_lossy(&text));
    }
}

#[test]
fn refusals_are_those_of_aws() {
    let text = |e: &SignatureError, p| {
        let shape = e.shape(p);
        format!("{} {}", shape.status.as_u16(), shape.code)
    };
    let table = [
        (
            SignatureError::Missing,
            "400 MissingAuthenticationTokenException",
            "403 MissingAuthenticationToken",
            "403 AccessDenied",
        ),
        (
            SignatureError::Incomplete("x".into()),
            "400 IncompleteSignatureException",
            "400 IncompleteSignature",
            "400 AuthorizationHeaderMalformed",
        ),
        (
            SignatureError::UnknownKey,
            "400 UnrecognizedClientException",
            "403 InvalidClientTokenId",
            "403 InvalidAccessKeyId",
        ),
        (
            SignatureError::Token,
            "400 UnrecognizedClientException",
            "403 InvalidClientTokenId",
            "400 InvalidToken",
        ),
        (
            SignatureError::Skewed("x".into()),
            "400 InvalidSignatureException",
            "403 SignatureDoesNotMatch",
            "403 RequestTimeTooSkewed",
        ),
        (
            SignatureError::Expired("x".into()),
            "400 InvalidSignatureException",
            "403 SignatureDoesNotMatch",
            "403 AccessDenied",
        ),
        (
            SignatureError::UnsignedHeader("x".into()),
            "400 InvalidSignatureException",
            "403 SignatureDoesNotMatch",
            "403 AccessDenied",
        ),
        (
            SignatureError::BodyHash,
            "400 InvalidSignatureException",
            "403 SignatureDoesNotMatch",
            "400 XAmzContentSHA256Mismatch",
        ),
        (
            SignatureError::Mismatch,
            "400 InvalidSignatureException",
            "403 SignatureDoesNotMatch",
            "403 SignatureDoesNotMatch",
        ),
    ];
    for (error, json11, query, s3) in table {
        assert_eq!(text(&error, Protocol::Json11), json11);
        assert_eq!(text(&error, Protocol::Query), query);
        assert_eq!(text(&error, Protocol::S3), s3);
    }
}

#[test]
fn misshapen_claims_say_what_is_wrong() {
    let claim = |authorization: &str| {
        let request = Request::builder()
            .uri("/")
            .header("x-amz-date", "20261123T120000Z");
        let (parts, ()) = request
            .header("authorization", authorization)
            .body(())
            .unwrap()
            .into_parts();
        verify(&parts, b"", now(), |_| Some(secret()))
            .unwrap_err()
            .to_string()
    };
    assert!(claim("Basic abc").contains("AWS4-HMAC-SHA256"));
    assert!(claim("AWS4-HMAC-SHA256 SignedHeaders=host, Signature=00").contains("'Credential'"));
    assert!(
        claim("AWS4-HMAC-SHA256 Credential=a/20261123/r/s/aws4_request, Signature=00")
            .contains("'SignedHeaders'")
    );
    assert!(
        claim("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=00")
            .contains("exactly 5")
    );
    let other_day =
        "AWS4-HMAC-SHA256 Credential=a/20261122/r/s/aws4_request, SignedHeaders=host, Signature=00";
    assert!(claim(other_day).contains("does not match YYYYMMDD"));
    let hostless = "AWS4-HMAC-SHA256 Credential=a/20261123/r/s/aws4_request, SignedHeaders=x-amz-date, Signature=00";
    assert!(claim(hostless).contains("'Host' must be"));
    let late = |date: &str| {
        let mut parts = signed("sagemaker", "", &[], &[], b"");
        parts
            .headers
            .insert("x-amz-date", HeaderValue::from_str(date).unwrap());
        verify(&parts, b"", now(), |_| Some(secret()))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        late("20261123T114459Z"),
        "Signature expired: 20261123T114459Z is now earlier than 20261123T114500Z (20261123T120000Z - 15 min.)"
    );
    assert_eq!(
        late("20261123T121501Z"),
        "Signature not yet current: 20261123T121501Z is still later than 20261123T121500Z (20261123T120000Z + 15 min.)"
    );
    assert!(late("yesterday").contains("Got 'yesterday'"));
}
