//! How runs end, and what the notebook says about it.

use super::{environment, is_alive, notebook, outputs, run, run_cells, statuses};
use notebook::{Error, Event, Notebook, Options, Parameters, StartError, kernelspec};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// The texts of the cells tagged as banners.
fn banners(notebook: &Notebook) -> Vec<usize> {
    let tagged = notebook
        .cells
        .iter()
        .enumerate()
        .filter(|(_, cell)| cell.has_tag("papermill-error-cell-tag"));
    tagged.map(|(index, _)| index).collect()
}

fn saved(path: &Path) -> Notebook {
    Notebook::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[tokio::test]
async fn a_failing_cell_ends_the_run_and_the_notebook_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = Options::new(environment());
    options.output_path = Some(folder.path().join("out.ipynb"));
    let mut notebook = notebook(&["print('before')", "1/0", "print('never')"]);
    let Err(Error::Cell(error)) = run(&mut notebook, &options).await else {
        panic!("no cell error")
    };
    assert_eq!((error.index, error.execution_count), (1, Some(2)));
    assert_eq!(
        (error.ename.as_str(), error.evalue.as_str()),
        ("ZeroDivisionError", "division by zero")
    );
    assert!(error.traceback.len() > 2);
    let notebook = saved(&folder.path().join("out.ipynb"));
    assert_eq!(statuses(&notebook), ["completed", "failed", "pending"]);
    assert_eq!(notebook.metadata["papermill"]["exception"], true);
    assert_eq!(banners(&notebook), [0, 2]);
    assert!(notebook.cells[0].source.contains(
        "An Exception was encountered at '<a href=\"#papermill-error-cell\">In [2]</a>'"
    ));
    assert_eq!(outputs(&notebook, 1)[0]["ename"], "ZeroDivisionError");
    assert!(outputs(&notebook, 2).is_empty());
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "no temporary file is left"
    );

    // A second run begins afresh.
    let mut again = notebook.clone();
    again.cells.retain(|cell| cell.source != "1/0");
    run(&mut again, &Options::new(environment())).await.unwrap();
    assert!(banners(&again).is_empty());
    assert_eq!(again.metadata["papermill"]["exception"], Value::Null);
}

#[tokio::test]
async fn failed_magics_and_errors_that_are_allowed() {
    let (_, result) = run_cells(&["%no_such_magic"]).await;
    assert!(matches!(result, Err(Error::Cell(_))), "{result:?}");
    let mut tagged = notebook(&["1/0", "print('on')"]);
    tagged.cells[0]
        .metadata
        .insert("tags".into(), json!(["raises-exception"]));
    run(&mut tagged, &Options::new(environment()))
        .await
        .unwrap();
    assert_eq!(statuses(&tagged), ["completed", "completed"]);
    assert!(banners(&tagged).is_empty());
}

#[tokio::test]
async fn a_notebook_may_end_itself() {
    let (notebook, result) = run_cells(&["import sys; sys.exit(0)", "print('never')"]).await;
    assert_eq!(result.unwrap().exited_in_cell, Some(0));
    assert_eq!(statuses(&notebook), ["failed", "pending"]);
    assert!(banners(&notebook).is_empty());
    let (_, result) = run_cells(&["import sys; sys.exit(3)"]).await;
    assert!(matches!(result, Err(Error::Cell(error)) if error.ename == "SystemExit"));
}

#[tokio::test]
async fn a_killed_kernel_is_reported_at_once_with_its_cell() {
    let mut notebook = notebook(&[
        "x = 1",
        "import os, threading\nprint(os.getpid(), flush=True)\nthreading.Event().wait()",
        "x",
    ]);
    notebook::prepare(&mut notebook, &Default::default()).unwrap();
    let mut killed = None;
    let mut events = |event: Event<'_>| {
        if let Event::Output { output, .. } = event
            && let Some(pid) = output
                .get("text")
                .and_then(Value::as_str)
                .and_then(|text| text.trim().parse().ok())
        {
            nix::sys::signal::kill(
                nix::unistd::Pid::from_raw(pid),
                nix::sys::signal::Signal::SIGKILL,
            )
            .unwrap();
            killed = Some(Instant::now());
        }
    };
    let options = Options::new(environment());
    let error = notebook::execute(&mut notebook, &options, std::future::pending(), &mut events)
        .await
        .unwrap_err();
    // It is noticed long before the cell would have ended.
    assert!(killed.unwrap().elapsed() < Duration::from_secs(60));
    let text = error.to_string();
    assert!(
        text.starts_with("Kernel died in cell 2 (\"import os, threading\")"),
        "{text}"
    );
    assert!(
        text.contains("SIGKILL") && text.contains("memory"),
        "{text}"
    );
    assert_eq!(statuses(&notebook), ["completed", "failed", "pending"]);
    assert_eq!(banners(&notebook), [0, 2]);
    assert_eq!(
        outputs(&notebook, 1).last().unwrap()["ename"],
        "DeadKernelError"
    );
}

#[tokio::test]
async fn a_kernel_that_exits_in_a_cell_is_dead() {
    let (notebook, result) = run_cells(&["import os; os._exit(7)"]).await;
    let error = result.unwrap_err();
    assert!(matches!(&error, Error::KernelDied { place, .. } if place.index == 0));
    assert!(error.to_string().contains("exit status 7"), "{error}");
    assert_eq!(statuses(&notebook), ["failed"]);
}

#[tokio::test]
async fn a_cell_that_takes_too_long_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = Options::new(environment());
    options.execution_timeout = Some(Duration::from_secs(3));
    options.output_path = Some(folder.path().join("out.ipynb"));
    let mut notebook = notebook(&["x = 1", "import threading\nthreading.Event().wait()", "x"]);
    let error = run(&mut notebook, &options).await.unwrap_err();
    assert!(
        matches!(&error, Error::Timeout { place, .. } if place.index == 1),
        "{error}"
    );
    let notebook = saved(&folder.path().join("out.ipynb"));
    assert_eq!(statuses(&notebook), ["completed", "failed", "pending"]);
    let names: Vec<Value> = outputs(&notebook, 1)
        .iter()
        .map(|output| output["ename"].clone())
        .collect();
    assert_eq!(names, ["KeyboardInterrupt", "CellTimeoutError"]);
}

#[tokio::test]
async fn a_cell_that_ignores_interrupts_is_killed_with_all_that_it_started() {
    let code = "import signal, subprocess, os, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n\
                child = subprocess.Popen(['tail', '-f', '/dev/null'])\nprint(os.getpid(), child.pid, flush=True)\n\
                while True: time.sleep(1)";
    let mut notebook = notebook(&[code]);
    notebook::prepare(&mut notebook, &Default::default()).unwrap();
    let (tell, told) = oneshot::channel();
    let (mut tell, mut pids) = (Some(tell), Vec::new());
    let mut events = |event: Event<'_>| {
        if let Event::Output { output, .. } = event
            && let Some(tell) = tell.take()
        {
            let text = output["text"].as_str().unwrap();
            pids = text
                .split_whitespace()
                .map(|pid| pid.parse::<i32>().unwrap())
                .collect();
            tell.send(()).unwrap();
        }
    };
    let interrupt = async { told.await.unwrap() };
    let options = Options::new(environment());
    let error = notebook::execute(&mut notebook, &options, interrupt, &mut events)
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::Interrupted { place: Some(ref place) } if place.index == 0),
        "{error}"
    );
    assert_eq!(pids.len(), 2);
    assert!(pids.iter().all(|pid| !is_alive(*pid)), "{pids:?}");
    assert_eq!(statuses(&notebook), ["failed"]);
}

#[tokio::test]
async fn a_silent_cell_is_saved_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.ipynb");
    let mut options = Options::new(environment());
    options.output_path = Some(path.clone());
    // The cell itself waits until its own earlier output is in the file.
    let code = format!(
        "import time\nprint('mark' + 'er', flush=True)\nwhile 'marker' not in open({:?}).read(): time.sleep(0.05)",
        path.display().to_string()
    );
    let mut notebook = notebook(&["x = 1", &code]);
    options.execution_timeout = Some(Duration::from_secs(30));
    run(&mut notebook, &options).await.unwrap();
}

#[tokio::test]
async fn kernels_that_do_not_exist_or_do_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let install = |name: &str, argv: Value| {
        let kernel = folder.path().join("kernels").join(name);
        std::fs::create_dir_all(&kernel).unwrap();
        std::fs::write(
            kernel.join("kernel.json"),
            json!({"argv": argv, "language": "python"}).to_string(),
        )
        .unwrap();
    };
    install(
        "broken",
        json!(["python", "-c", "import sys; sys.exit('no such thing')"]),
    );
    install(
        "mute",
        json!(["sh", "-c", "sleep 600", "{connection_file}"]),
    );
    install("missing", json!(["/no/such/program"]));
    let mut options = Options::new(environment());
    options.environment.set("JUPYTER_PATH", folder.path());
    options.output_path = Some(folder.path().join("out.ipynb"));
    let mut fail = async |kernel: &str, timeout: Duration| {
        options.kernel_name = Some(kernel.to_owned());
        options.start_timeout = timeout;
        run(&mut notebook(&["1"]), &options).await.unwrap_err()
    };
    let minute = Duration::from_secs(60);

    let error = fail("nope", minute).await;
    assert!(matches!(
        &error,
        Error::KernelSpec(kernelspec::Error::Unknown { .. })
    ));
    let told = error.to_string();
    let installed = ["bash", "broken", "missing", "mute", "python3"];
    assert!(installed.iter().all(|name| told.contains(name)), "{told}");
    assert!(
        !folder.path().join("out.ipynb").exists(),
        "nothing half-made is left"
    );

    let error = fail("broken", minute).await;
    assert!(
        matches!(&error, Error::KernelStart(StartError::Died { log, .. }) if log.contains("no such thing")),
        "{error}"
    );
    let notebook = saved(&folder.path().join("out.ipynb"));
    assert_eq!(statuses(&notebook), ["pending"]);
    assert_eq!(notebook.metadata["papermill"]["exception"], true);

    let error = fail("mute", Duration::from_millis(300)).await;
    assert!(
        matches!(&error, Error::KernelStart(StartError::Timeout { .. })),
        "{error}"
    );
    let error = fail("missing", minute).await;
    assert!(
        matches!(&error, Error::KernelStart(StartError::Launch { .. }))
            && error.to_string().contains("/no/such/program: No such file"),
        "{error}"
    );
}

#[tokio::test]
async fn a_kernel_that_knows_no_ipc_runs_over_tcp() {
    let folder = tempfile::tempdir().unwrap();
    let kernel = folder.path().join("kernels/tcp-only");
    std::fs::create_dir_all(&kernel).unwrap();
    let code = "import json, os, sys\nassert json.load(open(sys.argv[1]))['transport'] == 'tcp', 'no ipc here'\n\
                os.execv(sys.executable, [sys.executable, '-m', 'ipykernel_launcher', '-f', sys.argv[1]])";
    let spec = json!({"argv": ["python3", "-c", code, "{connection_file}"], "language": "python"});
    std::fs::write(kernel.join("kernel.json"), spec.to_string()).unwrap();
    let mut options = Options::new(environment());
    options.environment.set("JUPYTER_PATH", folder.path());
    options.kernel_name = Some("tcp-only".to_owned());
    let mut notebook = notebook(&["6 * 7"]);
    run(&mut notebook, &options).await.unwrap();
    assert_eq!(outputs(&notebook, 0)[0]["data"]["text/plain"], "42");
}

#[tokio::test]
async fn a_notebook_without_kernel_or_a_place_to_save_is_an_error() {
    let mut without = Notebook::from_slice(
        br#"{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}"#,
    )
    .unwrap();
    assert!(matches!(
        run(&mut without, &Options::new(environment())).await,
        Err(Error::NoKernelName)
    ));
    let mut options = Options::new(environment());
    options.output_path = Some("/no/such/folder/out.ipynb".into());
    let error = run(&mut notebook(&["1"]), &options).await.unwrap_err();
    assert!(
        matches!(&error, Error::Save { .. })
            && error.to_string().contains("/no/such/folder/out.ipynb"),
        "{error}"
    );
}

#[tokio::test]
async fn a_full_disk_is_an_error() {
    let mut options = Options::new(environment());
    options.output_path = Some("/dev/full".into());
    let error = run(&mut notebook(&["1"]), &options).await.unwrap_err();
    assert!(
        matches!(&error, Error::Save { source, .. } if source.raw_os_error() == Some(28)),
        "{error}"
    );
}

#[tokio::test]
async fn the_working_directory_and_the_environment_are_the_callers() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = Options::new(environment());
    options.cwd = Some(folder.path().to_owned());
    options.environment.set("GREETING", "hello");
    let mut notebook = notebook(&[
        "import os\nprint(os.getcwd(), os.environ['GREETING'], os.environ.get('CARGO'))",
    ]);
    notebook::prepare(
        &mut notebook,
        &notebook::Preparation {
            parameters: Parameters::default(),
            ..Default::default()
        },
    )
    .unwrap();
    run(&mut notebook, &options).await.unwrap();
    let expected = format!(
        "{} hello None\n",
        folder.path().canonicalize().unwrap().display()
    );
    assert_eq!(outputs(&notebook, 0)[0]["text"], expected);
}
