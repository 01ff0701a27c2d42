//! What cells put out, and where it goes.

use super::{environment, notebook, notebook_for, outputs, run, run_cells, statuses};
use notebook::{CellStatus, Error, Event, Notebook, Options};
use serde_json::{Value, json};

fn text(outputs: &[Value], name: &str) -> String {
    let streams = outputs
        .iter()
        .filter(|output| output["output_type"] == "stream" && output["name"] == name);
    streams
        .map(|output| output["text"].as_str().expect("text"))
        .collect()
}

#[tokio::test]
async fn the_tours_notebook_has_its_line_and_its_figure() {
    let bytes = include_bytes!("../../../../examples/qiita_sample.ipynb");
    let mut notebook = Notebook::from_slice(bytes).unwrap();
    let summary = run(&mut notebook, &Options::new(environment()))
        .await
        .unwrap();
    assert_eq!(summary.kernel, "python3");
    let outputs = outputs(&notebook, 0);
    assert_eq!(outputs.len(), 2, "{outputs:?}");
    assert!(text(&outputs, "stdout").starts_with("20"));
    assert_eq!(outputs[1]["output_type"], "display_data");
    assert!(
        outputs[1]["data"]["image/png"]
            .as_str()
            .unwrap()
            .starts_with("iVBORw0KGgo")
    );
    assert_eq!(notebook.cells[0].execution_count(), Some(1));
    assert_eq!(notebook.metadata["language_info"]["name"], "python");
    let execution = notebook.cells[0].metadata["execution"].as_object().unwrap();
    let keys: Vec<&str> = execution.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "iopub.execute_input",
            "iopub.status.busy",
            "iopub.status.idle",
            "shell.execute_reply"
        ]
    );
}

#[tokio::test]
async fn nothing_of_100_000_flushed_prints_is_lost() {
    let (notebook, result) =
        run_cells(&["for i in range(100_000):\n    print(i, flush=True)"]).await;
    result.unwrap();
    let outputs = outputs(&notebook, 0);
    assert_eq!(
        outputs.len(),
        1,
        "adjacent pieces of a stream are one output"
    );
    let lines: Vec<usize> = text(&outputs, "stdout")
        .lines()
        .map(|line| line.parse().unwrap())
        .collect();
    assert!(lines.into_iter().eq(0..100_000));
}

#[tokio::test]
async fn nothing_is_lost_while_the_executor_is_busy() {
    let folder = tempfile::tempdir().unwrap();
    let done = folder.path().join("done");
    let code =
        format!("for i in range(5_000):\n    print(i, flush=True)\nopen({done:?}, 'w').close()");
    let mut notebook = notebook(&[&code]);
    let mut events = |event: Event<'_>| {
        // Holds the executor's only thread until the kernel has sent far more than its queue of 1,000 messages.
        while matches!(event, Event::Output { .. }) && !done.exists() {
            std::thread::yield_now();
        }
    };
    notebook::prepare(&mut notebook, &Default::default()).unwrap();
    notebook::execute(
        &mut notebook,
        &Options::new(environment()),
        std::future::pending(),
        &mut events,
    )
    .await
    .unwrap();
    assert_eq!(
        text(&outputs(&notebook, 0), "stdout").lines().count(),
        5_000
    );
}

#[tokio::test]
async fn display_ids_update_outputs_of_earlier_cells() {
    let cells = [
        "h = display({'text/plain': 'one'}, raw=True, display_id='d')",
        "h = display({'text/plain': 'two'}, raw=True, display_id='d')",
        "from IPython.display import update_display\nupdate_display({'text/plain': 'three'}, raw=True, display_id='d')",
        "update_display({'text/plain': 'none'}, raw=True, display_id='unknown')",
    ];
    let (notebook, result) = run_cells(&cells).await;
    result.unwrap();
    for index in [0, 1] {
        let outputs = outputs(&notebook, index);
        assert_eq!(outputs.len(), 1);
        assert_eq!(outputs[0]["data"], json!({"text/plain": "three"}));
        assert!(outputs[0].get("transient").is_none());
    }
    assert!(outputs(&notebook, 2).is_empty() && outputs(&notebook, 3).is_empty());
}

#[tokio::test]
async fn clear_output_empties_now_or_before_the_next_output() {
    let cells = [
        "from IPython.display import clear_output\nprint('a', flush=True); clear_output(); print('b', flush=True)",
        "print('a', flush=True); clear_output(wait=True)",
        "print('a', flush=True); clear_output(wait=True); print('b', flush=True); print('c', flush=True)",
    ];
    let (notebook, result) = run_cells(&cells).await;
    result.unwrap();
    let stdout = |index| text(&outputs(&notebook, index), "stdout");
    assert_eq!(
        (stdout(0), stdout(1), stdout(2)),
        ("b\n".into(), "a\n".into(), "b\nc\n".into())
    );
}

#[tokio::test]
async fn output_of_a_thread_after_its_cell_is_kept() {
    let cells = [
        "import threading, sys\ngo = threading.Event()\ndef late():\n    go.wait()\n    print('late', flush=True)\n\
         thread = threading.Thread(target=late); thread.start()",
        "go.set(); thread.join()",
    ];
    let (notebook, result) = run_cells(&cells).await;
    result.unwrap();
    let all = text(&outputs(&notebook, 0), "stdout") + &text(&outputs(&notebook, 1), "stdout");
    assert_eq!(all, "late\n");
}

#[tokio::test]
async fn results_streams_and_mime_types_are_kept_as_they_come() {
    let cells = [
        "import sys\nprint('out', flush=True)\nprint('err', file=sys.stderr, flush=True)\n{'a': 1}",
        "display({'application/x-odd+json': {'b': [1, None]}, 'text/html': '<b>x</b>'}, raw=True, metadata={'k': 1})",
        "input('name? ')",
    ];
    let mut notebook = notebook(&cells);
    notebook.cells[2]
        .metadata
        .insert("tags".into(), json!(["raises-exception"]));
    run(&mut notebook, &Options::new(environment()))
        .await
        .unwrap();
    let first = outputs(&notebook, 0);
    assert_eq!(text(&first, "stdout"), "out\n");
    assert_eq!(text(&first, "stderr"), "err\n");
    let result = json!({"output_type": "execute_result", "execution_count": 1, "data": {"text/plain": "{'a': 1}"}, "metadata": {}});
    assert_eq!(first[2], result);
    let odd = json!({"application/x-odd+json": {"b": [1, null]}, "text/html": "<b>x</b>"});
    assert_eq!(outputs(&notebook, 1)[0]["data"], odd);
    assert_eq!(outputs(&notebook, 1)[0]["metadata"], json!({"k": 1}));
    assert_eq!(
        outputs(&notebook, 2)[0]["ename"],
        "StdinNotImplementedError"
    );
    assert_eq!(statuses(&notebook), ["completed", "completed", "completed"]);
}

#[tokio::test]
async fn empty_skipped_and_text_cells_are_not_sent() {
    let mut notebook = notebook(&[
        "  \n",
        "x = 1",
        "# only a comment",
        "get_ipython().execution_count",
    ]);
    notebook.cells[1]
        .metadata
        .insert("tags".into(), json!(["skip-execution"]));
    notebook
        .cells
        .push(notebook::nbformat::Cell::markdown("1/0"));
    run(&mut notebook, &Options::new(environment()))
        .await
        .unwrap();
    let counts: Vec<Option<i64>> = notebook
        .cells
        .iter()
        .map(|cell| cell.execution_count())
        .collect();
    assert_eq!(counts, [None, None, Some(1), Some(2), None]);
    assert_eq!(
        notebook.cells[4].metadata["papermill"]["status"],
        "completed"
    );
}

#[tokio::test]
async fn another_kernel_runs_as_well() {
    let cells = ["echo \"n is $n\"", "false", "echo after"];
    let mut notebook = notebook_for("bash", &cells);
    let mut options = Options::new(environment());
    options.allow_errors = true;
    let parameters =
        notebook::Parameters::from_iter([("n", notebook::Value::Str("a 'b' $c".into()))]);
    let preparation = notebook::Preparation {
        parameters,
        ..Default::default()
    };
    notebook::prepare(&mut notebook, &preparation).unwrap();
    notebook::execute(&mut notebook, &options, std::future::pending(), &mut |_| {})
        .await
        .unwrap();
    assert_eq!(text(&outputs(&notebook, 1), "stdout"), "n is a 'b' $c\n");
    assert_eq!(text(&outputs(&notebook, 3), "stdout"), "after\n");
    assert_eq!(notebook.metadata["language_info"]["name"], "bash");
}

#[tokio::test]
async fn events_tell_the_run_as_it_happens() {
    let mut notebook = notebook(&["print(1)", "1/0"]);
    notebook::prepare(&mut notebook, &Default::default()).unwrap();
    let mut told = Vec::new();
    let mut events = |event: Event<'_>| match event {
        Event::KernelStarting { kernel } => told.push(format!("starting {kernel}")),
        Event::KernelStarted => told.push("started".into()),
        Event::CellStarted {
            index,
            total,
            source,
        } => told.push(format!("cell {index}/{total} {source}")),
        Event::Output { index, output } => {
            told.push(format!("output {index} {}", output["output_type"]))
        }
        Event::CellFinished { index, status, .. } => {
            told.push(format!("end {index} {}", status == CellStatus::Completed))
        }
        _ => {}
    };
    let options = Options::new(environment());
    notebook::execute(&mut notebook, &options, std::future::pending(), &mut events)
        .await
        .unwrap_err();
    let expected = [
        "starting python3",
        "started",
        "cell 0/2 print(1)",
        "output 0 \"stream\"",
        "end 0 true",
        "cell 1/2 1/0",
        "output 1 \"error\"",
        "end 1 false",
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn outputs_that_memory_does_not_hold_are_all_there() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        output_path: Some(folder.path().join("out.ipynb")),
        ..Options::new(environment())
    };
    let cells = [
        "h = display({'text/plain': 'first'}, raw=True, display_id='d')",
        "import sys\nfor i in range(30):\n    print(i, 'x' * 200_000, flush=True)\n    display({'text/plain': str(i)}, raw=True)\n\
         sys.stdout.write('no end'); sys.stdout.flush()",
        "h.update({'text/plain': 'second'}, raw=True)\nprint('y' * 3_000_000)",
        "from IPython.display import clear_output\nprint('z' * 3_000_000, flush=True); clear_output(); print('kept')",
        "print('a\\n' * 2_000_000)\nraise ValueError('told')\n",
    ];
    let mut notebook = notebook(&cells);
    let Err(Error::Cell(error)) = run(&mut notebook, &options).await else {
        panic!("the last cell fails");
    };
    assert_eq!(
        (error.ename.as_str(), error.evalue.as_str()),
        ("ValueError", "told")
    );
    let saved = std::fs::read(options.output_path.unwrap()).unwrap();
    let saved = Notebook::from_slice(&saved).unwrap();
    assert_eq!(saved, notebook);
    assert_eq!(outputs(&saved, 0)[0]["data"]["text/plain"], "second");
    let many = outputs(&saved, 1);
    let lines = |outputs: &[Value]| text(outputs, "stdout").lines().count();
    assert_eq!(lines(&many), 31);
    let shown: Vec<_> = many
        .iter()
        .filter_map(|output| output["data"]["text/plain"].as_str())
        .collect();
    assert_eq!(shown.len(), 30);
    assert_eq!(many.len(), 61, "streams stay between the displays");
    assert!(text(&many, "stdout").ends_with("no end"));
    assert_eq!(text(&outputs(&saved, 2), "stdout").len(), 3_000_001);
    assert_eq!(outputs(&saved, 3).len(), 1);
    assert_eq!(text(&outputs(&saved, 3), "stdout"), "kept\n");
    let last = outputs(&saved, 4);
    assert_eq!((lines(&last), last.len()), (2_000_001, 2));
    assert_eq!(last[1]["ename"], "ValueError");
}
