//! The step that executes the notebook, with a log in Papermill's form.

use super::Attempt;
use super::progress::Teller;
use super::report::{Failure, say};
use crate::model::notebook_job::{TYPES_JSON, TYPES_VARIABLE};
use notebook::{Environment, Event, Notebook, Options, Parameters, Preparation, Value};
use std::collections::BTreeMap;
use std::fs;
use tokio_util::sync::CancellationToken;

const STEP: &str = "executing notebook";

pub(super) async fn run(
    attempt: &Attempt<'_>,
    environment: Environment,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    if attempt.variable("SM_OUTPUT_NOTEBOOK_NAME").is_empty() {
        return Err(Failure::new(
            STEP,
            "SM_OUTPUT_NOTEBOOK_NAME: ERROR - Output notebook name is not specified.",
        ));
    }
    let (input, output) = (attempt.input(), attempt.output());
    let mut notebook = read(attempt).map_err(|error| Failure::new(STEP, error))?;
    let parameters = parameters(attempt).map_err(|error| Failure::new(STEP, error))?;
    let kernel = Some(attempt.variable("SM_KERNEL_NAME"))
        .filter(|name| !name.is_empty())
        .map(str::to_owned);
    say(format_args!("Input Notebook:  {}", input.display()));
    say(format_args!("Output Notebook: {}", output.display()));
    let notes = notebook::prepare(
        &mut notebook,
        &Preparation {
            parameters,
            kernel_name: kernel.clone(),
            input_path: Some(input.display().to_string()),
            output_path: Some(output.display().to_string()),
            typed_parameters: !is_off(attempt.variable(TYPES_VARIABLE)),
            json_parameters: attempt.variable(TYPES_VARIABLE) == TYPES_JSON,
            ..Preparation::default()
        },
    )
    .map_err(|error| Failure::new(STEP, error.to_string()))?;
    if notes.no_parameters_cell {
        say(format_args!(
            "Input notebook does not contain a cell with tag 'parameters'"
        ));
    }
    for name in &notes.unknown_parameters {
        say(format_args!("Passed unknown parameter: {name}"));
    }
    for wrong in &notes.ill_typed_parameters {
        say(format_args!("Passed ill-typed parameter: {wrong}"));
    }
    let options = Options {
        kernel_name: kernel,
        cwd: Some(attempt.input_dir.clone()),
        output_path: Some(output),
        replace_special: true,
        ..Options::new(environment)
    };
    let mut teller = Teller::new(&attempt.run.progress());
    let mut tell = |event: Event<'_>| {
        teller.tell(&event);
        log(event);
    };
    match notebook::execute(&mut notebook, &options, stop.cancelled(), &mut tell).await {
        Ok(_) => Ok(()),
        Err(error @ notebook::Error::Interrupted { .. }) => {
            Err(Failure::stopped(STEP, error.to_string()))
        }
        Err(error) => Err(Failure::new(STEP, explain(&error))),
    }
}

fn read(attempt: &Attempt<'_>) -> Result<Notebook, String> {
    let name = attempt.variable("SM_INPUT_NOTEBOOK_NAME");
    let bytes =
        fs::read(attempt.input()).map_err(|error| format!("Cannot read {name}: {error}"))?;
    Notebook::from_slice(&bytes).map_err(|error| format!("{name}: {error}"))
}

fn is_off(variable: &str) -> bool {
    ["false", "0", "no", "off"]
        .iter()
        .any(|off| variable.eq_ignore_ascii_case(off))
}

/// The hyperparameters are the notebook's parameters. They are strings, because SageMaker has only those; the cell tagged
/// `parameters` tells which are more, so that `n + 1` works.
fn parameters(attempt: &Attempt<'_>) -> Result<Parameters, String> {
    let path = attempt.run.hyperparameters();
    let bytes = fs::read(&path).map_err(|error| format!("Cannot read the parameters: {error}"))?;
    let strings: BTreeMap<String, String> = serde_json::from_slice(&bytes)
        .map_err(|error| format!("Cannot understand the parameters: {error}"))?;
    Ok(strings
        .into_iter()
        .map(|(name, value)| (name, Value::Str(value)))
        .collect())
}

/// What went wrong, the notebook's own words first.
fn explain(error: &notebook::Error) -> String {
    match error {
        notebook::Error::Cell(cell) => {
            let traceback = plain(&cell.traceback.join("\n"));
            let count = cell
                .execution_count
                .map_or(" ".to_owned(), |n| n.to_string());
            format!(
                "Exception encountered at \"In [{count}]\": {}: {}\n{traceback}",
                cell.ename, cell.evalue
            )
        }
        other => other.to_string(),
    }
}

/// Papermill's `--log-output`: which cell runs, and what it prints.
fn log(event: Event<'_>) {
    match event {
        Event::KernelStarting { kernel } => {
            say(format_args!("Executing notebook with kernel: {kernel}"))
        }
        Event::KernelLog { text } => say(format_args!("{}", text.trim_end())),
        Event::CellStarted { index, .. } => say(format_args!("Executing Cell {:-<40}", index + 1)),
        Event::Output { output, .. } => {
            if let Some(text) = output_text(output) {
                say(format_args!("{}", plain(text.trim_end_matches('\n'))));
            }
        }
        Event::CellFinished { index, .. } => say(format_args!("Ending Cell {:-<43}", index + 1)),
        Event::SaveFailed { error } => {
            say(format_args!("A checkpoint could not be saved: {error}"))
        }
        _ => {}
    }
}

/// The readable part of an output.
fn output_text(output: &notebook::nbformat::Output) -> Option<String> {
    let joined = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Array(lines) => {
            Some(lines.iter().filter_map(|line| line.as_str()).collect())
        }
        _ => None,
    };
    match output.get("output_type")?.as_str()? {
        "stream" => joined(output.get("text")?),
        "display_data" | "execute_result" => joined(output.get("data")?.get("text/plain")?),
        "error" => {
            let lines = output.get("traceback")?.as_array()?;
            Some(
                lines
                    .iter()
                    .filter_map(|line| line.as_str())
                    .collect::<Vec<_>>()
                    .join("\n"),
            )
        }
        _ => None,
    }
}

/// Without terminal colours (`ESC [ … m` and its kin), which only disturb in a log.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' && chars.peek() == Some(&'[') {
            chars.next();
            for c in chars.by_ref() {
                if ('\u{40}'..='\u{7e}').contains(&c) {
                    break;
                }
            }
        } else {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_left_out() {
        assert_eq!(plain("\u{1b}[0;31mNameError\u{1b}[0m: x"), "NameError: x");
        assert_eq!(plain("open \u{1b}["), "open ");
    }

    #[test]
    fn text_of_outputs() {
        let output = |value: serde_json::Value| value.as_object().cloned().unwrap_or_default();
        let stream = output(serde_json::json!({"output_type": "stream", "text": ["a\n", "b"]}));
        assert_eq!(output_text(&stream).as_deref(), Some("a\nb"));
        let image =
            output(serde_json::json!({"output_type": "display_data", "data": {"image/png": "x"}}));
        assert_eq!(output_text(&image), None);
    }
}
