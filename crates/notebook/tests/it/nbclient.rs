//! One corpus run by nbclient's own API, by Papermill and by us, compared cell by cell.

use super::papermill::{code, compare, file, normal};
use super::{environment, python};
use notebook::{Notebook, Options, Preparation};
use serde_json::{Value, json};

/// Executes a notebook as a program would that uses nbclient, and saves it also when a cell fails.
const NBCLIENT: &str = "\
import sys, nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
notebook = nbformat.read(sys.argv[1], as_version=4)
try:
    NotebookClient(notebook).execute()
except CellExecutionError:
    pass
nbformat.write(notebook, sys.argv[2])
";

/// Cells that nbclient, Papermill and we are to run alike.
const CORPUS: &[&str] = &[
    "print('one'); print('two')",
    "import sys\nprint('err', file=sys.stderr)",
    "sys.stdout.write('10%\\r'); sys.stdout.flush(); sys.stdout.write('20%\\r\\n')",
    "from IPython.display import *\nHTML('<b>é</b>')",
    "display(Latex('$x$'), Markdown('# m'), JSON({'a': [1, None]}), SVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>'))",
    "display({'application/x-odd+json': {'k': 1}, 'text/plain': 'odd'}, raw=True, metadata={'m': 1})",
    "h = display('first', display_id='d')",
    "h.update('second')\nupdate_display('none', display_id='unknown')",
    "print('gone', flush=True); clear_output(); print('kept')",
    "print('kept', flush=True); clear_output(wait=True)",
    "print('gone', flush=True); clear_output(wait=True); print('new')",
    "import asyncio\nawait asyncio.sleep(0)\n_ = 5; _",
    "%%capture said\nprint('captured')",
    "said.stdout, len(In) > 3",
    "",
    "# only a comment",
    "exit()",
    "'after exit'",
];

/// What nbclient and we are to do with cells that may fail. (Papermill ends such a run with status 1.)
const MAY_FAIL: &[&str] = &[
    "def f():\n    return 1 / 0\nf()",
    "input('who?')",
    "raise KeyError('a') from ValueError('b')",
    "not python",
    "print('before'); undefined",
];

/// The cells of a notebook after a run: outputs, counts, sources.
fn cells(file: Value) -> Vec<Value> {
    let file = normal(file);
    let cells = file["cells"].as_array().unwrap().iter();
    let fields = ["cell_type", "source", "outputs", "execution_count"];
    cells
        .map(|cell| fields.iter().map(|field| cell[*field].clone()).collect())
        .collect()
}

async fn compare_with_nbclient(file: Value) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let [input, output] = ["in.ipynb", "out.ipynb"].map(|name| folder.path().join(name));
    std::fs::write(&input, file.to_string()).unwrap();
    python(NBCLIENT, &[&input, &output]);
    let theirs = serde_json::from_slice(&std::fs::read(&output).unwrap()).unwrap();
    let mut notebook = Notebook::from_slice(file.to_string().as_bytes()).unwrap();
    notebook::prepare(&mut notebook, &Preparation::default()).unwrap();
    let options = Options::new(environment());
    notebook::execute(&mut notebook, &options, std::future::pending(), &mut |_| {})
        .await
        .unwrap();
    let ours = serde_json::from_slice(&notebook.to_vec().unwrap()).unwrap();
    let (ours, theirs) = (cells(ours), cells(theirs));
    assert_eq!(ours.len(), theirs.len());
    ours.iter()
        .zip(&theirs)
        .for_each(|(ours, theirs)| assert_eq!(ours, theirs));
    ours
}

fn corpus(sources: &[&str], tags: &[&str]) -> Value {
    let cells: Vec<_> = sources.iter().map(|source| code(source, tags)).collect();
    file(&cells)
}

#[tokio::test]
async fn a_corpus_is_executed_as_by_nbclient() {
    // nbclient leaves the old outputs of an empty cell, which Papermill and we clear.
    let sources: Vec<&str> = CORPUS.iter().copied().filter(|s| !s.is_empty()).collect();
    let ours = compare_with_nbclient(corpus(&sources, &[])).await;
    assert_eq!(ours[7][2], json!([]), "an update puts nothing out itself");
}

#[tokio::test]
async fn the_same_corpus_is_executed_as_by_papermill() {
    compare(corpus(CORPUS, &[]), &[], true).await;
}

#[tokio::test]
async fn cells_that_may_fail_fail_as_with_nbclient() {
    let ours = compare_with_nbclient(corpus(MAY_FAIL, &["raises-exception"])).await;
    for cell in &ours {
        let outputs = cell[2].as_array().unwrap();
        assert!(
            outputs
                .iter()
                .any(|output| output["output_type"] == "error"),
            "{cell}"
        );
    }
}
