//! The languages that parameters can be set in, one file each, and how a notebook's is found.

mod bash;
mod cpp;
mod csharp;
mod fsharp;
mod go;
mod java;
mod javascript;
mod julia;
mod matlab;
mod octave;
mod perl;
mod php;
mod powershell;
mod python;
mod r;
mod ruby;
mod rust;
mod scala;
mod sql;

use super::{Error, Language};
use crate::nbformat::Notebook;

static LANGUAGES: [Language; 20] = [
    python::LANGUAGE,
    r::LANGUAGE,
    scala::LANGUAGE,
    julia::LANGUAGE,
    matlab::LANGUAGE,
    csharp::LANGUAGE,
    fsharp::LANGUAGE,
    powershell::LANGUAGE,
    bash::LANGUAGE,
    javascript::LANGUAGE,
    go::LANGUAGE,
    rust::LANGUAGE,
    sql::STANDARD,
    sql::SQLITE,
    ruby::LANGUAGE,
    perl::LANGUAGE,
    php::LANGUAGE,
    octave::LANGUAGE,
    cpp::LANGUAGE,
    java::LANGUAGE,
];

/// The names of all languages, for messages.
pub(super) fn names() -> String {
    let names: Vec<_> = LANGUAGES.iter().map(|language| language.name).collect();
    names.join(", ")
}

/// The language of a notebook, or of the kernel or language named instead of its own.
pub(super) fn of(
    notebook: &Notebook,
    kernel: Option<&str>,
    language: Option<&str>,
) -> Result<&'static Language, Error> {
    let kernel = kernel.or_else(|| notebook.kernel_name()).unwrap_or("");
    let language = language.or_else(|| notebook.language()).unwrap_or("");
    if kernel.is_empty() && language.is_empty() {
        return Err(Error::NoLanguage);
    }
    find(kernel, language).ok_or_else(|| Error::UnknownLanguage {
        kernel: kernel.to_owned(),
        language: language.to_owned(),
    })
}

/// By the kernel's name first, then by the language's, as Papermill looks; if none is named, by what we know of
/// kernels' names.
fn find(kernel: &str, language: &str) -> Option<&'static Language> {
    let by = |wanted: &str, names: fn(&Language) -> &'static [&'static str]| {
        let mut all = LANGUAGES.iter();
        all.find(|known| {
            names(known)
                .iter()
                .any(|name| name.eq_ignore_ascii_case(wanted))
        })
    };
    by(kernel, |known| known.keys).or_else(|| match language {
        "" => by(kernel, |known| known.kernels),
        language => by(language, |known| known.keys),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_found_by_kernel_then_by_name() {
        let cases = [
            ("python3", "python", "Python"),
            ("python3", "", "Python"),
            ("python3", "R", "R"),
            ("sparkkernel", "python", "Scala"),
            ("pysparkkernel", "", "Python"),
            (".net-csharp", "C#", "C#"),
            ("x", "C#", "C#"),
            (".net-fsharp", "", "F#"),
            (".net-powershell", "", "PowerShell"),
            ("deno", "typescript", "JavaScript"),
            ("evcxr", "", "Rust"),
            ("rust", "Rust", "Rust"),
            ("xcpp17", "C++", "C++"),
            ("gonb", "go", "Go"),
            ("xsqlite", "sqlite", "SQLite"),
            ("ir", "R", "R"),
        ];
        for (kernel, language, name) in cases {
            let found = find(kernel, language).map(|language| language.name);
            assert_eq!(found, Some(name), "{kernel} {language}");
        }
        assert!(find("cobol", "COBOL").is_none());
        assert!(find("python3", "COBOL").is_none());
        let mut keys: Vec<_> = LANGUAGES
            .iter()
            .flat_map(|language| language.keys)
            .collect();
        let count = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), count, "no key names two languages");
    }
}
