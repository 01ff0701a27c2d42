//! Where Pythons are: the prefixes (`sys.prefix`) that an environment makes active, found without running them.

use crate::environment::Environment;
use std::path::{Path, PathBuf};

/// Every prefix that may hold a Python with kernels: active environments first, then the one on `PATH`, then the
/// system's.
pub(super) fn prefixes(environment: &Environment) -> Vec<PathBuf> {
    let mut prefixes = active_prefixes(environment);
    prefixes.extend(on_path(environment));
    prefixes.extend(["/usr/local", "/usr"].map(PathBuf::from));
    prefixes.dedup();
    prefixes
}

/// The activated virtual and conda environments, and the virtual environment that `python3` on `PATH` belongs to.
pub(super) fn active_prefixes(environment: &Environment) -> Vec<PathBuf> {
    let named = ["VIRTUAL_ENV", "CONDA_PREFIX"]
        .into_iter()
        .filter_map(|name| environment.get(name));
    let mut prefixes: Vec<PathBuf> = named.map(PathBuf::from).collect();
    let on_path = on_path(environment).filter(|prefix| prefix.join("pyvenv.cfg").is_file());
    prefixes.extend(on_path.filter(|prefix| !prefixes.contains(prefix)));
    prefixes
}

/// The prefix of the first `python3` on `PATH`. A virtual environment's `python3` is a link, and the folder of the link
/// counts; elsewhere the link's target does. Scripts that stand in for a Python (pyenv's shims) are passed over.
pub(super) fn on_path(environment: &Environment) -> Option<PathBuf> {
    environment.paths("PATH").into_iter().find_map(|folder| {
        let program = folder.join("python3");
        let virtual_env = prefix_of(&program).filter(|prefix| prefix.join("pyvenv.cfg").is_file());
        virtual_env
            .filter(|_| program.is_file())
            .or_else(|| prefix_of(&program.canonicalize().ok()?))
    })
}

/// The folder above `bin`.
fn prefix_of(program: &Path) -> Option<PathBuf> {
    let folder = program.parent().filter(|folder| folder.ends_with("bin"))?;
    folder.parent().map(Path::to_owned)
}

/// Whether a program's name is one that means "the Python of this environment".
pub(super) fn is_bare_name(program: &str) -> bool {
    match program.strip_prefix("python") {
        Some("" | "3") => true,
        Some(version) => version
            .strip_prefix("3.")
            .is_some_and(|minor| minor.parse::<u8>().is_ok()),
        None => false,
    }
}

/// The interpreter of a prefix: by the wanted name, else `python3`, else `python`.
pub(super) fn interpreter(prefix: &Path, wanted: &str) -> Option<PathBuf> {
    let candidates = [wanted, "python3", "python"].map(|name| prefix.join("bin").join(name));
    candidates.into_iter().find(|candidate| candidate.is_file())
}

/// Whether ipykernel is installed in a prefix.
pub(super) fn has_ipykernel(prefix: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(prefix.join("lib")) else {
        return false;
    };
    let pythons = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("python3"));
    let packages = pythons
        .flat_map(|python| ["site-packages", "dist-packages"].map(|name| python.path().join(name)));
    interpreter(prefix, "python3").is_some()
        && packages
            .into_iter()
            .any(|packages| packages.join("ipykernel").is_dir())
}
