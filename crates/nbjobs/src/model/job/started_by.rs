//! Who started a job, and under which name people know it.

use jiff::Timestamp;

/// What the rows around a job say of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StartedBy {
    /// The pipeline that it is a step of: its definition. None for a job on demand.
    pub pipeline: Option<String>,
    /// The execution of that pipeline.
    pub execution: Option<String>,
    /// The rule or schedule that fired, such as `rule/NAME`, and when it was due.
    pub fired_by: Option<(String, Timestamp)>,
    /// The name that its creator gave it (`sagemaker:name`).
    pub display_name: Option<String>,
}
