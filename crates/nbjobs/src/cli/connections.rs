//! Connections to the port: so many at a time, each of which must send a request's head in time, so that nobody can hold
//! all of them by saying nothing.

use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error};

/// How long to wait when the system has no room for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// What connections may take.
#[derive(Clone, Copy, Debug, clap::Args)]
#[command(next_help_heading = "Connections")]
pub(super) struct Limits {
    /// How many connections there may be at a time; others wait until one is closed
    #[arg(
        long,
        value_name = "N",
        default_value = "512",
        env = "NBJOBS_MAX_CONNECTIONS"
    )]
    max_connections: NonZeroUsize,
    /// Close a connection on which so many seconds long no request has begun, or its headers have not ended
    #[arg(long, value_name = "SECONDS", default_value = "60", env = "NBJOBS_HEADER_TIMEOUT", value_parser = clap::value_parser!(u64).range(1..))]
    header_timeout: u64,
}

/// Answers requests until `shutdown`, then those that are under way.
pub(super) async fn serve<Answered>(
    listener: TcpListener,
    limits: Limits,
    answer: impl Fn(Request<Body>) -> Answered + Clone + Send + 'static,
    shutdown: CancellationToken,
) where
    Answered: Future<Output = Response<Body>> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(limits.max_connections.get()));
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(limits.header_timeout));
    loop {
        let next = async {
            // Its holders never close it.
            let place = places.clone().acquire_owned().await.ok()?;
            Some((accept(&listener).await, place))
        };
        let (stream, place) = tokio::select! {
            Some(next) = next => next,
            () = shutdown.cancelled() => break,
        };
        let answer = answer.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let answered = answer(request.map(Body::new));
            async move { Ok::<_, Infallible>(answered.await) }
        });
        let connection = http.serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                debug!(%error, "a connection broke");
            }
            drop(place);
        });
    }
    // Whoever connects from now on is refused.
    drop(listener);
    graceful.shutdown().await;
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Answers are small and waited for.
                let _ = stream.set_nodelay(true);
                return stream;
            }
            // The client has gone already.
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                error!(%error, "cannot take connections; trying again");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}
