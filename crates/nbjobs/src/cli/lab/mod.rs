//! `nbjobs lab`: JupyterLab with AWS's own extension for notebook jobs, wired to the running service.
//!
//! The extension is the published one. What it expects of a Studio container is given to it from outside: variables,
//! and a start script that has the files at fixed places of the file system read from a folder of ours.

mod packages;

use super::env;
use super::{DataDir, studio};
use crate::config;
use anyhow::{Context, bail};
use serde_json::json;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const START: &str = include_str!("start.py");
const PLAIN: &str = include_str!("requirements.txt");
const STUDIO: &str = include_str!("studio-requirements.txt");

/// What the image of a space is called unless the configuration says otherwise. Nothing is pulled: jobs run with the
/// kernels that the service finds.
const IMAGE: &str = "sagemaker-distribution:3-cpu";

/// Options of `nbjobs lab`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder that JupyterLab shows
    notebook_dir: PathBuf,
    #[command(flatten)]
    data_dir: DataDir,
    /// The port that JupyterLab listens on, on this machine only
    #[arg(long, default_value_t = 8899)]
    port: u16,
    /// Don't open a browser
    #[arg(long)]
    no_browser: bool,
    /// As in a Studio space, with its domain, user profile, images and kernels
    #[arg(long)]
    studio: bool,
    /// The space [default: the first that the service has]
    #[arg(long, value_name = "NAME", requires = "studio")]
    space: Option<String>,
    /// The virtual environment with JupyterLab, made on first use [default: a folder in the data folder]
    #[arg(long, value_name = "DIR")]
    packages: Option<PathBuf>,
}

/// Becomes JupyterLab; returns only an error.
pub(super) fn main(args: Args) -> anyhow::Result<()> {
    let data_dir = args.data_dir.path();
    let variables = env::variables(&data_dir)?;
    let notebooks = args.notebook_dir.canonicalize().with_context(|| {
        format!(
            "cannot show {}: it must be a folder",
            args.notebook_dir.display()
        )
    })?;
    if !notebooks.is_dir() {
        bail!("cannot show {}: it must be a folder", notebooks.display());
    }
    let lab = data_dir.join("lab");
    let (name, requirements) = if args.studio {
        ("studio", STUDIO)
    } else {
        ("plain", PLAIN)
    };
    let venv = args.packages.clone().unwrap_or_else(|| lab.join(name));
    packages::ensure(&venv, requirements)?;
    let venv = venv.canonicalize()?;

    let root = lab.join(format!("{name}-root"));
    let space = match args.studio {
        true => Some(studio::read(&data_dir, args.space.as_deref())?),
        false => None,
    };
    write_root(&root, space.as_ref())?;
    let start = lab.join("start.py");
    fs::write(&start, START).with_context(|| format!("cannot write {}", start.display()))?;

    let mut command = program(&venv.join("bin/python"));
    command
        .arg(start.canonicalize()?)
        .arg(format!("--ServerApp.root_dir={}", notebooks.display()))
        .arg(format!("--port={}", args.port))
        .current_dir(&notebooks)
        .envs(variables)
        .env("NBJOBS_LAB_ROOT", root.canonicalize()?)
        .env("PATH", path_before(&venv.join("bin")))
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env_remove("AWS_PROFILE")
        .env_remove("AWS_SESSION_TOKEN");
    if args.no_browser {
        command.arg("--no-browser");
    }
    if let Some(space) = &space {
        command
            .env("SAGEMAKER_APP_TYPE", "JupyterLab")
            .env("SAGEMAKER_SPACE_TYPE_LOWERCASE", space.sharing())
            .env("SAGEMAKER_INTERNAL_IMAGE_URI", IMAGE);
        if space.has_image {
            command.env("AWS_INTERNAL_IMAGE_OWNER", "Custom");
        }
    } else {
        command.env_remove("SAGEMAKER_APP_TYPE");
    }
    if rustix::process::geteuid().is_root() {
        // Jupyter refuses to run as root unless it is told to.
        command.arg("--allow-root");
    }
    Err(command.exec())
        .with_context(|| format!("cannot start {}", venv.join("bin/python").display()))
}

/// The files that the extension looks for: where it is, and that it is not a test stage of AWS's.
fn write_root(root: &Path, space: Option<&studio::Space>) -> anyhow::Result<()> {
    let mut metadata = json!({"AppType": "JupyterLab"});
    if let Some(space) = space {
        metadata["DomainId"] = space.domain.clone().into();
        metadata["SpaceName"] = space.name.clone().into();
        metadata["ResourceName"] = "default".into();
        if let Some(owner) = &space.owner {
            metadata["UserProfileName"] = owner.clone().into();
        }
    }
    let files = [
        ("opt/ml/metadata/resource-metadata.json", metadata),
        (
            "opt/.sagemakerinternal/internal-metadata.json",
            json!({"Stage": "prod"}),
        ),
    ];
    for (place, content) in files {
        let file = root.join(place);
        let folder = file.parent().unwrap_or(root);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&file, content.to_string()))
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    let logs = root.join("var/log/studio");
    fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))
}

/// The search path with a folder in front of it.
fn path_before(folder: &Path) -> String {
    match config::variable("PATH") {
        Some(path) => format!("{}:{path}", folder.display()),
        None => folder.display().to_string(),
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "this command becomes JupyterLab, for the user who typed it"
)]
fn program(path: &Path) -> Command {
    Command::new(path)
}
