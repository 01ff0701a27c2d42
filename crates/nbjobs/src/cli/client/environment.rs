//! The server's address, the credentials and the region, read from the environment as every AWS tool reads them.

use crate::config;
use anyhow::Context;
use aws_wire::sigv4::Credentials;
use std::fmt;

/// The services that our commands ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "AWS's names")]
pub enum Service {
    SageMaker,
    EventBridge,
    CloudWatchLogs,
    S3,
    Sts,
    /// Our own operations.
    NbJobs,
}

impl Service {
    const ALL: [Self; 6] = [
        Self::SageMaker,
        Self::EventBridge,
        Self::CloudWatchLogs,
        Self::S3,
        Self::Sts,
        Self::NbJobs,
    ];

    /// The prefix of `X-Amz-Target`; empty for the services that have none.
    pub(super) fn target(self) -> &'static str {
        match self {
            Self::SageMaker => "SageMaker",
            Self::EventBridge => "AWSEvents",
            Self::CloudWatchLogs => "Logs_20140328",
            Self::NbJobs => "NBJobs",
            Self::S3 | Self::Sts => "",
        }
    }

    /// The service's name in a signature.
    pub(super) fn signing_name(self) -> &'static str {
        match self {
            Self::SageMaker => "sagemaker",
            Self::EventBridge => "events",
            Self::CloudWatchLogs => "logs",
            Self::S3 => "s3",
            Self::Sts => "sts",
            Self::NbJobs => "nbjobs",
        }
    }

    /// The variable that gives this service an endpoint of its own.
    fn variable(self) -> &'static str {
        match self {
            Self::SageMaker => "AWS_ENDPOINT_URL_SAGEMAKER",
            Self::EventBridge => "AWS_ENDPOINT_URL_EVENTBRIDGE",
            Self::CloudWatchLogs => "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
            Self::S3 => "AWS_ENDPOINT_URL_S3",
            Self::Sts => "AWS_ENDPOINT_URL_STS",
            Self::NbJobs => "AWS_ENDPOINT_URL_NBJOBS",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SageMaker => "SageMaker",
            Self::EventBridge => "EventBridge",
            Self::CloudWatchLogs => "CloudWatch Logs",
            Self::S3 => "S3",
            Self::Sts => "STS",
            Self::NbJobs => "nbjobs",
        })
    }
}

/// What the environment says.
#[derive(Debug, Default)]
pub struct Environment {
    endpoint: Option<String>,
    endpoints: Vec<(Service, String)>,
    credentials: Option<Credentials>,
    region: Option<String>,
    account: Option<String>,
    ca_bundle: Option<String>,
}

impl Environment {
    /// The environment of this process.
    pub fn of_process() -> Self {
        Self::read(config::variable)
    }

    /// Reads AWS's variables through `lookup`.
    fn read(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let get = lookup;
        let endpoint_of = |service: Service| Some((service, get(service.variable())?));
        Self {
            endpoint: get("AWS_ENDPOINT_URL"),
            endpoints: Service::ALL.into_iter().filter_map(endpoint_of).collect(),
            credentials: get("AWS_ACCESS_KEY_ID")
                .zip(get("AWS_SECRET_ACCESS_KEY"))
                .map(|(access_key, secret_key)| Credentials {
                    access_key,
                    secret_key,
                    session_token: get("AWS_SESSION_TOKEN"),
                }),
            region: get("AWS_REGION").or_else(|| get("AWS_DEFAULT_REGION")),
            account: get("AWS_ACCOUNT_ID"),
            ca_bundle: get("AWS_CA_BUNDLE"),
        }
    }

    /// Lets what the command line says go before the environment.
    pub fn prefer(&mut self, endpoint: Option<String>, region: Option<String>) {
        if endpoint.is_some() {
            self.endpoint = endpoint;
            self.endpoints.clear();
        }
        self.region = region.or(self.region.take());
    }

    /// Without an endpoint for S3 it is AWS's own, in the region named or else the first one.
    pub fn default_to_aws(&mut self) {
        let region = self.region.get_or_insert_with(|| "us-east-1".to_owned());
        self.endpoint
            .get_or_insert_with(|| format!("https://s3.{region}.amazonaws.com"));
    }

    /// Errors, with the way out, if something that every request needs is missing.
    pub fn check(&self) -> anyhow::Result<()> {
        for service in Service::ALL {
            self.url(service, "/")?;
        }
        self.credentials()?;
        anyhow::ensure!(self.region.is_some(), missing("AWS_REGION"));
        if let Some(account) = self.account() {
            let digits = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
            anyhow::ensure!(
                digits,
                "AWS_ACCOUNT_ID '{account}' is not an account: it has 12 digits"
            );
        }
        Ok(())
    }

    /// The URL of a path at a service's endpoint. The path begins with a slash and is percent-encoded.
    pub(super) fn url(&self, service: Service, path: &str) -> anyhow::Result<String> {
        let own = self.endpoints.iter().find(|(of, _)| *of == service);
        let endpoint = own
            .map(|(_, endpoint)| endpoint)
            .or(self.endpoint.as_ref())
            .with_context(|| missing("AWS_ENDPOINT_URL"))?;
        let uri: Option<http::Uri> = endpoint.parse().ok();
        let usable = uri.is_some_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.host().is_some()
                && uri.query().is_none()
        });
        anyhow::ensure!(
            usable,
            "the endpoint '{endpoint}' is not a server's address; it looks like http://127.0.0.1:8080"
        );
        Ok(format!("{}{path}", endpoint.trim_end_matches('/')))
    }

    pub(super) fn credentials(&self) -> anyhow::Result<&Credentials> {
        self.credentials
            .as_ref()
            .with_context(|| missing("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"))
    }

    pub(super) fn region(&self) -> &str {
        self.region.as_deref().unwrap_or_default()
    }

    pub(super) fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The file of trusted certificates, if there is an endpoint that needs one.
    pub(super) fn ca_bundle(&self) -> Option<&str> {
        let own = self.endpoints.iter().map(|(_, endpoint)| endpoint);
        let uses_tls = own
            .chain(&self.endpoint)
            .any(|endpoint| endpoint.starts_with("https:"));
        self.ca_bundle.as_deref().filter(|_| uses_tls)
    }
}

fn missing(what: &str) -> String {
    format!(
        "{what} must be set; eval \"$(nbjobs env)\" sets all that is needed for the server on this machine"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPLETE: [(&str, &str); 5] = [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:8080/"),
        ("AWS_ACCESS_KEY_ID", "AKIA"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL_S3", "https://objects.example/base"),
    ];

    fn environment(leave_out: &str, with: &[(&str, &str)]) -> Environment {
        Environment::read(|name| {
            let found = with
                .iter()
                .chain(&COMPLETE)
                .find(|(key, _)| *key == name && name != leave_out);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_services_own_endpoint_goes_before_the_common_one_and_the_option_before_both() {
        let mut environment = environment("", &[("AWS_REGION", "us-east-1")]);
        environment.check().expect("it is complete");
        let url = |environment: &Environment, service| {
            environment.url(service, "/b/k").expect("an endpoint")
        };
        assert_eq!(
            url(&environment, Service::SageMaker),
            "http://127.0.0.1:8080/b/k"
        );
        assert_eq!(
            url(&environment, Service::S3),
            "https://objects.example/base/b/k"
        );
        assert_eq!(environment.region(), "us-east-1");
        environment.prefer(Some("http://localhost:1".into()), Some("eu-north-1".into()));
        assert_eq!(url(&environment, Service::S3), "http://localhost:1/b/k");
        assert_eq!(environment.region(), "eu-north-1");
    }

    #[test]
    fn what_is_missing_is_named_with_the_way_to_get_it() {
        for name in [
            "AWS_ENDPOINT_URL",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_DEFAULT_REGION",
        ] {
            let error = environment(name, &[]).check().expect_err(name).to_string();
            assert!(error.contains("eval \"$(nbjobs env)\""), "{error}");
        }
        for (name, value) in [
            ("AWS_ENDPOINT_URL", "localhost:8080"),
            ("AWS_ENDPOINT_URL", "ftp://localhost"),
            ("AWS_ENDPOINT_URL", "http://"),
            ("AWS_ACCOUNT_ID", "12345"),
        ] {
            let error = environment("", &[(name, value)])
                .check()
                .expect_err(value)
                .to_string();
            assert!(error.contains(&format!("'{value}'")), "{error}");
        }
    }
}
