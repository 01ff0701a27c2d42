//! `nbjobs serve`: boot told once, shutdown in reverse.

use super::connections::{self, Limits};
use super::{DataDir, backup, console, lock, studio};
use crate::api::probes::MetricsAccess;
use crate::api::{self, Doors};
use crate::app::{App, Wake, keys, restored, sessions};
use crate::backend::local::Local;
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::console::Console;
use crate::engine::deliveries::{self, Reach, Webhooks};
use crate::engine::{self, Engine, janitor, scheduler};
use crate::model::arn::Scope;
use crate::model::naming;
use crate::objects::{self, Bucket, Objects};
use crate::store::{self, Store};
use anyhow::{Context, bail};
use axum::body::Body;
use http::Request;
use jiff::Timestamp;
use std::fs::{self, DirBuilder};
use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::info;
use tracing_subscriber::EnvFilter;

/// Where a running service says its endpoint, region and account, a line each, for `nbjobs env`.
pub(super) const ENDPOINT_FILE: &str = "endpoint";
/// How long shutdown waits for requests and transactions under way.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);

/// Options of `nbjobs serve`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    data_dir: DataDir,
    /// The address to listen on; port 0 takes a free one
    #[arg(
        long,
        value_name = "HOST:PORT",
        default_value = "127.0.0.1:8888",
        env = "NBJOBS_LISTEN"
    )]
    listen: SocketAddr,
    /// The region that ARNs name
    #[arg(long, default_value = "us-east-1", env = "NBJOBS_REGION", value_parser = region)]
    region: String,
    /// The account that ARNs name: twelve digits
    #[arg(long, default_value = "000000000000", env = "NBJOBS_ACCOUNT", value_parser = account)]
    account: String,
    /// How many notebooks run at the same time [default: the number of processors]
    #[arg(long, value_name = "N", env = "NBJOBS_MAX_JOBS")]
    max_jobs: Option<usize>,
    /// How many jobs may wait for their turn; a request that would make another one wait is refused
    #[arg(
        long,
        value_name = "N",
        default_value = "100000",
        env = "NBJOBS_MAX_QUEUED"
    )]
    max_queued: u64,
    /// How many seconds a run that is to stop may take to end by itself, before it is killed; SageMaker gives it 120
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "120",
        env = "NBJOBS_STOP_GRACE"
    )]
    stop_grace: u64,
    #[command(flatten)]
    connections: Limits,
    /// A configuration file, TOML (see docs/configuration.md)
    #[arg(long, value_name = "FILE", env = "NBJOBS_CONFIG")]
    config: Option<PathBuf>,
    /// The form of the log's lines on standard error
    #[arg(long, value_enum, default_value = "text", env = "NBJOBS_LOG_FORMAT")]
    log_format: LogFormat,
    /// The bearer token with which /metrics may be read; without one, nobody may
    #[arg(
        long,
        value_name = "TOKEN",
        env = "NBJOBS_METRICS_TOKEN",
        hide_env_values = true
    )]
    metrics_token: Option<String>,
    /// Let everybody who reaches the port read /metrics
    #[arg(long, conflicts_with = "metrics_token")]
    metrics_open: bool,
    /// A file with the instant at which time stands still, read again at SIGHUP (for tests of schedules)
    #[arg(long, value_name = "FILE", hide = true)]
    clock_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum LogFormat {
    Text,
    /// One JSON object on each line
    Json,
}

fn region(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=32).contains(&text.len()) && text.bytes().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("a region is lower-case letters, digits and hyphens, such as us-east-1".into())
    }
}

fn account(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("an account has twelve digits, such as 000000000000".into())
    }
}

/// Runs the service until SIGTERM or SIGINT.
pub(super) fn main(args: Args) -> anyhow::Result<()> {
    let log = tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::builder()
                .with_default_directive(tracing::Level::INFO.into())
                .from_env_lossy()
                // It calls every refused request an error; the S3 door says what is one.
                .add_directive("s3s=off".parse()?),
        )
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match args.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let result = runtime.block_on(serve(args));
    // A large output that is being packed is packed again at the next start; nothing waits for it here.
    runtime.shutdown_background();
    result
}

async fn serve(args: Args) -> anyhow::Result<()> {
    let access = match args.metrics_token {
        Some(token) if token.is_empty() => bail!("the metrics token is empty"),
        Some(token) => MetricsAccess::Token(token),
        None if args.metrics_open => MetricsAccess::Everybody,
        None => MetricsAccess::Nobody,
    };
    let config = match &args.config {
        Some(file) => Config::read(file)?,
        None => Config::default(),
    };
    let data_dir = args.data_dir.path();
    let _lock = lock::take(&data_dir)?;
    let clock = match &args.clock_file {
        Some(file) => Clock::manual(file)?,
        None => Clock::system(),
    };
    let objects = Objects::open(&data_dir.join("objects")).await?;
    let scope = Scope {
        region: args.region,
        account: args.account,
    };
    let app = App {
        store: Store::open(&data_dir.join(store::FILE)).await?,
        since: make_default_bucket(&objects, &scope, clock.now()).await?,
        objects,
        clock,
        scope,
        job_environment: Arc::new(config::driver_environment().into_iter().collect()),
        studio: Arc::new(config.studio),
        queued_max: args.max_queued,
        retention: config.retention.policies().map_err(anyhow::Error::msg)?,
        wake: Wake::default(),
        live: Default::default(),
    };
    keys::ensure_first(&app).await?;
    sessions::ensure_key(&app).await?;
    let backup_mark = data_dir.join(backup::MARK);
    if backup_mark.exists() {
        restored::end_runs(&app).await?;
        fs::remove_file(backup_mark)?;
    }

    let shutdown = CancellationToken::new();
    let tasks = TaskTracker::new();
    let limits = engine_limits(args.max_jobs, args.stop_grace)?;
    let engine = start_engine(&app, &data_dir, limits, &tasks, &shutdown)?;
    tasks.spawn(engine.dispatch());
    tasks.spawn(scheduler::run(app.clone(), shutdown.clone()));
    tasks.spawn(janitor::run(app.clone(), shutdown.clone()));
    let reach = if config.webhooks.public_only {
        Reach::Public
    } else {
        Reach::Any
    };
    let webhooks = Webhooks::new(reach, tasks.clone());
    tasks.spawn(deliveries::run(app.clone(), webhooks, shutdown.clone()));
    tasks.spawn(signals(app.clock.clone(), shutdown.clone())?);

    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("cannot listen on {}", args.listen))?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let Scope { region, account } = &app.scope;
    fs::write(
        data_dir.join(ENDPOINT_FILE),
        format!("{endpoint}\n{region}\n{account}\n"),
    )?;
    studio::write(&data_dir, &app.studio)?;
    println!("nbjobs is listening on {endpoint}");
    println!("eval \"$(nbjobs env --data-dir {})\"", data_dir.display());
    let token = sessions::link(&app.store, app.clock.now()).await?;
    println!(
        "console, for one sign-in: {}",
        console::link(&endpoint, &token)
    );
    std::io::stdout().flush()?;

    let doors = Doors::new(app.clone(), access);
    let pages = Console::new(app.clone(), data_dir.join("pages"), shutdown.clone())?;
    // Programs come to the doors, people to the console.
    let answer = move |request: Request<Body>| {
        let (doors, pages) = (doors.clone(), pages.clone());
        async move {
            let (parts, body) = request.into_parts();
            let is_for_people = Console::owns(&parts.method, parts.uri.path(), &parts.headers)
                && !api::is_signed(&parts);
            let request = Request::from_parts(parts, body);
            match is_for_people {
                true => pages.answer(request).await,
                false => doors.answer(request).await,
            }
        }
    };
    tokio::select! {
        () = connections::serve(listener, args.connections, answer, shutdown.clone()) => {}
        () = async {
            shutdown.cancelled().await;
            tokio::time::sleep(SHUTDOWN_GRACE).await;
        } => {}
    }
    tasks.close();
    let _ = tokio::time::timeout(SHUTDOWN_GRACE, tasks.wait()).await;
    let _ = fs::remove_file(data_dir.join(ENDPOINT_FILE));
    app.store.close().await;
    info!("stopped");
    Ok(())
}

/// The bucket of AWS's extension is there from the first start; its age is the service's.
async fn make_default_bucket(
    objects: &Objects,
    scope: &Scope,
    now: Timestamp,
) -> anyhow::Result<Timestamp> {
    let name = naming::default_bucket(scope);
    let bucket = Bucket {
        created: now,
        region: Some(scope.region.clone()),
        versioning: None,
        encryption: None,
        event_bridge: false,
    };
    match objects.create_bucket(&name, bucket).await {
        Ok(()) | Err(objects::error::Error::BucketExists(_)) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(objects.head_bucket(&name).await?.created)
}

fn engine_limits(max_jobs: Option<usize>, stop_grace: u64) -> anyhow::Result<engine::Limits> {
    let jobs_max = match max_jobs {
        Some(0) => bail!("--max-jobs must be at least 1"),
        Some(n) => n,
        None => std::thread::available_parallelism().map_or(1, usize::from),
    };
    Ok(engine::Limits {
        jobs_max,
        stop_grace: Duration::from_secs(stop_grace),
    })
}

fn start_engine(
    app: &App,
    data_dir: &Path,
    limits: engine::Limits,
    tasks: &TaskTracker,
    shutdown: &CancellationToken,
) -> anyhow::Result<Engine> {
    let runs = data_dir.join("runs");
    // Only for the user who runs the service: jobs' inputs and outputs, whatever the data folder's own mode is.
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&runs)?;
    let backend = Local {
        program: std::env::current_exe().context("cannot find this program's own file")?,
        environment: config::driver_environment(),
    };
    Ok(Engine::new(
        app.clone(),
        Arc::new(backend),
        runs.canonicalize()?,
        limits,
        tasks.clone(),
        shutdown.clone(),
    ))
}

/// SIGTERM and SIGINT end the service; SIGHUP reads a manual clock again.
fn signals(clock: Clock, shutdown: CancellationToken) -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = hangup.recv() => {
                    if let Err(error) = clock.reread() {
                        tracing::error!(error = format!("{error:#}"), "the clock file was not read");
                    }
                }
            }
        }
        info!("stopping");
        shutdown.cancel();
    })
}
