//! What the cell tagged `parameters` tells of its parameters: names, types, defaults, help. Reads source without running
//! it, line by line; what it can't make out, it leaves out.

mod scan;

use super::typed::{self, Kind};
use super::{Error, PARAMETERS_TAG, languages};
use crate::nbformat::Notebook;

/// A parameter as the tagged cell defines it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Definition {
    /// The variable's name.
    pub name: String,
    /// The type as it stands in a declaration, an annotation or a comment `type: T`.
    pub type_name: Option<String>,
    /// The default as source text.
    pub default: String,
    /// The comment at the end of the line.
    pub help: String,
    /// The words before the name, such as `const`.
    pub(super) keywords: Vec<String>,
    /// What values it takes, if the type or else the default tells.
    pub(super) kind: Option<Kind>,
    /// Whether it takes no value, too.
    pub(super) optional: bool,
}

/// How a language writes definitions.
pub(super) struct Syntax {
    /// Words that may stand before the name and are no type.
    pub keywords: &'static [&'static str],
    /// What begins a comment that ends with the line.
    pub comment: &'static str,
    /// The signs of assignment.
    pub assigns: &'static [&'static str],
    /// What defaults tell of types.
    pub literals: Literals,
}

/// What the literals of a language tell.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Literals {
    /// Nothing: all is text.
    None,
    /// Whole numbers and floats look alike.
    OneNumber,
    /// A number with a dot or exponent is a float.
    TwoNumbers,
}

const PYTHON: Syntax = Syntax {
    keywords: &[],
    comment: "#",
    assigns: &["="],
    literals: Literals::TwoNumbers,
};

/// What the first cell tagged `parameters` defines; nothing if no cell is. None if the language's definitions can't be
/// read. Kernel and language as for [`crate::Preparation`].
pub fn inspect(
    notebook: &Notebook,
    kernel_name: Option<&str>,
    language: Option<&str>,
) -> Result<Option<Vec<Definition>>, Error> {
    let Some(index) = notebook.tagged_cell(PARAMETERS_TAG) else {
        return Ok(Some(Vec::new()));
    };
    let language = languages::of(notebook, kernel_name, language)?;
    let source = &notebook.cells[index].source;
    Ok(language.inspect.map(|inspect| inspect(source)))
}

/// The definitions of a Python cell.
pub(super) fn python(source: &str) -> Vec<Definition> {
    lines(source, &PYTHON)
}

/// The definitions of a cell.
pub(super) fn lines(source: &str, syntax: &Syntax) -> Vec<Definition> {
    let statements = scan::statements(source, syntax.comment);
    statements
        .iter()
        .filter_map(|statement| definition(statement, syntax))
        .collect()
}

fn definition(statement: &scan::Statement, syntax: &Syntax) -> Option<Definition> {
    let (left, default) = scan::split_assignment(&statement.code, syntax.assigns)?;
    let mut keywords = Vec::new();
    let mut left = left.trim();
    while let Some((word, rest)) = left.split_once(char::is_whitespace) {
        if !syntax.keywords.contains(&word) {
            break;
        }
        keywords.push(word.to_owned());
        left = rest.trim_start();
    }
    let (name, declared) = name_and_type(left)?;
    let (commented, help) = comment(&statement.comment);
    let type_name = declared.or(commented);
    let default = default.trim().trim_end_matches(';').trim_end();
    let (kind, optional) = match &type_name {
        Some(name) => typed::of_type(name),
        None => (typed::of_literal(default, syntax.literals), true),
    };
    Some(Definition {
        name: name.to_owned(),
        type_name,
        default: default.to_owned(),
        help: help.to_owned(),
        keywords,
        kind,
        optional,
    })
}

/// The name and the type on the left of an assignment: `n`, `$n`, `n: int`, `n::Int`, `int n`, `n int`, `[int]$n`.
fn name_and_type(left: &str) -> Option<(&str, Option<String>)> {
    let is_name = |text: &str| {
        text.starts_with(|first: char| first.is_alphabetic() || first == '_' || first == '.')
            && text
                .chars()
                .all(|each| each.is_alphanumeric() || each == '_' || each == '.')
    };
    let bare = left.trim_start_matches('$');
    let (name, declared) = if is_name(bare) {
        return Some((bare, None));
    } else if let Some((declared, name)) = left.split_once("]$") {
        (name, declared.trim_start_matches('['))
    } else if let Some((name, declared)) = left.split_once(':') {
        (name.trim(), declared.trim_start_matches(':'))
    } else {
        let (first, rest) = left.split_once(char::is_whitespace)?;
        let (before, last) = left.rsplit_once(char::is_whitespace)?;
        // Go has the name first, C and its kin have it last; a type of Go's is one word of its own.
        if is_name(first) && typed::of_type(rest.trim()).0.is_some() {
            (first, rest)
        } else {
            (last, before)
        }
    };
    let declared = declared.trim().trim_matches(['"', '\'']).trim();
    let plain = !declared.is_empty() && !declared.contains(['=', ';', '(', '{']);
    (is_name(name) && plain).then(|| (name, Some(declared.to_owned())))
}

/// The type and the help in a comment such as `type: int how many`.
fn comment(comment: &str) -> (Option<String>, &str) {
    let comment = comment.trim();
    let Some(rest) = comment.strip_prefix("type:") else {
        return (None, comment);
    };
    let rest = rest.trim_start();
    let (name, help) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    (
        Some(name.to_owned()).filter(|name| !name.is_empty()),
        help.trim(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_cells_are_read_as_papermill_reads_them_and_better() {
        let source = "\
a = 1  # help a
b: int = 2
c = 'x'  # type: str the name
d: List[int] = [
    1,  # one
    2,
]  # two numbers
# e = 5
f: \"float\" = 0.5
g: int | None = None
color = \"#fff\"
url = 'http://h/?a=b'
call = f(x=1)
if a == 1: pass
h.i = 2
x += 1
k = 1; l = 2
if True:
    m = 3
text = '''
n = 1
'''
o=None";
        let found: Vec<_> = python(source)
            .into_iter()
            .map(|found| {
                let type_name = found.type_name.unwrap_or_default();
                (found.name, type_name, found.default, found.help)
            })
            .collect();
        let expected = [
            ("a", "", "1", "help a"),
            ("b", "int", "2", ""),
            ("c", "str", "'x'", "the name"),
            ("d", "List[int]", "[1,2,]", "two numbers"),
            ("f", "float", "0.5", ""),
            ("g", "int | None", "None", ""),
            ("color", "", "\"#fff\"", ""),
            ("url", "", "'http://h/?a=b'", ""),
            ("call", "", "f(x=1)", ""),
            ("h.i", "", "2", ""),
            ("k", "", "1", ""),
            ("l", "", "2", ""),
            ("m", "", "3", ""),
            ("text", "", "'''\nn = 1\n'''", ""),
            ("o", "", "None", ""),
        ];
        let expected = expected.map(|(name, type_name, default, help)| {
            (name.into(), type_name.into(), default.into(), help.into())
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn other_languages_tell_names_and_types() {
        let c = Syntax {
            keywords: &["var", "let", "const", "mut", "my"],
            comment: "//",
            assigns: &[":=", "<-", "="],
            literals: Literals::TwoNumbers,
        };
        let cases = [
            ("let mut n: i64 = 5; // help", "n", Some("i64")),
            ("const s: &'static str = \"a\";", "s", Some("&'static str")),
            ("int n = 5;", "n", Some("int")),
            ("unsigned long n = 5;", "n", Some("unsigned long")),
            (
                "java.util.List<String> names = null;",
                "names",
                Some("java.util.List<String>"),
            ),
            ("var n int = 5", "n", Some("int")),
            ("n := 5", "n", None),
            ("var n = 5", "n", None),
            ("n <- 5", "n", None),
            ("a.b <- 5", "a.b", None),
            ("my $n = 5;", "n", None),
            ("[int]$n = 5", "n", Some("int")),
            ("n::Int = 5", "n", Some("Int")),
        ];
        for (source, name, type_name) in cases {
            let found = lines(source, &c);
            assert_eq!(found.len(), 1, "{source}");
            assert_eq!(
                (found[0].name.as_str(), found[0].type_name.as_deref()),
                (name, type_name),
                "{source}"
            );
        }
        for source in [
            "if (a == b) {",
            "a[0] = 1",
            "f(x)",
            "a <= b",
            "",
            "= 5",
            "x => 5",
            "a != b",
        ] {
            assert_eq!(lines(source, &c), [], "{source}");
        }
    }
}
