//! Parameters: where they go, how each language writes them, and what is refused.

use super::{notebook_for, python};
use notebook::nbformat::Cell;
use notebook::parameters::Error;
use notebook::{Notebook, Parameters, Preparation, Value};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use std::process::Command;

fn prepare(notebook: &mut Notebook, parameters: Parameters) -> Result<notebook::Notes, Error> {
    notebook::prepare(
        notebook,
        &Preparation {
            parameters,
            ..Preparation::default()
        },
    )
}

/// The source of the cell that sets parameters in a language.
fn rendered(language: &str, parameters: Parameters) -> Result<String, Error> {
    let mut notebook = notebook_for("k", &[]);
    let preparation = Preparation {
        parameters,
        language: Some(language.to_owned()),
        ..Preparation::default()
    };
    notebook::prepare(&mut notebook, &preparation)?;
    Ok(notebook.cells[0].source.clone())
}

fn text(value: &str) -> Value {
    Value::Str(value.to_owned())
}

#[test]
fn every_language_writes_every_kind_of_value() {
    let parameters = || {
        let dict = Value::Dict(vec![("k".into(), Value::Int(1)), ("ä".into(), Value::Null)]);
        Parameters::from_iter([
            ("a", text("x\"y\\z\n\t$é😀\u{1}'")),
            ("b", Value::Bool(true)),
            ("c", Value::Null),
            ("d", Value::Int(3_000_000_000)),
            ("e", Value::Float(1e22)),
            ("f", Value::Float(f64::NEG_INFINITY)),
            (
                "g",
                Value::List(vec![Value::Int(1), text("s"), Value::Float(f64::NAN)]),
            ),
            ("h", dict),
        ])
    };
    let python = r#"# Parameters
a = "x\"y\\z\n\t$\xe9\U0001f600\x01'"
b = True
c = None
d = 3000000000
e = 1e+22
f = float('-inf')
g = [1, "s", float('nan')]
h = {"k": 1, "\xe4": None}
"#;
    let r = r#"# Parameters
a = "x\"y\\z\n\t$é😀\u0001'"
b = TRUE
c = NULL
d = 3000000000
e = 1e+22
f = -Inf
g = list(1, "s", NaN)
h = list("k" = 1, "ä" = NULL)
"#;
    let scala = r#"// Parameters
val a = "x\"y\\z\n\t$é😀\u0001'"
val b = true
val c = None
val d = 3000000000L
val e = 1e+22
val f = Double.NegativeInfinity
val g = Seq(1, "s", Double.NaN)
val h = Map("k" -> 1, "ä" -> None)
"#;
    let julia = r#"# Parameters
a = "x\"y\\z\n\t\$é😀\u0001'"
b = true
c = nothing
d = 3000000000
e = 1e+22
f = -Inf
g = [1, "s", NaN]
h = Dict("k" => 1, "ä" => nothing)
"#;
    for (language, source) in [
        ("python", python),
        ("R", r),
        ("scala", scala),
        ("julia", julia),
    ] {
        assert_eq!(
            rendered(language, parameters()).unwrap(),
            source,
            "{language}"
        );
    }
    let bash = Parameters::from_iter([
        ("a", text("it's $HOME")),
        ("b", Value::Bool(false)),
        ("c", Value::Null),
        ("d", text("a/b-c.d")),
        ("e", Value::List(vec![Value::Int(1), text(""), Value::Null])),
    ]);
    let source = "# Parameters\na='it'\"'\"'s $HOME'\nb=false\nc=\nd=a/b-c.d\ne=(1 '' '')\n";
    assert_eq!(rendered("bash", bash).unwrap(), source);
}

#[test]
fn names_that_are_no_names_are_refused_before_anything_changes() {
    let names = [
        "",
        " ",
        "x;import os",
        "x\n",
        "x = 1\ny",
        "a b",
        "1a",
        "a-b",
        "a=1#",
        "$(id)",
        "a[0]",
        "x\u{2028}y",
        "a.b;c",
        "`id`",
        "a'",
    ];
    for language in ["python", "R", "scala", "julia", "bash"] {
        for name in names {
            let mut notebook = notebook_for("k", &["1"]);
            let parameters =
                Parameters::from_iter([("fine", Value::Int(1)), (name, Value::Int(1))]);
            let preparation = Preparation {
                parameters,
                language: Some(language.to_owned()),
                ..Preparation::default()
            };
            let error = notebook::prepare(&mut notebook, &preparation).unwrap_err();
            assert!(
                matches!(&error, Error::Name { name: told, .. } if told == name),
                "{language} {name:?}"
            );
            assert_eq!(notebook.cells.len(), 1);
        }
    }
    let keywords = [
        ("python", "class"),
        ("R", "TRUE"),
        ("scala", "val"),
        ("julia", "end"),
    ];
    for (language, keyword) in keywords {
        let error =
            rendered(language, Parameters::from_iter([(keyword, Value::Null)])).unwrap_err();
        assert!(matches!(error, Error::Name { .. }), "{language} {keyword}");
    }
    assert!(
        rendered("R", Parameters::from_iter([("_a.b", Value::Null)]))
            .unwrap()
            .contains("\na.b = NULL\n")
    );
}

#[test]
fn what_a_language_cannot_express_is_told() {
    let dict = Parameters::from_iter([("d", Value::Dict(vec![]))]);
    let error = rendered("bash", dict).unwrap_err().to_string();
    assert_eq!(error, "parameter \"d\": Bash can't express a mapping");
    for language in ["R", "bash"] {
        let nul = Parameters::from_iter([("s", text("a\0b"))]);
        assert!(
            matches!(rendered(language, nul), Err(Error::Value { .. })),
            "{language}"
        );
    }
    let error = rendered("cobol", Parameters::from_iter([("a", Value::Null)]))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("language \"cobol\"") && error.contains("Python, R, Scala, Julia, Bash"),
        "{error}"
    );
}

#[test]
fn the_injected_cell_follows_the_tagged_one_or_replaces_an_earlier_one() {
    let tagged = |source: &str, tag: &str| {
        let mut cell = Cell::code(source);
        cell.metadata.insert("tags".into(), json!([tag]));
        cell
    };
    let mut notebook = notebook_for("python3", &["first"]);
    notebook.cells.push(tagged(
        "a = 1\nb: int = 2  # help\n# c = 3\nd.e = 4",
        "parameters",
    ));
    notebook.cells.push(Cell::code("last"));
    let given = || {
        Parameters::from_iter([
            ("a", Value::Int(5)),
            ("b", Value::Int(6)),
            ("c", Value::Int(7)),
        ])
    };
    let notes = prepare(&mut notebook, given()).unwrap();
    assert_eq!(
        (notes.unknown_parameters, notes.no_parameters_cell),
        (vec!["c".to_owned()], false)
    );
    let sources = |notebook: &Notebook| {
        notebook
            .cells
            .iter()
            .map(|cell| cell.source.clone())
            .collect::<Vec<_>>()
    };
    let injected = "# Parameters\na = 5\nb = 6\nc = 7\n";
    assert_eq!(sources(&notebook)[2], injected);
    assert_eq!(
        notebook.metadata["papermill"]["parameters"],
        json!({"a": 5, "b": 6, "c": 7})
    );

    prepare(&mut notebook, Parameters::from_iter([("a", Value::Int(8))])).unwrap();
    assert_eq!(sources(&notebook).len(), 4);
    assert_eq!(sources(&notebook)[2], "# Parameters\na = 8\n");
    let before = sources(&notebook);
    prepare(&mut notebook, Parameters::default()).unwrap();
    assert_eq!(
        sources(&notebook),
        before,
        "without parameters nothing is injected"
    );

    let mut without = notebook_for("python3", &["first"]);
    assert!(prepare(&mut without, given()).unwrap().no_parameters_cell);
    assert_eq!(sources(&without), [injected, "first"]);
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i128>().prop_map(Value::Int),
        any::<f64>().prop_map(Value::Float),
        any::<String>().prop_map(Value::Str),
        "[\\x00-\\u{3ff}]{0,20}".prop_map(Value::Str),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| Value::Dict(map.into_iter().collect())),
        ]
    })
}

/// A value as nested lists that tell its type, as the Python program in the test tells it.
fn told(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => json!(["none"]),
        Value::Bool(value) => json!(["bool", value]),
        Value::Int(value) => json!(["int", value.to_string()]),
        Value::Float(value) => json!([
            "float",
            if value.is_nan() {
                "nan".to_owned()
            } else {
                value.to_bits().to_string()
            }
        ]),
        Value::Str(value) => json!(["str", value]),
        Value::List(values) => json!(["list", values.iter().map(told).collect::<Vec<_>>()]),
        Value::Dict(entries) => json!([
            "dict",
            entries
                .iter()
                .map(|(key, value)| json!([key, told(value)]))
                .collect::<Vec<_>>()
        ]),
    }
}

#[test]
fn python_reads_what_was_rendered_as_the_same_values() {
    const PROGRAM: &str = "
import json, struct, sys
def told(v):
    if v is None: return ['none']
    if isinstance(v, bool): return ['bool', v]
    if isinstance(v, int): return ['int', str(v)]
    if isinstance(v, float): return ['float', 'nan' if v != v else str(struct.unpack('<Q', struct.pack('<d', v))[0])]
    if isinstance(v, str): return ['str', v]
    if isinstance(v, list): return ['list', [told(x) for x in v]]
    return ['dict', [[k, told(x)] for k, x in v.items()]]
names = {}
exec(open(sys.argv[1], encoding='utf-8', newline='').read(), names)
print(json.dumps([told(names[f'p{i}']) for i in range(int(sys.argv[2]))]))";
    let mut runner = TestRunner::new(Config {
        cases: 10,
        max_shrink_iters: 50,
        failure_persistence: None,
        ..Config::default()
    });
    let values = prop::collection::vec(any_value(), 1..60);
    let checked = runner.run(&values, |values| {
        let names = (0..values.len()).map(|index| format!("p{index}"));
        let source = rendered("python", names.zip(values.iter().cloned()).collect()).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), source).unwrap();
        let read = python(PROGRAM, &[file.path(), values.len().to_string().as_ref()]);
        let read: Vec<serde_json::Value> = serde_json::from_str(&read).unwrap();
        prop_assert_eq!(read, values.iter().map(told).collect::<Vec<_>>());
        Ok(())
    });
    checked.unwrap();
}

#[test]
fn bash_reads_what_was_rendered_as_the_same_words() {
    let mut runner = TestRunner::new(Config {
        cases: 10,
        max_shrink_iters: 50,
        failure_persistence: None,
        ..Config::default()
    });
    let words = prop::collection::vec("[^\\x00]{0,20}", 1..40);
    let checked = runner.run(&words, |words| {
        let list = Value::List(words.iter().map(|word| text(word)).collect());
        let parameters = Parameters::from_iter([("one", text(&words[0])), ("all", list)]);
        let script =
            rendered("bash", parameters).unwrap() + "printf '%s\\0' \"$one\" \"${all[@]}\"";
        let output = Command::new("bash").arg("-c").arg(script).output().unwrap();
        let read = String::from_utf8(output.stdout).unwrap();
        let expected: String = [&words[0]]
            .into_iter()
            .chain(&words)
            .map(|word| format!("{word}\0"))
            .collect();
        prop_assert_eq!(read, expected);
        Ok(())
    });
    checked.unwrap();
}
