//! `/scheduler/config`: what this scheduler can do, in jupyter-scheduler's words.

use super::{Answer, json};
use serde_json::json;

pub(super) fn show() -> Answer {
    json(&json!({
        "supported_features": {
            "job_name": true,
            "parameters": true,
            "output_formats": true,
            "job_definition": true,
            "idempotency_token": true,
            "tags": true,
            "email_notifications": false,
            "timeout_seconds": true,
            "retry_on_timeout": false,
            "max_retries": false,
            "min_retry_interval_millis": false,
            "output_filename_template": false,
            "stop_job": true,
            "delete_job": true,
        },
        "manage_environments_command": "",
    }))
}
