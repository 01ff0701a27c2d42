//! What nbclient and Papermill do around cells: widgets, folded streams, tags, whole-run timeouts, odd kernels, resuming.

use super::{
    environment, is_alive, notebook, notebook_for, outputs, papermill_itself, run, statuses,
};
use notebook::{Error, Event, Notebook, Options};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// Options with the odd kernel, which takes some seconds to start.
fn odd_kernel(folder: &Path, start_s: f64) -> Options {
    let kernel = folder.join("kernels/odd");
    std::fs::create_dir_all(&kernel).unwrap();
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/odd_kernel.py");
    let argv = json!(["python3", program, "{connection_file}", start_s.to_string()]);
    std::fs::write(
        kernel.join("kernel.json"),
        json!({"argv": argv, "language": "python"}).to_string(),
    )
    .unwrap();
    let mut options = Options::new(environment());
    options.environment.set("JUPYTER_PATH", folder);
    options.kernel_name = Some("odd".to_owned());
    options
}

async fn by_odd_kernel(cells: &[&str]) -> (Notebook, Result<notebook::Summary, Error>) {
    let folder = tempfile::tempdir().unwrap();
    let mut notebook = notebook(cells);
    let result = run(&mut notebook, &odd_kernel(folder.path(), 0.0)).await;
    (notebook, result)
}

#[tokio::test]
async fn a_lost_idle_costs_no_four_seconds() {
    let begun = Instant::now();
    let mut cells = vec!["no idle"; 10];
    cells.splice(1..1, ["early idle late", "plain"]);
    let (notebook, result) = by_odd_kernel(&cells).await;
    result.unwrap();
    // nbclient waits 4 seconds for each; here it is a quarter of one.
    assert!(begun.elapsed() < Duration::from_secs(4 * 10));
    assert_eq!(outputs(&notebook, 0)[0]["text"], "no idle");
    assert_eq!(outputs(&notebook, 1)[0]["text"], "early idle late!");
}

#[tokio::test]
async fn a_kernel_that_restarts_or_aborts_has_not_run_the_cell() {
    let (notebook, result) = by_odd_kernel(&["a", "restart", "b"]).await;
    assert!(
        matches!(&result, Err(Error::KernelRestarted { place }) if place.index == 1),
        "{result:?}"
    );
    assert_eq!(statuses(&notebook), ["completed", "failed", "pending"]);
    assert_eq!(outputs(&notebook, 1)[0]["ename"], "DeadKernelError");
    let (notebook, result) = by_odd_kernel(&["abort", "b"]).await;
    assert!(matches!(result, Err(Error::Cell(error)) if error.ename == "Aborted"));
    assert_eq!(statuses(&notebook), ["failed", "pending"]);
}

#[tokio::test]
async fn a_kernel_that_asks_for_input_is_answered_and_its_cell_has_failed() {
    let (asking, result) = by_odd_kernel(&["a", "ask", "b"]).await;
    let Err(Error::Cell(error)) = result else {
        panic!("{result:?}")
    };
    assert_eq!(
        (error.index, error.ename.as_str()),
        (1, "StdinNotImplementedError")
    );
    assert!(error.evalue.contains("\"name?\""), "{error:?}");
    assert_eq!(statuses(&asking), ["completed", "failed", "pending"]);
    let told = outputs(&asking, 1);
    assert_eq!(told[0]["text"], "[][]ask");
    assert_eq!(told[1]["ename"], "StdinNotImplementedError");

    let mut asking = notebook(&["a", "ask", "b"]);
    let folder = tempfile::tempdir().unwrap();
    let mut options = odd_kernel(folder.path(), 0.0);
    options.allow_errors = true;
    run(&mut asking, &options).await.unwrap();
    assert_eq!(outputs(&asking, 2)[0]["text"], "b");
}

#[tokio::test]
async fn a_kernel_may_take_long_to_start() {
    let folder = tempfile::tempdir().unwrap();
    let mut notebook = notebook(&["slow"]);
    run(&mut notebook, &odd_kernel(folder.path(), 3.0))
        .await
        .unwrap();
    assert_eq!(outputs(&notebook, 0)[0]["text"], "slow");
}

#[tokio::test]
async fn the_whole_run_may_have_a_limit() {
    let mut options = Options::new(environment());
    let mut endless = notebook(&[]);
    // A busy machine may need a longer one, for the first cell to be completed within it.
    for seconds in [3, 12, 48, 192] {
        options.total_timeout = Some(Duration::from_secs(seconds));
        endless = notebook(&["x = 1", "import threading\nthreading.Event().wait()", "x"]);
        let error = run(&mut endless, &options).await.unwrap_err();
        assert!(matches!(error, Error::TotalTimeout { .. }), "{error}");
        if statuses(&endless)[0] == "completed" {
            break;
        }
    }
    assert_eq!(statuses(&endless), ["completed", "failed", "pending"]);
    let last = outputs(&endless, 1).pop().unwrap();
    assert_eq!(last["ename"], "CellTimeoutError");
    let folder = tempfile::tempdir().unwrap();
    let mut options = odd_kernel(folder.path(), 600.0);
    options.total_timeout = Some(Duration::from_millis(300));
    let error = run(&mut notebook(&["1"]), &options).await.unwrap_err();
    assert!(
        matches!(error, Error::TotalTimeout { place: None, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn errors_may_be_allowed_and_cells_skipped_by_any_tag() {
    let mut options = Options::new(environment());
    options.allow_errors = true;
    options.skip_cells_with_tag = "slow".to_owned();
    let mut notebook = notebook(&["1/0", "import os; os._exit(1)", "print('on')"]);
    notebook.cells[1]
        .metadata
        .insert("tags".into(), json!(["slow"]));
    run(&mut notebook, &options).await.unwrap();
    assert_eq!(outputs(&notebook, 0)[0]["ename"], "ZeroDivisionError");
    assert!(outputs(&notebook, 1).is_empty());
    assert_eq!(outputs(&notebook, 2)[0]["text"], "on\n");
}

#[tokio::test]
async fn a_progress_bar_is_one_line_if_wanted() {
    let code = "import sys\nfor i in range(101):\n    sys.stderr.write(f'\\r{i}%'); sys.stderr.flush()\nprint('done')";
    let mut options = Options::new(environment());
    let mut raw = notebook(&[code]);
    run(&mut raw, &options).await.unwrap();
    assert_eq!(
        outputs(&raw, 0)[0]["text"]
            .as_str()
            .unwrap()
            .matches('\r')
            .count(),
        101
    );
    options.coalesce_streams = true;
    let mut folded = notebook(&[code]);
    run(&mut folded, &options).await.unwrap();
    assert_eq!(outputs(&folded, 0)[0]["text"], "100%");
}

/// The widget models of a notebook, sorted, with the random ids made equal.
fn models(file: &Value) -> Vec<String> {
    let state = &file["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"];
    let mut models = Vec::new();
    for model in state.as_object().expect("widget state").values() {
        let mut text = String::new();
        let mut digits = String::new();
        for character in model.to_string().chars() {
            if character.is_ascii_hexdigit() {
                digits.push(character);
                continue;
            }
            text += if digits.len() == 32 { "ID" } else { &digits };
            digits.clear();
            text.push(character);
        }
        models.push(text);
    }
    models.sort_unstable();
    models
}

#[tokio::test]
async fn widgets_are_in_the_metadata_as_nbclient_writes_them() {
    let cells = [
        "import ipywidgets as w\nfrom IPython.display import display, clear_output\nslider = w.IntSlider(3)\nslider.value = 7\nslider",
        "out, inner = w.Output(), w.Output()\nwith out:\n    print('a'); print('b')\n    with inner:\n        print('inside')\n    display('c')\nprint('outside')\nout",
        "out.outputs",
        "with out:\n    clear_output(wait=True)\n    print('last')\nimage = w.Image(value=b'abc')",
        "len(out.outputs), out.outputs[0]['text']",
    ];
    let folder = tempfile::tempdir().unwrap();
    let [input, theirs] = ["in.ipynb", "out.ipynb"].map(|name| folder.path().join(name));
    let mut ours = notebook(&cells);
    ours.save(&input).unwrap();
    let done = papermill_itself(&[input.as_os_str(), theirs.as_os_str()]);
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let theirs: Value = serde_json::from_slice(&std::fs::read(&theirs).unwrap()).unwrap();
    run(&mut ours, &Options::new(environment())).await.unwrap();
    let file: Value = serde_json::from_slice(&ours.to_vec().unwrap()).unwrap();
    assert_eq!(models(&file), models(&theirs));
    let text = |index: usize| outputs(&ours, index)[0]["data"]["text/plain"].clone();
    assert!(text(2).as_str().unwrap().contains("'text': 'a\\nb\\n'"));
    assert_eq!(text(4), "(1, 'last\\n')");
    assert_eq!(outputs(&ours, 1)[0]["text"], "outside\n");
}

#[tokio::test]
async fn a_stopped_run_is_resumed_at_its_first_unfinished_cell() {
    let folder = tempfile::tempdir().unwrap();
    let [flag, path] = ["flag", "out.ipynb"].map(|name| folder.path().join(name));
    let fails_once = format!("import os\nassert os.path.exists({flag:?})\ntools, n");
    let cells = [
        "tools = 1",
        "n = 2",
        "kept = 3; kept",
        &fails_once,
        "'kept' in globals()",
    ];
    let mut notebook = notebook(&cells);
    for (index, tag) in [(0, "setup"), (1, "parameters"), (4, "end")] {
        notebook.cells[index]
            .metadata
            .insert("tags".into(), json!([tag]));
    }
    let mut options = Options::new(environment());
    options.output_path = Some(path.clone());
    run(&mut notebook, &options).await.unwrap_err();

    std::fs::write(&flag, "").unwrap();
    let mut again = Notebook::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    options.resume = true;
    notebook::prepare(&mut again, &Default::default()).unwrap();
    let mut told = Vec::new();
    let mut events = |event: Event<'_>| match event {
        Event::Resuming {
            first,
            rerun,
            total,
        } => told.push(format!("{first} {rerun:?} {total}")),
        Event::CellStarted { index, .. } => told.push(index.to_string()),
        _ => {}
    };
    notebook::execute(&mut again, &options, std::future::pending(), &mut events)
        .await
        .unwrap();
    assert_eq!(told, ["3 [0, 1] 5", "0", "1", "3", "4"]);
    assert!(statuses(&again).iter().all(|status| status == "completed"));
    let text = |index: usize| outputs(&again, index)[0]["data"]["text/plain"].clone();
    assert_eq!([text(2), text(3), text(4)], ["3", "(1, 2)", "False"]);
    let resumed = &again.metadata["papermill"]["resumed"];
    assert_eq!(resumed["first_cell"], again.cells[3].id.as_str());
    assert_eq!(resumed["kept_cells"], 1);
    assert_eq!(again.metadata["papermill"]["exception"], Value::Null);

    let summary = run(&mut again, &options).await.unwrap();
    assert!(summary.nothing_left);
    options.resume = false;
    options.until = Some("parameters".to_owned());
    run(&mut again, &options).await.unwrap();
    assert_eq!(
        statuses(&again),
        ["completed", "completed", "pending", "pending", "pending"]
    );
    assert!(again.metadata["papermill"].get("resumed").is_none());
    options.until = Some("nowhere".to_owned());
    let error = run(&mut again, &options).await.unwrap_err();
    assert!(matches!(error, Error::NoTaggedCell { .. }), "{error}");
}

#[tokio::test]
async fn what_the_kernel_started_in_other_sessions_ends_with_it() {
    let code = "import subprocess\nchild = subprocess.Popen(['setsid', 'tail', '-f', '/dev/null'])\n\
                daemon = subprocess.check_output('setsid sleep 600 >/dev/null & echo $!', shell=True)\n\
                print(child.pid, daemon.decode())";
    let mut notebook = notebook_for("python3", &[code]);
    run(&mut notebook, &Options::new(environment()))
        .await
        .unwrap();
    let text = outputs(&notebook, 0)[0]["text"]
        .as_str()
        .unwrap()
        .to_owned();
    let pids: Vec<i32> = text
        .split_whitespace()
        .map(|pid| pid.parse().unwrap())
        .collect();
    assert_eq!(pids.len(), 2);
    assert!(pids.iter().all(|pid| !is_alive(*pid)), "{pids:?}");
}

#[tokio::test]
async fn a_folder_that_is_lost_while_the_run_saves_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let lost = folder.path().join("lost");
    std::fs::create_dir(&lost).unwrap();
    let mut options = Options::new(environment());
    options.output_path = Some(lost.join("out.ipynb"));
    let code = format!("import shutil\nshutil.rmtree({lost:?})");
    let mut notebook = notebook(&[&code, "print('on')"]);
    let error = run(&mut notebook, &options).await.unwrap_err();
    assert!(matches!(error, Error::Save { .. }), "{error}");
    assert_eq!(
        outputs(&notebook, 1)[0]["text"],
        "on\n",
        "the caller still has everything"
    );
}
