//! Webhooks: the request that an API destination, its connection and a target make together, and the task that sends it.
//! An answer is read no further than its head. What is secret stands in no log, record or error.

use super::here::{final_failure, input};
use super::settle;
use crate::app::App;
use crate::model::arn::{Arn, Resource};
use crate::model::event::{Delivery, DeliveryKey, Failure};
use crate::model::rule::HttpParameters;
use crate::model::webhook::{ApiDestination, Authorization, Credentials, InvocationParameter};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tracing::error;
use ureq::config::Config;
use ureq::http::{HeaderName, HeaderValue, Method, Request, Uri, header};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

/// How long a request may take in all, as EventBridge has it.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Requests at the same time.
const IN_FLIGHT_MAX: usize = 16;
/// The longest that an answer's `Retry-After` is heeded, in seconds.
const RETRY_AFTER_MAX_S: i64 = 3600;
/// What stands in a URL as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What webhooks may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Every address but those of the link itself, where clouds have their metadata services.
    Any,
    /// Public addresses only.
    Public,
}

/// The sender of webhooks. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Webhooks {
    agent: ureq::Agent,
    state: Arc<Mutex<State>>,
    /// Told when a request has ended or a destination's turn has come.
    room: Arc<Notify>,
    tasks: TaskTracker,
}

#[derive(Debug, Default)]
struct State {
    in_flight: HashSet<DeliveryKey>,
    /// When each API destination may be invoked next, by ARN.
    turns: HashMap<String, Instant>,
}

impl Webhooks {
    /// A sender whose tasks shutdown waits for.
    pub fn new(reach: Reach, tasks: TaskTracker) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .user_agent("Amazon/EventBridge/ApiDestinations")
            .timeout_global(Some(TIMEOUT))
            .build();
        let resolver = Guard {
            reach,
            inner: DefaultResolver::default(),
        };
        Self {
            agent: ureq::Agent::with_parts(config, DefaultConnector::default(), resolver),
            state: Arc::default(),
            room: Arc::default(),
            tasks,
        }
    }

    /// How many requests are being made.
    pub(super) fn in_flight(&self) -> usize {
        self.state().in_flight.len()
    }

    /// Returns when a delivery that had to wait may begin.
    pub(super) async fn has_room(&self) {
        self.room.notified().await;
    }

    /// Begins a try in a task of its own; `false` if it is under way or must wait for others.
    pub(super) fn begin(&self, app: &App, delivery: Delivery) -> bool {
        {
            let mut state = self.state();
            if state.in_flight.len() >= IN_FLIGHT_MAX
                || !state.in_flight.insert(delivery.key.clone())
            {
                return false;
            }
        }
        let (webhooks, app) = (self.clone(), app.clone());
        self.tasks.spawn(async move {
            let key = delivery.key.clone();
            if let Err(error) = webhooks.try_once(&app, delivery).await {
                // It is due as before, and begun again with the next look.
                error!(
                    error = format!("{error:#}"),
                    "could not store how a webhook went"
                );
                tokio::time::sleep(TIMEOUT).await;
            }
            webhooks.state().in_flight.remove(&key);
            webhooks.room.notify_one();
        });
        true
    }

    async fn try_once(&self, app: &App, delivery: Delivery) -> anyhow::Result<()> {
        let outcome = match self.prepare(app, &delivery).await? {
            Ok((request, destination)) => {
                let turn = self.turn(&delivery.target.arn, destination.rate_max);
                tokio::time::sleep_until(turn).await;
                let agent = self.agent.clone();
                tokio::task::spawn_blocking(move || send(&agent, request)).await?
            }
            Err(failure) => Err(failure),
        };
        let now = app.clock.now();
        let mut tx = app.store.tx().await?;
        if tx.is_delivery_pending(&delivery.key).await? {
            settle(&mut tx, app, &delivery, outcome, now).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// The request, or why there is none.
    async fn prepare(
        &self,
        app: &App,
        delivery: &Delivery,
    ) -> anyhow::Result<Result<(Request<Vec<u8>>, ApiDestination), Failure>> {
        let gone = |what: &str, name: &str| {
            let message = format!("there is no {what} {name}");
            Ok(Err(final_failure("RESOURCE_NOT_FOUND", message)))
        };
        let Ok(Arn {
            resource: Resource::ApiDestination { name, id },
            ..
        }) = delivery.target.arn.parse()
        else {
            return gone("API destination", &delivery.target.arn);
        };
        let found = app.store.api_destination(&name).await?;
        let Some(destination) = found.filter(|found| found.id == id) else {
            return gone("API destination", &name);
        };
        let connection = match destination.connection_arn.parse() {
            Ok(Arn {
                resource: Resource::Connection { name, id },
                ..
            }) => {
                let found = app.store.connection(&name).await?;
                found.filter(|found| found.id == id)
            }
            _ => None,
        };
        let Some(connection) = connection else {
            return gone("connection", &destination.connection_arn);
        };
        Ok(input(app, delivery).and_then(|input| {
            let parameters = delivery.target.http_parameters.clone().unwrap_or_default();
            let request = request(&destination, &connection.authorization, &parameters, input);
            let request = request.map_err(|problem| final_failure("INVALID_PARAMETER", problem))?;
            Ok((request, destination))
        }))
    }

    /// The moment at which this destination may be invoked, which is then taken.
    fn turn(&self, arn: &str, rate_max: u32) -> Instant {
        let mut state = self.state();
        let now = Instant::now();
        state.turns.retain(|_, next| *next > now);
        let turn = state.turns.get(arn).copied().unwrap_or(now);
        let pause = Duration::from_secs(1) / rate_max.max(1);
        state.turns.insert(arn.to_owned(), turn + pause);
        turn
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The request that all of them make together. What the connection says goes before what the target says.
fn request(
    destination: &ApiDestination,
    authorization: &Authorization,
    parameters: &HttpParameters,
    mut body: Value,
) -> Result<Request<Vec<u8>>, String> {
    let invocation = &authorization.invocation;
    let mut query: Vec<(String, String)> = parameters
        .query_string_parameters
        .clone()
        .into_iter()
        .collect();
    query.extend(invocation.query_string_parameters.iter().map(pair));
    let url = url(
        &destination.endpoint,
        &parameters.path_parameter_values,
        &query,
    )?;
    if let Value::Object(body) = &mut body {
        for (key, value) in invocation.body_parameters.iter().map(pair) {
            body.insert(key, value.into());
        }
    }
    let method: Method = destination
        .method
        .parse()
        .map_err(|_| "the method is none".to_owned())?;
    let has_body = ["POST", "PUT", "PATCH"].contains(&method.as_str());
    let bytes = if has_body {
        body.to_string().into_bytes()
    } else {
        Vec::new()
    };
    let mut request = Request::new(bytes);
    *request.method_mut() = method;
    *request.uri_mut() = url;
    let mut set = |name: &str, value: &str| {
        let name = HeaderName::from_bytes(name.as_bytes());
        let value = HeaderValue::from_str(value);
        let (Ok(name), Ok(value)) = (name, value) else {
            return Err("a header cannot be sent".to_owned());
        };
        request.headers_mut().insert(name, value);
        Ok(())
    };
    if has_body {
        set(
            header::CONTENT_TYPE.as_str(),
            "application/json; charset=utf-8",
        )?;
    }
    for (name, value) in &parameters.header_parameters {
        set(name, value)?;
    }
    for (name, value) in invocation.header_parameters.iter().map(pair) {
        set(&name, &value)?;
    }
    match &authorization.credentials {
        Credentials::Basic { username, password } => {
            let both = STANDARD.encode(format!("{username}:{password}"));
            set(header::AUTHORIZATION.as_str(), &format!("Basic {both}"))?;
        }
        Credentials::ApiKey { name, value } => set(name, value)?,
    }
    Ok(request)
}

fn pair(parameter: &InvocationParameter) -> (String, String) {
    let value = parameter.value.clone().unwrap_or_default();
    (parameter.key.clone(), value)
}

/// The endpoint with the asterisks of its path filled in and the query behind it.
fn url(endpoint: &str, path: &[String], query: &[(String, String)]) -> Result<Uri, String> {
    let mut path = path.iter();
    let mut url = String::new();
    for (i, part) in endpoint.split('*').enumerate() {
        if i > 0 {
            let value = path
                .next()
                .ok_or("the endpoint has more asterisks than there are path parameters")?;
            url.extend(utf8_percent_encode(value, UNRESERVED));
        }
        url.push_str(part);
    }
    for (key, value) in query {
        url.push(if url.contains('?') { '&' } else { '?' });
        url.extend(utf8_percent_encode(key, UNRESERVED));
        url.push('=');
        url.extend(utf8_percent_encode(value, UNRESERVED));
    }
    url.parse()
        .map_err(|_| "the endpoint is not a URL".to_owned())
}

/// Sends a request. EventBridge tries again what timed out or could not be connected, and these statuses.
fn send(agent: &ureq::Agent, request: Request<Vec<u8>>) -> Result<(), Failure> {
    let response = agent.run(request).map_err(|error| Failure {
        code: "SDK_CLIENT_ERROR",
        message: format!("the endpoint cannot be reached: {error}"),
        may_pass: !matches!(error, ureq::Error::BadUri(_)),
        retry_after: None,
    })?;
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let retry_after = response.headers().get(header::RETRY_AFTER);
    let retry_after: Option<i64> = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
    Err(Failure {
        code: if status.as_u16() == 429 {
            "THROTTLING"
        } else {
            "SDK_CLIENT_ERROR"
        },
        message: format!("the endpoint answered {status}"),
        may_pass: matches!(status.as_u16(), 401 | 407 | 409 | 429 | 500..),
        retry_after: retry_after
            .map(|seconds| SignedDuration::from_secs(seconds.clamp(0, RETRY_AFTER_MAX_S))),
    })
}

/// Resolves names, and knows no address that webhooks may not reach. The connection goes to what was resolved.
#[derive(Debug)]
struct Guard {
    reach: Reach,
    inner: DefaultResolver,
}

impl Resolver for Guard {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        let mut allowed = self.empty();
        for address in found.iter().filter(|found| self.reach.allows(found.ip())) {
            allowed.push(*address);
        }
        if allowed.is_empty() {
            return Err(ureq::Error::HostNotFound);
        }
        Ok(allowed)
    }
}

impl Reach {
    fn allows(self, address: IpAddr) -> bool {
        let v4 = match address {
            IpAddr::V4(v4) => Some(v4),
            IpAddr::V6(v6) => v6.to_ipv4_mapped(),
        };
        let (is_link, is_private) = match (v4, address) {
            (Some(v4), _) => (
                v4.is_link_local(),
                v4.is_private()
                    || v4.is_loopback()
                    || v4.is_unspecified()
                    || v4.is_broadcast()
                    || v4.is_multicast()
                    || v4.octets()[0] == 0
                    // Shared by carriers, RFC 6598.
                    || (v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64),
            ),
            (None, IpAddr::V6(v6)) => (
                v6.is_unicast_link_local(),
                v6.is_loopback()
                    || v6.is_unspecified()
                    || v6.is_unique_local()
                    || v6.is_multicast(),
            ),
            (None, IpAddr::V4(_)) => (true, true),
        };
        !is_link && (self == Self::Any || !is_private)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn addresses_that_may_be_reached() {
        for (address, any, public) in [
            ("1.1.1.1", true, true),
            ("2606:4700::1111", true, true),
            ("127.0.0.1", true, false),
            ("10.1.2.3", true, false),
            ("192.168.0.1", true, false),
            ("100.64.0.1", true, false),
            ("::1", true, false),
            ("fd00::1", true, false),
            ("::ffff:10.0.0.1", true, false),
            ("169.254.169.254", false, false),
            ("::ffff:169.254.169.254", false, false),
            ("fe80::1", false, false),
        ] {
            let ip = address.parse().expect("an address");
            assert_eq!(
                (Reach::Any.allows(ip), Reach::Public.allows(ip)),
                (any, public),
                "{address}"
            );
        }
    }

    #[test]
    fn a_request_is_made_of_three_parts() {
        let destination = ApiDestination {
            name: "d".into(),
            id: "i".into(),
            description: None,
            connection_arn: "c".into(),
            endpoint: "https://hooks.example/a/*/b?x=1".into(),
            method: "POST".into(),
            rate_max: 1,
            created_at: jiff::Timestamp::UNIX_EPOCH,
            modified_at: jiff::Timestamp::UNIX_EPOCH,
        };
        let authorization: Authorization = serde_json::from_value(json!({
            "credentials": {"Basic": {"username": "u", "password": "p"}},
            "invocation": {"HeaderParameters": [{"Key": "X-A", "Value": "connection", "IsValueSecret": false}],
                "BodyParameters": [{"Key": "b", "Value": "v", "IsValueSecret": true}]},
        }))
        .expect("an authorization");
        let parameters: HttpParameters = serde_json::from_value(json!({
            "PathParameterValues": ["p/q"], "HeaderParameters": {"X-A": "target", "X-B": "target"},
            "QueryStringParameters": {"q": "a b"},
        }))
        .expect("parameters");
        let made = request(
            &destination,
            &authorization,
            &parameters,
            json!({"text": "t"}),
        );
        let made = made.expect("a request");
        assert_eq!(made.uri(), "https://hooks.example/a/p%2Fq/b?x=1&q=a%20b");
        assert_eq!(made.headers()["x-a"], "connection");
        assert_eq!(made.headers()["x-b"], "target");
        assert_eq!(made.headers()["authorization"], "Basic dTpw");
        assert_eq!(made.body(), br#"{"b":"v","text":"t"}"#);
        let none = HttpParameters::default();
        assert!(request(&destination, &authorization, &none, json!({})).is_err());
    }
}
