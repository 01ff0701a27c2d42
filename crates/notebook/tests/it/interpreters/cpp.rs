//! C++.

use super::{EVERYTHING, Holds, check, script, told_in_hex};
use std::path::Path;

#[test]
fn cpp() {
    let program = |cell: &str, names: &[String]| {
        let (includes, sets): (Vec<_>, Vec<_>) =
            cell.lines().partition(|line| line.starts_with('#'));
        let lines: String = names
            .iter()
            .map(|name| format!("std::cout << told({name}) << std::endl;\n"))
            .collect();
        format!(
            "{}\n{}int main() {{\n{}\n{lines}}}",
            includes.join("\n"),
            include_str!("tell.cpp"),
            sets.join("\n")
        )
    };
    let run = |file: &Path| {
        script(
            "mv \"$1\" program.cpp && g++ -std=c++17 -o run program.cpp && ./run",
            file,
        )
    };
    let holds = Holds {
        int: i128::from(i64::MAX),
        ..EVERYTHING
    };
    check("c++", holds.sample(), program, run, told_in_hex);
}
