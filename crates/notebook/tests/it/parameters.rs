//! Parameters: where they go, how each language writes them, and what is refused.

use super::notebook_for;
use notebook::nbformat::Cell;
use notebook::parameters::Error;
use notebook::{Notebook, Parameters, Preparation, Value};
use serde_json::json;

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
pub(crate) fn rendered(language: &str, parameters: Parameters) -> Result<String, Error> {
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
    let languages = [
        "python",
        "R",
        "scala",
        "julia",
        "matlab",
        "C#",
        "F#",
        "powershell",
        "bash",
        "javascript",
        "go",
        "rust",
        "sql",
        "sqlite",
        "ruby",
        "perl",
        "php",
        "octave",
        "c++",
        "java",
    ];
    for language in languages {
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
        ("C#", "class"),
        ("F#", "let"),
        ("powershell", "TRUE"),
        ("javascript", "await"),
        ("go", "func"),
        ("rust", "crate"),
        ("sql", "Select"),
        ("ruby", "self"),
        ("php", "this"),
        ("octave", "endif"),
        ("matlab", "_x"),
        ("c++", "co_await"),
        ("java", "_"),
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
    let dict = Parameters::from_iter([("d", Value::Dict(vec![(String::new(), Value::Null)]))]);
    let error = rendered("bash", dict).unwrap_err().to_string();
    assert_eq!(error, "parameter \"d\": Bash can't express an empty key");
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
        error.contains("language \"cobol\"")
            && error.contains("Python, R, Scala, Julia, MATLAB, C#"),
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
