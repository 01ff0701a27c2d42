//! JupyterLab and the extension in a virtual environment of their own, made on first use.

use super::program;
use anyhow::{Context, bail};
use std::fs;
use std::path::Path;

/// Says, inside the environment, what was installed.
const STAMP: &str = "requirements.txt";

/// Makes the environment unless it is there with just these packages.
pub(super) fn ensure(venv: &Path, requirements: &str) -> anyhow::Result<()> {
    let stamp = venv.join(STAMP);
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == requirements) {
        return Ok(());
    }
    eprintln!(
        "Installing JupyterLab and AWS's extension into {}, once; this takes some minutes",
        venv.display()
    );
    run(
        Path::new("python3"),
        &["-m".as_ref(), "venv".as_ref(), venv.as_os_str()],
    )
    .context("on Debian, python3-venv must be installed")?;
    let wanted = venv.join("wanted.txt");
    fs::write(&wanted, requirements)
        .with_context(|| format!("cannot write {}", wanted.display()))?;
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-r",
    ];
    let mut arguments: Vec<&std::ffi::OsStr> = pip.iter().map(AsRef::as_ref).collect();
    arguments.push(wanted.as_os_str());
    run(&venv.join("bin/python"), &arguments)?;
    // Only now: an installation that was cut off is done again.
    fs::rename(&wanted, &stamp).with_context(|| format!("cannot write {}", stamp.display()))
}

fn run(path: &Path, arguments: &[&std::ffi::OsStr]) -> anyhow::Result<()> {
    let status = program(path)
        .args(arguments)
        .status()
        .with_context(|| format!("cannot start {}", path.display()))?;
    if !status.success() {
        bail!("{} ended with {status}", path.display());
    }
    Ok(())
}
