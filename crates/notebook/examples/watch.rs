//! Runs a notebook and tells what happens: `cargo run -p notebook --example watch -- IN.ipynb OUT.ipynb`.
#![allow(clippy::disallowed_methods, reason = "a program of its own")]

use notebook::{Environment, Event, Notebook, Options, Preparation, execute, prepare};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut paths = std::env::args_os().skip(1);
    let (Some(input), Some(output)) = (paths.next(), paths.next()) else {
        return Err("give the notebook and where the executed one goes".into());
    };
    let mut notebook = Notebook::from_slice(&std::fs::read(input)?)?;
    prepare(&mut notebook, &Preparation::default())?;
    let mut options = Options::new(Environment::inherited());
    options.output_path = Some(output.into());
    let stop = async { tokio::signal::ctrl_c().await.unwrap_or(()) };
    let mut events = |event: Event<'_>| match event {
        Event::CellStarted { index, total, .. } => eprintln!("cell {} of {total}", index + 1),
        Event::Output { output, .. } => eprintln!("  {}", output["output_type"]),
        _ => {}
    };
    execute(&mut notebook, &options, stop, &mut events).await?;
    Ok(())
}
