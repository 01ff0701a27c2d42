//! The same notebooks run by Papermill and by us, compared as files after times and ids are taken out.

use super::{environment, papermill_itself};
use notebook::{Notebook, Options, Parameters, Preparation, Value as Parameter};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::path::Path;

/// Runs Papermill itself; the file that it leaves.
fn by_papermill(input: &Path, output: &Path, arguments: &[&str]) -> Value {
    let mut all = vec![input.as_os_str(), output.as_os_str()];
    all.extend(arguments.iter().map(OsStr::new));
    all.push(OsStr::new("--no-progress-bar"));
    papermill_itself(&all);
    serde_json::from_slice(&std::fs::read(output).expect("papermill wrote a file")).unwrap()
}

/// Times, ids and what a run can't repeat become fixed; adjacent pieces of a stream become one, as we write them.
pub(super) fn normal(mut file: Value) -> Value {
    let fix = |object: &mut Value, keys: &[&str]| {
        for key in keys {
            if let Some(value) = object.get_mut(key).filter(|value| !value.is_null()) {
                *value = json!("fixed");
            }
        }
    };
    fix(
        &mut file["metadata"]["papermill"],
        &["start_time", "end_time", "duration", "output_path"],
    );
    for cell in file["cells"].as_array_mut().unwrap() {
        fix(cell, &["id"]);
        if cell["metadata"].get("papermill").is_some() {
            fix(
                &mut cell["metadata"]["papermill"],
                &["start_time", "end_time", "duration"],
            );
        }
        if let Some(Value::Object(execution)) = cell["metadata"].get_mut("execution") {
            execution
                .values_mut()
                .for_each(|date| *date = json!("fixed"));
        }
        let Some(Value::Array(outputs)) = cell.get_mut("outputs") else {
            continue;
        };
        let mut merged: Vec<Value> = Vec::new();
        for output in outputs.drain(..) {
            let joins = merged.last().is_some_and(|last| {
                output["output_type"] == "stream" && last["name"] == output["name"]
            });
            match merged
                .last_mut()
                .and_then(|last| last["text"].as_array_mut())
            {
                Some(lines) if joins => {
                    lines.extend(output["text"].as_array().unwrap().iter().cloned())
                }
                _ => merged.push(output),
            }
        }
        *outputs = merged;
    }
    file
}

pub(super) async fn compare(file: Value, parameters: &[(&str, Parameter)], execute: bool) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let [input, theirs, ours] =
        ["in.ipynb", "theirs.ipynb", "ours.ipynb"].map(|name| folder.path().join(name));
    std::fs::write(&input, file.to_string()).unwrap();
    let mut arguments: Vec<String> = Vec::new();
    for (name, value) in parameters {
        arguments.extend(["-y".to_owned(), json!({*name: value.to_json()}).to_string()]);
    }
    if !execute {
        arguments.push("--prepare-only".to_owned());
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let expected = normal(by_papermill(&input, &theirs, &arguments));

    let mut notebook = Notebook::from_slice(&std::fs::read(&input).unwrap()).unwrap();
    let preparation = Preparation {
        parameters: parameters.iter().cloned().collect(),
        input_path: Some(input.display().to_string()),
        output_path: Some(ours.display().to_string()),
        ..Preparation::default()
    };
    notebook::prepare(&mut notebook, &preparation).unwrap();
    if execute {
        let options = Options {
            output_path: Some(ours.clone()),
            ..Options::new(environment())
        };
        let _ =
            notebook::execute(&mut notebook, &options, std::future::pending(), &mut |_| {}).await;
    } else {
        notebook.save(&ours).unwrap();
    }
    let file = normal(serde_json::from_slice(&std::fs::read(&ours).unwrap()).unwrap());
    assert_eq!(file["metadata"], expected["metadata"]);
    assert_eq!(
        file["cells"].as_array().unwrap().len(),
        expected["cells"].as_array().unwrap().len()
    );
    for (ours, theirs) in file["cells"]
        .as_array()
        .unwrap()
        .iter()
        .zip(expected["cells"].as_array().unwrap())
    {
        assert_eq!(ours, theirs);
    }
    assert_eq!(file, expected);
    file
}

pub(super) fn code(source: &str, tags: &[&str]) -> Value {
    let metadata = if tags.is_empty() {
        json!({})
    } else {
        json!({"tags": tags})
    };
    json!({"cell_type": "code", "id": "x", "metadata": metadata, "execution_count": 9, "source": source,
           "outputs": [{"output_type": "stream", "name": "stdout", "text": "old\n"}]})
}

pub(super) fn file(cells: &[Value]) -> Value {
    let mut cells = cells.to_vec();
    for (index, cell) in cells.iter_mut().enumerate() {
        cell["id"] = json!(format!("id-{index}"));
    }
    json!({"nbformat": 4, "nbformat_minor": 5, "cells": cells, "metadata": {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}, "language_info": {"name": "python"}}})
}

#[tokio::test]
async fn figures_results_streams_and_parameters() {
    let markdown = json!({"cell_type": "markdown", "id": "x", "metadata": {}, "source": "# Title"});
    let figure = "%matplotlib inline\nimport matplotlib.pyplot as plt\nprint('a')\nplt.bar(['a', 'b'], [1, 2])\nplt.show()\nprint('b')";
    let cells = [
        markdown,
        code("alpha = 1\nbeta = 'x'", &["parameters"]),
        code("alpha, beta, gamma", &[]),
        code(figure, &[]),
        code(
            "import sys\nfor i in range(3): print(i, file=sys.stderr, flush=True)",
            &["keep"],
        ),
        code("", &[]),
        code("# nothing", &[]),
        code("1/0", &["skip-execution"]),
        code(
            "h = display({'text/html': '<b>'}, raw=True, display_id='d')",
            &[],
        ),
        code("h.update({'text/html': '<i>'}, raw=True)", &[]),
    ];
    let dict = Parameter::Dict(vec![(
        "k".into(),
        Parameter::List(vec![Parameter::Null, Parameter::Bool(true)]),
    )]);
    let parameters = [
        ("alpha", Parameter::Float(0.25)),
        ("beta", Parameter::Str("é\"\n".into())),
        ("gamma", dict),
    ];
    let file = compare(file(&cells), &parameters, true).await;
    assert_eq!(
        file["cells"][3]["outputs"][0]["output_type"], "execute_result",
        "it was the parameters that were compared"
    );
}

#[tokio::test]
async fn a_failing_cell() {
    let cells = [
        code("x = 1", &[]),
        code("def f(): return x / 0\nf()", &[]),
        code("x", &[]),
        code("", &[]),
    ];
    let file = compare(file(&cells), &[], true).await;
    assert_eq!(file["cells"].as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn a_notebook_that_exits() {
    compare(
        file(&[code("import sys; sys.exit()", &[]), code("1", &[])]),
        &[],
        true,
    )
    .await;
}

#[tokio::test]
async fn preparing_only_keeps_old_outputs_and_drops_old_banners() {
    let banner = json!({"cell_type": "markdown", "id": "x", "metadata": {"tags": ["papermill-error-cell-tag"]}, "source": "old"});
    let cells = [
        banner,
        code("a = 1", &["parameters"]),
        code("a = 2", &["injected-parameters", "more"]),
        code("a", &[]),
    ];
    let mut old = file(&cells);
    old["metadata"]["papermill"] = json!({"version": "1.0", "odd": 1, "parameters": {"a": 2}});
    let parameters: Vec<(&str, Parameter)> = Parameters::from_iter([("a", Parameter::Int(3))])
        .iter()
        .map(|(_, value)| ("a", value.clone()))
        .collect();
    compare(old, &parameters, false).await;
}
