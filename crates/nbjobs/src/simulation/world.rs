//! One life of a service: its folder, its clock, its machine, and what callers were told.

use super::backend::{INPUT, Machine};
use super::check::Source;
use super::firings::{add_rule, add_schedule};
use super::folder;
use crate::app::executions::{self, Start};
use crate::app::testing::{at, open, pipeline, step};
use crate::app::{App, jobs};
use crate::engine::{Engine, Limits, scheduler};
use crate::faults::Faults;
use crate::model::job::{Job, JobFilter, JobSort};
use crate::model::list::Order;
use crate::objects::{self, Objects};
use jiff::Timestamp;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const START: &str = "2026-11-23T12:00:00Z";
/// Longer than any life, so that the clock's jumps do not time a run out.
const MAX_RUNTIME_S: u64 = 86_400 * 5;

pub(super) struct World {
    pub dir: TempDir,
    pub faults: Faults,
    pub machine: Machine,
    pub sources: Vec<Source>,
    pub now: Timestamp,
    /// The latest moment at which somebody looked.
    pub latest: Timestamp,
    /// The executions that callers were told of, by the token of their start.
    pub told: BTreeMap<String, String>,
    pub crashes: u64,
    service: Option<Service>,
}

/// All that is in memory.
struct Service {
    app: App,
    engine: Engine,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl World {
    pub(super) async fn new(seed: u64) -> Self {
        let dir = folder();
        let now = at(START);
        std::fs::create_dir(dir.path().join("runs")).expect("a folder");
        let mut world = Self {
            faults: Faults::below(dir.path()),
            dir,
            machine: Machine::new(seed),
            sources: Vec::new(),
            now,
            latest: now,
            told: BTreeMap::new(),
            crashes: 0,
            service: None,
        };
        world.restart().await;
        let app = world.app();
        upload(app).await;
        let limit = json!({"StoppingCondition": {"MaxRuntimeInSeconds": MAX_RUNTIME_S}});
        pipeline(app, "one", json!([step("a", &[], limit.clone())])).await;
        let two = json!([step("a", &[], limit.clone()), step("b", &["a"], limit)]);
        pipeline(app, "two", two).await;
        world.sources = vec![
            add_rule(app, "r1", "rate(30 minutes)", "one").await,
            add_rule(app, "r2", "cron(0 * * * ? *)", "two").await,
            add_schedule(app, "s", "cron(15 * * * ? *)", "one", Some(10)).await,
        ];
        world
    }

    pub(super) fn app(&self) -> &App {
        &self.service().app
    }

    fn service(&self) -> &Service {
        self.service.as_ref().expect("it runs")
    }

    pub(super) fn runs(&self) -> PathBuf {
        self.dir.path().join("runs")
    }

    /// Both loops look, and the runs go on as far as they can.
    pub(super) async fn look(&mut self) {
        let Service {
            app, engine, tasks, ..
        } = self.service();
        app.clock.set(self.now);
        // What could not be done now is done at a later look.
        let _ = scheduler::run_once(app, self.now).await;
        for _ in 0..3 {
            let _ = engine.dispatch_once(self.now).await;
            while tasks.len() > self.machine.waited_for() && !self.faults.is_down() {
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
        }
        self.latest = self.latest.max(self.now);
        self.start_again_if_down().await;
    }

    /// A caller starts an execution, and again with the same token until it has an answer.
    pub(super) async fn start(&mut self, pipeline: &str, token: &str) {
        let start = Start {
            pipeline: pipeline.into(),
            ..Start::default()
        };
        for _ in 0..5 {
            let started = executions::start(self.app(), &start, token).await;
            self.start_again_if_down().await;
            if let Ok(execution) = started {
                let told = self
                    .told
                    .entry(token.to_owned())
                    .or_insert_with(|| execution.id.clone());
                assert_eq!(*told, execution.id, "another answer to token {token}");
                return;
            }
        }
    }

    /// A caller stops a job.
    pub(super) async fn stop(&mut self, job: &str) {
        let _ = jobs::stop(self.app(), job).await;
        self.start_again_if_down().await;
    }

    /// All jobs, oldest first.
    pub(super) async fn jobs(&self) -> Vec<Job> {
        let order = Order {
            by: JobSort::CreationTime,
            descending: false,
        };
        self.app()
            .store
            .jobs(&JobFilter::default(), order, None, 10_000)
            .await
            .expect("jobs")
    }

    async fn start_again_if_down(&mut self) {
        if self.faults.is_down() {
            self.crashes += 1;
            self.restart().await;
        }
    }

    /// Drops all that is in memory and starts on what is in the folder.
    pub(super) async fn restart(&mut self) {
        if let Some(service) = self.service.take() {
            service.shutdown.cancel();
            service.tasks.close();
            service.tasks.wait().await;
            service.app.store.close().await;
        }
        // A thread that still writes an object holds their folder; it ends by itself.
        while Objects::open(&self.dir.path().join("objects"))
            .await
            .is_err()
        {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        self.faults.restart();
        let app = open(self.dir.path(), self.now).await;
        let (tasks, shutdown) = (TaskTracker::new(), CancellationToken::new());
        let backend = Arc::new(self.machine.clone());
        // One run at a time: the order of all writes follows from the seed.
        let engine = Engine::new(
            app.clone(),
            backend,
            self.runs(),
            Limits {
                jobs_max: 1,
                // A scripted driver needs no time.
                stop_grace: Duration::from_millis(10),
            },
            tasks.clone(),
            shutdown.clone(),
        );
        engine.sweep().await.expect("a sweep");
        self.service = Some(Service {
            app,
            engine,
            tasks,
            shutdown,
        });
    }
}

/// The bucket and the notebook that all jobs name.
async fn upload(app: &App) {
    let bucket = objects::Bucket {
        created: at(START),
        region: None,
        versioning: None,
        encryption: None,
        event_bridge: false,
    };
    app.objects
        .create_bucket("bucket", bucket)
        .await
        .expect("a bucket");
    let body = futures::stream::iter([Ok(INPUT.into())]);
    app.objects
        .put(
            "bucket",
            "d/input/a.ipynb",
            body,
            Default::default(),
            at(START),
        )
        .await
        .expect("an object");
}
