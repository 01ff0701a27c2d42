//! Parameters in languages whose interpreters are not at hand, by the languages' own specifications; and what the tagged
//! cell changes of an assignment.

use super::notebook_for;
use super::parameters::rendered;
use notebook::nbformat::Cell;
use notebook::parameters::Error;
use notebook::{Parameters, Preparation, Value};
use serde_json::json;

fn text(value: &str) -> Value {
    Value::Str(value.to_owned())
}

fn dict(entries: &[(&str, Value)]) -> Value {
    let entries = entries
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()));
    Value::Dict(entries.collect())
}

/// Everything that JSON and YAML can say, hostile texts included.
fn parameters() -> Parameters {
    let list = |values: &[Value]| Value::List(values.to_vec());
    let (one, two) = (Value::Int(1), Value::Int(2));
    Parameters::from_iter([
        (
            "s",
            text("it's \"$(id)\" \\n `x` #{1} é😀\n\u{1}\u{2028}\u{201c}"),
        ),
        ("t", Value::Bool(true)),
        ("n", Value::Null),
        ("i", Value::Int(-5)),
        ("l", Value::Int(3_000_000_000)),
        ("h", Value::Int(1 << 70)),
        ("f", Value::Float(1e22)),
        ("p", Value::Float(f64::INFINITY)),
        ("q", Value::Float(f64::NEG_INFINITY)),
        ("u", Value::Float(f64::NAN)),
        ("a", list(&[one.clone(), two.clone()])),
        ("m", list(&[one.clone(), text("x"), Value::Null])),
        ("e", list(&[])),
        ("o", list(&[list(&[one.clone(), two])])),
        ("d", dict(&[("k'", one), ("ä\t", Value::Null)])),
        ("g", dict(&[])),
    ])
}

#[test]
fn languages_write_what_their_specifications_say() {
    let matlab = "% Parameters
s = (\"\" + \"it's \"\"$(id)\"\" \\n `x` #{1} é😀\" + char(10) + char(1) + \"\u{2028}\u{201c}\");
t = true;
n = NaN;
i = -5;
l = 3000000000;
h = 1180591620717411303424;
f = 1e+22;
p = inf;
q = -inf;
u = nan;
a = {1, 2};
m = {1, \"x\", NaN};
e = {};
o = {{1, 2}};
d = containers.Map({'k''', ['ä' char(9)]}, {1, NaN});
g = containers.Map();
";
    let csharp = "// Parameters
var s = \"it's \\\"$(id)\\\" \\\\n `x` #{1} é😀\\n\\u0001\\u2028\u{201c}\";
var t = true;
object n = null;
var i = -5;
var l = 3000000000L;
var h = System.Numerics.BigInteger.Parse(\"1180591620717411303424\");
var f = 1e+22;
var p = double.PositiveInfinity;
var q = double.NegativeInfinity;
var u = double.NaN;
var a = new [] { 1, 2 };
var m = new object[] { 1, \"x\", null };
var e = new object[] {  };
var o = new [] { new [] { 1, 2 } };
var d = new Dictionary<string,Object>{ { \"k'\" , 1 }, { \"ä\\t\" , null } };
var g = new Dictionary<string,Object>{  };
";
    let fsharp = "(* Parameters *)
let s = \"it's \\\"$(id)\\\" \\\\n `x` #{1} é😀\\n\\u0001\\u2028\u{201c}\"
let t = true
let n = None
let i = -5
let l = 3000000000L
let h = 1180591620717411303424I
let f = 1e+22
let p = infinity
let q = -infinity
let u = nan
let a = [ 1; 2 ]
let m = [ box (1); box (\"x\"); box ((None : obj option)) ]
let e = [  ]
let o = [ box ([ 1; 2 ]) ]
let d = [ (\"k'\", 1 :> IComparable); (\"ä\\t\", (None : obj option) :> IComparable) ] |> Map.ofList
let g = [  ] |> Map.ofList
";
    let powershell = "# Parameters
$s = \"it's `\"`$(id)`\" \\n ``x`` #{1} é😀`n\u{1}\u{2028}`\u{201c}\"
$t = $True
$n = $Null
$i = -5
$l = 3000000000
$h = ([bigint]\"1180591620717411303424\")
$f = 1e+22
$p = [double]::PositiveInfinity
$q = [double]::NegativeInfinity
$u = [double]::NaN
$a = @(1, 2)
$m = @(1, \"x\", $Null)
$e = @()
$o = @(, @(1, 2))
$d = @{\"k'\" = 1\n \"ä`t\" = $Null}
$g = @{}
";
    let octave = "% Parameters
s = \"it's \\\"$(id)\\\" \\\\n `x` #{1} é😀\\n\\001\u{2028}\u{201c}\";
t = true;
n = NaN;
i = -5;
l = 3000000000;
h = 1180591620717411303424;
f = 1e+22;
p = Inf;
q = -Inf;
u = NaN;
a = {1, 2};
m = {1, \"x\", NaN};
e = {};
o = {{1, 2}};
d = containers.Map({\"k'\", \"ä\\t\"}, {1, NaN}, \"UniformValues\", false);
g = containers.Map();
";
    let scala = "// Parameters
val s = \"it's \\\"$(id)\\\" \\\\n `x` #{1} é😀\\n\\u0001\\u2028\u{201c}\"
val t = true
val n = None
val i = -5
val l = 3000000000L
val h = BigInt(\"1180591620717411303424\")
val f = 1e+22
val p = Double.PositiveInfinity
val q = Double.NegativeInfinity
val u = Double.NaN
val a = Seq(1, 2)
val m = Seq(1, \"x\", None)
val e = Seq()
val o = Seq(Seq(1, 2))
val d = Map(\"k'\" -> 1, \"ä\\t\" -> None)
val g = Map()
";
    let julia = "# Parameters
s = \"it's \\\"\\$(id)\\\" \\\\n `x` #{1} é😀\\n\\u0001\\u2028\u{201c}\"
t = true
n = nothing
i = -5
l = 3000000000
h = 1180591620717411303424
f = 1e+22
p = Inf
q = -Inf
u = NaN
a = [1, 2]
m = [1, \"x\", nothing]
e = []
o = [[1, 2]]
d = Dict(\"k'\" => 1, \"ä\\t\" => nothing)
g = Dict()
";
    for (language, source) in [
        ("matlab", matlab),
        ("C#", csharp),
        ("F#", fsharp),
        ("powershell", powershell),
        ("octave", octave),
        ("scala", scala),
        ("julia", julia),
    ] {
        assert_eq!(
            rendered(language, parameters()).unwrap(),
            source,
            "{language}"
        );
    }
}

#[test]
fn julia_converts_no_element_of_a_list() {
    let cases = [
        (json!([true, 1]), "Any[true, 1]"),
        (json!([1, 2.5]), "Any[1, 2.5]"),
        (json!([null, 1, 2.5]), "Any[nothing, 1, 2.5]"),
        (json!([[1], [2.5]]), "Any[[1], [2.5]]"),
        (json!([1, "a", 2.5]), "[1, \"a\", 2.5]"),
        (json!([null, 1]), "[nothing, 1]"),
    ];
    for (value, source) in cases {
        let cell = rendered("julia", Parameters::from_iter([("x", Value::from(value))])).unwrap();
        assert_eq!(cell, format!("# Parameters\nx = {source}\n"));
    }
}

#[test]
fn sql_of_unknown_dialect_says_only_what_all_dialects_understand_alike() {
    let given = Parameters::from_iter([
        ("a", text("it's")),
        ("b", Value::Bool(true)),
        ("c", Value::Null),
        ("d", Value::from(json!({"k": [1, "x"]}))),
    ]);
    let source = "-- Parameters\nCREATE TEMPORARY TABLE parameters AS\nSELECT\n  'it''s' AS a,\n  TRUE AS b,\n  NULL AS c,\n  \
                  '{\"k\":[1,\"x\"]}' AS d;\n";
    assert_eq!(rendered("sql", given).unwrap(), source);
    let hostile = Parameters::from_iter([("a", text("\\' OR 1=1 --/"))]);
    let cell = rendered("sql", hostile).unwrap();
    let column = "  REPLACE('|'' OR 1=1 --/', '|', SUBSTR('\\\\', 1, 1)) AS a;\n";
    assert!(cell.ends_with(column), "{cell}");
    let given = Parameters::from_iter([("a", text("a\0b"))]);
    assert!(matches!(rendered("sql", given), Err(Error::Value { .. })));
}

#[test]
fn what_a_language_has_no_type_for_is_told() {
    let value = Value::from(json!({"a": 1, "A": 2}));
    let given = Parameters::from_iter([("x", value)]);
    assert!(matches!(
        rendered("powershell", given),
        Err(Error::Value { .. })
    ));
    for language in ["go", "php", "sqlite"] {
        let given = Parameters::from_iter([("x", Value::Int(1 << 64))]);
        let error = rendered(language, given).unwrap_err().to_string();
        assert!(error.ends_with("a whole number beyond 64 bits"), "{error}");
    }
    let given = |number| Parameters::from_iter([("x", Value::Int(number))]);
    assert!(matches!(
        rendered("c++", given(1 << 64)),
        Err(Error::Value { .. })
    ));
    let most = rendered("c++", given((1 << 64) - 1)).unwrap();
    assert!(
        most.ends_with("auto x = 18446744073709551615ULL;\n"),
        "{most}"
    );
}

#[test]
fn an_assignment_follows_the_declaration_in_the_tagged_cell() {
    let cases = [
        ("javascript", "let x = 1;", Value::Int(5), "x = 5;"),
        ("javascript", "const x = 1;", Value::Int(5), "const x = 5;"),
        ("javascript", "let y = 1;", Value::Int(5), "var x = 5;"),
        ("typescript", "let x: number = 1;", Value::Int(5), "x = 5;"),
        ("rust", "let x: u8 = 1;", Value::Int(5), "let x: u8 = 5;"),
        (
            "rust",
            "let x: f64 = 1.0;",
            Value::Int(5),
            "let x: f64 = 5.0;",
        ),
        ("rust", "let x = \"a\";", text("b"), "let x = \"b\";"),
        (
            "rust",
            "let x = 1;",
            text("b"),
            "let x = String::from(\"b\");",
        ),
        (
            "rust",
            "let x: Option<i32> = Some(1);",
            Value::Null,
            "let x: Option<i32> = None;",
        ),
        (
            "go",
            "var x float64 = 1",
            Value::Int(5),
            "var x float64 = 5",
        ),
        ("go", "x := 1", Value::Int(5), "var x = 5"),
        ("java", "double x = 1;", Value::Int(5), "double x = 5;"),
        ("java", "var x = 1;", Value::Null, "Object x = null;"),
        ("c++", "int x = 1;", Value::Int(5), "x = 5;"),
        ("c++", "int y = 1;", Value::Int(5), "auto x = 5;"),
        ("perl", "my $x = 1;", Value::Int(5), "$x = 5;"),
        ("perl", "", Value::Int(5), "our $x = 5;"),
    ];
    for (language, tagged, value, assignment) in cases {
        let mut notebook = notebook_for("k", &[]);
        let mut cell = Cell::code(tagged);
        cell.metadata.insert("tags".into(), json!(["parameters"]));
        notebook.cells.push(cell);
        let preparation = Preparation {
            parameters: Parameters::from_iter([("x", value)]),
            language: Some(language.to_owned()),
            ..Preparation::default()
        };
        notebook::prepare(&mut notebook, &preparation).unwrap();
        let source = &notebook.cells[1].source;
        assert_eq!(
            source.lines().last(),
            Some(assignment),
            "{language} {tagged}"
        );
    }
}
