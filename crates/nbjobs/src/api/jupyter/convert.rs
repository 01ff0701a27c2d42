//! Jobs and definitions as jupyter-scheduler's models show them.

use super::runtime_environments::DEFAULT;
use crate::app::definitions::Definition;
use crate::model::job::{Job, JobStatus};
use crate::model::naming;
use crate::model::notebook_job::{
    DEFINITION_TAG, FOLDER_VARIABLE, NAME_TAG, TOKEN_TAG, TYPES_JSON, TYPES_VARIABLE, is_user_tag,
    is_user_variable,
};
use crate::model::schedule::to_unix;
use crate::model::tag::Tag;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// jupyter-scheduler's own template, which it shows and never reads.
pub(super) const TEMPLATE: &str = "{{input_filename}}-{{create_time}}";
/// The log in a job's output, under the name that AWS's extension looks for.
const LOG: &str = "sagemaker_job_execution.log";

/// A format of the executed notebook.
pub(super) struct Format {
    /// nbconvert's word.
    pub name: &'static str,
    label: &'static str,
    extension: &'static str,
    /// Whether every environment offers it; the others need nbconvert beside the kernel, and maybe more.
    pub is_offered: bool,
}

const fn format(
    name: &'static str,
    label: &'static str,
    extension: &'static str,
    is_offered: bool,
) -> Format {
    Format {
        name,
        label,
        extension,
        is_offered,
    }
}

/// The formats that a job may ask for: those whose files' names are known beforehand.
pub(super) const FORMATS: [Format; 8] = [
    format("ipynb", "Notebook", "ipynb", true),
    format("html", "HTML", "html", true),
    format("markdown", "Markdown", "md", false),
    format("pdf", "PDF", "pdf", false),
    format("latex", "LaTeX", "tex", false),
    format("rst", "reStructuredText", "rst", false),
    format("asciidoc", "AsciiDoc", "asciidoc", false),
    format("slides", "Slides", "slides.html", false),
];

/// A format as a runtime environment offers it; later versions of jupyter-scheduler call the name an id.
pub(super) fn format_document(format: &Format) -> Value {
    json!({"name": format.name, "id": format.name, "label": format.label})
}

/// `DescribeJob`.
pub(super) fn job(job: &Job, tags: &[Tag]) -> Value {
    let environment = &job.spec.environment;
    let variable = |name: &str| environment.get(name).map_or("", String::as_str);
    let mut document = common(variable, environment, &job.spec.hyper_parameters, tags);
    let formats = formats(variable("SM_OUTPUT_FORMATS"));
    let mut set = |member: &str, value: Value| document.insert(member.to_owned(), value);
    set("job_id", job.name.clone().into());
    set("name", tag(tags, NAME_TAG).unwrap_or(&job.name).into());
    set("url", format!("/jobs/{}", job.name).into());
    set("job_files", job_files(&formats, variable).into());
    set("downloaded", false.into());
    set(
        "compute_type",
        job.spec.resource_config.instance_type.clone().into(),
    );
    set("idempotency_token", json!(tag(tags, TOKEN_TAG)));
    set("job_definition_id", json!(tag(tags, DEFINITION_TAG)));
    set("status", status_word(job.status).into());
    set("status_message", json!(job.failure_reason));
    set("create_time", millis(job.created_at));
    set("update_time", millis(job.modified_at));
    set("start_time", json!(job.started_at.map(millis)));
    set("end_time", json!(job.ended_at.map(millis)));
    Value::Object(document)
}

/// `DescribeJobDefinition`, and when it runs next.
pub(super) fn definition(definition: &Definition, document: &Value) -> Value {
    let arguments = &document["Steps"][0]["Arguments"];
    let texts = |value: &Value| -> BTreeMap<String, String> {
        let members = value.as_object().into_iter().flatten();
        members
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect()
    };
    let environment = texts(&arguments["Environment"]);
    let variable = |name: &str| environment.get(name).map_or("", String::as_str);
    let (pipeline, tags) = (&definition.pipeline, &definition.tags);
    let parameters = texts(&arguments["HyperParameters"]);
    let mut document = common(variable, &environment, &parameters, tags);
    let mut set = |member: &str, value: Value| document.insert(member.to_owned(), value);
    let timer = definition.timer.as_ref();
    set("job_definition_id", pipeline.name.clone().into());
    set("name", tag(tags, NAME_TAG).unwrap_or(&pipeline.name).into());
    set(
        "compute_type",
        arguments["ResourceConfig"]["InstanceType"].clone(),
    );
    set("create_time", millis(pipeline.created_at));
    set("update_time", millis(pipeline.modified_at));
    set("active", timer.is_some_and(|timer| timer.is_enabled).into());
    // The user interface breaks on a schedule that is not cron's.
    set(
        "schedule",
        json!(timer.and_then(|timer| to_unix(&timer.when.expression))),
    );
    set("timezone", json!(timer.map(|timer| &timer.when.timezone)));
    set(
        "next_run_time",
        json!(timer.and_then(|timer| timer.next_due).map(millis)),
    );
    Value::Object(document)
}

/// What both have.
fn common<'a>(
    variable: impl Fn(&str) -> &'a str,
    environment: &BTreeMap<String, String>,
    parameters: &BTreeMap<String, String>,
    tags: &[Tag],
) -> Map<String, Value> {
    let is_shown = |(name, value): &(&String, &String)| {
        is_user_variable(name) && (name.as_str(), value.as_str()) != (TYPES_VARIABLE, TYPES_JSON)
    };
    let variables: BTreeMap<&String, &String> = environment.iter().filter(is_shown).collect();
    let user_tags = tags.iter().filter(|tag| is_user_tag(&tag.key));
    let user_tags: Vec<String> = user_tags
        .map(|tag| match tag.value.as_str() {
            "" => tag.key.clone(),
            value => format!("{}={value}", tag.key),
        })
        .collect();
    let kernel = variable("SM_KERNEL_NAME");
    let document = json!({
        "input_filename": variable("SM_INPUT_NOTEBOOK_NAME"),
        "runtime_environment_name": if kernel.is_empty() { DEFAULT } else { kernel },
        "runtime_environment_parameters": variables,
        "output_formats": formats(variable("SM_OUTPUT_FORMATS")),
        "output_filename_template": TEMPLATE,
        "parameters": parameters,
        "tags": user_tags,
        "package_input_folder": variable(FOLDER_VARIABLE) == "True",
        "packaged_files": null,
    });
    match document {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// The formats of an output; the notebook is always one.
fn formats(list: &str) -> Vec<&str> {
    let ipynb = FORMATS[0].name;
    let others = list.split(',').map(str::trim);
    let others = others.filter(|name| !name.is_empty() && *name != ipynb);
    std::iter::once(ipynb).chain(others).collect()
}

/// The files of an output. `file_name` is ours: where each is below the folder that the archive is unpacked into.
fn job_files<'a>(formats: &[&str], variable: impl Fn(&str) -> &'a str) -> Vec<Value> {
    let file = |label: &str, format: &str, name: &str| json!({"display_name": label, "file_format": format, "file_path": null, "file_name": name});
    let notebook = naming::output_file(variable("SM_OUTPUT_NOTEBOOK_NAME"));
    let stem = notebook.strip_suffix(".ipynb").unwrap_or(&notebook);
    // Of a format that is not known here, the file's name is not known either; the archive has it.
    let known = formats
        .iter()
        .filter_map(|name| FORMATS.iter().find(|format| format.name == *name));
    let mut files: Vec<Value> = known
        .map(|format| {
            file(
                format.label,
                format.name,
                &format!("{stem}.{}", format.extension),
            )
        })
        .collect();
    files.push(file("Input", "input", variable("SM_INPUT_NOTEBOOK_NAME")));
    files.push(file("Log", "log", LOG));
    if variable(FOLDER_VARIABLE) == "True" {
        files.push(file("Files", "files", ""));
    }
    files
}

/// Without members that are null, as jupyter-scheduler sends lists.
pub(super) fn without_nulls(mut document: Value) -> Value {
    if let Some(members) = document.as_object_mut() {
        members.retain(|_, value| !value.is_null());
        let files = members.get_mut("job_files").and_then(Value::as_array_mut);
        for file in files.into_iter().flatten() {
            *file = without_nulls(file.take());
        }
    }
    document
}

fn tag<'a>(tags: &'a [Tag], key: &str) -> Option<&'a str> {
    let found = tags.iter().find(|tag| tag.key == key);
    found.map(|tag| tag.value.as_str())
}

fn millis(at: Timestamp) -> Value {
    at.as_millisecond().into()
}

/// A status as jupyter-scheduler says it.
fn status_word(status: JobStatus) -> &'static str {
    match status {
        JobStatus::Queued => "QUEUED",
        JobStatus::InProgress => "IN_PROGRESS",
        JobStatus::Stopping => "STOPPING",
        JobStatus::Completed => "COMPLETED",
        JobStatus::Failed => "FAILED",
        JobStatus::Stopped => "STOPPED",
    }
}

/// The inverse, whatever the case. `CREATED`, which no job of ours is, is one that waits.
pub(super) fn status(word: &str) -> Option<JobStatus> {
    let upper = word.to_ascii_uppercase();
    if upper == "CREATED" {
        return Some(JobStatus::Queued);
    }
    JobStatus::ALL
        .into_iter()
        .find(|status| status_word(*status) == upper)
}
