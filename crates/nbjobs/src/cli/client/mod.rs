//! A small AWS client for our own commands: signed requests to the endpoint that the environment names, so that they
//! work against a remote server too. Knows how to ask, not what the operations mean.

mod environment;
mod error;
mod s3;

pub use environment::{Environment, Service};
pub use error::{ServiceError, Unreachable};
pub use s3::{Content, OBJECT_BYTES_MAX};

use crate::clock::Clock;
use crate::config;
use anyhow::Context;
use aws_wire::{json11, sigv4};
use http::{Method, Request, Response};
use serde_json::Value;
use std::cell::OnceCell;
use std::fs;
use std::io::Read;
use std::time::Duration;
use ureq::tls::{self, PemItem, RootCerts, TlsConfig};
use ureq::{AsSendBody, Body};

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the server may be silent in the middle of a request or an answer.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(60);
/// How often an answer may send us elsewhere.
const REDIRECTS_MAX: u32 = 10;
/// The longest answer that is read into memory: a page of descriptions or of log events is far below it.
const ANSWER_BYTES_MAX: u64 = 64 << 20;

/// Where the server is, for the commands that are its clients.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Connection {
    /// The server's address; without it AWS_ENDPOINT_URL_<SERVICE> or AWS_ENDPOINT_URL is used
    #[arg(long, global = true, value_name = "URL", help_heading = "Connection")]
    endpoint_url: Option<String>,
    /// The region; without it AWS_REGION or AWS_DEFAULT_REGION is used
    #[arg(
        long,
        global = true,
        value_name = "REGION",
        help_heading = "Connection"
    )]
    region: Option<String>,
}

/// Asks the services, as one caller.
pub struct Client {
    http: ureq::Agent,
    environment: Environment,
    account: OnceCell<String>,
    names_owner: bool,
}

impl Client {
    /// A client as the options and the environment say. Asks nothing yet.
    pub fn new(connection: &Connection) -> anyhow::Result<Self> {
        let mut environment = Environment::of_process();
        environment.prefer(connection.endpoint_url.clone(), connection.region.clone());
        environment.check()?;
        Ok(Self {
            http: agent(environment.ca_bundle(), 0)?,
            environment,
            account: OnceCell::new(),
            names_owner: true,
        })
    }

    /// A client for objects of any store that speaks S3, be it ours, another or AWS's own, in buckets of anybody.
    pub fn of_objects() -> anyhow::Result<Self> {
        let mut environment = Environment::of_process();
        environment.default_to_aws();
        environment.credentials()?;
        Ok(Self {
            http: agent(environment.ca_bundle(), 0)?,
            environment,
            account: OnceCell::new(),
            names_owner: false,
        })
    }

    /// The region that requests are for.
    pub fn region(&self) -> &str {
        self.environment.region()
    }

    /// The twelve digits of the caller's account: `AWS_ACCOUNT_ID`, else what STS says.
    pub fn account(&self) -> anyhow::Result<&str> {
        if let Some(account) = self.environment.account() {
            return Ok(account);
        }
        if let Some(account) = self.account.get() {
            return Ok(account);
        }
        let form = b"Action=GetCallerIdentity&Version=2011-06-15";
        let request = Request::post(self.environment.url(Service::Sts, "/")?).header(
            http::header::CONTENT_TYPE,
            "application/x-www-form-urlencoded",
        );
        let request = request.body(()).context("the STS endpoint is no URL")?;
        let mut answer = self.send(
            Service::Sts,
            request,
            sigv4::Payload::Bytes(form),
            &form[..],
        )?;
        let text = read_text(&mut answer)?;
        if !answer.status().is_success() {
            return Err(ServiceError::from_xml("GetCallerIdentity", answer.status(), &text).into());
        }
        let account = error::xml_text(&text, "Account")
            .context("the answer of GetCallerIdentity names no account")?;
        Ok(self.account.get_or_init(|| account))
    }

    /// Calls one JSON 1.1 operation. An answer without a body is `Null`.
    pub fn call(&self, service: Service, operation: &str, input: &Value) -> anyhow::Result<Value> {
        let body = input.to_string().into_bytes();
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.environment.url(service, "/")?)
            .header(http::header::CONTENT_TYPE, json11::CONTENT_TYPE)
            .header("x-amz-target", format!("{}.{operation}", service.target()))
            .body(())
            .with_context(|| format!("the endpoint of {service} is no URL"))?;
        let mut answer = self.send(service, request, sigv4::Payload::Bytes(&body), &body[..])?;
        let text = read_text(&mut answer)?;
        if !answer.status().is_success() {
            return Err(ServiceError::from_json(operation, answer.status(), &text).into());
        }
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text)
            .with_context(|| format!("the answer of {operation} is not JSON"))
    }

    /// Signs and sends. An answer with any status is an answer.
    fn send(
        &self,
        service: Service,
        request: Request<()>,
        payload: sigv4::Payload<'_>,
        body: impl AsSendBody,
    ) -> anyhow::Result<Response<Body>> {
        let (mut parts, ()) = request.into_parts();
        sigv4::sign(
            &mut parts,
            payload,
            self.environment.credentials()?,
            self.region(),
            service.signing_name(),
            Clock::machine_now(),
        )?;
        let endpoint = parts
            .uri
            .authority()
            .map(ToString::to_string)
            .unwrap_or_default();
        self.http
            .run(Request::from_parts(parts, body))
            .map_err(|cause| Unreachable { endpoint, cause }.into())
    }
}

/// A client for plain HTTP.
pub fn http_agent() -> anyhow::Result<ureq::Agent> {
    let bundle = ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"]
        .into_iter()
        .find_map(config::variable);
    agent(bundle.as_deref(), REDIRECTS_MAX)
}

fn agent(ca_bundle: Option<&str>, redirects_max: u32) -> anyhow::Result<ureq::Agent> {
    let mut config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(redirects_max)
        .user_agent(concat!("nbjobs/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_per_read(Some(SILENCE_TIMEOUT))
        .timeout_per_write(Some(SILENCE_TIMEOUT));
    if let Some(file) = ca_bundle {
        config = config.tls_config(trusting(file)?);
    }
    Ok(config.build().new_agent())
}

fn read_text(answer: &mut Response<Body>) -> anyhow::Result<String> {
    let mut text = String::new();
    answer
        .body_mut()
        .with_config()
        .limit(ANSWER_BYTES_MAX)
        .reader()
        .read_to_string(&mut text)
        .context("the server's answer broke off, or is not text")?;
    Ok(text)
}

/// TLS that trusts the certificates of a PEM file, as `AWS_CA_BUNDLE` asks of every AWS tool.
fn trusting(file: &str) -> anyhow::Result<TlsConfig> {
    let pem = fs::read(file).with_context(|| format!("cannot read the CA bundle {file}"))?;
    let mut certificates = Vec::new();
    for item in tls::parse_pem(&pem) {
        let item = item.with_context(|| format!("the CA bundle {file} is not a PEM file"))?;
        if let PemItem::Certificate(certificate) = item {
            certificates.push(certificate);
        }
    }
    anyhow::ensure!(
        !certificates.is_empty(),
        "the CA bundle {file} holds no certificate"
    );
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::from(certificates.into_iter()))
        .build())
}
