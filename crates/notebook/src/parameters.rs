//! Parameters of a notebook: values as Papermill's sources give them, and the cell that sets them, in the kernel's own
//! language. Names are checked, so that a parameter can't smuggle code in.

mod inject;
mod inspect;
mod languages;
mod render;
mod typed;
mod value;

pub use inspect::{Definition, inspect};
pub use typed::IllTyped;
pub use value::{Parameters, Value};

pub(crate) use inject::inject;

use render::Rendered;

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
        languages::names()
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
    /// Parameters are strict, and the cell tagged `parameters` does not define this one.
    #[error(
        "parameter {name:?} is not defined in the cell tagged 'parameters'; {}",
        list_of(defined)
    )]
    Unknown {
        /// The parameter's name.
        name: String,
        /// What the cell defines.
        defined: Vec<String>,
    },
    /// Parameters are strict, and the value is not of the type that the cell tagged `parameters` tells.
    #[error(transparent)]
    Type(#[from] IllTyped),
}

fn list_of(names: &[String]) -> String {
    if names.is_empty() {
        "it defines none".to_owned()
    } else {
        format!("it defines {}", names.join(", "))
    }
}

/// How one language writes parameters. Pure functions.
struct Language {
    name: &'static str,
    /// What Papermill or `language_info.name` calls it.
    keys: &'static [&'static str],
    /// Names of kernels that run it, for notebooks that name no language.
    kernels: &'static [&'static str],
    /// The text above the assignments, with what stands between two and after the last.
    frame: [&'static str; 3],
    /// Whether a text is a variable's name and no keyword.
    is_name: fn(&str) -> bool,
    /// One assignment, or what the language can't express.
    assign: fn(Assignment<'_>) -> Rendered,
    /// What the tagged cell defines, where we can tell.
    inspect: Option<fn(&str) -> Vec<Definition>>,
}

/// One parameter on its way into the cell.
struct Assignment<'a> {
    name: &'a str,
    value: &'a Value,
    /// What the tagged cell says of it: languages with declarations have to follow it.
    definition: Option<&'a Definition>,
}

/// A float as Python prints it, such as `1e+22` or `inf`: what a parameter looks like as text.
pub fn python_float(number: f64) -> String {
    crate::number::python_repr(number)
}
