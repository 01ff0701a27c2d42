//! Numbers for Prometheus. What they count is counted since the start of this server; names and labels are a contract.

use crate::model::job::Job;
use crate::model::rule::FiringStatus;
use jiff::SignedDuration;
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::collections::HashSet;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

/// Upper bounds of the time that a job waits for its place, in seconds.
const WAIT_BOUNDS: [f64; 9] = [0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0];
/// Upper bounds of the time that a run takes, in seconds.
const RUN_BOUNDS: [f64; 9] = [1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0];
/// Upper bounds of the time by which a due moment fires late, in seconds.
const LATE_BOUNDS: [f64; 9] = [0.01, 0.1, 0.5, 1.0, 2.0, 10.0, 60.0, 600.0, 3600.0];
/// How many pipelines, rules and schedules have numbers of their own, by name; all further ones are called [`OTHERS`].
const NAMES_MAX: usize = 1000;
const OTHERS: &str = "others";

/// The numbers. Cheap to clone; clones are the same numbers.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Numbers>);

#[derive(Debug)]
struct Numbers {
    registry: Registry,
    ended: Family<Status, Counter>,
    waited: Histogram,
    took: Family<Status, Histogram>,
    unfinished: Family<Status, Gauge>,
    ended_by_pipeline: Family<PipelineStatus, Counter>,
    took_by_pipeline: Family<PipelineStatus, Counter<f64, AtomicU64>>,
    fired: Family<SourceStatus, Counter>,
    late: Histogram,
    /// The names that have numbers of their own.
    names: Mutex<HashSet<String>>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PipelineStatus {
    pipeline: String,
    status: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct SourceStatus {
    source: String,
    status: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Status {
    status: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("nbjobs");
        let ended = Family::<Status, Counter>::default();
        registry.register("jobs_ended", "Jobs that ended, by status", ended.clone());
        let waited = Histogram::new(WAIT_BOUNDS);
        registry.register_with_unit(
            "job_wait",
            "The time from a job's creation to the start of its notebook",
            Unit::Seconds,
            waited.clone(),
        );
        let took: Family<Status, Histogram> =
            Family::new_with_constructor(|| Histogram::new(RUN_BOUNDS));
        registry.register_with_unit(
            "job_run",
            "The time from the start of a job's notebook to the job's end, by status",
            Unit::Seconds,
            took.clone(),
        );
        let unfinished = Family::<Status, Gauge>::default();
        registry.register(
            "jobs_unfinished",
            "Jobs that wait or run now, by status",
            unfinished.clone(),
        );
        let ended_by_pipeline = Family::<PipelineStatus, Counter>::default();
        registry.register(
            "pipeline_jobs_ended",
            "Jobs of a pipeline's executions that ended, by pipeline and status",
            ended_by_pipeline.clone(),
        );
        let took_by_pipeline = Family::<PipelineStatus, Counter<f64, AtomicU64>>::default();
        registry.register_with_unit(
            "pipeline_job_run",
            "The time that these jobs took together, from the start of the notebook to the job's end",
            Unit::Seconds,
            took_by_pipeline.clone(),
        );
        let fired = Family::<SourceStatus, Counter>::default();
        registry.register(
            "firings",
            "What became of due moments, by rule or schedule and status in the ledger; one that waited counts twice",
            fired.clone(),
        );
        let late = Histogram::new(LATE_BOUNDS);
        registry.register_with_unit(
            "firing_lateness",
            "How long after it was to fire a due moment has started its targets",
            Unit::Seconds,
            late.clone(),
        );
        Self(Arc::new(Numbers {
            registry,
            ended,
            waited,
            took,
            unfinished,
            ended_by_pipeline,
            took_by_pipeline,
            fired,
            late,
            names: Mutex::default(),
        }))
    }
}

impl Metrics {
    /// A job, of a pipeline if it is of one, has come to its final status.
    pub fn job_ended(&self, job: &Job, pipeline: Option<&str>) {
        let status = Status {
            status: job.status.as_str(),
        };
        self.0.ended.get_or_create(&status).inc();
        if let Some(pipeline) = pipeline {
            let labels = PipelineStatus {
                pipeline: self.name(pipeline),
                status: status.status,
            };
            self.0.ended_by_pipeline.get_or_create(&labels).inc();
            if let (Some(started), Some(ended)) = (job.started_at, job.ended_at) {
                let took = ended.duration_since(started).as_secs_f64();
                let sum = self.0.took_by_pipeline.get_or_create(&labels);
                sum.inc_by(took.max(0.0));
            }
        }
        if let Some(started) = job.started_at {
            let waited = started.duration_since(job.created_at);
            self.0.waited.observe(waited.as_secs_f64().max(0.0));
            if let Some(ended) = job.ended_at {
                let took = ended.duration_since(started).as_secs_f64();
                self.0.took.get_or_create(&status).observe(took.max(0.0));
            }
        }
    }

    /// The ledger says what became of a due moment of `source`, such as `rule/NAME`; how late it started its targets, if
    /// it did.
    pub fn fired(&self, source: &str, status: FiringStatus, lateness: Option<SignedDuration>) {
        let labels = SourceStatus {
            source: self.name(source),
            status: status.as_str(),
        };
        self.0.fired.get_or_create(&labels).inc();
        if let Some(lateness) = lateness {
            self.0.late.observe(lateness.as_secs_f64().max(0.0));
        }
    }

    /// The name under which a pipeline, rule or schedule is counted.
    fn name(&self, name: &str) -> String {
        // Nothing panics while it is held.
        let mut names = self.0.names.lock().unwrap_or_else(PoisonError::into_inner);
        if !names.contains(name) {
            if names.len() >= NAMES_MAX {
                return OTHERS.to_owned();
            }
            names.insert(name.to_owned());
        }
        name.to_owned()
    }

    /// All numbers in Prometheus's text form (OpenMetrics). `unfinished` is how many jobs there are now of each status
    /// that is not final.
    pub fn text(&self, unfinished: &[(&'static str, i64)]) -> Result<String, std::fmt::Error> {
        for (status, count) in unfinished {
            self.0
                .unfinished
                .get_or_create(&Status { status })
                .set(*count);
        }
        let mut text = String::new();
        encode(&mut text, &self.0.registry)?;
        Ok(text)
    }
}
