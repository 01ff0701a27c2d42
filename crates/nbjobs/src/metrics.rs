//! Numbers for Prometheus. What they count is counted since the start of this server; names and labels are a contract.

use crate::model::job::Job;
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::sync::Arc;

/// Upper bounds of the time that a job waits for its place, in seconds.
const WAIT_BOUNDS: [f64; 9] = [0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0];
/// Upper bounds of the time that a run takes, in seconds.
const RUN_BOUNDS: [f64; 9] = [1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0];

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
        Self(Arc::new(Numbers {
            registry,
            ended,
            waited,
            took,
            unfinished,
        }))
    }
}

impl Metrics {
    /// A job has come to its final status.
    pub fn job_ended(&self, job: &Job) {
        let status = Status {
            status: job.status.as_str(),
        };
        self.0.ended.get_or_create(&status).inc();
        if let Some(started) = job.started_at {
            let waited = started.duration_since(job.created_at);
            self.0.waited.observe(waited.as_secs_f64().max(0.0));
            if let Some(ended) = job.ended_at {
                let took = ended.duration_since(started).as_secs_f64();
                self.0.took.get_or_create(&status).observe(took.max(0.0));
            }
        }
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
