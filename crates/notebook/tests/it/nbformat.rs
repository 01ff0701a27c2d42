//! Notebooks in and out, against Python's nbformat.

use super::python;
use notebook::Notebook;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Prints what Python's nbformat makes of a file.
const REWRITE: &str = "import sys, nbformat, nbformat.v4\n\
                       nb = nbformat.v4.upgrade(nbformat.read(sys.argv[1], as_version=4))\n\
                       sys.stdout.reconfigure(encoding='utf-8', newline='')\n\
                       sys.stdout.write(nbformat.v4.writes(nb))";

fn by_python(file: &Value) -> String {
    text_by_python(&file.to_string())
}

fn text_by_python(file: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.ipynb");
    std::fs::write(&path, file).unwrap();
    python(REWRITE, &[&path])
}

fn by_us(file: &Value) -> String {
    String::from_utf8(
        Notebook::from_slice(file.to_string().as_bytes())
            .unwrap()
            .to_vec()
            .unwrap(),
    )
    .unwrap()
}

/// A notebook in which everything odd is that a file may hold.
fn odd_notebook() -> Value {
    json!({
        "nbformat": 4, "nbformat_minor": 5, "unknown": {"top": [1, {"level": null}]},
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": null},
            "signature": "transient", "orig_nbformat": 2, "odd": [1.0, 1e20, 1e-7, 0.1, 12345678901234567890u64, -3],
        },
        "cells": [
            {"cell_type": "markdown", "id": "a", "metadata": {"trusted": true}, "source": ["# é ", "\u{1F600}\n", "x"],
             "attachments": {"i.png": {"image/png": ["aGVs", "bG8="], "image/svg+xml": ["<svg>\n", "</svg>"]}}},
            {"cell_type": "raw", "id": "b", "metadata": {"raw_mimetype": "text/x-rst"}, "source": "",
             "attachments": {"t": {"text/plain": "a\nb"}}},
            {"cell_type": "code", "id": "with space.dot", "execution_count": 3, "odd key": 1,
             "metadata": {"tags": ["x"], "collapsed": false},
             "source": "a\rb\r\nc\u{b}d\u{c}e\u{1c}f\u{85}g\u{2028}h\u{2029}i\n\u{7f}\u{1}\t\"\\/",
             "outputs": [
                {"output_type": "stream", "name": "stdout", "text": ["1\n", "2\n"]},
                {"output_type": "stream", "name": "stderr", "text": ""},
                {"output_type": "display_data", "metadata": {"image/png": {"width": 1}},
                 "data": {"text/html": ["<p>\n", "</p>"], "application/json": ["a", "b"], "image/png": ["iVBO\n", "Rw0K"],
                          "application/x+json": {"k": [1]}, "application/javascript": "a;\nb;", "odd/type": "x\ny"}},
                {"output_type": "execute_result", "execution_count": 3, "metadata": {}, "data": {"text/plain": "one line"}},
                {"output_type": "error", "ename": "E", "evalue": "v\nw", "traceback": ["t\nu", "\u{1b}[0m"]},
                {"output_type": "unknown_kind", "text": ["k\n", "l"], "data": 1},
             ]},
        ],
    })
}

#[test]
fn files_come_out_with_the_bytes_that_python_writes() {
    let file = odd_notebook();
    let ours = by_us(&file);
    assert_eq!(ours, by_python(&file));
    assert_eq!(by_us(&serde_json::from_str(&ours).unwrap()), ours);
}

#[test]
fn what_python_writes_beyond_json_comes_out_as_it_went_in() {
    let output = r#"{"output_type": "display_data", "metadata": {}, "data": {"application/json": [NaN, -Infinity]}}"#;
    let text = format!(
        r#"{{"nbformat": 4, "nbformat_minor": 5, "metadata": {{"a": NaN, "b": [Infinity, 123456789012345678901234567890]}},
        "cells": [{{"cell_type": "code", "id": "a", "execution_count": null, "source": "NaN", "outputs": [{output}],
        "metadata": {{"papermill": {{"parameters": {{"x": -Infinity}}}}}}}}]}}"#
    );
    let ours = Notebook::from_slice(text.as_bytes())
        .unwrap()
        .to_vec()
        .unwrap();
    assert_eq!(String::from_utf8(ours).unwrap(), text_by_python(&text));
}

#[test]
fn marks_of_byte_order_line_ends_of_windows_and_halves_of_pairs_are_read() {
    let text = odd_notebook().to_string().replace(
        "\"odd key\":1",
        "\"odd key\":\"\\ud83d\",\r\n\"odder\":\"\\uDC00x\"",
    );
    let notebook = Notebook::from_slice(format!("\u{feff}{text}\r\n").as_bytes()).unwrap();
    let written = String::from_utf8(notebook.to_vec().unwrap()).unwrap();
    assert!(
        written.contains(r#""odd key": "\ud83d""#) && written.contains(r#""odder": "\uDC00x""#)
    );
    let again = Notebook::from_slice(written.as_bytes()).unwrap();
    assert_eq!(again, notebook);
    assert_eq!(again.to_vec().unwrap(), written.as_bytes());
}

#[test]
fn version_3_becomes_version_4_as_in_python() {
    let file = json!({
        "nbformat": 3, "nbformat_minor": 0, "metadata": {"name": "old", "kept": 1},
        "worksheets": [
            {"metadata": {}, "cells": [
                {"cell_type": "heading", "level": 3, "metadata": {}, "source": ["A\n", "title"]},
                {"cell_type": "html", "metadata": {}, "source": "<b>"},
                {"cell_type": "markdown", "metadata": {}, "source": ["no", "ends"]},
                {"cell_type": "code", "language": "python", "collapsed": true, "prompt_number": 5, "metadata": {},
                 "input": ["a = 1\n", "a"], "outputs": [
                    {"output_type": "pyout", "prompt_number": 5, "text": ["1\n", "2"], "html": "<i>", "metadata": {}},
                    {"output_type": "display_data", "png": "iVBO", "json": "{\"a\": 1}", "metadata": {"png": {"width": 2}}},
                    {"output_type": "stream", "stream": "stderr", "text": ["e\n"]},
                    {"output_type": "pyerr", "ename": "E", "evalue": "v", "traceback": ["t"]},
                 ]},
            ]},
            {"metadata": {}, "cells": [{"cell_type": "raw", "metadata": {}, "source": "second sheet"}]},
        ],
    });
    let without_ids = |text: &str| {
        let mut file: Value = serde_json::from_str(text).unwrap();
        for cell in file["cells"].as_array_mut().unwrap() {
            assert!(!cell["id"].take().as_str().unwrap().is_empty());
        }
        file
    };
    assert_eq!(without_ids(&by_us(&file)), without_ids(&by_python(&file)));
}

#[test]
fn missing_and_doubled_ids_are_replaced() {
    let cell = |id: Value| json!({"cell_type": "raw", "metadata": {}, "source": "x", "id": id});
    let mut file = json!({"nbformat": 4, "nbformat_minor": 2, "metadata": {}, "cells": [cell(json!("a")), cell(json!("a")), cell(json!(null))]});
    file["cells"][2].as_object_mut().unwrap().remove("id");
    let notebook = Notebook::from_slice(file.to_string().as_bytes()).unwrap();
    let mut ids: Vec<&str> = notebook.cells.iter().map(|cell| cell.id.as_str()).collect();
    assert_eq!(ids[0], "a");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3);
    assert!(
        String::from_utf8(notebook.to_vec().unwrap())
            .unwrap()
            .contains("\"nbformat_minor\": 5")
    );
}

#[test]
fn what_is_no_notebook_is_told_by_name() {
    let cases = [
        ("", "not valid JSON"),
        ("# a script", "not valid JSON"),
        ("[]", "holds no JSON object"),
        ("{}", "no \"nbformat\" number"),
        (r#"{"nbformat": 4}"#, "no list of \"cells\""),
        (
            r#"{"nbformat": 2, "cells": []}"#,
            "nbformat 2 is not supported",
        ),
        (r#"{"nbformat": 3}"#, "no list of \"worksheets\""),
        (
            r#"{"nbformat": 3, "worksheets": [1]}"#,
            "a worksheet has no list",
        ),
        (
            r#"{"nbformat": 4, "cells": [1]}"#,
            "cell 1 is not an object",
        ),
        (
            r#"{"nbformat": 4, "cells": [{}]}"#,
            "cell 1 has no \"cell_type\"",
        ),
        (
            r#"{"nbformat": 4, "cells": [{"cell_type": "raw", "source": [1]}]}"#,
            "cell 1: \"source\"",
        ),
        (
            r#"{"nbformat": 4, "metadata": 1, "cells": []}"#,
            "the notebook: \"metadata\" is not an object",
        ),
        (
            r#"{"nbformat": 4, "cells": [{"cell_type": "code", "outputs": [1]}]}"#,
            "cell 1: an output",
        ),
    ];
    for (file, told) in cases {
        let error = Notebook::from_slice(file.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("not a notebook: ") && error.contains(told),
            "{file}: {error}"
        );
    }
    assert!(Notebook::from_slice(b"\xff\xfe").is_err());
    assert!(Notebook::from_slice("[".repeat(100_000).as_bytes()).is_err());
}

#[test]
fn saving_keeps_the_mode_follows_links_and_leaves_no_litter() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let (target, link) = (folder.path().join("target"), folder.path().join("link"));
    std::fs::write(&target, "old").unwrap();
    std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&target, &link).unwrap();
    let notebook = Notebook::from_slice(odd_notebook().to_string().as_bytes()).unwrap();
    notebook.save(&link).unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), notebook.to_vec().unwrap());
    assert_eq!(
        std::fs::metadata(&target).unwrap().permissions().mode() & 0o777,
        0o640
    );
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    notebook.save(std::path::Path::new("/dev/null")).unwrap();
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..5)
                .prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn reading_what_was_written_gives_the_same(source in any::<String>(), text in any::<String>(), metadata in any_json(), extra in any_json()) {
        let file = json!({
            "nbformat": 4, "nbformat_minor": 5, "metadata": {"m": metadata}, "extra": extra,
            "cells": [{"cell_type": "code", "id": "a", "metadata": {"m": metadata}, "source": source, "execution_count": null,
                "outputs": [{"output_type": "stream", "name": "stdout", "text": text},
                            {"output_type": "display_data", "metadata": {}, "data": {"text/plain": text, "application/json": extra}}]}],
        });
        let notebook = Notebook::from_slice(file.to_string().as_bytes()).unwrap();
        prop_assert_eq!(&notebook.cells[0].source, &source);
        let written = notebook.to_vec().unwrap();
        let again = Notebook::from_slice(&written).unwrap();
        prop_assert_eq!(&again, &notebook);
        prop_assert_eq!(again.to_vec().unwrap(), written);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(file in any_json(), bytes in any::<Vec<u8>>()) {
        let _ = Notebook::from_slice(&bytes);
        for nbformat in [3, 4] {
            let wrapped = json!({"nbformat": nbformat, "cells": [file], "worksheets": [{"cells": [file]}], "metadata": {}});
            let _ = Notebook::from_slice(wrapped.to_string().as_bytes());
        }
    }
}
