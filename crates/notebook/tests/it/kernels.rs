//! Real kernels in other languages: bash_kernel, IRkernel, Deno. Each prints, fails, shows rich output, is interrupted.

use super::{environment, is_alive, notebook_for, outputs, run, statuses};
use notebook::{Environment, Error, Event, Options, execute};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The environment with the kernels of all three, R's from the system, Deno's from where `scripts/test` puts it.
fn all_kernels() -> Environment {
    let named = std::env::var_os("NBJOBS_TEST_DENO").map(PathBuf::from);
    let deno =
        named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.nbjobs/deno"));
    let data = std::path::absolute(deno.join(".local/share/jupyter")).unwrap();
    assert!(
        data.join("kernels/deno/kernel.json").is_file(),
        "the tests need Deno's kernel at {} (or below $NBJOBS_TEST_DENO); scripts/test installs it",
        data.display()
    );
    assert!(
        Path::new("/usr/share/jupyter/kernels/ir/kernel.json").is_file(),
        "the tests need R's kernel; on Debian: apt-get install r-cran-irkernel"
    );
    let mut environment = environment();
    environment.set("JUPYTER_PATH", &data);
    environment.set("DENO_DIR", deno.join("cache"));
    environment
}

fn streams(outputs: &[Value]) -> String {
    let texts = outputs.iter().filter_map(|output| output["text"].as_str());
    texts.collect()
}

/// What a kernel's cells look like.
struct Language {
    kernel: &'static str,
    prints: &'static str,
    rich: &'static str,
    mime: &'static str,
    fails: &'static str,
    ename: &'static str,
    /// Says its process id, then runs for ever.
    hangs: &'static str,
}

const LANGUAGES: [Language; 3] = [
    Language {
        kernel: "bash",
        prints: "for i in 1 2 3; do echo \"line $i é\"; done",
        rich: "echo '<b>x</b>' >f.html; displayHTML <f.html",
        mime: "text/html",
        fails: "false",
        ename: "",
        hangs: "echo $$; sleep 600",
    },
    Language {
        kernel: "ir",
        prints: "for (i in 1:3) cat('line', i, 'é\\n')",
        rich: "data.frame(a = 1:2)",
        mime: "text/html",
        fails: "stop('no such luck')",
        ename: "ERROR",
        hangs: "cat(Sys.getpid(), '\\n'); flush.console(); repeat Sys.sleep(0.05)",
    },
    Language {
        kernel: "deno",
        prints: "for (const i of [1, 2, 3]) console.log(`line ${i} é`)",
        rich: "Deno.jupyter.html`<b>x</b>`",
        mime: "text/html",
        fails: "throw new Error('no such luck')",
        ename: "Error",
        hangs: "console.log(Deno.pid); await new Promise((done) => setTimeout(done, 600_000))",
    },
];

async fn all_that_it_does(language: &Language) {
    let folder = tempfile::tempdir().unwrap();
    let mut options = Options::new(all_kernels());
    options.cwd = Some(folder.path().to_owned());
    let cells = [language.prints, language.rich, language.fails, "1"];
    let mut notebook = notebook_for(language.kernel, &cells);
    let error = run(&mut notebook, &options).await.unwrap_err();
    let Error::Cell(error) = error else {
        panic!("{}: {error}", language.kernel)
    };
    let printed = streams(&outputs(&notebook, 0));
    assert_eq!(printed, "line 1 é\nline 2 é\nline 3 é\n");
    let rich = outputs(&notebook, 1);
    assert!(
        rich.iter()
            .any(|output| output["data"][language.mime].is_string()),
        "{rich:?}"
    );
    assert_eq!((error.index, error.ename.as_str()), (2, language.ename));
    assert_eq!(
        statuses(&notebook),
        ["completed", "completed", "failed", "pending"]
    );
    assert!(notebook.metadata["language_info"]["name"].is_string());

    let mut notebook = notebook_for(language.kernel, &[language.hangs, "1"]);
    let (mut pid, mut tell) = (0, None);
    let (told, wish) = tokio::sync::oneshot::channel();
    tell.replace(told);
    let mut events = |event: Event<'_>| {
        if let Event::Output { output, .. } = event
            && let Some(text) = output.get("text").and_then(Value::as_str)
            && let Ok(number) = text.trim().parse()
            && let Some(tell) = tell.take()
        {
            pid = number;
            tell.send(()).unwrap();
        }
    };
    notebook::prepare(&mut notebook, &Default::default()).unwrap();
    let interrupt = async { wish.await.unwrap() };
    let error = notebook::execute(&mut notebook, &options, interrupt, &mut events)
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::Interrupted { place: Some(ref place) } if place.index == 0),
        "{error}"
    );
    assert_eq!(statuses(&notebook), ["failed", "pending"]);
    assert!(pid > 0 && !is_alive(pid));
}

#[tokio::test]
async fn bash_prints_fails_shows_and_is_interrupted() {
    all_that_it_does(&LANGUAGES[0]).await;
}

#[tokio::test]
async fn r_prints_fails_shows_and_is_interrupted() {
    all_that_it_does(&LANGUAGES[1]).await;
}

#[tokio::test]
async fn deno_prints_fails_shows_and_is_interrupted() {
    all_that_it_does(&LANGUAGES[2]).await;
}

#[tokio::test]
async fn what_deno_publishes_after_idle_is_in_its_cell() {
    let sources: Vec<String> = (0..20)
        .map(|i| format!("console.log('text {i}'); {i} + 1"))
        .collect();
    let cells: Vec<&str> = sources.iter().map(String::as_str).collect();
    let mut notebook = notebook_for("deno", &cells);
    run(&mut notebook, &Options::new(all_kernels()))
        .await
        .unwrap();
    for index in 0..20 {
        let outputs = outputs(&notebook, index);
        assert_eq!(streams(&outputs), format!("text {index}\n"));
        let result = outputs
            .iter()
            .find(|output| output["output_type"] == "execute_result");
        let text = result.unwrap()["data"]["text/plain"].as_str().unwrap();
        assert!(text.contains(&(index + 1).to_string()), "{text}");
    }
}

#[tokio::test]
async fn an_interrupt_may_be_a_message() {
    let folder = tempfile::tempdir().unwrap();
    let kernel = folder.path().join("kernels/by-message");
    std::fs::create_dir_all(&kernel).unwrap();
    let spec = serde_json::json!({
        "argv": ["python3", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "language": "python", "interrupt_mode": "message",
    });
    std::fs::write(kernel.join("kernel.json"), spec.to_string()).unwrap();
    let mut options = Options::new(environment());
    options.environment.set("JUPYTER_PATH", folder.path());
    let mut notebook = notebook_for(
        "by-message",
        &["print('here', flush=True)\nimport threading\nthreading.Event().wait()"],
    );
    let here = tokio::sync::Notify::new();
    let mut on_event = |event: Event<'_>| {
        if let Event::Output { .. } = event {
            here.notify_one();
        }
    };
    let ended = execute(&mut notebook, &options, here.notified(), &mut on_event).await;
    let error = ended.unwrap_err();
    assert!(matches!(error, Error::Interrupted { .. }), "{error}");
    assert_eq!(outputs(&notebook, 0)[1]["ename"], "KeyboardInterrupt");
}
