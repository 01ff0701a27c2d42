//! Rust.

use super::{EVERYTHING, check, script, told_in_hex};
use std::path::Path;

#[test]
fn rust() {
    let program = |cell: &str, names: &[String]| {
        let tell = include_str!("tell.rs.txt");
        let lines: String = names
            .iter()
            .map(|name| format!("println!(\"{{}}\", {name}.told());\n"))
            .collect();
        format!("{tell}fn main() {{\n{cell}{lines}}}")
    };
    let run = |file: &Path| {
        script(
            "mv \"$1\" program.rs && rustc --edition 2024 -o run program.rs && ./run",
            file,
        )
    };
    check("rust", EVERYTHING.sample(), program, run, told_in_hex);
}
