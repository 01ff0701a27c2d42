//! Tests of definitions and of the course of executions.

mod conditions;
mod course;
mod definition;
mod run;

use super::*;
use serde_json::{Value, json};

fn definition(json: &Value) -> Definition {
    Definition::parse(&json.to_string()).unwrap_or_else(|error| panic!("{error}"))
}
fn with_steps(steps: Value) -> Value {
    json!({"Version": "2020-12-01", "Parameters": [], "Steps": steps})
}

fn step(name: &str, depends_on: &[&str]) -> Value {
    json!({"Name": name, "Type": "Training", "Arguments": {"RoleArn": "r"}, "DependsOn": depends_on})
}

fn variables() -> Variables {
    let pipeline_arn = "arn:aws:sagemaker:us-east-1:000000000000:pipeline/daily";
    Variables {
        execution_id: "kbexktydy93v".into(),
        execution_arn: format!("{pipeline_arn}/execution/kbexktydy93v"),
        pipeline: "daily".into(),
        pipeline_arn: pipeline_arn.into(),
        started_at: "2022-12-25T15:23:04.64Z".parse().unwrap(),
    }
}
