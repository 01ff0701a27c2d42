//! Finds kernelspecs on the Jupyter path and turns one into a command line. Reads folders and files only: no Python is
//! run to ask for its paths. Knows no running kernel.

mod python;

use crate::environment::Environment;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The folder of kernelspecs within a Jupyter data folder.
const KERNELS: &str = "kernels";
/// The kernel that exists wherever ipykernel is installed, with or without a kernelspec.
const NATIVE_KERNEL: &str = "python3";

/// Why there is no such kernel.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No kernelspec has this name.
    #[error("no kernel named {name:?} is installed; found: {}", if found.is_empty() { "none".to_owned() } else { found.join(", ") })]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The names that exist, sorted.
        found: Vec<String>,
    },
    /// Its `kernel.json` can't be used.
    #[error("kernel {name:?}: {}: {reason}", path.display())]
    Invalid {
        /// The kernel's name.
        name: String,
        /// Its `kernel.json`.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// How a kernel is interrupted (`interrupt_mode` of `kernel.json`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InterruptMode {
    /// SIGINT to its process group.
    #[default]
    Signal,
    /// An `interrupt_request` on the control channel.
    Message,
}

/// An installed kernel: what `kernel.json` says, and where it lies.
#[derive(Clone, Debug, Deserialize)]
pub struct KernelSpec {
    /// The folder's name, lower-cased.
    #[serde(skip)]
    pub name: String,
    /// The folder of `kernel.json`; none for the native kernel of an ipykernel without kernelspec.
    #[serde(skip)]
    pub resource_dir: Option<PathBuf>,
    /// The prefix that it was installed into, when it is not a user's data folder.
    #[serde(skip)]
    prefix: Option<PathBuf>,
    /// The command line, with `{connection_file}`, `{resource_dir}` and `{prefix}` not yet filled in.
    pub argv: Vec<String>,
    /// The name for people.
    #[serde(default)]
    pub display_name: String,
    /// The kernel's language.
    #[serde(default)]
    pub language: String,
    /// Variables added to the kernel's environment; `$NAME` and `${NAME}` stand for variables of the caller's.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// How it is interrupted.
    #[serde(default)]
    pub interrupt_mode: InterruptMode,
}

/// A data folder on the Jupyter path; `prefix` is the Python prefix that it belongs to.
struct DataDir {
    path: PathBuf,
    prefix: Option<PathBuf>,
}

/// The kernel of this name. Names compare without case. `python3` is also found as an ipykernel without kernelspec.
pub fn find(name: &str, environment: &Environment) -> Result<KernelSpec, Error> {
    let wanted = name.to_lowercase();
    for data_dir in jupyter_path(environment) {
        if let Some((_, folder)) = kernel_folders(&data_dir)
            .into_iter()
            .find(|(name, _)| *name == wanted)
        {
            return read(wanted, folder, &data_dir);
        }
    }
    if wanted == NATIVE_KERNEL
        && let Some(prefix) = python::prefixes(environment)
            .into_iter()
            .find(|prefix| python::has_ipykernel(prefix))
    {
        return Ok(native(prefix));
    }
    Err(Error::Unknown {
        name: name.to_owned(),
        found: names(environment),
    })
}

/// The names of all kernels that `find` finds, sorted.
pub fn names(environment: &Environment) -> Vec<String> {
    let path = jupyter_path(environment);
    let mut names: Vec<String> = path
        .iter()
        .flat_map(kernel_folders)
        .map(|(name, _)| name)
        .collect();
    if python::prefixes(environment)
        .iter()
        .any(|prefix| python::has_ipykernel(prefix))
    {
        names.push(NATIVE_KERNEL.to_owned());
    }
    names.sort();
    names.dedup();
    names
}

impl KernelSpec {
    /// The command line for a connection file: placeholders filled in, a bare `python` resolved to the interpreter of
    /// the kernelspec's own prefix, else of the active environment, else of `PATH`. (jupyter_client puts the Python
    /// that it runs on itself there.)
    pub fn command(&self, connection_file: &Path, environment: &Environment) -> Vec<String> {
        let mut prefixes: Vec<PathBuf> = self.prefix.iter().cloned().collect();
        prefixes.extend(python::prefixes(environment));
        let prefix = prefixes
            .first()
            .cloned()
            .unwrap_or_else(|| PathBuf::from("/usr"));
        let resource_dir = self.resource_dir.clone().unwrap_or_default();
        let fill = |argument: &String| {
            let argument =
                argument.replace("{connection_file}", &connection_file.to_string_lossy());
            let argument = argument.replace("{resource_dir}", &resource_dir.to_string_lossy());
            argument.replace("{prefix}", &prefix.to_string_lossy())
        };
        let home = environment.get("HOME").map(Path::new);
        // jupyter_client does so with each argument.
        let at_home = |argument: String| match (argument.strip_prefix("~/"), home) {
            (Some(rest), Some(home)) => home.join(rest).to_string_lossy().into_owned(),
            _ => argument,
        };
        let mut command: Vec<String> = self.argv.iter().map(fill).map(at_home).collect();
        if let Some(program) = command.first_mut()
            && python::is_bare_name(program)
            && let Some(found) = prefixes
                .iter()
                .find_map(|prefix| python::interpreter(prefix, program))
        {
            *program = found.to_string_lossy().into_owned();
        }
        command
    }

    /// The kernel's environment: the caller's, with the kernelspec's `env` on top.
    pub fn environment(&self, caller: &Environment) -> Environment {
        let mut environment = caller.clone();
        for (name, template) in &self.env {
            environment.set(name, substitute(template, caller));
        }
        environment
    }
}

/// Fills `$NAME` and `${NAME}` from the environment; `$$` is a dollar, an unknown name stays (Python's
/// `string.Template.safe_substitute`).
fn substitute(template: &str, environment: &Environment) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        filled.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (name, length) = match after.strip_prefix('{') {
            Some(inner) => {
                let name = identifier(inner);
                if inner[name.len()..].starts_with('}') {
                    (name, name.len() + 2)
                } else {
                    ("", 0)
                }
            }
            None => (identifier(after), identifier(after).len()),
        };
        match environment.get(name) {
            _ if after.starts_with('$') => {
                filled.push('$');
                rest = &after[1..];
            }
            Some(value) if !name.is_empty() => {
                filled.push_str(&value.to_string_lossy());
                rest = &after[length..];
            }
            _ => {
                filled.push('$');
                rest = after;
            }
        }
    }
    filled + rest
}

/// The name at the start of a text: ASCII letters, digits, `_`, no digit first; else empty.
fn identifier(text: &str) -> &str {
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return "";
    }
    let end = text.find(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    &text[..end.unwrap_or(text.len())]
}

/// The Jupyter data folders, first choice first: `JUPYTER_PATH`, an active environment, the user's, the Python on
/// `PATH`, the system's (the order of `jupyter --paths`, with every active environment preferred to the user's folder).
fn jupyter_path(environment: &Environment) -> Vec<DataDir> {
    let of_prefix = |prefix: PathBuf| DataDir {
        path: prefix.join("share/jupyter"),
        prefix: Some(prefix),
    };
    let mut path: Vec<DataDir> = Vec::new();
    for entry in environment.paths("JUPYTER_PATH") {
        let prefix = entry
            .ends_with("share/jupyter")
            .then(|| entry.ancestors().nth(2).map(Path::to_owned))
            .flatten();
        path.push(DataDir {
            path: entry,
            prefix,
        });
    }
    path.extend(
        python::active_prefixes(environment)
            .into_iter()
            .map(of_prefix),
    );
    let user = match (
        environment.get("JUPYTER_DATA_DIR"),
        environment.get("XDG_DATA_HOME"),
        environment.get("HOME"),
    ) {
        (Some(data_dir), _, _) => Some(PathBuf::from(data_dir)),
        (_, Some(data_home), _) => Some(Path::new(data_home).join("jupyter")),
        (_, _, Some(home)) => Some(Path::new(home).join(".local/share/jupyter")),
        _ => None,
    };
    path.extend(user.map(|user| DataDir {
        path: user,
        prefix: None,
    }));
    path.extend(python::on_path(environment).map(of_prefix));
    path.extend(["/usr/local", "/usr"].map(PathBuf::from).map(of_prefix));
    path
}

/// The kernelspec folders of a data folder: lower-cased name and path.
fn kernel_folders(data_dir: &DataDir) -> Vec<(String, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(data_dir.path.join(KERNELS)) else {
        return Vec::new();
    };
    let folders = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join("kernel.json").is_file());
    let named = folders.filter_map(|path| Some((path.file_name()?.to_str()?.to_lowercase(), path)));
    named.collect()
}

fn read(name: String, folder: PathBuf, data_dir: &DataDir) -> Result<KernelSpec, Error> {
    let path = folder.join("kernel.json");
    let invalid = |reason: String| Error::Invalid {
        name: name.clone(),
        path: path.clone(),
        reason,
    };
    let bytes = std::fs::read(&path).map_err(|error| invalid(error.to_string()))?;
    let mut spec: KernelSpec =
        serde_json::from_slice(&bytes).map_err(|error| invalid(error.to_string()))?;
    if spec.argv.is_empty() {
        return Err(invalid("\"argv\" is empty".to_owned()));
    }
    spec.name = name;
    spec.resource_dir = Some(folder);
    spec.prefix = data_dir.prefix.clone();
    Ok(spec)
}

/// ipykernel's built-in kernelspec, on the Python of a prefix.
fn native(prefix: PathBuf) -> KernelSpec {
    let argv = [
        "python",
        "-m",
        "ipykernel_launcher",
        "-f",
        "{connection_file}",
    ]
    .map(str::to_owned)
    .to_vec();
    KernelSpec {
        name: NATIVE_KERNEL.to_owned(),
        resource_dir: None,
        prefix: Some(prefix),
        argv,
        display_name: "Python 3 (ipykernel)".to_owned(),
        language: "python".to_owned(),
        env: BTreeMap::new(),
        interrupt_mode: InterruptMode::Signal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_of_kernelspec_variables() {
        let environment = Environment::from_iter([("HOME", "/home/a"), ("X_1", "x")]);
        let cases = [
            ("$HOME/bin", "/home/a/bin"),
            ("${HOME}bin", "/home/abin"),
            ("a$X_1.b", "ax.b"),
            ("$$HOME", "$HOME"),
            ("$", "$"),
            ("$UNKNOWN ${UNKNOWN}", "$UNKNOWN ${UNKNOWN}"),
            ("${HOME", "${HOME"),
            ("$1", "$1"),
            ("é$X_1é", "éxé"),
        ];
        for (template, filled) in cases {
            assert_eq!(substitute(template, &environment), filled, "{template}");
        }
    }

    #[test]
    fn kernels_are_found_by_name_without_case_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let install = |data_dir: &str, name: &str, language: &str| {
            let kernel = folder.path().join(data_dir).join("kernels").join(name);
            std::fs::create_dir_all(&kernel).unwrap();
            let json = format!(
                r#"{{"argv": ["{{prefix}}/bin/k", "{{resource_dir}}", "{{connection_file}}"], "language": "{language}"}}"#
            );
            std::fs::write(kernel.join("kernel.json"), json).unwrap();
        };
        install("first", "Odd", "a");
        install("venv/share/jupyter", "odd", "b");
        install("venv/share/jupyter", "other", "c");
        let at = |name: &str| folder.path().join(name);
        let mut environment = Environment::default();
        environment.set("JUPYTER_PATH", at("first"));
        environment.set("VIRTUAL_ENV", at("venv"));
        assert_eq!(find("ODD", &environment).unwrap().language, "a");
        let other = find("other", &environment).unwrap();
        environment.set("HOME", "/home/a");
        let mut at_home = other.clone();
        at_home.argv = ["~/k", "~/data", "a~/b"].map(str::to_owned).to_vec();
        assert_eq!(
            at_home.command(Path::new("/c.json"), &environment),
            ["/home/a/k", "/home/a/data", "a~/b"]
        );
        let resource_dir = at("venv/share/jupyter/kernels/other");
        let expected = [at("venv/bin/k"), resource_dir, PathBuf::from("/c.json")];
        assert_eq!(
            other.command(Path::new("/c.json"), &environment),
            expected.map(|path| path.display().to_string())
        );
        let Err(Error::Unknown { found, .. }) = find("missing", &environment) else {
            panic!("found a missing kernel")
        };
        assert!(found.contains(&"odd".to_owned()) && found.contains(&"other".to_owned()));
    }

    #[test]
    fn a_conda_environments_kernel_runs_on_its_own_python() {
        let folder = tempfile::tempdir().unwrap();
        let [base, active] = ["conda", "conda/envs/work"].map(|name| folder.path().join(name));
        for prefix in [&base, &active] {
            let kernel = prefix.join("share/jupyter/kernels/python3");
            std::fs::create_dir_all(&kernel).unwrap();
            std::fs::create_dir_all(prefix.join("bin")).unwrap();
            std::fs::write(prefix.join("bin/python3"), "").unwrap();
            let json =
                r#"{"argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"]}"#;
            std::fs::write(kernel.join("kernel.json"), json).unwrap();
        }
        let program = |environment: &Environment| {
            let spec = find("python3", environment).unwrap();
            PathBuf::from(&spec.command(Path::new("/c.json"), environment)[0])
        };
        let mut environment = Environment::default();
        environment.set("PATH", base.join("bin"));
        assert_eq!(program(&environment), base.join("bin/python3"));
        environment.set("CONDA_PREFIX", &active);
        assert_eq!(program(&environment), active.join("bin/python3"));
        environment.set("JUPYTER_PATH", base.join("share/jupyter"));
        assert_eq!(program(&environment), base.join("bin/python3"));
    }
}
