//! A job: one run of one notebook. What was asked ([`JobSpec`]), where it stands ([`JobStatus`]) and how it ended.

mod failure;
mod list;
mod spec;
mod started_by;
mod status;

pub use failure::{FailureReason, REASON_CHARS_MAX};
pub use list::{JobFilter, JobSort};
pub use spec::{
    AlgorithmSpecification, Channel, DataSource, HEADLESS_CHANNEL_PREFIX, JobSpec,
    OutputDataConfig, ResourceConfig, RetryStrategy, S3DataSource, StoppingCondition, VpcConfig,
    is_parameter_name,
};
pub use started_by::StartedBy;
pub use status::{JobStatus, SecondaryStatus, Transition};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One job as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Unique among all jobs ever: `TrainingJobName`.
    pub name: String,
    /// What was asked for.
    pub spec: JobSpec,
    /// Where it stands.
    pub status: JobStatus,
    /// The finer state that AWS shows beside the status.
    pub secondary_status: SecondaryStatus,
    /// Every secondary status so far, oldest first.
    pub transitions: Vec<Transition>,
    /// Why it failed or was stopped by a limit.
    pub failure_reason: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When the driver of its first attempt started.
    pub started_at: Option<Timestamp>,
    /// When it reached a final status.
    pub ended_at: Option<Timestamp>,
    /// The last change of status.
    pub modified_at: Timestamp,
    /// When its next attempt may begin; only while it waits for that.
    #[serde(default)]
    pub retry_at: Option<Timestamp>,
}

impl Job {
    /// The object that holds the job's output: `{S3OutputPath}/{name}/output/output.tar.gz`,
    /// as SageMaker lays it out (a trailing slash of the path is not doubled).
    pub fn artifact_uri(&self) -> String {
        artifact_uri(&self.spec.output_data_config.s3_output_path, &self.name)
    }
}

/// See [`Job::artifact_uri`].
pub fn artifact_uri(s3_output_path: &str, job_name: &str) -> String {
    format!(
        "{}/{job_name}/output/output.tar.gz",
        s3_output_path.trim_end_matches('/')
    )
}

/// Splits `s3://bucket/key` into bucket and key; the key may be empty.
pub fn split_s3_uri(uri: &str) -> Result<(&str, &str), String> {
    let rest = uri.strip_prefix("s3://").ok_or_else(|| {
        format!("'{uri}' is not an S3 location; it must look like s3://bucket/prefix")
    })?;
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        return Err(format!(
            "'{uri}' names no bucket; it must look like s3://bucket/prefix"
        ));
    }
    Ok((bucket, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn artifact_location() {
        for (path, want) in [
            ("s3://b/", "s3://b/j/output/output.tar.gz"),
            ("s3://b/x", "s3://b/x/j/output/output.tar.gz"),
        ] {
            assert_eq!(artifact_uri(path, "j"), want);
        }
    }

    #[test]
    fn s3_uris() {
        assert_eq!(split_s3_uri("s3://b/k/l"), Ok(("b", "k/l")));
        assert_eq!(split_s3_uri("s3://b"), Ok(("b", "")));
        assert!(split_s3_uri("s3:///k").is_err());
        assert!(split_s3_uri("/k").is_err());
    }
}
