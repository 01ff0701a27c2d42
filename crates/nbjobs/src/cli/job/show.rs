//! `nbjobs job show`.

use super::describe;
use crate::cli::client::Client;
use crate::cli::tags;
use crate::cli::text;
use crate::model::notebook_job::{DEFINITION_TAG, NAME_TAG};
use serde_json::Value;
use std::io::Write;

pub(super) fn run(
    client: &Client,
    name: &str,
    json: bool,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let job = describe(client, name)?;
    if json {
        text::json(out, &job)?;
        return Ok(());
    }
    let tags = tags::of(client, &job["TrainingJobArn"])?;
    text::fields(out, &fields(&job, &tags))?;
    Ok(())
}

fn fields(job: &Value, tags: &Value) -> Vec<(&'static str, String)> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let tagged = |key| tags::value(tags, key).unwrap_or_default().to_owned();
    let environment = &job["Environment"];
    let status = match (
        word(&job["TrainingJobStatus"]),
        word(&job["SecondaryStatus"]),
    ) {
        (status, secondary) if secondary.is_empty() || secondary == status => status,
        (status, secondary) => format!("{status} ({secondary})"),
    };
    vec![
        ("Job", word(&job["TrainingJobName"])),
        ("Name", tagged(NAME_TAG)),
        ("Definition", tagged(DEFINITION_TAG)),
        ("Status", status),
        ("Reason", word(&job["FailureReason"])),
        ("Created", text::moment(&job["CreationTime"])),
        ("Started", text::moment(&job["TrainingStartTime"])),
        ("Ended", text::moment(&job["TrainingEndTime"])),
        (
            "Took",
            text::duration(&job["TrainingStartTime"], &job["TrainingEndTime"]),
        ),
        ("Notebook", word(&environment["SM_INPUT_NOTEBOOK_NAME"])),
        ("Parameters", text::pairs(&job["HyperParameters"])),
        ("Kernel", word(&environment["SM_KERNEL_NAME"])),
        (
            "Input",
            word(&job["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"]),
        ),
        ("Output", super::download::artifact_uri(job)),
        ("Role", word(&job["RoleArn"])),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_job_is_shown_with_what_people_ask_first() {
        let job = json!({
            "TrainingJobName": "j", "TrainingJobStatus": "InProgress", "SecondaryStatus": "Training",
            "CreationTime": 1_671_926_400.5, "TrainingStartTime": 1_671_926_401.0,
            "Environment": {"SM_INPUT_NOTEBOOK_NAME": "n.ipynb"},
            "HyperParameters": {"a": "1", "b": "x y"},
            "OutputDataConfig": {"S3OutputPath": "s3://b/"},
        });
        let shown: Vec<_> = fields(&job, &json!([{"Key": "sagemaker:name", "Value": "N"}]))
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect();
        let want = [
            ("Job", "j"),
            ("Name", "N"),
            ("Status", "InProgress (Training)"),
            ("Created", "2022-12-25 00:00:00Z"),
            ("Started", "2022-12-25 00:00:01Z"),
            ("Notebook", "n.ipynb"),
            ("Parameters", "a = 1\nb = x y"),
            ("Output", "s3://b/j/output/output.tar.gz"),
        ];
        assert_eq!(shown, want.map(|(name, value)| (name, value.to_owned())));
    }
}
