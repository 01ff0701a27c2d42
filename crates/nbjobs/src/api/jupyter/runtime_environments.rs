//! `/scheduler/runtime_environments`: the kernels that a job can run on. The user interface sends a label where the name
//! belongs, so they are equal.

use super::convert::{FORMATS, format_document};
use super::error::Refusal;
use super::{Answer, json};
use crate::app::{App, kernels};
use serde_json::{Value, json};

/// The environment of notebooks that run on the kernel that they name.
pub(super) const DEFAULT: &str = "default";

pub(super) async fn list(app: &App) -> Answer {
    let own = "The kernel that the notebook names".to_owned();
    let mut environments = vec![environment(DEFAULT, own)];
    for name in kernels::names(app).await? {
        environments.push(environment(
            &name,
            format!("The kernel {name}, whatever the notebook names"),
        ));
    }
    json(&environments)
}

fn environment(name: &str, description: String) -> Value {
    let offered = FORMATS.iter().filter(|format| format.is_offered);
    let formats: Vec<Value> = offered.map(format_document).collect();
    json!({
        "name": name,
        "label": name,
        "description": description,
        "file_extensions": ["ipynb"],
        "output_formats": formats,
        "metadata": {},
        "compute_types": null,
        "default_compute_type": null,
        "utc_only": false,
    })
}

/// The kernel that an environment stands for, empty for the notebook's own.
pub(super) async fn kernel(app: &App, name: &str) -> Result<String, Refusal> {
    if name == DEFAULT {
        return Ok(String::new());
    }
    let names = kernels::names(app).await?;
    if names.iter().any(|known| known == name) {
        return Ok(name.to_owned());
    }
    Err(Refusal::invalid(format!(
        "runtime_environment_name: there is no environment {name:?}; there are {DEFAULT}, {}",
        names.join(", ")
    )))
}
