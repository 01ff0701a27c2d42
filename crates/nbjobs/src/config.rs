//! The only reader of the environment. Everything else is told.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// What a driver inherits of the server's environment: how to find programs, kernels and locale. Nothing else
/// reaches a job, so that it doesn't see the server's secrets.
const INHERITED: [&str; 14] = [
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "TZ",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "JUPYTER_PATH",
    "JUPYTER_DATA_DIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "MPLCONFIGDIR",
    "XDG_CACHE_HOME",
];

/// The environment that drivers get.
pub fn driver_environment() -> BTreeMap<String, String> {
    INHERITED
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), variable(name)?)))
        .collect()
}

/// The data folder when none is named: `$XDG_DATA_HOME/nbjobs`, else `~/.local/share/nbjobs`.
pub fn default_data_dir() -> PathBuf {
    variable("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".local/share")))
        .unwrap_or_else(|| PathBuf::from("."))
        .join("nbjobs")
}

/// A variable of this process; an empty one counts as absent.
#[allow(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the environment"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
