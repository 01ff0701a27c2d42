//! The files that go with a notebook: the snapshot that later edits do not change.

use super::{Rollback, Step};
use crate::cli::client::{Client, Content, OBJECT_BYTES_MAX};
use crate::model::notebook_job::NotebookJob;
use anyhow::Context;
use notebook::Notebook;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The largest notebook that is sent.
const NOTEBOOK_BYTES_MAX: u64 = 256 << 20;
/// The most files of a folder that goes along.
const FILES_MAX: usize = 10_000;

/// What is uploaded for one job or definition.
#[derive(Debug)]
pub struct Files {
    notebook: (String, Vec<u8>),
    init_script: Option<String>,
    /// Files by their key below the input prefix; never the notebook.
    others: BTreeMap<String, PathBuf>,
}

impl Files {
    /// Reads the notebook and finds the other files. With `input_folder` these are all files below the notebook's
    /// folder but the hidden ones; links to folders are not followed.
    pub fn gather(
        notebook: &Path,
        init_script: Option<&Path>,
        input_folder: bool,
    ) -> anyhow::Result<Self> {
        let notebook_name = file_name(notebook)?;
        let bytes = read_notebook(notebook)?;
        let mut others = BTreeMap::new();
        if input_folder {
            let folder = notebook
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            add_folder(folder.unwrap_or(Path::new(".")), "", &mut others)?;
            others.remove(&notebook_name);
        }
        let script_name = init_script
            .map(|script| add_script(script, &notebook_name, &mut others))
            .transpose()?;
        Ok(Self {
            notebook: (notebook_name, bytes),
            init_script: script_name,
            others,
        })
    }

    /// The notebook's file name.
    pub fn notebook(&self) -> &str {
        &self.notebook.0
    }

    /// The init script's file name.
    pub fn init_script(&self) -> Option<&str> {
        self.init_script.as_deref()
    }

    /// Stores every file under the input prefix of `id`, each noted in `rollback`.
    pub fn upload(
        &self,
        client: &Client,
        bucket: &str,
        id: &str,
        rollback: &mut Rollback<'_>,
    ) -> anyhow::Result<()> {
        let prefix = NotebookJob::input_prefix(id);
        let (name, bytes) = &self.notebook;
        let notebook = std::iter::once((name, Content::Bytes(bytes)));
        let others = self
            .others
            .iter()
            .map(|(name, path)| (name, Content::File(path)));
        for (name, content) in notebook.chain(others) {
            let key = format!("{prefix}/{name}");
            let stored = client.put_object(bucket, &key, content);
            let object = Step::Object {
                bucket: bucket.to_owned(),
                key,
            };
            rollback.after(object, stored)?;
        }
        Ok(())
    }
}

fn file_name(path: &Path) -> anyhow::Result<String> {
    let name = path
        .file_name()
        .with_context(|| format!("{} is not a file's name", path.display()))?;
    let name = name
        .to_str()
        .with_context(|| format!("the name of {} is not UTF-8", path.display()))?;
    Ok(name.to_owned())
}

fn read_notebook(path: &Path) -> anyhow::Result<Vec<u8>> {
    let shown = path.display();
    let meta = fs::metadata(path).with_context(|| format!("cannot read the notebook {shown}"))?;
    anyhow::ensure!(meta.is_file(), "{shown} is not a file; name an .ipynb file");
    anyhow::ensure!(
        meta.len() <= NOTEBOOK_BYTES_MAX,
        "the notebook {shown} has {} bytes; at most {NOTEBOOK_BYTES_MAX} can be sent",
        meta.len()
    );
    let bytes = fs::read(path).with_context(|| format!("cannot read the notebook {shown}"))?;
    Notebook::from_slice(&bytes).map_err(|error| anyhow::anyhow!("{shown}: {error}"))?;
    Ok(bytes)
}

fn add_script(
    script: &Path,
    notebook: &str,
    files: &mut BTreeMap<String, PathBuf>,
) -> anyhow::Result<String> {
    let name = file_name(script)?;
    check_size(script)
        .with_context(|| format!("the init script {} cannot go along", script.display()))?;
    let taken = match files.get(&name) {
        Some(other) => fs::canonicalize(other)? != fs::canonicalize(script)?,
        None => name == notebook,
    };
    anyhow::ensure!(
        !taken,
        "the init script {} has the name of another file that goes along; rename it",
        script.display()
    );
    files.insert(name.clone(), script.to_owned());
    Ok(name)
}

fn add_folder(
    folder: &Path,
    prefix: &str,
    files: &mut BTreeMap<String, PathBuf>,
) -> anyhow::Result<()> {
    let cannot_read = || format!("cannot read the folder {}", folder.display());
    for entry in fs::read_dir(folder).with_context(cannot_read)? {
        let entry = entry.with_context(cannot_read)?;
        let path = entry.path();
        let name = file_name(&path)?;
        if name.starts_with('.') {
            continue;
        }
        let key = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            add_folder(&path, &format!("{key}/"), files)?;
        } else if fs::metadata(&path).is_ok_and(|meta| meta.is_file()) {
            check_size(&path)?;
            files.insert(key, path);
            anyhow::ensure!(
                files.len() <= FILES_MAX,
                "the notebook's folder has more than {FILES_MAX} files; run without --input-folder or move it to a \
                 folder of its own"
            );
        }
    }
    Ok(())
}

fn check_size(path: &Path) -> anyhow::Result<()> {
    let shown = path.display();
    let meta = fs::metadata(path).with_context(|| format!("cannot read {shown}"))?;
    anyhow::ensure!(meta.is_file(), "{shown} is not a file");
    anyhow::ensure!(
        meta.len() <= OBJECT_BYTES_MAX,
        "{shown} has {} bytes; a file has at most {OBJECT_BYTES_MAX}",
        meta.len()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        folder
    }

    const NOTEBOOK: &str = r#"{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}"#;

    #[test]
    fn a_folder_goes_along_without_what_is_hidden() {
        let folder = folder(&[
            ("n.ipynb", NOTEBOOK),
            ("init.sh", ""),
            ("data/a b.csv", ""),
            (".git/config", ""),
            ("data/.hidden", ""),
        ]);
        std::os::unix::fs::symlink("..", folder.path().join("data/up")).expect("a link");
        let at = |name| folder.path().join(name);
        let files =
            Files::gather(&at("n.ipynb"), Some(&at("data/../init.sh")), true).expect("files");
        assert_eq!(
            files.others.keys().collect::<Vec<_>>(),
            ["data/a b.csv", "init.sh"]
        );
        assert_eq!(
            (files.notebook(), files.init_script()),
            ("n.ipynb", Some("init.sh"))
        );
        let alone = Files::gather(&at("n.ipynb"), None, false).expect("files");
        assert!(alone.others.is_empty());
    }

    #[test]
    fn what_cannot_run_is_refused_before_anything_is_sent() {
        let folder = folder(&[
            ("text.ipynb", "hello"),
            ("list.ipynb", "[]"),
            ("object.ipynb", "{\"cells\": 1}"),
            ("n.ipynb", NOTEBOOK),
            ("init.sh", "a"),
            ("other/init.sh", "b"),
            ("other/n.ipynb", "b"),
        ]);
        let at = |name| folder.path().join(name);
        for (name, want) in [
            ("missing.ipynb", "cannot read the notebook"),
            ("text.ipynb", "not valid JSON"),
            ("list.ipynb", "no JSON object"),
            ("object.ipynb", "nbformat"),
            ("other", "not a file"),
        ] {
            let error = Files::gather(&at(name), None, false).expect_err(name);
            let error = format!("{error:#}");
            assert!(error.contains(want) && error.contains(name), "{error}");
        }
        for script in ["missing.sh", "other", "other/init.sh", "other/n.ipynb"] {
            assert!(
                Files::gather(&at("n.ipynb"), Some(&at(script)), true).is_err(),
                "{script}"
            );
        }
    }
}
