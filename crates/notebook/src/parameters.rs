//! Parameters of a notebook: values as Papermill's sources give them, and the cell that sets them, in the kernel's own
//! language. Names are checked, so that a parameter can't smuggle code in.

mod bash;
mod julia;
mod python;
mod r;
mod scala;
mod value;

pub use value::{Parameters, Value};

use crate::nbformat::{Cell, Notebook};
use crate::prepare::Notes;
use serde_json::json;

/// The tag of the cell that holds the defaults.
const PARAMETERS_TAG: &str = "parameters";
/// The tag of the cell that sets the values.
const INJECTED_TAG: &str = "injected-parameters";

/// Why parameters can't be injected.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// The kernel's language is none of ours.
    #[error(
        "parameters can't be set for kernel {kernel:?} or language {language:?}; possible are {}",
        languages()
    )]
    UnknownLanguage {
        /// The kernel's name.
        kernel: String,
        /// The language's name.
        language: String,
    },
    /// Neither the notebook nor the caller says which kernel the parameters are for.
    #[error(
        "the notebook names neither a kernel (metadata.kernelspec.name) nor a language (metadata.language_info.name)"
    )]
    NoLanguage,
    /// The name is no variable's name in the language.
    #[error("parameter {name:?} is not a valid variable name in {language}")]
    Name {
        /// The parameter's name.
        name: String,
        /// The language.
        language: &'static str,
    },
    /// The language has no way to write the value.
    #[error("parameter {name:?}: {language} can't express {value}")]
    Value {
        /// The parameter's name.
        name: String,
        /// The language.
        language: &'static str,
        /// What the value holds.
        value: &'static str,
    },
}

/// How one language writes parameters. Pure functions.
struct Language {
    name: &'static str,
    /// Names of kernels and languages that it is known by.
    keys: &'static [&'static str],
    /// The line above the assignments.
    comment: &'static str,
    /// Whether a text is a variable's name and no keyword.
    is_name: fn(&str) -> bool,
    /// One assignment, or what the language can't express.
    assign: fn(&str, &Value) -> Result<String, &'static str>,
    /// The names that the tagged cell defines, where we can tell.
    defined: Option<fn(&str) -> Vec<String>>,
}

const LANGUAGES: [Language; 5] = [
    python::LANGUAGE,
    r::LANGUAGE,
    scala::LANGUAGE,
    julia::LANGUAGE,
    bash::LANGUAGE,
];

fn languages() -> String {
    LANGUAGES.map(|language| language.name).join(", ")
}

/// The source of a cell that sets parameters.
fn source(language: &Language, parameters: &Parameters) -> Result<String, Error> {
    let mut source = format!("{}\n", language.comment);
    for (name, value) in parameters.iter() {
        if !(language.is_name)(name) {
            return Err(Error::Name {
                name: name.to_owned(),
                language: language.name,
            });
        }
        let assignment = (language.assign)(name, value);
        source += &assignment.map_err(|value| Error::Value {
            name: name.to_owned(),
            language: language.name,
            value,
        })?;
        source.push('\n');
    }
    Ok(source)
}

/// Sets the parameters in a cell of their own: in place of an earlier injected one, else right after the cell tagged
/// `parameters`, else on top.
pub(crate) fn inject(
    notebook: &mut Notebook,
    parameters: &Parameters,
    kernel_name: Option<&str>,
    language: Option<&str>,
) -> Result<Notes, Error> {
    let kernel = kernel_name.or_else(|| notebook.kernel_name()).unwrap_or("");
    let named = language.or_else(|| notebook.language()).unwrap_or("");
    if kernel.is_empty() && named.is_empty() {
        return Err(Error::NoLanguage);
    }
    let language = find(kernel, named)?;
    let mut cell = Cell::code(source(language, parameters)?);
    cell.metadata
        .insert("tags".to_owned(), json!([INJECTED_TAG]));
    let tagged = notebook.tagged_cell(PARAMETERS_TAG);
    let mut notes = Notes::default();
    let defined = match (tagged, language.defined) {
        (None, _) => Some(Vec::new()),
        (Some(index), Some(defined)) => Some(defined(&notebook.cells[index].source)),
        (Some(_), None) => None,
    };
    if let Some(defined) = defined {
        let names = parameters.iter().map(|(name, _)| name.to_owned());
        notes.unknown_parameters = names.filter(|name| !defined.contains(name)).collect();
    }
    match (notebook.tagged_cell(INJECTED_TAG), tagged) {
        (Some(index), _) => notebook.cells[index] = cell,
        (None, Some(index)) => notebook.cells.insert(index + 1, cell),
        (None, None) => {
            notebook.cells.insert(0, cell);
            notes.no_parameters_cell = true;
        }
    }
    Ok(notes)
}

/// By the kernel's name first, then by the language's, as Papermill looks.
fn find(kernel: &str, language: &str) -> Result<&'static Language, Error> {
    const KNOWN: &[Language] = &LANGUAGES;
    let by = |key: &str| {
        KNOWN
            .iter()
            .find(|known| known.keys.iter().any(|name| name.eq_ignore_ascii_case(key)))
    };
    let unknown = || Error::UnknownLanguage {
        kernel: kernel.to_owned(),
        language: language.to_owned(),
    };
    by(kernel).or_else(|| by(language)).ok_or_else(unknown)
}

/// Whether a text is ASCII letters, digits and `_`, no digit first, and none of the keywords.
fn is_plain_name(name: &str, keywords: &[&str]) -> bool {
    let mut characters = name.chars();
    characters
        .next()
        .is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|character| character.is_alphanumeric() || character == '_')
        && !keywords.contains(&name)
}

/// A float as Python prints it, such as `1e+22` or `inf`: what a parameter looks like as text.
pub fn python_float(number: f64) -> String {
    crate::number::python_repr(number)
}
