//! Keeps the boundaries that ARCHITECTURE.md draws: which module may use which, and where SQL may stand.

use std::fs;
use std::path::{Path, PathBuf};

/// Each module of the crate with those that it may use. `cli` is the wiring and may use all.
const MAY_USE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("clock", &["fd"]),
    ("config", &["model"]),
    ("fd", &[]),
    ("metrics", &["model"]),
    ("rundir", &[]),
    ("store", &["model", "metrics"]),
    ("objects", &["model"]),
    ("backend", &["model", "rundir", "fd"]),
    ("driver", &["model", "rundir", "backend"]),
    ("app", &["model", "clock", "store", "objects"]),
    (
        "engine",
        &[
            "model", "clock", "fd", "rundir", "store", "objects", "backend", "app",
        ],
    ),
    ("api", &["model", "clock", "app"]),
    ("console", &["model", "app"]),
];

/// Modules that only tests have; any test may use them.
const FOR_TESTS: &[&str] = &["faults", "promise"];

/// Modules inside a room that may use more than the room.
const EXCEPTIONS: &[(&str, &[&str])] = &[("api/s3", &["objects"])];

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path: PathBuf = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let name = path
                    .strip_prefix(&root)
                    .expect("below src")
                    .display()
                    .to_string();
                found.push((name, fs::read_to_string(&path).expect("a source file")));
            }
        }
    }
    assert!(found.len() > 30, "the sources were not found");
    found
}

/// The code before its unit tests.
fn product(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or(text)
}

/// The names that stand behind `crate::`, alone or in braces.
fn used_modules(line: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap_or(line);
    code.match_indices("crate::")
        .flat_map(|(at, found)| {
            let rest = &code[at + found.len()..];
            let list = rest
                .strip_prefix('{')
                .map_or(rest, |inner| inner.split('}').next().unwrap_or(inner));
            let names: Vec<String> = if rest.starts_with('{') {
                list.split(',').map(first_word).collect()
            } else {
                vec![first_word(rest)]
            };
            names
        })
        .filter(|name| !name.is_empty())
        .collect()
}

fn first_word(text: &str) -> String {
    text.trim()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

#[test]
fn modules_use_only_what_is_below_them() {
    let mut faults = Vec::new();
    for (file, text) in sources() {
        let module = file.split(['/', '.']).next().unwrap_or_default();
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
            assert!(
                ["cli", "main", "lib", "faults", "simulation"].contains(&module),
                "{file}: {module} has no row in the table"
            );
            continue;
        };
        let more = EXCEPTIONS
            .iter()
            .find(|(place, _)| file.starts_with(place))
            .map_or(&[][..], |(_, more)| more);
        for (number, line) in product(&text).lines().enumerate() {
            for used in used_modules(line) {
                if used != module
                    && !allowed.contains(&used.as_str())
                    && !more.contains(&used.as_str())
                    && !FOR_TESTS.contains(&used.as_str())
                {
                    faults.push(format!(
                        "{file}:{}: `{module}` may not use `{used}`",
                        number + 1
                    ));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn sql_stands_only_in_the_store() {
    for (file, text) in sources() {
        if !file.starts_with("store") {
            assert!(!product(&text).contains("sqlx::query"), "{file} holds SQL");
        }
    }
}

#[test]
fn every_module_says_what_it_is_for() {
    for (file, text) in sources() {
        assert!(
            text.starts_with("//!"),
            "{file} does not begin with what it is for"
        );
    }
}

#[test]
fn the_table_finds_a_fault() {
    assert_eq!(
        used_modules("use crate::{store, app::jobs};"),
        ["store", "app"]
    );
    assert_eq!(
        used_modules("    let x = crate::engine::run();"),
        ["engine"]
    );
    assert!(used_modules("// crate::store").is_empty());
}
